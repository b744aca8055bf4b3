from dataclasses import replace

import pytest

from yett.identity.access import Assurance
from yett.oidc.tokens import Confirmation, Family, record
from yett.oidc.tokens.model import Issued

FAMILY = Family("r", "o", "wiki", "ada", "openid", 1.0, 2.0, 3.0, 4.0, "salt")


@pytest.mark.parametrize(
    "family",
    [
        FAMILY,
        replace(
            FAMILY,
            generation=4,
            rotated_at=2.5,
            audience="api",
            entry="local:7",
            sign_on_ref="s",
            auth_time=0.5,
            methods=("pwd", "otp"),
            assurance=Assurance.MFA,
            confirmation=Confirmation("k", "c"),
            claims={"userinfo": {"email": {"essential": True}}},
            access=(Issued("d", "j", "openid", 1.0, 2.0, Confirmation("k2")),),
        ),
    ],
)
def test_a_family_is_read_as_it_was_written(family):
    assert record.decode(record.encode(family)) == family


def test_a_grave_is_no_family():
    assert record.decode(record.GRAVE) is None


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b"{}",
        b'{"form":2}',
        b'{"form":1,"more":1}',
        b'{"form":1,"assurance":"much"}',
        b'{"form":1,"access":[["d"]]}',
        b'{"form":1,"ends_at":"never"}',
    ],
)
def test_what_is_no_family_is_told(value):
    with pytest.raises(record.Unreadable):
        record.decode(value)
