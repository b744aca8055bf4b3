"""Operators can look how telling goes, and try a webhook out."""

import pytest
from tests.notify.notices.hook import SECRET

from yett.kernel import CommandFailed
from yett.notify.mail import Mailer, MailSettings, SMTPSettings
from yett.notify.notices import Notifier, NotifyCommands, NotifySettings, WebhookSettings
from yett.store import MemoryRecords


@pytest.fixture
async def commands(tasks, clock, hook):
    webhooks = tuple(
        WebhookSettings(name=name, url=hook.url, secret=SECRET, allow_private=allowed)
        for name, allowed in (("pager", True), ("closed", False))
    )
    mailer = Mailer(SMTPSettings(), MailSettings(), tasks, clock, host="yett.example.org")
    notifier = Notifier(
        NotifySettings(webhook=webhooks), mailer, MemoryRecords(clock), tasks, clock, node="n1"
    )
    await notifier.start()
    yield NotifyCommands(notifier)
    await notifier.stop()


async def test_a_webhook_is_tried_out(commands, hook):
    assert (await commands.test("pager")).rows == (("pager", 204, 1),)
    hook.answers = [404]
    with pytest.raises(CommandFailed, match=r"refused.*answered 404"):
        await commands.test("pager")
    with pytest.raises(CommandFailed, match="private_address"):
        await commands.test("closed")
    with pytest.raises(CommandFailed, match="no webhook other"):
        await commands.test("other")


async def test_status_lists_every_receiver(commands):
    rows = (await commands.status()).rows
    assert [row[0] for row in rows] == ["mail", "webhook pager", "webhook closed"]
