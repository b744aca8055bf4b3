"""What is wrong with settings of mail is said, all of it."""

import pytest

from yett.notify.mail import MailSettings, Security, SMTPSettings, check_mail


def wrong(mail=None, **smtp):
    return {mistake.key for mistake in check_mail(SMTPSettings(**smtp), mail or MailSettings())}


GOOD = {"host": "mail.example.org", "sender": "yett@example.org"}


@pytest.mark.parametrize(
    ("smtp", "keys"),
    [
        ({}, set()),
        (GOOD, set()),
        ({**GOOD, "username": "a", "password": "b"}, set()),
        ({"host": "mail.example.org"}, {"smtp.sender"}),
        ({**GOOD, "sender": "a@b@c"}, {"smtp.sender"}),
        ({**GOOD, "host": "mail example"}, {"smtp.host"}),
        ({**GOOD, "username": "a"}, {"smtp.password"}),
        ({**GOOD, "password": "a"}, {"smtp.username"}),
        ({**GOOD, "username": "a", "password": "b", "security": Security.NONE}, {"smtp.security"}),
        ({**GOOD, "security": Security.NONE, "skip_tls_verify": True}, {"smtp.skip_tls_verify"}),
    ],
)
def test_settings_that_cannot_work_are_mistakes(smtp, keys):
    assert wrong(**smtp) == keys


def test_files_and_folders_have_to_be_there(tmp_path):
    (tmp_path / "ca.pem").write_text("no certificate")
    assert wrong(MailSettings(templates=tmp_path / "missing"), ca_file=tmp_path / "ca.pem") == {
        "notify.mail.templates",
        "smtp.ca_file",
    }
