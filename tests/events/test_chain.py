import pytest
from tests.events import samples
from tests.events.samples import Reason, record

from yett.events import Journal, Limits, chain, verify


def write(directory, count, *, begin=0, limits=None):
    journal = Journal(directory, limits or Limits())
    journal.open()
    for index in range(begin, begin + count):
        journal.audit.append(
            record(samples.audited, f"user{index}", Reason.NO_GROUP, at=samples.START + index * 1000)
        )
    journal.close()


def test_a_line_gives_back_what_was_put_in():
    line = b'{"a":1}'
    value = chain.link(chain.START, line)
    assert chain.split(chain.chained(line, value)) == (line, value)
    assert chain.split(line) is None
    assert chain.split(b"") is None


def test_an_untouched_log_verifies(tmp_path):
    write(tmp_path, 5)
    write(tmp_path, 5, begin=5)
    result = verify(tmp_path)
    assert result.holds
    assert result.is_from_start
    assert (result.lines, result.segments) == (11, 1)
    assert result.first < result.last


def test_nothing_stored_verifies(tmp_path):
    assert verify(tmp_path / "missing").holds


@pytest.mark.parametrize("what", ["changed", "removed", "swapped", "added", "garbage"])
def test_what_was_done_to_a_line_is_seen(tmp_path, what):
    write(tmp_path, 6)
    path = next(tmp_path.glob("audit-*.jsonl"))
    lines = path.read_bytes().splitlines(keepends=True)
    match what:
        case "changed":
            lines[3] = lines[3].replace(b"user2", b"user9")
        case "removed":
            del lines[3]
        case "swapped":
            lines[3], lines[4] = lines[4], lines[3]
        case "added":
            lines.insert(3, lines[3])
        case "garbage":
            lines[3] = b"\0\0\0\n"
    path.write_bytes(b"".join(lines))
    result = verify(tmp_path)
    assert not result.holds
    assert result.breaks[0].line == (5 if what == "added" else 4)


def test_a_file_that_is_missing_in_the_middle_is_seen_and_one_at_the_start_is_not(tmp_path):
    write(tmp_path, 40, limits=Limits(segment_size=2000))
    segments = sorted(tmp_path.glob("audit-*.jsonl"))
    assert len(segments) > 4
    assert verify(tmp_path).holds
    segments[0].unlink()
    result = verify(tmp_path)
    assert result.holds
    assert not result.is_from_start
    segments[2].unlink()
    result = verify(tmp_path)
    assert [(found.segment, found.line) for found in result.breaks] == [(segments[3].name, 1)]
    assert "does not follow" in result.breaks[0].what


def test_a_line_being_written_is_no_break_in_the_newest_file_only(tmp_path):
    write(tmp_path, 40, limits=Limits(segment_size=2000))
    first, *_, last = sorted(tmp_path.glob("audit-*.jsonl"))
    last.write_bytes(last.read_bytes()[:-5])
    assert verify(tmp_path).holds
    first.write_bytes(first.read_bytes()[:-5])
    assert not verify(tmp_path).holds
