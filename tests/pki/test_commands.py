import pytest
from tests.pki.making import make

from yett.kernel import CommandFailed, Place, Table, commands
from yett.net import ServiceSettings
from yett.pki import Authority, AutoTLS, CertificateCommands, PKISettings
from yett.pki.commands import AuthorityCommands
from yett.store import StoreUnavailable


@pytest.fixture
def typed(authority, certificates, master, records, clock, tasks):
    def bind(**service):
        settings = (ServiceSettings(hostname="id.example.com", **service), PKISettings())
        autotls = AutoTLS(authority, certificates, master, records, settings, list, clock, tasks)
        return CertificateCommands(certificates, autotls)

    return bind


def test_the_root_is_exported_without_a_server(tmp_path, clock):
    with pytest.raises(CommandFailed, match="first start"):
        AuthorityCommands(tmp_path).export()
    authority = Authority(tmp_path / "pki", PKISettings(), clock)
    authority.open()
    assert AuthorityCommands(tmp_path).export().encode() == authority.root_pem
    assert commands["ca", "export"].place is Place.HERE


async def test_certificates_are_listed_without_their_keys(typed, certificates):
    made = make("wiki.example.com", "*.wiki.example.com")
    await certificates.set("wiki.example.com", made.chain, made.key)
    await certificates.set_default(made.chain, made.key)
    table = typed().list()
    assert isinstance(table, Table)
    assert [row[0] for row in table.rows] == ["(default)", "wiki.example.com"]
    assert table.rows[1][1:3] == ("manual", f"{made.certificate.serial_number:x}")
    assert table.rows[1][4] == "2027-02-14T08:00:00+00:00"
    assert table.rows[1][5] == "wiki.example.com, *.wiki.example.com"
    assert "PRIVATE" not in repr(table)


async def test_a_renewal_can_be_asked_for(typed, certificates):
    before = certificates.all()
    assert "was renewed" in await typed().renew()
    assert certificates.all() != before


async def test_a_renewal_that_cannot_be_says_why(typed, records):
    with pytest.raises(CommandFailed, match="auto_tls is off"):
        await typed(auto_tls=False).renew()
    records.refused = {"certificates/"}
    with pytest.raises(CommandFailed, match="tried again"):
        await typed().renew()


async def test_the_cache_is_read_anew_on_demand(typed, certificates, records, monkeypatch):
    made = make("wiki.example.com")
    await certificates.set("wiki.example.com", made.chain, made.key)
    assert await typed().refresh() == "1 certificates are installed."

    async def away(_prefix):
        raise StoreUnavailable("away")

    monkeypatch.setattr(records, "list", away, raising=False)
    with pytest.raises(CommandFailed, match="could not be read"):
        await typed().refresh()
