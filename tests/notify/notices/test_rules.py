"""Who is told of what, which addresses may be reached, and what receivers get."""

import enum
import json
import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.events import DEBUG, ERROR, INFO, WARN
from yett.notify.notices import rules
from yett.notify.notices.config import RuleSettings
from yett.notify.notices.model import Digest, Notice, Severity


def rule(*codes, **more):
    return RuleSettings(name="r", codes=codes, mail=("ops@example.org",), **more)


@pytest.mark.parametrize(
    ("wanted", "code", "level", "is_audit", "matches"),
    [
        (rule("signin.*"), "signin.failed.wrong", WARN, False, True),
        (rule("signin.*"), "signin", WARN, False, False),
        (rule("signin.*"), "xsignin.failed", WARN, False, False),
        (rule("*.locked"), "otp.validate.locked", WARN, True, True),
        (rule("a", "*"), "b", ERROR, False, True),
        (rule("*"), "b", INFO, False, False),
        (rule("*", severity=Severity.INFO), "b", INFO, False, True),
        (rule("*", severity=Severity.INFO), "b", DEBUG, True, False),
        (rule("*", severity=Severity.ERROR), "b", WARN, True, False),
        (rule("*", audit=True), "b", WARN, False, False),
        (rule("*", audit=True), "b", WARN, True, True),
        (rule("a.b"), "aXb", WARN, False, False),
        (rule("*"), "smtp.send.failed", ERROR, False, False),
        (rule("notify.*"), "notify.send.webhook_failed.webhook_failed", WARN, False, False),
    ],
)
def test_a_rule_names_events_by_code_and_severity(wanted, code, level, is_audit, matches):
    assert rules.matches(wanted, code, level, is_audit=is_audit) is matches


@pytest.mark.parametrize("severity", Severity)
def test_severities_are_levels(severity):
    assert rules.severity_of(rules.level_of(severity)) is severity


@pytest.mark.parametrize("address", ["93.184.216.34", "1.1.1.1", "2606:4700::1111", "2001:4860::8888"])
def test_addresses_of_the_internet_are_public(address):
    assert rules.is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "0.0.0.0", "255.255.255.255", "224.0.0.1", "239.1.1.1", "198.18.0.1", "192.0.2.1", "240.0.0.1",
        "192.0.0.9", "192.88.99.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1",
        "ff0e::1", "fec0::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1",
        "64:ff9b::808:808", "64:ff9b:1::1", "2002:7f00:1::", "2002:c0a8:101::1", "2001::1", "2001:db8::1", "100::1",
        "3fff::1", "", "localhost", "127.1", "0x7f000001", "2130706433", "127.0.0.1:80",
    ],
)  # fmt: skip
def test_everything_else_is_not(address):
    assert not rules.is_public(address)


@given(st.text())
def test_any_text_is_judged(text):
    assert rules.is_public(text) in {True, False}


def test_a_signature_covers_time_and_body():
    # Computed with: printf '1800000000.{"a":1}' | openssl dgst -sha256 -hmac 0123456789abcdef
    assert rules.signature("0123456789abcdef", 1_800_000_000, b'{"a":1}') == SIGNATURE
    assert rules.signature("0123456789abcdef", 1_800_000_001, b'{"a":1}')[-64:] != SIGNATURE[-64:]
    assert rules.signature("0123456789abcdef", 1_800_000_000, b'{"a":2}') != SIGNATURE


SIGNATURE = "t=1800000000,v1=d3e17924cac4a72ca2ee9e5700df170fdb5733eaf69ecd909fb0c18a962b03a5"


@pytest.mark.parametrize(
    ("now", "interval", "end"), [(0.0, 900.0, 900), (899.9, 900.0, 900), (900.0, 900.0, 1800), (5.5, 0.2, 6)]
)
def test_windows_end_at_the_same_time_everywhere(now, interval, end):
    assert rules.window_end(now, interval) == end


def test_pauses_double():
    assert [rules.pause_before(retry, 1.0) for retry in (1, 2, 3)] == [1.0, 2.0, 4.0]


NOTICE = Notice(
    kind="signin.failed", severity=Severity.WARN, text="Sign-in failed", user="alice", fields={"attempts": 3},
    personal={"client": "192.0.2.1"}, id="1", at=1_800_000_000.0, node="n1", request="r1",
)  # fmt: skip


def test_only_who_may_know_is_told_of_people():
    post = rules.post_of(NOTICE, "r", is_personal=False)
    assert "alice" not in str(post)
    assert "192.0.2.1" not in str(post)
    assert post["fields"] == {"attempts": 3}
    assert post["time"] == "2027-01-15T08:00:00+00:00"
    more = rules.post_of(NOTICE, "r", is_personal=True)
    assert more["user"] == "alice"
    assert more["fields"] == {"attempts": 3, "client": "192.0.2.1"}
    digest = Digest("r", (NOTICE, NOTICE), more=5)
    assert "alice" not in str(rules.post_of_digest(digest, is_personal=False))
    assert rules.post_of_digest(digest, is_personal=True)["count"] == 7


def test_a_mail_has_the_facts():
    fields = rules.mail_of(NOTICE, "r")
    assert fields["details"] == "attempts: 3\nclient: 192.0.2.1"
    digest = rules.mail_of_digest(Digest("r", (NOTICE,) * 60, more=1))
    assert digest["count"] == "61"
    assert digest["details"].startswith("60x WARN Sign-in failed (signin.failed)\n\n")
    assert digest["details"].count("\n") == 51


class Colour(enum.Enum):
    RED = "red"


def test_whatever_was_logged_becomes_json():
    values = {
        "text": "x" * 2000, "surrogate": "\ud800", "big": 1 << 60, "nan": math.nan, "inf": math.inf, "flag": True,
        "nothing": None, "enum": Colour.RED, "list": ("a", Colour.RED), "when": datetime(2026, 1, 1, tzinfo=UTC),
    }  # fmt: skip
    found = json.loads(rules.encode({"fields": rules.plain(values.items())}))["fields"]
    assert len(found["text"]) == 500
    assert found["surrogate"] == "\\ud800"
    assert found["big"] == str(1 << 60)
    assert (found["flag"], found["nothing"], found["enum"], found["list"]) == (
        True,
        None,
        "red",
        ["a", "red"],
    )
    assert found["when"] == "2026-01-01T00:00:00+00:00"
    assert len(rules.plain((str(n), n) for n in range(100))) == 40
