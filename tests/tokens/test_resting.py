"""Tokens of browsers, and of applications that the OpenID provider serves."""

from dataclasses import replace

from tests.tokens.conftest import SETTINGS


async def test_access_tokens_expire_when_the_provider_says_so_and_history_says_expired(place, clock):
    text = await place.tokens.make_oidc("ada", "", clock.now() + 3600, grant="a")
    key = place.key(text)
    assert place.tokens.look(text).expires == clock.now() + 3600
    clock.advance(3600)

    place.tokens.grants_ended("ada", {"a"})
    await place.tokens.tick()

    assert await place.history(key=key) == [("expire", key), ("create", key)]


async def test_access_tokens_take_no_room_from_other_tokens(place, clock):
    place.tokens.apply(replace(SETTINGS, max_per_user=10))
    ada = await place.actor()
    made = [await place.tokens.make_oidc("ada", "", clock.now() + 600, grant=str(n)) for n in range(20)]

    assert len(place.tokens.of_user("ada")) == 10
    assert place.tokens.look(made[-1]) is not None
    assert place.tokens.by_key("ada", ada.token.key) is not None
