"""Links as they are written, and every way to alter one."""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.authn.magic_link.conftest import HOME

from yett.authn.magic_link import rules
from yett.authn.magic_link.sealing import Links
from yett.keys import MasterKey, Sealer

TOKEN, OTHER = "t" * 43, "o" * 43
REF, OTHER_REF = rules.fingerprint(TOKEN), rules.fingerprint(OTHER)
LINKS = Links(Sealer(MasterKey(bytes(32)), "links"), origin=HOME)
ELSEWHERE = Links(Sealer(MasterKey(bytes([1]) * 32), "links"), origin=HOME)


def sealed_of(link):
    return parse_qs(urlsplit(link).query)["r"][0]


def test_a_link_holds_the_token_and_the_way_back_sealed():
    link = LINKS.write(TOKEN, REF, "/wanted?x=1", expires_at=100.0)

    assert link.startswith(f"{HOME}/signin/link/open?t={TOKEN}&r=")
    assert "wanted" not in link
    assert LINKS.way_back(REF, sealed_of(link), now=99.0) == "/wanted?x=1"
    assert LINKS.is_ours(link, now=99.0)


def test_a_way_back_that_is_too_long_for_a_mail_leads_home():
    link = LINKS.write(TOKEN, REF, "/" + "x" * rules.MAX_TO, expires_at=100.0)

    assert LINKS.way_back(REF, sealed_of(link), now=1.0) == "/"
    assert len(link) < 500


def test_a_seal_is_good_for_its_own_link_in_its_time_and_by_us():
    sealed = sealed_of(LINKS.write(TOKEN, REF, "/x", expires_at=100.0))

    assert LINKS.way_back(OTHER_REF, sealed, now=1.0) is None
    assert LINKS.way_back(REF, sealed, now=100.0) is None
    assert ELSEWHERE.way_back(REF, sealed, now=1.0) is None
    assert LINKS.way_back(REF, "", now=1.0) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda link: link.replace("https://", "http://"),
        lambda link: link.replace("login.example.test", "login.example.test.evil.test"),
        lambda link: link.replace("https://", "https://ada@"),
        lambda link: link.replace("/signin/link/open", "/signin/link/open/"),
        lambda link: link.replace("/signin/link/open", "/signin"),
        lambda link: link + "#x",
        lambda link: link[:-1],
        lambda link: link.replace(TOKEN, OTHER),
        lambda link: link.replace(TOKEN, ""),
        lambda _: f"{HOME}{rules.OPEN}?{urlencode({'t': TOKEN})}",
        lambda _: "https://[::1",
        lambda _: "",
    ],
)
def test_a_link_that_was_altered_anywhere_is_not_ours(change):
    link = LINKS.write(TOKEN, REF, "/x", expires_at=100.0)

    assert not LINKS.is_ours(change(link), now=1.0)


@given(st.text(max_size=300))
def test_no_text_raises_and_none_is_ours(text):
    assert not LINKS.is_ours(text, now=1.0)
    assert not LINKS.is_ours(f"{HOME}{rules.OPEN}?{text}", now=1.0)
