"""What operators can do about authenticator apps."""

import pytest

from yett.authn.totp import TotpCommands
from yett.kernel import CommandFailed
from yett.store import ClusterSettings, ModuleData


@pytest.fixture
def commands(totp):
    return TotpCommands(totp)


async def test_an_app_is_shown_without_anything_secret(commands, totp, enrol):
    assert (await commands.show("ada")).rows == ()
    await enrol(totp)
    shown = await commands.show(" ADA ")
    assert shown.columns == ("user", "enrolled", "recovery_codes")
    assert shown.rows == (("ada", "2027-01-15T08:00:00+00:00", 10),)


async def test_one_that_cannot_be_read_has_no_time(commands, records):
    await ModuleData(records, ClusterSettings()).set("totp", "ada", {})
    assert (await commands.show("ada")).rows == (("ada", None, 0),)


async def test_a_reset_removes_it(commands, totp, enrol):
    await enrol(totp)
    assert await commands.reset("ada") == "Removed the authenticator of ada."
    assert await totp.status("ada") is None
    with pytest.raises(CommandFailed, match="ada has no authenticator"):
        await commands.reset("ada")


async def test_what_is_no_name_is_refused(commands):
    for command in (commands.show, commands.reset):
        with pytest.raises(CommandFailed, match="cannot be the name"):
            await command("a/b")


async def test_a_store_that_fails_is_told(commands, records):
    records.is_down = True
    with pytest.raises(CommandFailed, match="could not be read"):
        await commands.show("ada")
    with pytest.raises(CommandFailed, match="nothing was changed"):
        await commands.reset("ada")
