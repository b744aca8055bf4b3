import zlib

import brotli
import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from yett.proxy.compression.encoding import ENCODERS
from yett.proxy.compression.model import Coding

MOST = {Coding.GZIP: 9, Coding.BROTLI: 9, Coding.ZSTD: 12}
LEAST = {Coding.GZIP: 1, Coding.BROTLI: 0, Coding.ZSTD: 1}


class Decoder:
    """What a client does with a body that comes in pieces."""

    def __init__(self, coding):
        self._state = {
            Coding.GZIP: lambda: zlib.decompressobj(31),
            Coding.BROTLI: brotli.Decompressor,
            Coding.ZSTD: zstd.ZstdDecompressor,
        }[coding]()

    def __call__(self, data):
        read = getattr(self._state, "decompress", None) or self._state.process
        return read(data)

    @property
    def is_finished(self):
        state = self._state
        return state.is_finished() if hasattr(state, "is_finished") else state.eof


@pytest.mark.parametrize("coding", list(Coding))
@given(pieces=st.lists(st.tuples(st.binary(max_size=200), st.booleans()), max_size=10), data=st.data())
def test_what_goes_in_comes_out_and_a_flush_brings_all_of_it(coding, pieces, data):
    encoder = ENCODERS[coding](data.draw(st.sampled_from([LEAST[coding], MOST[coding]])))
    decode = Decoder(coding)
    sent, got = b"", b""
    for piece, flush in pieces:
        sent += piece
        got += decode(encoder.encode(piece, flush=flush))
        if flush:
            assert got == sent
    got += decode(encoder.finish())

    assert got == sent
    assert decode.is_finished


@pytest.mark.parametrize("coding", list(Coding))
def test_text_shrinks_and_the_window_is_one_that_every_client_takes(coding):
    text = b"".join(b"line %d of many\n" % number for number in range(200_000))
    encoder = ENCODERS[coding](LEAST[coding])
    encoded = encoder.encode(text, flush=False) + encoder.finish()

    assert len(encoded) < len(text) / 4
    if coding is Coding.ZSTD:
        limit = {zstd.DecompressionParameter.window_log_max: 18}
        assert zstd.decompress(encoded, options=limit) == text
