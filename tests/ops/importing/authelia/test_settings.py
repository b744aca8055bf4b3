import pytest
from tests.ops.importing.samples import AUTHELIA, AUTHELIA_USERS

from yett.ops.importing.authelia import convert
from yett.ops.importing.documents import Unreadable
from yett.ops.importing.model import Draft


def converted(*texts, hostname=""):
    draft = Draft()
    convert([(f"{number}.yml", text) for number, text in enumerate(texts)], draft, hostname=hostname)
    return draft


def said(table):
    return {line.key: line.value for line in table.lines}


def test_names_sessions_and_mail_are_taken_over():
    draft = converted(AUTHELIA)
    assert said(draft.section("service")) == {
        "hostname": "auth.example.org",
        "port": 9091,
        "network_interface": "127.0.0.1",
        "tls": False,
        "proxy_mode": "optional",
        "trusted_proxies": ["127.0.0.0/8", "::1/128"],
    }
    assert said(draft.section("sessions")) == {
        "idle_timeout": "5m",
        "lifetime": "1h",
        "sign_on_lifetime": "1h",
    }
    mail = said(draft.section("smtp"))
    assert (mail["host"], mail["port"], mail["security"], mail["username"]) == (
        "mail.example.org", 587, "starttls", "gateway",
    )  # fmt: skip
    assert said(draft.section("tokens")) == {"enabled": True, "cookie_domain": "example.org"}
    assert (
        converted(AUTHELIA, hostname="me.example.org").section("service").get("hostname") == "me.example.org"
    )


def test_of_several_domains_the_strictest_counts():
    draft = converted(
        "session: {cookies: [{domain: a.org, expiration: 2h}, {domain: b.org, expiration: 10m}]}\naccess_control: {}"
    )
    assert draft.section("sessions").get("lifetime") == "10m"
    assert "b.org" in [each.value for each in draft.open_ends]


def test_settings_of_several_files_are_one():
    draft = converted("session: {expiration: 2h}", "session: {inactivity: 10m}", AUTHELIA_USERS)
    assert said(draft.section("sessions")) == {
        "idle_timeout": "10m",
        "lifetime": "2h",
        "sign_on_lifetime": "2h",
    }
    assert [person["name"] for person in draft.people] == ["ada", "bob"]


def test_what_is_told_names_each_setting_that_is_lost():
    draft = converted(AUTHELIA)
    lost = {each.key for each in draft.open_ends}
    assert {"duo_api", "storage.encryption_key", "access_control.rules[2].subject"} <= lost
    settled = {each.key for each in draft.leftovers} - lost
    assert {"theme", "session.secret", "storage", "regulation"} <= settled
    assert "hunter2" not in str(draft.leftovers)


@pytest.mark.parametrize("text", ["- 1", "text", "5"])
def test_a_file_of_something_else_is_refused(text):
    with pytest.raises(Unreadable):
        converted(text)


def test_nothing_raises_for_values_of_the_wrong_kind():
    for key in (
        "server",
        "session",
        "access_control",
        "authentication_backend",
        "notifier",
        "identity_providers",
        "totp",
    ):
        for value in ("text", "5", "[1, {a: b}]", "{a: [b]}", "[]", "true"):
            assert converted(f"{key}: {value}\nlog: {{level: info}}").tables
