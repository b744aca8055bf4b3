from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.oidc.logout.conftest import BYE, STRANGER, WIKI

from yett.oidc.logout import facts, rules
from yett.oidc.logout.model import Next, Refused, Wanted, Way, Wrong

CLIENTS = {client.client_id: client for client in (WIKI, STRANGER)}
HINTS = {
    "mine": {"iss": "i", "sub": "ada", "aud": "wiki", "sid": "s1"},
    "listed": {"sub": "ada", "aud": ["wiki"], "sid": "s1"},
    "several": {"sub": "ada", "aud": ["wiki", "other"], "azp": "wiki", "sid": "s1"},
    "unclear": {"sub": "ada", "aud": ["wiki", "other"], "sid": "s1"},
    "gone": {"sub": "ada", "aud": "gone", "sid": "s1"},
    "odd": {"sub": 1, "aud": {"a": 1}, "sid": []},
}


def read(**given):
    fields = tuple((name, value) for name, value in given.items())
    return rules.read(fields, CLIENTS.get, HINTS.get)


MINE = Wanted("wiki", BYE, "s", is_hinted=True, user="ada", session="s1")


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({}, Wanted()),
        ({"id_token_hint": "mine", "post_logout_redirect_uri": BYE, "state": "s"}, MINE),
        ({"id_token_hint": "mine", "client_id": "wiki", "post_logout_redirect_uri": BYE, "state": "s"}, MINE),
        ({"id_token_hint": "listed", "post_logout_redirect_uri": BYE, "state": "s"}, MINE),
        ({"id_token_hint": "several", "post_logout_redirect_uri": BYE, "state": "s"}, MINE),
        # A state without an address goes nowhere.
        ({"id_token_hint": "mine", "state": "s"}, replace(MINE, uri="", state="")),
        ({"client_id": "wiki", "post_logout_redirect_uri": BYE}, Wanted("wiki", BYE)),
        ({"client_id": "wiki", "logout_hint": "ada", "ui_locales": "de"}, Wanted("wiki")),
        # An ID token that is not ours, or says nothing clear, counts as none.
        ({"id_token_hint": "forged"}, Wanted()),
        ({"id_token_hint": "forged", "client_id": "wiki"}, Wanted("wiki")),
        ({"id_token_hint": "unclear", "client_id": "wiki"}, Wanted("wiki")),
        ({"id_token_hint": "odd"}, Wanted()),
        ({"id_token_hint": "gone"}, Wanted()),
        ({"id_token_hint": "x" * 20_000}, Wanted()),
    ],
)
def test_what_a_request_asks_for(asked, wanted):
    assert read(**asked) == wanted


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"client_id": "other", "id_token_hint": "mine"}, Wrong.OTHER_CLIENT),
        ({"state": "x" * 5000}, Wrong.MALFORMED),
        ({"state": "a\nb"}, Wrong.MALFORMED),
        # Nobody knows whose address it is.
        ({"post_logout_redirect_uri": BYE}, Wrong.REDIRECT_URI),
        ({"post_logout_redirect_uri": BYE, "client_id": "nobody"}, Wrong.REDIRECT_URI),
        ({"post_logout_redirect_uri": BYE, "id_token_hint": "forged"}, Wrong.REDIRECT_URI),
        ({"post_logout_redirect_uri": BYE, "id_token_hint": "gone"}, Wrong.REDIRECT_URI),
        *(
            ({"post_logout_redirect_uri": uri, "id_token_hint": "mine"}, Wrong.REDIRECT_URI)
            for uri in (
                "https://wiki.example.org/bye",
                "https://wiki.example.org/bye?from=yett&more=1",
                f"{BYE}#x",
                f"{BYE}/",
                BYE.replace("https", "http"),
                BYE.replace("wiki.", "wiki.example.org@"),
                BYE.replace("wiki", "WIKI"),
                BYE.replace(".org/", ".org:443/"),
                BYE.replace("/bye", "//bye"),
                BYE.replace("/bye", "/x/../bye"),
                BYE.replace("/bye", "/%62ye"),
                "https://evil.example/bye?from=yett",
                "//evil.example",
                "javascript:alert(1)",
                "/local",
                " " + BYE,
                BYE + "\n",
            )
        ),
    ],
)
def test_what_is_refused(asked, reason):
    found = read(**asked)
    assert isinstance(found, Refused)
    assert found.reason is reason


