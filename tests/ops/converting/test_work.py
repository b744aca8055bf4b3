import gzip
import io
import json

import pytest
from tests.events.dialects.entries import REJECTED, REQUEST, SAID

from yett.events.dialects import DIALECTS, LONGEST
from yett.ops.converting import Converter

FILE_TIME = "2026-01-01T00:00:00.000000Z"
GAFAELFAWR = b'{"event":"Token authorized","severity":"info","logger":"gafaelfawr","user":"ada"}\n'
UVICORN = b'INFO:     127.0.0.1:5 - "GET / HTTP/1.1" 200 OK\n'


class Aside:
    def __init__(self):
        self.kept = b""

    def keep(self, raw):
        self.kept += raw


@pytest.fixture
def run():
    def run(data, **options):
        out, aside = [], Aside()
        converter = Converter(lambda time, line: out.append((time, line)), **options)
        converter.convert(io.BytesIO(data), "old.log", aside, otherwise=FILE_TIME)
        outcome = converter.outcome
        assert outcome.lines == outcome.written + outcome.rejected + outcome.without_form
        return [json.loads(line) if line[:1] == b"{" else line for _, line in out], aside.kept, outcome

    return run


def test_a_mixed_stream_is_read_line_by_line(run):
    data = (
        GAFAELFAWR
        + UVICORN
        + b"\n"
        + b"".join(DIALECTS[name].write(REJECTED) + b"\n" for name in ("ecs", "syslog"))
    )
    entries, kept, outcome = run(data)
    assert [entry["component"] for entry in entries] == ["gafaelfawr", "http.access", *["authn.password"] * 2]
    assert entries[2] == entries[3] == REJECTED
    assert kept == b""
    assert outcome.dialects == {"gafaelfawr": 1, "apache": 1, "ecs": 1, "syslog": 1}


def test_what_cannot_be_read_is_kept_byte_for_byte(run):
    bad = [
        b"Traceback (most recent call last):\n",
        b'{"event":"x"}\n',
        b"\xff\xfe\n",
        b"  indented",
        b"\x00\n",
    ]
    data = GAFAELFAWR + b"".join(bad[:3]) + UVICORN + bad[4] + bad[3]
    entries, kept, outcome = run(data)
    assert len(entries) == 2
    assert kept == b"".join(bad[:3]) + bad[4] + bad[3] + b"\n"
    assert outcome.rejected == 5
    assert outcome.reasons["not an access line"] == 3


def test_a_line_without_a_time_gets_the_best_that_is_known(run):
    timed = GAFAELFAWR.replace(b"}", b',"timestamp":"2026-11-22T15:04:05Z"}')
    wrapped = b"2026-11-22T16:00:00Z stdout F " + UVICORN
    entries, _, outcome = run(UVICORN + timed + UVICORN + wrapped + UVICORN)
    assert [(entry["time"], entry.get("time.source")) for entry in entries] == [
        (FILE_TIME, "file"),
        ("2026-11-22T15:04:05.000000Z", None),
        ("2026-11-22T15:04:05.000000Z", "line before"),
        ("2026-11-22T16:00:00.000000Z", "container"),
        ("2026-11-22T16:00:00.000000Z", "line before"),
    ]
    assert outcome.timeless == 4


def test_what_the_target_cannot_say_is_counted_and_is_not_rejected(run):
    data = b"".join(DIALECTS["native"].write(entry) + b"\n" for entry in SAID)
    lines, kept, outcome = run(data, target="apache")
    assert lines == [DIALECTS["apache"].write(REQUEST)]
    assert (kept, outcome.without_form) == (b"", 2)


def test_what_can_be_read_and_not_written_is_kept(run):
    line = b'{"time":"2026-11-22T15:04:05Z","level":"INFO","msg":"m","n":' + b"9" * 5000 + b"}\n"
    entries, kept, outcome = run(line + UVICORN)
    assert (len(entries), kept) in {(1, line), (2, b"")}
    assert outcome.without_form == 0


def test_a_named_dialect_is_not_guessed(run):
    _, kept, outcome = run(GAFAELFAWR + UVICORN, source="apache")
    assert (kept, outcome.written) == (GAFAELFAWR, 1)


def test_a_line_that_is_too_long_is_kept_and_the_next_is_read(run):
    long = b"{" + b"x" * (2 * LONGEST) + b"\n"
    entries, kept, outcome = run(long + UVICORN)
    assert (len(entries), kept) == (1, long)
    assert outcome.reasons == {"too long": 1}


def test_a_part_of_a_line_whose_end_never_came_is_kept(run):
    part = b"2026-11-22T16:00:00Z stdout P INFO: \n"
    entries, kept, _ = run(UVICORN + part)
    assert (len(entries), kept) == (1, part)


def test_what_can_be_read_of_a_damaged_file_is_converted(run):
    packed = gzip.compress(UVICORN * 2000)
    entries, _, outcome = run(packed[:-30])
    assert 0 < len(entries) <= 2000
    assert "old.log is damaged" in outcome.damaged[0]


@pytest.mark.parametrize("target", sorted(set(DIALECTS) - {"apache"}))
@pytest.mark.parametrize("source", ["auto", "native"])
def test_a_stream_goes_there_and_back_again(run, source, target):
    data = b"".join(DIALECTS["native"].write(entry) + b"\n" for entry in SAID)
    out = []
    Converter(lambda _, line: out.append(line), source=source, target=target).convert(
        io.BytesIO(data), "x", Aside(), otherwise=FILE_TIME
    )
    back, kept, _ = run(b"".join(line + b"\n" for line in out))
    assert (back, kept) == (list(SAID), b"")


def test_progress_is_told_now_and_then(run):
    seen = []
    run(UVICORN * 10_000, on_progress=lambda outcome: seen.append(outcome.lines))
    assert seen == [4096, 8192]
