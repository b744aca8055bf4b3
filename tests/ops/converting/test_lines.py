import gzip
import io

import pytest
from backports import zstd

from yett.events.dialects import LONGEST
from yett.ops.converting.lines import Damaged, lines

TEXT = b"one\ntwo\n\nthree"


def read(stream):
    pieces = []
    found = list(lines(stream, lambda piece, is_last: pieces.append((piece, is_last))))
    return found, pieces


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd.compress], ids=["plain", "gzip", "zstd"])
def test_lines_come_out_of_whatever_they_are_in(pack):
    assert read(io.BytesIO(pack(TEXT))) == ([b"one\n", b"two\n", b"\n", b"three"], [])


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress], ids=["gzip", "zstd"])
def test_every_line_before_the_damage_comes_out(pack):
    text = b"".join(b"line %d\n" % (number * 7919 % 1_000_003) for number in range(100_000))
    packed = pack(text)
    cut = lines(io.BytesIO(packed[: len(packed) * 9 // 10]), lambda *_: None)
    found = []
    with pytest.raises(Damaged):
        found.extend(cut)
    assert 0 < len(found) < 100_000
    assert text.startswith(b"".join(found))


def test_a_file_that_cannot_be_read_further_is_damaged(tmp_path):
    with (tmp_path / "x").open("wb") as file, pytest.raises(Damaged):
        list(lines(io.BufferedReader(io.FileIO(file.fileno(), "r", closefd=False)), lambda *_: None))


def test_a_line_that_is_too_long_comes_in_pieces_and_the_next_is_whole():
    long = b"x" * (LONGEST + LONGEST + 7)
    found, pieces = read(io.BytesIO(b"a\n" + long + b"\nb\n"))
    assert found == [b"a\n", b"b\n"]
    assert b"".join(piece for piece, _ in pieces) == long + b"\n"
    assert [is_last for _, is_last in pieces].count(True) == 1
    assert pieces[-1][1]


def test_a_long_line_at_the_very_end_loses_nothing():
    long = b"x" * (LONGEST + 5)
    assert b"".join(piece for piece, _ in read(io.BytesIO(long))[1]) == long


def test_a_line_as_long_as_may_be_is_whole():
    line = b"x" * LONGEST + b"\n"
    assert read(io.BytesIO(line)) == ([line], [])
