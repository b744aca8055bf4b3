import pytest
from tests.pki.making import make

from yett.keys import MasterKey, Sealer
from yett.pki import DEFAULT, Installed, Refused, Source
from yett.pki.certificates.record import from_bytes, key_of, name_of, to_bytes
from yett.pki.certificates.rules import parse

NOW = 1_800_000_000.0
WIKI = make("wiki.example.com", "*.example.com")
PARSED = parse(WIKI.chain, WIKI.key)


@pytest.mark.parametrize("name", ["wiki.example.com", "*.example.com", "default", "2001:db8::1", DEFAULT])
def test_each_name_has_a_key_of_its_own(name):
    assert name_of(key_of(name)) == name
    assert "*" not in key_of(name)


@pytest.mark.parametrize(
    "key", ["exact/", "exact/UPPER.example.com", "wildcard/com", "other/a.example.com", ""]
)
def test_keys_of_something_else_are_left_alone(key):
    assert name_of("pki/certificates/" + key) is None


def test_what_is_stored_comes_back(sealer):
    value = to_bytes(sealer, "wiki.example.com", Source.ACME, PARSED)
    kept = from_bytes(sealer, "wiki.example.com", value, 7, now=NOW)
    assert kept == Installed("wiki.example.com", Source.ACME, PARSED, 7)


def test_the_private_key_is_not_readable_in_the_store(sealer):
    value = to_bytes(sealer, "wiki.example.com", Source.ACME, PARSED)
    lines = WIKI.key.split(b"\n")
    assert WIKI.chain in value
    assert not any(line in value for line in lines if line)


@pytest.mark.parametrize("name", ["other.example.com", "*.example.com", DEFAULT])
def test_a_record_moved_to_another_name_is_refused(sealer, name):
    value = to_bytes(sealer, "wiki.example.com", Source.ACME, PARSED)
    assert isinstance(from_bytes(sealer, name, value, 1, now=NOW), Refused)


def test_another_cluster_key_opens_nothing(sealer):
    value = to_bytes(sealer, "wiki.example.com", Source.ACME, PARSED)
    stranger = Sealer(MasterKey(b"another cluster key of 32 bytes."), "pki.certificates")
    assert isinstance(from_bytes(stranger, "wiki.example.com", value, 1, now=NOW), Refused)


def test_no_altered_byte_goes_unnoticed_or_raises(sealer):
    value = to_bytes(sealer, "wiki.example.com", Source.ACME, PARSED)
    for place in range(0, len(value), 7):
        altered = value[:place] + bytes([value[place] ^ 0x15]) + value[place + 1 :]
        assert isinstance(from_bytes(sealer, "wiki.example.com", altered, 1, now=NOW), Refused)
    assert isinstance(from_bytes(sealer, "wiki.example.com", value[:-1], 1, now=NOW), Refused)
