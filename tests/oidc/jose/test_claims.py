"""What signed statements have to say, row by row."""

import pytest
from tests.oidc.foreign import Signer

from yett.oidc.jose import Bounds, Flaw, is_for_us, judge_ident, judge_times, read, time_left

NOW = 1_800_000_000.0
BOUNDS = Bounds(skew=10, longest=600)


def token(**claims):
    return read(Signer().sign(claims))


@pytest.mark.parametrize(
    ("claims", "flaw"),
    [
        ({"exp": NOW + 60}, None),
        ({"exp": NOW + 600}, None),
        ({"exp": NOW + 611}, Flaw.TOO_LONG),
        ({"exp": NOW - 9}, None),
        ({"exp": NOW - 10}, Flaw.EXPIRED),
        ({"exp": NOW + 60, "iat": NOW + 10}, None),
        ({"exp": NOW + 60, "iat": NOW + 11}, Flaw.NOT_YET),
        ({"exp": NOW + 60, "nbf": NOW + 11}, Flaw.NOT_YET),
        ({"exp": NOW + 60, "iat": NOW - 560}, Flaw.TOO_LONG),
        ({"exp": NOW + 60, "iat": NOW - 540}, None),
        ({}, Flaw.UNREADABLE),
        ({"exp": str(NOW)}, Flaw.UNREADABLE),
        ({"exp": True}, Flaw.UNREADABLE),
        ({"exp": 10**400}, Flaw.UNREADABLE),
        ({"exp": None}, Flaw.UNREADABLE),
        ({"exp": -(10**400)}, Flaw.UNREADABLE),
        ({"exp": 1e300}, Flaw.UNREADABLE),
        ({"exp": NOW + 60, "iat": -1e300}, Flaw.UNREADABLE),
        ({"exp": NOW + 60, "iat": "now"}, Flaw.UNREADABLE),
        ({"exp": NOW + 60, "nbf": [NOW]}, Flaw.UNREADABLE),
    ],
)
def test_a_statement_is_good_for_a_while(claims, flaw):
    assert judge_times(token(**claims), BOUNDS, NOW) is flaw


def test_it_is_remembered_for_as_long_as_it_could_be_shown():
    assert time_left(token(exp=NOW + 60), BOUNDS, NOW) == 71


@pytest.mark.parametrize(
    ("aud", "is_ours", "is_ours_strictly"),
    [
        ("https://us", True, True),
        ("https://us/token", True, True),
        (["https://us"], True, False),
        (["https://us", "https://them"], False, False),
        (["https://us", "https://us"], False, False),
        ("https://us/", False, False),
        ("https://them", False, False),
        ([], False, False),
        (None, False, False),
        ({"https://us": 1}, False, False),
        ([["https://us"]], False, False),
    ],
)
def test_a_statement_is_for_us_and_nobody_else(aud, is_ours, is_ours_strictly):
    names = ("https://us", "https://us/token")
    assert is_for_us(token(aud=aud), names) is is_ours
    assert is_for_us(token(aud=aud), names, may_be_list=False) is is_ours_strictly


@pytest.mark.parametrize(
    ("jti", "flaw"),
    [("x", None), ("x" * 256, None), ("x" * 257, Flaw.IDENT), ("", Flaw.IDENT), (5, Flaw.IDENT)],
)
def test_a_statement_can_be_told_from_others(jti, flaw):
    assert judge_ident(token(jti=jti)) is flaw
