import pytest

from yett.kernel import CommandFailed
from yett.oidc.tokens import TokenCommands


@pytest.fixture
def typed(place):
    return TokenCommands(place.tokens)


async def test_an_operator_sees_what_clients_have(typed, place):
    await place.issue("openid offline_access")
    (row,) = (await typed.show(user=" ADA ")).rows
    assert row[1:4] == ("ada", "wiki", "openid offline_access")
    assert row[7] is True
    assert (await typed.show(user="bob")).rows == ()
    assert len((await typed.show()).rows) == 1


async def test_an_operator_ends_it(typed, place):
    first, second, third = [await place.issue() for _ in range(3)]
    grant = place.tokens.families()[0].grant_ref
    assert await typed.revoke_grant(grant) == f"{grant} ended."
    assert await place.are_good(first, second, third) == [False, True, True]
    with pytest.raises(CommandFailed, match="no grant"):
        await typed.revoke_grant("other")
    assert await typed.revoke("Ada") == "2 grants of ada ended."
    assert await place.are_good(second, third) == [False, False]


async def test_what_cannot_be_done_is_told(typed, place):
    await place.issue()
    with pytest.raises(CommandFailed, match="name of a person"):
        await typed.revoke("../x")
    grant = place.tokens.families()[0].grant_ref
    place.records.is_down = True
    with pytest.raises(CommandFailed, match="the store is down"):
        await typed.revoke("ada")
    with pytest.raises(CommandFailed, match="no grant"):
        await typed.revoke_grant(grant)
    place.records.is_down = False
