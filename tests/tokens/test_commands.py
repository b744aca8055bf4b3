import pytest
from tests.tokens.conftest import ROOT

from yett.kernel import CommandFailed
from yett.tokens import Delegation, ScopedTokenCommands, parse
from yett.tokens.commands import generate


@pytest.fixture
def commands(place):
    return ScopedTokenCommands(place.tokens)


async def test_tokens_are_listed_with_what_is_known_about_them(place, commands):
    ada = await place.actor()
    place.clock.advance(1)
    key = place.key(await place.user_token(ada))
    await place.service_token(await place.actor(ROOT))
    place.tokens.used(key)

    (_, row) = (await commands.show(user="ada")).rows

    assert row == (
        key,
        "user",
        "ada",
        "laptop",
        ["read:all"],
        "2027-01-15T08:00:01+00:00",
        "2027-01-15T08:00:01+00:00",
        None,
        None,
    )
    assert len((await commands.show()).rows) == 4
    assert (await commands.show(user="nobody")).rows == ()


async def test_a_token_is_deleted_with_those_below_it(place, commands):
    ada = await place.actor()
    data = place.tokens.look(await place.user_token(ada))
    child = await place.tokens.delegate(data, Delegation())

    assert (await commands.delete(data.key)).rows == ((data.key, True),)

    assert place.tokens.look(child) is None
    assert (await place.history(key=data.key, actor="<operator>"))[0] == ("revoke", data.key)
    for key in (data.key, "nothing"):
        with pytest.raises(CommandFailed, match="there is no token"):
            await commands.delete(key)


async def test_a_store_that_fails_is_said_so(place, commands):
    data = place.tokens.look(await place.user_token(await place.actor()))
    place.records.is_down = True

    with pytest.raises(CommandFailed, match="nothing was changed"):
        await commands.delete(data.key)


def test_a_new_token_is_one():
    assert parse(generate()) is not None
    assert generate() != generate()
