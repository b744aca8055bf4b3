"""Tokens of other kinds at forward-auth."""

from types import SimpleNamespace

import pytest
from tests.proxy.forward_auth.conftest import ADA, APP

from yett.identity.access import ASSURANCE, Assurance
from yett.oidc.tokens import Access, Basis, Confirmation
from yett.proxy.forward_auth import AccessTokens, PersonalTokens

MINE = frozenset({"read:all", "user:token"})


def personal(*scopes, wanted=True):
    access = SimpleNamespace(person=ADA, scopes=frozenset(scopes), token_id="p1", expires_at=9e9)
    return PersonalTokens(lambda text: access if text == "good" else None, lambda _: MINE, lambda: wanted)


def access(*, audience=APP, user="ada", confirmation=Confirmation(), is_refresh=False, wanted=True):  # noqa: B008 - frozen
    scope = "openid read:all exec:admin"
    basis = Basis("client", user, scope, "g1", confirmation=confirmation, assurance=Assurance.MFA)
    made = Access("j1", basis, 1.0, 9e9, audience, is_refresh)
    people = {"ada": ADA}
    return AccessTokens(
        lambda text: made if text == "good" else None, people.get, lambda _: MINE, lambda: wanted
    )


def test_a_personal_token_for_applications_says_what_its_owner_may():
    found = personal("applications", "read:all", "exec:admin").look("good", APP)
    assert (found.key, found.username, found.scopes, found.expires) == ("p1", "ada", {"read:all"}, 9e9)
    assert ASSURANCE not in found.metadata


def test_a_personal_token_for_something_else_is_none_here():
    assert personal("account", "read:all").look("good", APP) is None
    assert personal("applications").look("bad", APP) is None
    assert personal("applications", wanted=False).look("good", APP) is None


def test_an_access_token_for_this_application_is_taken():
    found = access().look("good", APP)
    assert (found.key, found.username, found.scopes) == ("j1", "ada", {"read:all"})
    assert found.metadata == {ASSURANCE: "mfa"}


@pytest.mark.parametrize(
    "more",
    [
        {"audience": "https://other.example.test"},
        {"audience": ""},
        {"audience": f"{APP}/"},
        {"user": ""},
        {"user": "gone"},
        {"confirmation": Confirmation(jkt="k")},
        {"confirmation": Confirmation(x5t="c")},
        {"is_refresh": True},
        {"wanted": False},
    ],
)
def test_any_other_access_token_is_not(more):
    assert access(**more).look("good", APP) is None


def test_an_access_token_is_nothing_where_nobody_says_what_is_asked_for():
    assert access(audience="").look("good", "") is None


async def test_at_a_question_they_count_like_any_other(place):
    place.questions._decider._holders._strangers = (access(), personal("applications", "read:all"))
    reply = await place.ingress("scope=read:all", "good")
    assert (reply.status, reply["x-auth-request-user"], reply["authorization"]) == (200, "ada", None)
    assert (await place.ingress("scope=exec:admin", "good")).status == 403
    child = await place.ingress("notebook=true", "good")
    assert child.status == 403
    assert child.json["detail"][0]["msg"] == "No other token can be made of this one"
    assert (await place.ingress("", "good", Authorization="Basic Z29vZDpnb29k")).status == 401
