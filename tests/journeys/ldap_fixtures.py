"""One OpenLDAP server for all tests that need one; each finds it empty."""

import pytest
from tests.journeys.ldap_server import LdapServer


@pytest.fixture(scope="session")
def slapd(tmp_path_factory):
    server = LdapServer(tmp_path_factory.mktemp("ldap"), policy=True).start()
    yield server
    server.stop()


@pytest.fixture
def ldap(slapd):
    """The server, running, with its bare tree."""
    slapd.clear()
    if slapd.process is None:
        slapd.start()
    return slapd
