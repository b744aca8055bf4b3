import contextlib

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st
from tests.authn.x509.making import name_of

from yett.authn.x509.subjects import BadPattern, compile_pattern, user_in

PEOPLE = compile_pattern("CN={user},OU=People,O=Example")


@pytest.mark.parametrize(
    ("subject", "user"),
    [
        ("CN=ada,OU=People,O=Example", "ada"),
        ("CN=ada,OU=people,O=EXAMPLE", "ada"),
        ("CN=ada,OU=Servers,O=Example", None),
        ("OU=People,CN=ada,O=Example", None),
        ("CN=ada,OU=People,O=Example,C=AT", None),
        ("CN=ada,O=Example", None),
        ("CN=ada+UID=1,OU=People,O=Example", None),
        # What looks like more names is one value.
        ("CN=ada\\,OU=People\\,O=Example", None),
        ("CN=eve\\,OU=People,OU=People,O=Example", "eve,OU=People"),
    ],
)
def test_the_user_name_stands_in_the_gap_and_everything_else_has_to_fit(subject, user):
    assert user_in(name_of(subject), PEOPLE) == user


def test_a_star_takes_any_value_of_an_attribute():
    pattern = compile_pattern("UID={user},CN=*,O=Example")
    assert user_in(name_of("UID=ada,CN=Ada Lovelace,O=Example"), pattern) == "ada"
    assert user_in(name_of("UID=ada,OU=Ada Lovelace,O=Example"), pattern) is None


def test_an_attribute_that_a_relative_name_has_twice_is_no_fit():
    twice = x509.RelativeDistinguishedName(
        [x509.NameAttribute(x509.NameOID.COMMON_NAME, each) for each in ("ada", "bob")]
    )
    assert user_in(x509.Name([twice]), compile_pattern("CN={user}")) is None


@pytest.mark.parametrize(
    "text", ["", "CN=ada", "CN={user},OU={user}", "CN=x{user},O=Example", "nothing", "CN={user},=", "{user}"]
)
def test_what_is_no_pattern_is_refused(text):
    with pytest.raises(BadPattern):
        compile_pattern(text)


@given(st.text())
def test_any_text_is_a_pattern_or_refused(text):
    with contextlib.suppress(BadPattern):
        compile_pattern(text)
