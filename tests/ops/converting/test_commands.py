import gzip
import io
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from tests.events.dialects.entries import REJECTED, SAID

from yett.events import Query, Search
from yett.events.dialects import DIALECTS
from yett.kernel import CommandFailed
from yett.ops.converting import convert

NATIVE = b"".join(DIALECTS["native"].write(entry) + b"\n" for entry in SAID)
UVICORN = b'INFO:     127.0.0.1:5 - "GET / HTTP/1.1" 200 OK\n'
YETT = str(Path(sys.executable).with_name("yett"))


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "old.log"
    path.write_bytes(NATIVE + b"no line of ours\n" + UVICORN)
    return path


def test_a_file_becomes_one_that_can_be_searched(old, tmp_path, capsys):
    out = tmp_path / "new.jsonl"
    convert(str(old), out=str(out), sort=True)
    found = list(Search(None, Query(user="ada", is_newest_first=False), also=[out]))
    assert [entry["code"] for entry in found] == ["http.access.completed", "authn.password.rejected"]
    assert (tmp_path / "old.log.rejected").read_bytes() == b"no line of ours\n"
    told = capsys.readouterr().err
    assert "5 lines read" in told
    assert "4 written (3 native, 1 apache)" in told
    assert f"1 could not be read and are kept in {old}.rejected" in told
    assert out.stat().st_mode & 0o777 == 0o600


def test_the_order_of_time_is_only_promised_when_it_is_asked_for(old, tmp_path):
    times = {}
    for sort in (False, True):
        out = tmp_path / f"{sort}.jsonl"
        convert(str(old), out=str(out), sort=sort)
        times[sort] = [msgspec.json.decode(line)["time"] for line in out.read_bytes().splitlines()]
    assert times[True] == sorted(times[False]) != times[False]


def test_standard_input_goes_to_standard_output(tmp_path):
    packed = gzip.compress(NATIVE + b"odd\n")
    done = subprocess.run(
        [YETT, "logs", "convert", "--to", "syslog"],
        input=packed,
        capture_output=True,
        check=True,
        cwd=tmp_path,
        timeout=60,
        env={**os.environ, "YETT_CONFIG": str(tmp_path / "none")},
    )
    assert done.stdout == b"".join(DIALECTS["syslog"].write(entry) + b"\n" for entry in SAID)
    assert b"4 lines read" in done.stderr
    assert (tmp_path / "stdin.rejected").read_bytes() == b"odd\n"


def test_rejected_lines_of_before_are_not_written_over(old, tmp_path):
    for number in (1, 2):
        convert(str(old), out=str(tmp_path / f"{number}.jsonl"))
    assert sorted(path.name for path in tmp_path.glob("*.rejected*")) == [
        "old.log.rejected",
        "old.log.rejected.2",
    ]


def test_one_file_can_take_the_rejected_lines_of_all(old, tmp_path):
    other = tmp_path / "other.log"
    other.write_bytes(b"also odd\n")
    convert(str(old), str(other), out=str(tmp_path / "new"), rejected=str(tmp_path / "odd"))
    assert (tmp_path / "odd").read_bytes() == b"no line of ours\nalso odd\n"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"source": "xml"}, "not a dialect"),
        ({"to": "xml"}, "not a dialect"),
        ({"out": "old.log"}, "is there already"),
        ({"rejected": "old.log"}, "is there already"),
        ({"out": "missing/new"}, "cannot write"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_written(old, tmp_path, monkeypatch, change, words):
    monkeypatch.chdir(tmp_path)
    before = old.read_bytes()
    with pytest.raises(CommandFailed, match=words):
        convert("old.log", **change)
    assert old.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["old.log"]


@pytest.mark.parametrize("name", ["missing.log", "."])
def test_a_file_that_cannot_be_read_is_named(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CommandFailed, match=name.replace(".", r"\.")):
        convert(name, out="new")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_fails_in_the_end_and_keeps_what_was_good(tmp_path):
    path = tmp_path / "old.gz"
    path.write_bytes(gzip.compress(UVICORN * 5000)[:-20])
    with pytest.raises(CommandFailed, match="damaged"):
        convert(str(path), out=str(tmp_path / "new"))
    assert (tmp_path / "new").read_bytes().count(b"\n") > 0


def test_a_disk_that_is_full_is_told_and_leaves_no_half_file():
    done = subprocess.run(
        ["sh", "-c", f"{YETT} logs convert > /dev/full"],
        input=NATIVE * 5000,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert b"No space left" in done.stderr


def test_an_interrupted_conversion_leaves_no_half_file(old, tmp_path, monkeypatch):
    def interrupted(*_args, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr("yett.ops.converting.work.Converter._convert", interrupted)
    with pytest.raises(KeyboardInterrupt):
        convert(str(old), out=str(tmp_path / "new"))
    assert [path.name for path in tmp_path.iterdir()] == ["old.log"]


def test_people_at_a_terminal_see_how_far_it_is(old, tmp_path, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    old.write_bytes(UVICORN * 9000)
    terminal = Terminal()
    moments = iter(range(10_000))
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setattr(
        "yett.ops.converting.commands.time", SimpleNamespace(monotonic=lambda: float(next(moments)))
    )
    convert(str(old), out=str(tmp_path / "new"))
    assert "4,096 lines of 0 MB" in terminal.getvalue()
    assert terminal.getvalue().endswith(
        "9,000 written (9,000 apache)\n9,000 had no time of their own; "
        "`time.source` in the record says where it is from\n"
    )


def test_the_time_of_a_file_is_that_of_lines_without_any(tmp_path):
    path = tmp_path / "access"
    path.write_bytes(UVICORN)
    os.utime(path, (1_800_000_000, 1_800_000_000))
    convert(str(path), out=str(tmp_path / "new"))
    entry = msgspec.json.decode((tmp_path / "new").read_bytes())
    assert (entry["time"], entry["time.source"]) == ("2027-01-15T08:00:00.000000Z", "file")
    assert entry["code"] != REJECTED["code"]


@pytest.mark.parametrize("words", [(), ("-",), ("-", "--to", "native"), ("--to", "native", "-")])
def test_a_hyphen_is_standard_input(tmp_path, words):
    done = subprocess.run(
        [YETT, "logs", "convert", *words], input=NATIVE, capture_output=True, check=False, cwd=tmp_path
    )
    assert (done.returncode, done.stdout) == (0, NATIVE), done.stderr


def test_an_option_that_there_is_not_is_no_file(old):
    for words in (("--form", "native", str(old)), (str(old), "--bogus"), ("-x",)):
        with pytest.raises(CommandFailed, match="no option"):
            convert(*words)
