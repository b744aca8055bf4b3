import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.tokens import TokenType
from yett.tokens.api import forms


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        (None, None),
        (1_800_000_000, 1_800_000_000.0),
        (1_800_000_000.5, 1_800_000_000.5),
        ("2027-01-15T08:00:00Z", 1_800_000_000.0),
        ("2027-01-15T09:00:00+01:00", 1_800_000_000.0),
        ("2027-01-15 08:00:00", 1_800_000_000.0),
        ("2027-01-15", 1_799_971_200.0),
    ],
)
def test_instants_come_as_numbers_or_as_text(written, instant):
    assert forms.instant_of(written) == instant


@given(st.text() | st.integers() | st.floats())
def test_whatever_is_sent_is_an_instant_or_refused(written):
    try:
        found = forms.instant_of(written)
    except (ValueError, OverflowError):
        return
    assert found is None or abs(found) < 1e12


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({}, None),
        ({"name": "Ada", "groups": [forms.GroupForm("some-group")]}, None),
        ({"name": ""}, "name"),
        ({"name": "a\r\nX-Evil: 1"}, "name"),
        ({"email": "a\x00"}, "email"),
        ({"groups": [forms.GroupForm("1")]}, "groups"),
        ({"groups": [forms.GroupForm("a,b")]}, "groups"),
    ],
)
def test_what_a_token_says_can_go_into_a_header(fields, wrong):
    asked = forms.AdminTokenRequest(username="bot-x", token_type=TokenType.SERVICE, **fields)

    found = forms.identity_fault(asked)

    assert (found and found[0]) == wrong
