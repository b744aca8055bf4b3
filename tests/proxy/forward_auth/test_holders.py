"""Who holds a token."""

import dataclasses

import pytest
from tests.proxy.forward_auth.conftest import ADA

from yett.identity.access import Assurance
from yett.proxy.forward_auth import Foreign, Holders
from yett.proxy.forward_auth.model import Credential
from yett.tokens import Source


@pytest.fixture
def holders(place):
    return Holders(place.tokens, place.sessions, place.directory)


async def test_how_much_was_proven_is_what_the_sign_on_says(place, holders):
    for assurance in Assurance:
        token = await place.session(assurance=assurance.value)
        assert holders.look(Credential(Source.COOKIE, token), "").assurance is assurance


async def test_a_child_proves_no_more_than_one_factor(place, holders):
    token = await place.session(assurance="mfa")
    child = (await place.ingress("notebook=true", token))["x-auth-request-token"]
    assert holders.look(Credential(Source.BEARER, child), "").assurance is Assurance.SINGLE


async def test_tokens_of_the_provider_are_nothing_here(place, holders):
    issued = await place.sign_on()
    token = await place.tokens.make_oidc("ada", issued.session.ref, None)
    assert holders.look(Credential(Source.BEARER, token), "") is None
    assert await holders.find(Credential(Source.BEARER, token)) is None


class One:
    def __init__(self, foreign):
        self.foreign = foreign

    def look(self, _text, _origin):
        return self.foreign


@pytest.mark.parametrize(
    ("username", "is_disabled", "is_known"),
    [("ada", False, True), ("ada", True, False), ("gone", False, False)],
)
async def test_a_stranger_is_only_known_as_a_person_of_ours(place, username, is_disabled, is_known):
    place.people.table["ada"] = dataclasses.replace(ADA, is_disabled=is_disabled)
    foreign = Foreign("k", username, frozenset({"a"}), None)
    holders = Holders(place.tokens, place.sessions, SimpleDirectory(place.people.table), One(foreign))
    found = holders.look(Credential(Source.BEARER, "x.y.z"), "")
    assert (found is not None) is is_known
    if found is not None:
        assert (found.token.scopes, found.can_delegate) == ({"a"}, False)
    assert holders.look(Credential(Source.BASIC_PASSWORD, "x.y.z"), "") is None


class SimpleDirectory:
    def __init__(self, table):
        self.table = table

    def person(self, name):
        return self.table.get(name)
