import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.net.http import BrokenBody
from yett.proxy.rewriting.gzipped import Gunzip, Gzipped


def read(*parts):
    gunzip = Gunzip()
    done = b"".join(piece for part in parts for piece in gunzip.pieces(part))
    gunzip.check_end()
    return done


class Upper:
    """A filter that shouts, and holds back the last byte."""

    def __init__(self):
        self._held = b""

    def feed(self, data):
        data = self._held + data.upper()
        self._held = data[-1:]
        return data[:-1]

    def end(self):
        return self._held


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4), st.data())
def test_members_are_one_body_however_they_are_cut(members, data):
    stream = b"".join(gzip.compress(member) for member in members)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    parts = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert read(*parts) == b"".join(members)
    assert read(*(stream[i : i + 1] for i in range(len(stream)))) == b"".join(members)


@pytest.mark.parametrize("padding", [b"\0", b"\0" * 100, b"\x1f\0", b"\0\x1f\x8b", b"garbage"])
def test_padding_behind_the_last_member_is_left_out(padding):
    assert read(gzip.compress(b"text") + padding) == b"text"
    assert read(gzip.compress(b"text"), *(padding[i : i + 1] for i in range(len(padding)))) == b"text"


def test_nothing_at_all_is_an_empty_body():
    assert read() == read(b"") == b""


@given(st.binary(min_size=1, max_size=100))
def test_what_is_no_gzip_is_broken(data):
    with pytest.raises(BrokenBody):
        read(b"\0" + data)


@pytest.mark.parametrize("cut", [1, 5, 12, -1, -8, -9])
def test_a_stream_that_ends_early_is_broken(cut):
    with pytest.raises(BrokenBody, match="ends early"):
        read(gzip.compress(b"a longer text than before")[:cut])


def test_a_wrong_checksum_is_broken():
    stream = bytearray(gzip.compress(b"text"))
    stream[-5] ^= 1
    with pytest.raises(BrokenBody, match="cannot be read"):
        read(bytes(stream))


def test_a_bomb_is_broken_off_before_it_fills_the_memory():
    bomb = zlib.compressobj(9, zlib.DEFLATED, 31)
    stream = b"".join(bomb.compress(bytes(1 << 20)) for _ in range(64)) + bomb.flush()
    gunzip, size = Gunzip(), 0

    def swell():
        nonlocal size
        for piece in gunzip.pieces(stream):
            assert len(piece) <= 64 * 1024
            size += len(piece)

    with pytest.raises(BrokenBody, match="swells"):
        swell()
    assert size < 100 * len(stream) + (64 << 10)


def test_a_body_goes_through_the_filter_and_into_gzip_again():
    gzipped = Gzipped(Upper(), flush=False)
    stream = gzip.compress(b"some text")
    assert (
        gzip.decompress(gzipped.feed(stream[:9]) + gzipped.feed(stream[9:]) + gzipped.end()) == b"SOME TEXT"
    )


def test_a_flushed_body_arrives_piece_by_piece():
    encoder, reader = zlib.compressobj(6, zlib.DEFLATED, 31), zlib.decompressobj(31)
    gzipped = Gzipped(Upper(), flush=True)
    first = encoder.compress(b"first!") + encoder.flush(zlib.Z_SYNC_FLUSH)
    assert reader.decompress(gzipped.feed(first)) == b"FIRST"


def test_a_body_that_ends_early_is_not_ended_for_it():
    gzipped = Gzipped(Upper(), flush=False)
    gzipped.feed(gzip.compress(b"some text")[:-3])
    with pytest.raises(BrokenBody):
        gzipped.end()
