from dataclasses import replace

import pytest
from tests.ops.console.log import NOW
from tests.signin.place import ADA

from yett.identity.access import ASSURANCE, METHODS, Assurance
from yett.net.trust import Networks
from yett.ops.console import ConsoleSettings, rules
from yett.ops.console.model import Refused, Way
from yett.sessions import Session, SessionType


def session(*, age=60.0, assurance="mfa", methods="pwd otp mfa"):
    return Session(
        "s-1",
        SessionType.SIGN_ON,
        "ada",
        "login.example.test",
        created_at=NOW - age,
        expires_at=NOW + 60,
        ends_at=NOW + 600,
        last_activity=NOW,
        metadata={ASSURANCE: assurance, METHODS: methods},
    )


@pytest.mark.parametrize(
    ("groups", "masked", "networks", "address", "verdict"),
    [
        ((), (), (), "192.0.2.7", Refused.NO_GROUP),
        (("admins",), (), (), "192.0.2.7", Refused.NO_GROUP),
        (("wiki",), (), (), "192.0.2.7", None),
        ((), ("wiki",), (), "192.0.2.7", None),
        (("wiki",), (), ("192.0.2.0/24",), "192.0.2.7", None),
        (("wiki",), (), ("10.0.0.0/8", "2001:db8::/32"), "192.0.2.7", Refused.NETWORK),
        (("wiki",), (), ("10.0.0.0/8",), "", Refused.NETWORK),
        (("wiki",), (), ("10.0.0.0/8",), "nonsense", Refused.NETWORK),
        (("admins",), (), ("10.0.0.0/8",), "192.0.2.7", Refused.NO_GROUP),
    ],
)
def test_who_may_read_from_where(groups, masked, networks, address, verdict):
    settings = ConsoleSettings(groups=groups, masked_groups=masked, networks=networks)
    assert rules.refusal(ADA, address, settings, Networks(networks)) is verdict


def test_whoever_is_in_groups_of_both_kinds_sees_all():
    both = ConsoleSettings(groups=("wiki",), masked_groups=("engineers",))
    assert not rules.is_masked(ADA, both)
    assert rules.is_masked(replace(ADA, groups=("engineers",)), both)


@pytest.mark.parametrize(
    ("found", "is_fresh", "way"),
    [
        (session(), False, Way.OPEN),
        (session(age=3600), False, Way.OPEN),
        (session(age=3601), False, Way.AGAIN),
        (session(age=3601), True, Way.OPEN),
        (session(age=-60), False, Way.AGAIN),  # made by a clock that is far ahead
        (session(age=-2), False, Way.OPEN),
        (session(assurance="single"), False, Way.MORE),
        (session(assurance="phishing_resistant"), False, Way.OPEN),
        (session(assurance="nonsense"), False, Way.MORE),
        (session(age=9999, assurance="single"), False, Way.AGAIN),
        (session(methods="x509"), False, Way.AGAIN),  # a browser does that alone
    ],
)
def test_what_has_to_be_proven(found, is_fresh, way):
    assert rules.way(found, NOW, ConsoleSettings(groups=("wiki",)), is_fresh=is_fresh) is way


def test_the_default_asks_for_a_second_factor():
    assert ConsoleSettings().assurance is Assurance.MFA
    assert not ConsoleSettings().is_enabled


@pytest.mark.parametrize(
    ("site", "verdict"),
    [
        ("same-origin", True),
        ("none", True),
        ("", True),
        ("same-site", False),
        ("cross-site", False),
        ("x", False),
    ],
)
def test_applications_of_the_same_site_are_foreign(site, verdict):
    assert rules.is_own(site) is verdict
