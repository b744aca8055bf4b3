"""Tiny databases, made on the spot."""

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

COUNTRIES = {
    "198.51.100.0/24": {"country": {"iso_code": "AT"}},
    "203.0.113.0/24": {"country_code": "DE"},
    "192.0.2.0/24": {"country": "FR"},
    "2001:db8:a::/48": {"country": {"iso_code": "AT"}},
}
ASNS = {
    "198.51.100.0/24": {"autonomous_system_number": 64496, "autonomous_system_organization": "A"},
    "203.0.113.0/24": {"asn": "AS64497"},
    "2001:db8:a::/48": {"autonomous_system_number": 64498},
}
AUSTRIAN, GERMAN, FRENCH, NOWHERE = "198.51.100.7", "203.0.113.7", "192.0.2.7", "100.64.0.1"


def write(path, records, ip_version=6):
    """Put a database in the place of whatever is there, in one step."""
    writer = MMDBWriter(ip_version=ip_version, ipv4_compatible=ip_version == 6, database_type="test")
    for network, record in records.items():
        writer.insert_network(IPSet([network]), record)
    fresh = path.with_suffix(".new")
    writer.to_db_file(str(fresh))
    fresh.rename(path)
    return path


@pytest.fixture
def country_file(tmp_path):
    return write(tmp_path / "country.mmdb", COUNTRIES)


@pytest.fixture
def asn_file(tmp_path):
    return write(tmp_path / "asn.mmdb", ASNS)


@pytest.fixture
def embedded(tmp_path):
    """The folder of installed databases, empty as the sources leave it."""
    folder = tmp_path / "embedded"
    folder.mkdir()
    return folder
