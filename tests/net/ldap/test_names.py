import hypothesis.strategies as some
import pytest
from hypothesis import given

from yett.net.ldap import escape_value, name_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("uid=ada,dc=example", "UID=Ada, DC=EXAMPLE"),
        ("cn=Ada  Lovelace,dc=x", "cn=ada lovelace , dc=x"),
        (r"cn=Lovelace\, Ada,dc=x", r"CN=lovelace\2c ada,DC=x"),
        ("cn=a+sn=b,dc=x", "SN=b+CN=a,dc=x"),
        (r"cn=\C3\A9va,dc=x", "cn=éva,dc=x"),
        (r"cn=\#1,dc=x", r"cn=\231,dc=x"),
    ],
)
def test_two_spellings_of_one_name_have_one_key(one, other):
    assert name_key(one) == name_key(other) is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"cn=a\,dc=x,dc=y", "cn=a,dc=x,dc=y"),
        (r"cn=a\+b,dc=x", "cn=a+b=,dc=x"),
        ("cn=ab,dc=x", "cn=a b,dc=x"),
        (r"cn=a\ ,dc=x", "cn=a,dc=y"),
        ("uid=ada,ou=a,dc=x", "uid=ada,ou=b,dc=x"),
        (r"cn=a=b,dc=x", r"cn=a,b=b,dc=x"),
    ],
)
def test_different_names_have_different_keys(one, other):
    assert name_key(one) != name_key(other)


@pytest.mark.parametrize(
    "text",
    ["", "ada", "=ada", ",", "uid=ada,", "uid", 'cn="a",dc=x', "cn=a<b,dc=x", r"cn=a\ff,dc=x", "a" * 5000],
)
def test_what_is_no_name_has_no_key(text):
    assert name_key(text) is None


@given(
    some.text(min_size=1, max_size=40).filter(lambda text: not any(0xD800 <= ord(c) < 0xE000 for c in text))
)
def test_an_escaped_value_stays_one_value(value):
    key = name_key(f"uid={escape_value(value)},dc=x")
    assert key is not None
    assert key.endswith(",dc=x")
    assert key.count(",") == 1


@given(some.text(alphabet='abc=,+;\\"#<> é\x000f', max_size=40))
def test_a_key_is_its_own_key_whatever_the_text(text):
    key = name_key(text)
    assert key is None or name_key(key) == key
