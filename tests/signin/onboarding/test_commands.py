import re

import pytest

from yett.kernel import CommandFailed
from yett.notify import MailKind


async def test_a_link_is_printed(porch):
    said = await porch.commands.invite("Ada")
    link = re.match(r"https://login\.example\.test:8443/onboarding/invitation\?t=([\w-]{43})\n", said)
    assert (await porch.invitations.look(link[1])).user == "ada"
    assert (await porch.commands.show()).rows[0][:2] == ("ada", "operator")


async def test_or_sent_and_then_not_printed(porch):
    said = await porch.commands.invite("ada", mail=True)
    ((kind, to, _, fields),) = porch.house.mails.sent
    assert (kind, to) == (MailKind.INVITATION, "ada@example.test")
    assert fields["link"].split("t=")[1] not in said
    assert await porch.invitations.look(fields["link"].split("t=")[1])


async def test_a_mail_that_is_not_sent_leaves_no_invitation(porch):
    porch.house.mails.is_broken = True
    with pytest.raises(CommandFailed, match="withdrawn"):
        await porch.commands.invite("ada", mail=True)
    assert await porch.invitations.list() == ()


@pytest.mark.parametrize(
    ("name", "mail", "words"),
    [
        ("nobody", False, "Nobody is called"),
        ("no body!", False, "Nobody is called"),
        ("eve", True, "no mail address"),
        ("bob", False, "a passkey or an app already"),
    ],
)
async def test_who_cannot_be_invited(porch, name, mail, words):
    await porch.house.enrol("bob")
    with pytest.raises(CommandFailed, match=words):
        await porch.commands.invite(name, mail=mail)


async def test_nor_can_who_is_disabled_or_where_it_is_switched_off(porch, disabled_ada):
    await porch.use(enabled=False)
    with pytest.raises(CommandFailed, match="switched off"):
        await porch.commands.invite("ada")
    porch.house.people.table["ada"] = disabled_ada
    with pytest.raises(CommandFailed, match="is disabled"):
        await porch.commands.invite("ada")


async def test_an_invitation_is_withdrawn(porch):
    await porch.commands.invite("ada")
    assert await porch.commands.withdraw("ada") == "Withdrew the invitation of ada."
    with pytest.raises(CommandFailed, match="no open invitation"):
        await porch.commands.withdraw("ada")
    with pytest.raises(CommandFailed):
        await porch.commands.withdraw("no body!")


async def test_a_store_that_fails_is_told(porch):
    porch.house.records.is_broken = True
    for call in (porch.commands.invite("ada"), porch.commands.withdraw("ada"), porch.commands.show()):
        with pytest.raises(CommandFailed, match="store"):
            await call
    porch.house.records.is_broken = False
