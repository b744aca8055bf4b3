import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.events.audit.logs import KEY, OTHER

from yett.events.audit import seals
from yett.events.audit.seals import Tally

NAME = "audit-20260101T000000-000000.jsonl"


def sealed(**other):
    tally = Tally(segment=NAME, first=1, last=9, size=1000, since="a", until="b")
    tally.digest.update(b"content")
    return msgspec.structs.replace(seals.made(tally, KEY, "node"), **other)


def test_a_seal_is_kept_beside_its_segment_and_found_there(tmp_path):
    seals.write(tmp_path, sealed())
    assert [path.name for path in tmp_path.iterdir()] == ["audit-20260101T000000-000000.seal"]
    assert seals.find(tmp_path, NAME) == sealed()
    assert seals.segment_of(seals.name_of(NAME)) == NAME


@pytest.mark.parametrize("name", seals.Seal.__struct_fields__)
def test_every_field_is_signed(name):
    other = getattr(sealed(), name)
    other = other + 1 if isinstance(other, int) else OTHER.public_key if name == "key" else other + "0"
    assert sealed().is_signed
    assert not sealed(**{name: other}).is_signed


def test_every_byte_of_the_file_counts():
    data = seals.encoded(sealed())
    assert seals.read(data) == sealed()
    for place in range(len(data)):
        found = seals.read(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        assert found is None or not found.is_signed, place
    for broken in (b"", data[:-1], data + b"\n", data * 2, b" " + data, data.replace(b":", b": ", 1)):
        assert seals.read(broken) is None


def test_a_seal_of_another_segment_or_of_nobody_is_not_found(tmp_path):
    assert seals.find(tmp_path, NAME) is None
    other = "audit-20260101T000000-000001.jsonl"
    (tmp_path / seals.name_of(other)).write_bytes(seals.encoded(sealed()))
    assert seals.find(tmp_path, other) is None
    seals.write(tmp_path, sealed(signature="00" * 64))
    assert seals.find(tmp_path, NAME) is None


@given(st.binary(max_size=300))
def test_any_bytes_are_a_seal_or_none(data):
    assert seals.read(data) is None
