"""Where people are sent to sign in."""

from urllib.parse import parse_qs, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from yett.identity.access import Assurance
from yett.proxy.forward_auth.leading import login_url
from yett.proxy.forward_auth.model import Asked, Refused, Why
from yett.proxy.forward_auth.returning import judge_return

NOBODY = Refused(Why.NO_TOKEN, "")


def lead(refused=NOBODY, **more):
    usual = {
        "method": "GET",
        "scheme": "https",
        "host": "a.example.test",
        "port": 0,
        "path": "/",
        "query": "",
    }
    asked = Asked(**usual | more)
    return login_url("https://login.example.test", asked, "example.test", refused).decode()


def test_it_leads_back_to_the_whole_address():
    found = lead(port=8443, path="/x", query="a=1&b=2")
    assert parse_qs(urlsplit(found).query) == {"rd": ["https://a.example.test:8443/x?a=1&b=2"]}


def test_it_says_what_is_needed():
    assert lead(Refused(Why.MORE_PROOF, "", needed=Assurance.MFA)).endswith("&acr=mfa")
    assert lead(Refused(Why.INVALID_TOKEN, "")).endswith("&fresh=1")


def test_it_leads_nowhere_from_where_nobody_can_come_back():
    assert lead(scheme="http") == lead(host="evil.test") == ""


@given(
    st.text(
        st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters="?#%\\\x7f"), max_size=40
    )
)
def test_whatever_was_asked_for_can_be_come_back_to(text):
    found = lead(path=f"/{text}")
    assert found.isascii()
    (back,) = parse_qs(urlsplit(found).query)["rd"]
    assert judge_return(back, "example.test", "login.example.test") is not None
