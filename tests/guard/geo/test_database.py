import ipaddress
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.guard.geo.conftest import ASNS, AUSTRIAN, COUNTRIES, FRENCH, GERMAN, NOWHERE, write

from yett.guard.geo import Kind, LookupFailed
from yett.guard.geo.database import (
    DatabaseBroken,
    DatabaseMissing,
    asn_of,
    country_of,
    open_database,
    stamp_of,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.dictionaries(
        st.sampled_from(["country", "country_code", "iso_code", "asn", "autonomous_system_number"]), inner
    ),
    max_leaves=6,
)


def ip(text):
    return ipaddress.ip_address(text)


@pytest.mark.parametrize(
    ("record", "country"),
    [
        ({"country": {"iso_code": "AT", "names": {"en": "Austria"}}}, "AT"),
        ({"country_code": "at"}, "AT"),
        ({"country": "AT"}, "AT"),
        ({"country": {}}, ""),
        ({"registered_country": {"iso_code": "AT"}}, ""),
        ({"country_code": "None"}, ""),
        ({"country_code": "ÄÖ"}, ""),
        ({"country_code": 7}, ""),
        ("AT", ""),
        (None, ""),
    ],
)
def test_a_country_is_read_from_records_of_every_known_shape(record, country):
    assert country_of(record) == country


@pytest.mark.parametrize(
    ("record", "asn"),
    [
        ({"autonomous_system_number": 64496}, 64496),
        ({"autonomous_system_number": "64496"}, 64496),
        ({"asn": "AS64496"}, 64496),
        ({"asn": 64496}, 64496),
        ({"asn": "ASX"}, 0),
        ({"asn": "9" * 5000}, 0),
        ({"asn": 1 << 32}, 0),
        ({"asn": True}, 0),
        ({"asn": -1}, 0),
        ({}, 0),
        (None, 0),
    ],
)
def test_an_autonomous_system_is_read_from_records_of_every_known_shape(record, asn):
    assert asn_of(record) == asn


@given(JSON)
def test_any_record_tells_something_or_nothing(record):
    assert isinstance(country_of(record), str)
    assert 0 <= asn_of(record) < 1 << 32


def test_addresses_are_found(country_file, asn_file):
    countries = open_database(country_file, Kind.COUNTRY)
    asns = open_database(asn_file, Kind.ASN)
    addresses = (AUSTRIAN, GERMAN, FRENCH, NOWHERE, "2001:db8:a::1", "2001:db8:b::1")
    assert [countries.country(ip(each)) for each in addresses] == ["AT", "DE", "FR", "", "AT", ""]
    assert [asns.asn(ip(each)) for each in addresses] == [64496, 64497, 0, 0, 64498, 0]
    assert countries.built_at > 1_700_000_000


def test_a_database_of_old_addresses_knows_no_new_ones(tmp_path):
    only_old = {network: record for network, record in COUNTRIES.items() if ":" not in network}
    database = open_database(write(tmp_path / "4.mmdb", only_old, ip_version=4), Kind.COUNTRY)
    assert database.country(ip(AUSTRIAN)) == "AT"
    assert database.country(ip("2001:db8:a::1")) == ""


def test_a_file_that_is_overwritten_in_place_does_not_disturb_what_was_read(country_file):
    database = open_database(country_file, Kind.COUNTRY)
    os.truncate(country_file, 0)
    assert database.country(ip(AUSTRIAN)) == "AT"


def test_no_descriptor_is_left_open(country_file, tmp_path):
    (tmp_path / "broken.mmdb").write_bytes(b"no database")
    before = set(Path("/proc/self/fd").iterdir())
    for path in (country_file, tmp_path / "broken.mmdb", tmp_path, tmp_path / "none"):
        try:
            open_database(path, Kind.COUNTRY)
        except (DatabaseBroken, DatabaseMissing):
            continue
    assert set(Path("/proc/self/fd").iterdir()) == before


def test_a_file_that_is_not_there_is_missing(country_file, tmp_path):
    for path in (tmp_path / "none.mmdb", country_file / "none.mmdb"):
        with pytest.raises(DatabaseMissing):
            open_database(path, Kind.COUNTRY)


def test_a_folder_a_pipe_and_an_empty_file_are_broken(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").touch()
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "empty"):
        with pytest.raises(DatabaseBroken):
            open_database(path, Kind.COUNTRY)


def test_a_file_of_the_other_kind_is_broken(country_file, asn_file):
    with pytest.raises(DatabaseBroken, match="no record of it tells the country"):
        open_database(asn_file, Kind.COUNTRY)
    with pytest.raises(DatabaseBroken, match="no record of it tells the asn"):
        open_database(country_file, Kind.ASN)


def test_one_file_may_tell_both(tmp_path):
    both = {network: {**COUNTRIES[network], **ASNS.get(network, {})} for network in COUNTRIES}
    path = write(tmp_path / "both.mmdb", both)
    assert open_database(path, Kind.COUNTRY).country(ip(AUSTRIAN)) == "AT"
    assert open_database(path, Kind.ASN).asn(ip(AUSTRIAN)) == 64496


def test_a_file_cut_anywhere_is_broken(country_file, tmp_path):
    whole = country_file.read_bytes()
    cut = tmp_path / "cut.mmdb"
    for length in range(0, len(whole), 37):
        cut.write_bytes(whole[:length])
        with pytest.raises(DatabaseBroken):
            open_database(cut, Kind.COUNTRY)


def test_a_damaged_file_is_broken_or_gives_answers_or_fails_as_arranged(country_file, tmp_path):
    whole = country_file.read_bytes()
    path = tmp_path / "damaged.mmdb"
    for position in range(0, len(whole), 11):
        damaged = bytearray(whole)
        damaged[position] ^= 0xA5
        path.write_bytes(damaged)
        try:
            database = open_database(path, Kind.COUNTRY)
        except DatabaseBroken:
            continue
        for address in (AUSTRIAN, GERMAN, NOWHERE, "2001:db8:a::1"):
            try:
                assert isinstance(database.country(ip(address)), str)
            except LookupFailed:
                continue


def test_a_stamp_changes_with_the_file(country_file):
    before = stamp_of(country_file)
    write(country_file, COUNTRIES)
    assert stamp_of(country_file) != before
    country_file.unlink()
    assert stamp_of(country_file) is None
