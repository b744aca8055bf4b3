import time

import pytest
from tests.authn.x509.making import DAY, People, mail, names_responder, person, principal, root

from yett.authn.x509 import X509, X509Commands, X509Files, X509Settings
from yett.authn.x509.config import CRLSettings
from yett.authn.x509.model import Identity
from yett.kernel import CommandFailed
from yett.store import MemoryRecords


@pytest.fixture(scope="module")
def today():
    return root(now=time.time())


@pytest.fixture
def look(tmp_path, today):
    """What is shown of a certificate, by what it is."""
    (tmp_path / "ca.pem").write_bytes(today.pem)

    def check(content, **said):
        (tmp_path / "ada").write_bytes(content)
        settings = X509Settings(**{"authorities": tmp_path / "ca.pem", **said})
        return dict(X509Files(lambda: settings).check(tmp_path / "ada").rows)

    return check


def test_a_certificate_is_shown_with_what_would_come_of_it(look, today):
    leaf = today.issue(
        "CN=ada,O=Example",
        names=[mail("ada@example.org"), principal("ada@corp.example")],
        extensions=[names_responder("http://ocsp.example/")],
    )
    shown = look(leaf.pem)
    assert shown["subject"] == "CN=ada,O=Example"
    assert shown["serial"] == leaf.serial
    assert shown["in time"] == "yes"
    assert shown["vouched for"] == "yes: CN=Root"
    assert shown["names"] == "cn:ada, email:ada@example.org, upn:ada@corp.example"
    assert shown["responders"] == "http://ocsp.example/"
    assert shown["user"] == "ada"
    assert look(leaf.der) == shown
    assert look(leaf.pem, identity=Identity.UPN)["user"] == 'nobody, by the rule "upn"'
    assert "directory" in look(leaf.pem, identity=Identity.EMAIL)["user"]


def test_what_is_wrong_with_it_is_shown(look, today, tmp_path):
    assert look(today.issue(ends=-DAY / 2).pem)["in time"] == "expired"
    assert look(root("CN=Other", now=time.time()).issue().pem)["vouched for"].startswith("no: ")
    assert "not set" in look(today.issue().pem, authorities=None)["vouched for"]
    with pytest.raises(CommandFailed, match="authorities"):
        look(today.issue().pem, authorities=tmp_path / "none.pem")


@pytest.mark.parametrize(
    "content", [b"", b"junk", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_what_is_no_certificate_is_said_to_be_none(look, content):
    with pytest.raises(CommandFailed):
        look(content)


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path):
    with pytest.raises(CommandFailed, match="cannot be read"):
        X509Files(X509Settings).check(tmp_path / "none")


async def test_the_lists_in_use_are_shown(tmp_path, ca, clock, tasks):
    (tmp_path / "ca.pem").write_bytes(ca.pem)
    settings = X509Settings(
        enabled=True,
        authorities=tmp_path / "ca.pem",
        crl=(CRLSettings(urls=(str(tmp_path / "ca.crl"),)), CRLSettings(urls=("/nowhere",))),
    )
    method = X509(People(person("ada")), MemoryRecords(clock), settings, tasks, clock)
    await method.start()
    commands = X509Commands(method)
    (tmp_path / "ca.crl").write_bytes(ca.crl(ca.issue(), number=9))
    table = await commands.crl(refresh=True)
    assert table.rows[0][:4] == (str(tmp_path / "ca.crl"), "CN=Root", 9, 1)
    assert table.rows[1] == ("/nowhere", None, None, None, None, None)
    assert (await commands.crl()).rows == table.rows
    await method.stop()
