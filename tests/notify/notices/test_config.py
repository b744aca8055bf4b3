"""What is wrong with rules and webhooks is said, all of it, and no key of a webhook with it."""

import pytest

from yett.notify.notices import NotifySettings, RuleSettings, WebhookSettings, check_notices

CODES = ("signin.failed", "access.denied")


def webhook(name="pager", url="https://pager.example.org/key-9f2", **more):
    return WebhookSettings(name=name, url=url, secret="0123456789abcdef", **more)


def rule(name="r", codes=("signin.*",), **more):
    return RuleSettings(name=name, codes=codes, **more)


@pytest.mark.parametrize(
    ("settings", "keys"),
    [
        ({}, []),
        ({"webhook": (webhook(),), "rule": (rule(webhooks=("pager",)),)}, []),
        ({"rule": (rule(mail=("ops@example.org",)),)}, []),
        ({"rule": (rule(),)}, ["notify.rule[r].mail"]),
        ({"rule": (rule(mail=("ops",)),)}, ["notify.rule[r].mail"]),
        ({"rule": (rule(webhooks=("x",)),)}, ["notify.rule[r].webhooks"]),
        ({"rule": (rule(codes=("signin.*", "sigin.*"), mail=("o@x.org",)),)}, ["notify.rule[r].codes"]),
        ({"webhook": (webhook(), webhook())}, ["notify.webhook[pager].name"]),
        ({"webhook": (webhook(url="http://pager.example.org/"),)}, ["notify.webhook[pager].url"]),
        ({"webhook": (webhook(url="http://pager.example.org/", allow_private=True),)}, []),
        ({"webhook": (webhook(url="https://pager.example.org:99999/key-9f2"),)}, ["notify.webhook[pager].url"]),
        ({"webhook": (webhook(url="https://pager.example.org:0/key-9f2"),)}, ["notify.webhook[pager].url"]),
        ({"webhook": (webhook(url="https://[::g]/key-9f2"),)}, ["notify.webhook[pager].url"]),
    ],
)  # fmt: skip
def test_settings_that_cannot_work_are_mistakes(settings, keys):
    mistakes = list(check_notices(NotifySettings(**settings), CODES, has_mail=True))
    assert [mistake.key for mistake in mistakes] == keys
    assert "key-9f2" not in str(mistakes)


def test_mails_need_a_server_and_authorities_a_file(tmp_path):
    settings = NotifySettings(
        rule=(rule(mail=("o@example.org",)),), webhook=(webhook(ca_file=tmp_path / "missing.pem"),)
    )
    mistakes = list(check_notices(settings, CODES, has_mail=False))
    assert [each.key for each in mistakes] == ["notify.webhook[pager].ca_file", "notify.rule[r].mail"]
