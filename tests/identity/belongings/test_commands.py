import pytest
from tests.identity.belongings.conftest import ADA, NEXT

from yett.identity.belongings import BelongingsCommands
from yett.kernel import CommandFailed


@pytest.fixture
def commands(place):
    return BelongingsCommands(place.belongings)


@pytest.fixture
async def left(place):
    """Ada had an authenticator, and her name is another's."""
    await place.belongings.replace("totp", "ada", {"n": 1}, seen=0)
    await place.become(NEXT)


@pytest.mark.usefixtures("left")
async def test_what_was_left_is_listed_with_its_end(commands):
    table = await commands.show()
    assert table.rows == (
        ("ada", "totp", "local:1", "2027-01-15T08:00:00+00:00", "2027-02-14T08:00:00+00:00"),
    )


async def test_what_nobody_has_noted_yet_has_no_end(place, commands):
    await place.belongings.replace("totp", "ada", {"n": 1}, seen=0)
    assert (await commands.show()).rows == ()
    place.put(None, is_told=False)
    assert (await commands.show()).rows == (("ada", "totp", "local:1", None, None),)


@pytest.mark.usefixtures("left")
async def test_it_is_given_to_whoever_has_the_name(place, commands):
    assert await commands.give("Ada") == "ada has back: totp."
    assert (await place.belongings.load("totp", "ada"))[1] == {"n": 1}
    with pytest.raises(CommandFailed, match="Nothing is withheld"):
        await commands.give("ada")


@pytest.mark.usefixtures("left")
async def test_it_is_wiped(place, commands):
    assert await commands.wipe("ada") == "Wiped what was left behind under ada: totp."
    await place.become(ADA)
    assert await place.belongings.load("totp", "ada") is None
    with pytest.raises(CommandFailed, match="Nothing was left"):
        await commands.wipe("ada")


async def test_what_is_no_name_and_a_store_that_fails_are_said(place, commands):
    for call in (commands.give, commands.wipe):
        with pytest.raises(CommandFailed, match="not the name"):
            await call("a b")
    place.records.is_down = True
    for call in (commands.show, lambda: commands.give("ada"), lambda: commands.wipe("ada")):
        with pytest.raises(CommandFailed, match="The store did not do it"):
            await call()


@pytest.mark.usefixtures("left")
async def test_after_a_move_of_the_directory_everybody_gets_theirs_back(place, commands):
    place.put(ADA, name="bob", is_told=False)
    await place.belongings.replace("totp", "bob", {"n": 2}, seen=0)
    await place.become(NEXT, name="bob")
    place.put(ADA, name="gone", is_told=False)
    await place.belongings.replace("totp", "gone", {"n": 3}, seen=0)
    await place.become(None, name="gone")

    assert await commands.give(everybody=True) == "Given back to 2 people."

    assert (await place.belongings.load("totp", "ada"))[1] == {"n": 1}
    assert (await place.belongings.load("totp", "bob"))[1] == {"n": 2}
    assert [row[0] for row in (await commands.show()).rows] == ["gone"]


async def test_one_person_or_everybody_but_not_both_or_neither(commands):
    with pytest.raises(CommandFailed, match="Name one person"):
        await commands.give()
    with pytest.raises(CommandFailed, match="Name one person"):
        await commands.give("ada", everybody=True)
