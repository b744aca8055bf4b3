import pytest

from yett.kernel import CommandFailed
from yett.oidc.signing import KeyCommands
from yett.oidc.signing.rules import SOON


@pytest.fixture
def typed(signing):
    return KeyCommands(signing)


async def test_an_operator_sees_which_key_does_what(typed, clock):
    clock.advance(1)
    assert await typed.rotate() == "1 keys made; they sign in 15 minutes."
    assert [row[2] for row in (await typed.show()).rows] == ["signs", "published"]
    clock.advance(SOON)
    assert [row[2] for row in (await typed.show()).rows] == ["published", "signs"]
    await typed._signing.tick()
    table = await typed.show()
    assert [row[2] for row in table.rows] == ["checks", "signs"]
    assert table.rows[0][5] is None
    assert await typed.rotate(at_once=True) == "1 keys made; they sign now."
    assert sorted(row[2] for row in (await typed.show()).rows) == ["checks", "published", "signs"]


async def test_an_operator_takes_a_key_back(typed, signing):
    kid = signing.keys[0].kid
    assert kid in await typed.withdraw(kid)
    with pytest.raises(CommandFailed, match="no key"):
        await typed.withdraw(kid)


async def test_what_the_store_does_not_do_is_told(typed, signing, records):
    records.is_down = True
    with pytest.raises(CommandFailed, match="the store is down"):
        await typed.rotate()
    with pytest.raises(CommandFailed, match="the store is down"):
        await typed.withdraw(signing.keys[0].kid)
