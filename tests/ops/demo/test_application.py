import time

import pytest
from starlette.testclient import TestClient

from yett.identity import Person
from yett.keys import MasterKey
from yett.ops.demo import APPLICATION_HOST, DemoApplication
from yett.proxy import HeaderSigner, ProxySettings

PERSON = Person("ada", "Ada Lövelace", "ada@example.org", ("staff", "r & d"), False, "local")

GENUINE = "genuine: made by the gateway, for this host, just now"


@pytest.fixture
def signer():
    return HeaderSigner(MasterKey(b"m" * 32), ProxySettings(), key_length=32)


@pytest.fixture
def client(signer):
    application = DemoApplication(lambda: signer.public_keys(time.time()))
    return TestClient(application.app, base_url=f"http://{APPLICATION_HOST}")


@pytest.fixture
def headers(signer):
    """What the gateway sends along with a request of Ada's."""
    lines = signer.headers(PERSON, session="s1", host=APPLICATION_HOST, now=time.time()).lines
    return dict(line.split(": ", 1) for line in lines.decode().removesuffix("\r\n").split("\r\n"))


def test_the_page_says_who_the_caller_is(client, headers):
    page = client.get("/some/where", headers=headers)
    assert page.status_code == 200
    for text in ("Ada Lövelace", "ada@example.org", "staff", "r &amp; d", "/some/where"):
        assert text in page.text


def test_it_tells_headers_of_the_gateway_from_forged_ones(client, headers):
    assert GENUINE in client.get("/", headers=headers).text
    for sent in (headers | {"X-Yett-User": "root"}, {"X-Yett-User": "root"}, {}):
        page = client.get("/", headers=sent)
        assert page.status_code == 200
        assert GENUINE not in page.text


def test_headers_made_for_another_host_are_not_genuine_here(client, signer):
    lines = signer.headers(PERSON, session="s1", host="wiki.example", now=time.time()).lines
    sent = dict(line.split(": ", 1) for line in lines.decode().removesuffix("\r\n").split("\r\n"))
    assert GENUINE not in client.get("/", headers=sent).text


def test_nothing_that_was_sent_becomes_part_of_the_page(client):
    text = client.get("/<script>", headers={"X-Note": "<script>alert(1)</script>"}).text
    assert "<script>" not in text


def test_cookies_are_not_shown(client):
    assert "hush" not in client.get("/", headers={"Cookie": "a=hush"}).text
