import gzip
import io

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from yett.ops.converting.unpacking import unpacked

PACKERS = {"gzip": gzip.compress, "zstd": zstd.compress}
DATA = b"".join(b"line %d\n" % number for number in range(20_000))


def read(packed):
    stream, inside = unpacked(io.BytesIO(packed))
    return stream.read(), inside.fault if inside else ""


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
@given(parts=st.lists(st.binary(min_size=1), min_size=1, max_size=4))
def test_everything_comes_out_of_streams_behind_one_another(pack, parts):
    assert read(b"".join(map(pack, parts))) == (b"".join(parts), "")


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_what_expands_a_lot_comes_out_whole(pack):
    zeros = bytes(5_000_000)
    assert read(pack(zeros)) == (zeros, "")


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_all_before_the_damage_comes_out(pack):
    packed = pack(DATA)
    found, fault = read(packed[:-10])
    assert DATA.startswith(found)
    assert "too early" in fault
    found, fault = read(pack(DATA) + packed[:100] + b"\0" * 50)
    assert found.startswith(DATA)
    assert fault


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_changed_bytes_are_damage_and_never_an_exception(pack):
    packed = bytearray(pack(DATA))
    for place in range(4, len(packed), len(packed) // 50):
        packed[place] ^= 0xFF
        stream, _ = unpacked(io.BytesIO(bytes(packed)))
        stream.read()
        packed[place] ^= 0xFF


def test_padding_behind_gzip_is_no_damage():
    assert read(gzip.compress(b"one\n") + b"\0" * 512) == (b"one\n", "")


def test_other_bytes_behind_gzip_are_damage():
    found, fault = read(gzip.compress(b"one\n") + b"two\n")
    assert found == b"one\n"
    assert fault


def test_what_is_not_compressed_stays():
    assert read(b"\x1f plain") == (b"\x1f plain", "")
    assert read(b"") == (b"", "")
