"""The chunked coding, at every cut."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.net.http.chunked import ChunkedDecoder, frame

GOOD = [
    (b"0\r\n\r\n", b""),
    (b"5\r\nhello\r\n0\r\n\r\n", b"hello"),
    (b"5\r\nhello\r\n6\r\n world\r\n000\r\n\r\n", b"hello world"),
    (b"A\r\n0123456789\r\n0\r\n\r\n", b"0123456789"),
    (b'2;a\r\n\r\n\r\n0;x=y;z="q\\""\r\n\r\n', b"\r\n"),
    (b"1\r\nx\r\n0\r\nTrailer: 1\r\nOther: 2\r\n\r\n", b"x"),
    (b"0000000000000001\r\nx\r\n0\r\n\r\n", b"x"),
    (b"1;" + b"a" * 254 + b"\r\nx\r\n0\r\n\r\n", b"x"),
]
BAD = [
    b"5\nhello\r\n0\r\n\r\n",
    b"5\r\nhello\n0\r\n\r\n",
    b"5\r\nhello0\r\n\r\n",
    b"5\r\nhello\r\n0\r\n\n",
    b"5\r\nhello\r\n0\n\r\n",
    b"5\r\nhello!\r\n0\r\n\r\n",
    b"+5\r\nhello\r\n0\r\n\r\n",
    b"-5\r\nhello\r\n0\r\n\r\n",
    b"0x5\r\nhello\r\n0\r\n\r\n",
    b"5 \r\nhello\r\n0\r\n\r\n",
    b" 5\r\nhello\r\n0\r\n\r\n",
    b"5_0\r\nhello\r\n0\r\n\r\n",
    b"g\r\n",
    b"\r\n0\r\n\r\n",
    b";a\r\n0\r\n\r\n",
    b"00000000000000005\r\nhello\r\n0\r\n\r\n",
    b"5;\r\nhello\r\n0\r\n\r\n",
    b"5;a b\r\nhello\r\n0\r\n\r\n",
    b'5;a="x\r\nhello\r\n0\r\n\r\n',
    b"5;a\x00\r\nhello\r\n0\r\n\r\n",
    b"5;a\rb\r\nhello\r\n0\r\n\r\n",
    b"5;" + b"a" * 300 + b"\r\nhello\r\n0\r\n\r\n",
    b"0\r\nbad trailer\r\n\r\n",
    b"0\r\nX: 1\r\n folded\r\n\r\n",
    b"0\r\nX: a\nb\r\n\r\n",
    b"0\r\n" + b"X: %b\r\n" % (b"y" * 1000) * 9 + b"\r\n",
    b"1;" + b"a" * 250 + b"\r\nx\r\n" + (b"1;" + b"a" * 250 + b"\r\nx\r\n") * 70,
]


def feed(*pieces: bytes) -> tuple[bytes | None, ChunkedDecoder]:
    decoder = ChunkedDecoder()
    payload = b""
    for piece in pieces:
        if decoder.done:
            decoder.rest += piece
            continue
        got = decoder.feed(piece)
        if got is None:
            return None, decoder
        payload += got
    return payload, decoder


def by_byte(wire: bytes) -> list[bytes]:
    return [wire[at : at + 1] for at in range(len(wire))]


@pytest.mark.parametrize(("wire", "payload"), GOOD)
def test_a_good_body_is_read_whole_at_every_cut(wire, payload):
    wire += b"NEXT"
    for cut in range(len(wire) + 1):
        got, decoder = feed(wire[:cut], wire[cut:])
        assert (got, decoder.done, decoder.rest) == (payload, True, b"NEXT")
    got, decoder = feed(*by_byte(wire))
    assert (got, decoder.done, decoder.rest) == (payload, True, b"NEXT")


@pytest.mark.parametrize("wire", BAD)
def test_a_bad_body_is_refused_at_every_cut(wire):
    for cut in range(min(len(wire), 400) + 1):
        got, decoder = feed(wire[:cut], wire[cut:])
        assert got is None
        assert decoder.problem
        assert decoder.feed(b"0\r\n\r\n") is None
    assert feed(*by_byte(wire))[0] is None


@pytest.mark.parametrize("wire", [wire[:cut] for wire, _ in GOOD for cut in range(len(wire))])
def test_a_body_without_its_end_is_not_done(wire):
    got, decoder = feed(wire)
    assert got is not None
    assert not decoder.done


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=6), st.lists(st.integers(0, 400), max_size=5))
def test_what_is_framed_is_read_back_however_it_is_cut(pieces, cuts):
    wire = b"".join(frame(piece, last=False) for piece in pieces) + frame(b"", last=True)
    places = sorted({0, len(wire), *(cut for cut in cuts if cut < len(wire))})
    got, decoder = feed(*[wire[a:b] for a, b in itertools.pairwise(places)])
    assert (got, decoder.done) == (b"".join(pieces), True)


@given(st.binary(max_size=60))
def test_no_bytes_raise_and_cuts_do_not_matter(data):
    whole, first = feed(data)
    pieces, second = feed(*by_byte(data))
    assert (whole is None) == (pieces is None)
    assert (first.done, first.rest) == (second.done, second.rest)
    if whole is not None:
        assert whole == pieces


def test_the_last_piece_carries_the_end():
    assert frame(b"abc", last=True) == b"3\r\nabc\r\n0\r\n\r\n"
    assert frame(b"", last=False) == b""


def test_trailers_are_handed_out_apart_and_framed_behind_the_body():
    payload, decoder = feed(b"1\r\nx\r\n0\r\nA: 1\r\nB: 2\r\n\r\nrest")
    assert (payload, decoder.trailers, decoder.rest) == (b"x", [b"A: 1", b"B: 2"], b"rest")
    assert frame(b"x", last=True, trailers=decoder.trailers) == b"1\r\nx\r\n0\r\nA: 1\r\nB: 2\r\n\r\n"
    assert frame(b"", last=True, trailers=[b"A: 1"]) == b"0\r\nA: 1\r\n\r\n"
    assert frame(b"x", last=False, trailers=[b"A: 1"]) == b"1\r\nx\r\n"


def test_too_many_trailers_are_refused():
    assert feed(b"0\r\n" + b"A: 1\r\n" * 64 + b"\r\n")[0] == b""
    assert feed(b"0\r\n" + b"A: 1\r\n" * 65 + b"\r\n")[0] is None