def test_what_repeats_or_cannot_be_read_is_refused():
    assert rules.read(None, CLIENTS.get, HINTS.get).reason is Wrong.MALFORMED
    twice = (("client_id", "wiki"), ("client_id", "wiki"))
    assert rules.read(twice, CLIENTS.get, HINTS.get).reason is Wrong.MALFORMED


@given(
    st.lists(st.tuples(st.sampled_from(["state", "client_id", "id_token_hint", "x"]), st.text(max_size=20)))
)
def test_any_request_gets_a_verdict(fields):
    assert isinstance(rules.read(tuple(fields), CLIENTS.get, HINTS.get), (Wanted, Refused))


@pytest.mark.parametrize(
    ("wanted", "user", "session", "verdict"),
    [
        (MINE, "", "", Next.NOTHING),
        (Wanted(), "", "", Next.NOTHING),
        (MINE, "ada", "s1", Next.SIGN_OUT),
        # An earlier session, somebody else, or nobody in particular.
        (MINE, "ada", "s2", Next.ASK),
        (MINE, "bob", "s1", Next.ASK),
        (replace(MINE, session=""), "ada", "s1", Next.ASK),
        (Wanted("wiki", BYE), "ada", "s1", Next.ASK),
        (Wanted(), "ada", "s1", Next.ASK),
    ],
)
def test_who_is_signed_out_unasked(wanted, user, session, verdict):
    assert rules.judge(wanted, user, session) is verdict


@pytest.mark.parametrize(
    ("wanted", "client", "is_asked", "way"),
    [
        (MINE, WIKI, False, Way.GO),
        (Wanted("wiki", BYE), WIKI, True, Way.GO),
        (Wanted("wiki", BYE), WIKI, False, Way.LINK),
        (replace(MINE, uri=""), WIKI, False, Way.STAY),
        # Taken out of the client's addresses since it was asked for.
        (replace(MINE, uri="https://wiki.example.org/old"), WIKI, False, Way.STAY),
        (MINE, None, False, Way.STAY),
        # Whoever registers a client chooses where it sends people.
        (replace(MINE, client_id="dc-stranger"), STRANGER, False, Way.LINK),
        (replace(MINE, client_id="dc-stranger"), STRANGER, True, Way.LINK),
    ],
)
def test_how_somebody_leaves(wanted, client, is_asked, way):
    assert rules.way_out(wanted, client, is_asked=is_asked) is way


def test_a_logout_token_says_what_it_is_and_has_no_nonce():
    claims = rules.logout_claims("wiki", issuer="i", user="ada", session="s1", now=100.9, token_id="t")
    assert claims == {
        "iss": "i",
        "sub": "ada",
        "aud": "wiki",
        "iat": 100,
        "exp": 220,
        "jti": "t",
        "sid": "s1",
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    }


@pytest.mark.parametrize(
    ("status", "is_told", "is_final"),
    [(200, True, False), (204, True, False), (302, False, False), (400, False, True), (401, False, True),
     (404, False, True), (408, False, False), (429, False, False), (500, False, False), (503, False, False),
     (0, False, False)],
)  # fmt: skip
def test_what_an_answer_means(status, is_told, is_final):
    assert (rules.is_told(status), rules.is_final(status)) == (is_told, is_final)


def test_pauses_grow():
    assert [rules.pause_after(attempts, 10.0) for attempts in (1, 2, 3)] == [10, 20, 40]
    assert rules.pause_after(10_000, 10.0) == 10_240


def test_discovery_is_told():
    assert facts("https://a")["end_session_endpoint"] == "https://a/oidc/logout"
