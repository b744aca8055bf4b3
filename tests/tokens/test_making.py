import asyncio
from dataclasses import replace

import pytest
from tests.tokens.conftest import ADA, ADDRESS, SETTINGS

from yett.store import StoreUnavailable
from yett.tokens import Draft, Query, Refusal, Refused, Token, TokensSettings, TokenType


async def test_a_token_works_at_once_and_is_on_record(place):
    ada = await place.actor()

    text = await place.user_token(ada)

    data = place.tokens.look(text)
    assert (data.username, data.token_name, data.scopes) == ("ada", "laptop", {"read:all"})
    assert (await place.history(username="ada"))[0] == ("create", data.key)


async def test_no_secret_is_kept(place):
    ada = await place.actor()
    text = await place.user_token(ada)

    kept = b"".join(record.value for _, record in await place.records.list("tokens/"))
    assert text.rpartition(".")[2].encode() not in kept


async def test_of_fifty_tokens_of_one_name_asked_for_at_once_one_is_made(place):
    ada = await place.actor()
    draft = Draft("ada", TokenType.USER, frozenset(), None, "laptop")

    made = await asyncio.gather(*(place.tokens.create_own(draft, ada) for _ in range(50)))

    assert sum(isinstance(each, Token) for each in made) == 1
    assert {each.why for each in made if isinstance(each, Refused)} == {Refusal.DUPLICATE_NAME}


@pytest.mark.parametrize("number", [1, 2, 3])
async def test_of_a_token_that_could_not_be_kept_nothing_is_left(place, number, said):
    ada = await place.actor()
    before = [key for key, _ in await place.records.list("tokens/")]
    place.records.fail_write = number
    said.forget()

    made = await place.tokens.create_own(Draft("ada", TokenType.USER, frozenset(), None, "x"), ada)

    assert made.why is Refusal.UNAVAILABLE
    assert [key for key, _ in await place.records.list("tokens/")] == before
    assert said() == []
    assert [each["event"] for each in said("gafaelfawr.store")] == ["Token could not be stored"]


async def test_a_user_has_a_limited_number_of_tokens(place):
    place.tokens.apply(replace(SETTINGS, max_per_user=10))
    ada = await place.actor()
    for number in range(9):
        await place.user_token(ada, f"t{number}")

    made = await place.tokens.create_own(Draft("ada", TokenType.USER, frozenset(), None, "x"), ada)

    assert made.why is Refusal.TOO_MANY


async def test_the_number_holds_for_those_asked_for_at_once(place):
    place.tokens.apply(replace(SETTINGS, max_per_user=10))
    ada = await place.actor()
    drafts = [Draft("ada", TokenType.USER, frozenset(), None, f"t{n}") for n in range(50)]

    made = await asyncio.gather(*(place.tokens.create_own(draft, ada) for draft in drafts))

    assert sum(isinstance(each, Token) for each in made) == 9
    assert len(await place.keys()) == 10


async def test_one_more_sign_in_ends_the_oldest_one(place):
    place.tokens.apply(replace(SETTINGS, max_per_user=10))
    first = await place.session()
    place.clock.advance(1)
    others = [await place.session() for _ in range(10)]

    assert place.tokens.look(first) is None
    assert all(place.tokens.look(each) for each in others)


async def test_a_session_that_could_not_be_kept_is_an_error(place):
    place.records.is_down = True

    with pytest.raises(StoreUnavailable):
        await place.session()


async def test_a_session_token_lasts_no_longer_than_its_session(place, clock):
    text = await place.session(expires_at=clock.now() + 600)

    assert place.tokens.look(text).expires == clock.now() + 600
    clock.advance(600)
    assert place.tokens.look(text) is None


async def test_a_token_remembers_whose_entry_of_the_directory_it_is(place):
    ada = await place.actor()
    text = await place.user_token(ada)

    assert place.tokens.look(text).owner == ADA.entry
    assert (await place.tokens.changes(Query("ada"), None, 1)).entries[0].ip_address == ADDRESS


def test_there_are_none_unless_they_are_switched_on():
    assert TokensSettings().enabled is False
