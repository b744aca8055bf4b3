from dataclasses import replace

import pytest
from tests.proxy.conftest import MAPPINGS, WIKI, mapping, request_for
from tests.signin.conftest import ADA

from yett.identity.access import Assurance
from yett.net.http import Forward
from yett.oidc.personal import PersonalAccess, PersonalToken
from yett.proxy import answers, events, programs
from yett.proxy.config import ReauthSettings

API = "api.example.test"
TEXT = "aaa.bbb.ccc"
TOKEN = PersonalToken("01990000-0000-7000-8000-000000000001", "script", ("applications",), 1.0, 9e9, "digest")


class Tokens:
    """Tokens that are a table, and what was asked of it."""

    def __init__(self):
        self.table = {TEXT: PersonalAccess(ADA, TOKEN, frozenset(TOKEN.scopes))}
        self.asked = []

    def __call__(self, text, scope, audience):
        self.asked.append((text, scope, audience))
        access = self.table.get(text)
        return access.as_session(audience) if access and scope in access.scopes else None


@pytest.fixture
def tokens():
    return Tokens()


@pytest.fixture
async def place(make_place, tokens):
    more = (
        mapping("API", API, token_scope="applications", groups=("wiki",)),
        mapping("Strong", API, path="/strong", token_scope="applications", assurance=Assurance.MFA),
        mapping("Fresh", API, path="/fresh", token_scope="applications", reauth=(ReauthSettings(),)),
        mapping("Other", API, path="/other", token_scope="other"),
    )  # fmt: skip
    return await make_place(tokens=tokens, mapping=(*MAPPINGS, *more))


async def ask(place, text=TEXT, path="/", host=API, scheme="Bearer", **more):
    return await place.decide(
        request_for("GET", path, {"Host": host, "Authorization": f"{scheme} {text}", **more})
    )


async def test_a_program_is_let_in_as_the_owner_of_its_token(place, tokens):
    decision = await ask(place)
    assert isinstance(decision, Forward)
    assert b"X-Yett-User: ada\r\n" in decision.add
    assert decision.drop >= programs.AUTHORIZATION
    assert tokens.asked == [(TEXT, "applications", API)]


async def test_the_token_is_looked_at_with_each_request(place, tokens):
    assert isinstance(await ask(place), Forward)
    del tokens.table[TEXT]
    refused = await ask(place)
    assert refused.status == 401
    assert b'WWW-Authenticate: Bearer realm="yett", error="invalid_token"' in refused.headers


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"text": "x"}, 401),
        ({"path": "/other"}, 401),  # without the scope
        ({"path": "/strong"}, 401),  # nobody was there to prove more
        ({"path": "/fresh"}, 401),
    ],
)
async def test_what_a_token_is_not_good_for_is_refused(place, changes, status):
    assert (await ask(place, **changes)).status == status


async def test_where_no_tokens_are_taken_they_are_not_looked_at(place, tokens):
    decision = await ask(place, host=WIKI)
    assert decision.status == 401
    assert tokens.asked == []
    decision = await ask(place, host=WIKI, path="/open")
    assert isinstance(decision, Forward)
    assert b"authorization" not in decision.drop


async def test_a_person_out_of_the_group_is_kept_out_by_token_too(place):
    place.people.set("ada", groups=())
    assert (await ask(place)).status == 403
    place.people.set("ada", is_disabled=True)
    assert (await ask(place)).status == 403


@pytest.mark.parametrize("scheme", ["Basic", "", "Bear", "Token"])
async def test_other_schemes_are_the_applications_own(place, tokens, scheme):
    assert (await ask(place, scheme=scheme)).status == 401
    assert tokens.asked == []


async def test_cookies_that_are_not_ours_or_dead_do_not_hide_a_token(place):
    for cookie in ("a=b", f"__Host-yett={'x' * 43}"):
        decision = await ask(place, Cookie=cookie)
        assert isinstance(decision, Forward)
        assert b"X-Yett-User: ada\r\n" in decision.add


async def test_a_session_comes_before_a_token(place, tokens):
    browser = place.browser()
    await browser.sign_in(f"https://{API}/")
    tokens.asked.clear()
    reply = await browser.get(f"https://{API}/", Authorization=f"Bearer {TEXT}")
    assert reply.text == "from the application"
    assert tokens.asked == []
    # What the application's own script sends goes on to it.
    assert b"authorization" not in browser.forwarded[-1].drop


async def test_a_person_without_a_token_is_sent_to_sign_in(place):
    reply = await place.browser().get(f"https://{API}/")
    assert reply.status == 303


async def test_a_refusal_is_on_record(place, heard):
    await ask(place, text="x")
    assert heard("proxy.auth") == [(events.token_refused, {"app": "API", "host": API})]


async def test_a_public_mapping_takes_no_tokens(place):
    assert not place.apply(mapping=(mapping("Open", API, public=True, token_scope="applications"),))


@pytest.mark.parametrize(
    ("value", "text"),
    [("Bearer a.b", "a.b"), ("bearer  a ", "a"), ("BEARER a", "a"), ("Bearer", ""), ("Basic a", ""),
     ("Bearer " + "x" * 5000, ""),
     ("Bearer \xe4", "\ufffd")],
)  # fmt: skip
def test_how_a_token_is_read(value, text):
    request = request_for("GET", "/", {"Host": API, "Authorization": value})
    assert programs.token_of(request) == text


def test_without_a_field_there_is_none():
    assert programs.token_of(request_for("GET", "/", {"Host": API})) == ""


def test_only_what_stands_for_a_token_is_taken_for_one():
    session = PersonalAccess(ADA, TOKEN, frozenset()).as_session(API)
    assert programs.is_shown(session)
    assert not programs.is_shown(replace(session, metadata={"method": "password"}))
    assert answers.token_refused().status == 401
