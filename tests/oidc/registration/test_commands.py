import pytest

from yett.kernel import CommandFailed
from yett.oidc.registration import Mode


async def test_an_operator_makes_tokens_to_register_with(office):
    office.use(mode=Mode.TOKEN)
    token = await office.commands.make(lifetime=60, uses=2)
    assert [(await office.register(token)).status_code for _ in range(3)] == [201, 201, 401]
    for wrong in ({"lifetime": 1}, {"uses": 0}, {"uses": 2000}, {"lifetime": 10**9}):
        with pytest.raises(CommandFailed, match="60 seconds to 90 days"):
            await office.commands.make(**wrong)
    office.records.is_broken = True
    with pytest.raises(CommandFailed, match="no token was made"):
        await office.commands.make()
    office.use(mode=Mode.CLOSED)
    with pytest.raises(CommandFailed, match="nobody may register"):
        await office.commands.make()


async def test_an_operator_looks_at_a_client_and_revokes_it(office):
    client = (await office.registered())["client_id"]
    assert ("name", "Nice App") in (await office.commands.show(client)).rows
    assert await office.commands.revoke(client) == "Nice App is revoked."
    assert ("revoked", "yes") in (await office.commands.show(client)).rows
    assert office.registrations.find(client) is None
    assert await office.commands.restore(client) == "Nice App is known again."
    with pytest.raises(CommandFailed, match="was not revoked"):
        await office.commands.restore(client)
    for command in (office.commands.show, office.commands.revoke, office.commands.restore):
        with pytest.raises(CommandFailed, match="no id"):
            await command("wiki")
    office.records.is_broken = True
    with pytest.raises(CommandFailed, match="it was not revoked"):
        await office.commands.revoke(client)
    with pytest.raises(CommandFailed, match="it was not restored"):
        await office.commands.restore(client)
