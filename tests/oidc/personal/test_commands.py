import pytest

from yett.kernel import CommandFailed
from yett.oidc.personal import PersonalTokenCommands


@pytest.fixture
def commands(desk):
    return PersonalTokenCommands(desk.personal)


async def test_tokens_are_listed_without_what_proves_them(desk, commands):
    made = await desk.make()
    await desk.make("other", person=desk.people.person("bob"))
    table = await commands.show()
    assert [row[0] for row in table.rows] == ["ada", "bob"]
    assert [row[1] for row in (await commands.show("ada")).rows] == [made.token.id]
    assert made.text not in str(table)
    assert made.token.digest not in str(table)
    assert not (await commands.show("nobody")).rows


async def test_an_operator_ends_one_or_all(desk, commands):
    made = await desk.make()
    await desk.make("other")
    assert await commands.revoke("ada", made.token.id) == "Revoked."
    assert desk.personal.look(made.text) is None
    assert await commands.revoke("ada", everything=True) == "1 revoked."


@pytest.mark.parametrize(("token", "everything"), [("", False), ("x", False), ("x", True)])
async def test_what_names_no_token_ends_none(desk, commands, token, everything):
    made = await desk.make()
    with pytest.raises(CommandFailed, match="name one"):
        await commands.revoke("ada", token, everything=everything)
    with pytest.raises(CommandFailed, match="has no token"):
        await commands.revoke("bob", made.token.id)
    desk.records.is_broken = True
    with pytest.raises(CommandFailed, match="nothing was revoked"):
        await commands.revoke("ada", made.token.id)
