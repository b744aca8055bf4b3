import pytest

from yett.authn.passkey import PasskeyCommands
from yett.kernel import CommandFailed


@pytest.fixture
def commands(passkeys):
    return PasskeyCommands(passkeys)


async def test_operators_see_the_passkeys_of_a_person(commands, passkeys, enrol):
    _, phone = await enrol(passkeys, name="Phone")
    _, key = await enrol(passkeys, name="Key")
    await passkeys.revoke("ada", key.hash, by="ada", reason="lost")
    assert [row[:3] for row in (await commands.show("Ada")).rows] == [(phone.hash, "Phone", "active")]
    table = await commands.show("ada", revoked=True)
    assert [row[1:3] for row in table.rows] == [("Phone", "active"), ("Key", "revoked")]
    assert table.rows[1][-1].endswith("by ada: lost")
    assert all(len(row) == len(table.columns) for row in table.rows)


async def test_operators_revoke_passkeys(commands, passkeys, enrol):
    _, phone = await enrol(passkeys)
    table = await commands.end("ada", phone.hash, reason="stolen\nforged line")
    assert table.rows == (("ada", phone.hash, True),)
    (gone,) = (await passkeys.history("ada")).revoked
    assert (gone.revoked_by, gone.reason) == ("operator", "stolenforged line")


async def test_what_cannot_be_revoked_is_said(commands, passkeys, enrol, records):
    with pytest.raises(CommandFailed, match="no active passkey"):
        await commands.end("ada", "x")
    with pytest.raises(CommandFailed, match="not the name"):
        await commands.show("no name!")
    _, phone = await enrol(passkeys)
    records.fails = lambda _, key: "moduledata" in key
    with pytest.raises(CommandFailed, match="still works"):
        await commands.end("ada", phone.hash)
    with pytest.raises(CommandFailed, match="cannot be read"):
        await commands.show("ada")
