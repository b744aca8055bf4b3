"""Operators can send a test mail."""

import pytest
from tests.journeys.mail_server import MailServer

from yett.kernel import CommandFailed
from yett.notify.mail import MailCommands, Mailer, MailSettings, Security, SMTPSettings


async def test_a_test_mail_is_sent_or_it_is_said_why_not(tasks, clock):
    with MailServer() as server:
        smtp = SMTPSettings(
            host="127.0.0.1", port=server.port, security=Security.NONE, sender="y@example.org"
        )
        mailer = Mailer(smtp, MailSettings(), tasks, clock, host="yett.example.org")
        table = await MailCommands(mailer).test("alice@example.org", language="de")
        assert table.rows == (("alice@example.org", True, 1),)
        assert str((await server.wait_for(1))[0]["Subject"]) == "Testmail von Yett"
        server.recipients = ["550 5.1.1 Unknown"]
        with pytest.raises(CommandFailed, match=r"refused.*550 5\.1\.1 Unknown"):
            await MailCommands(mailer).test("alice@example.org")
        await mailer.stop()
