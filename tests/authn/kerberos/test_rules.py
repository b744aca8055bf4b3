import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.authn.kerberos.conftest import person

from yett.authn.kerberos.model import Match, Principal, Reason
from yett.authn.kerberos.rules import (
    Policy,
    decode,
    is_anonymous,
    is_password,
    is_too_large,
    negotiate_token,
    parse_principal,
    person_of,
    typed_principal,
)

BY_NAME = Policy(frozenset({"A.TEST"}), Match.NAME, {"HTTP/ci@A.TEST": "ci", "root@B.TEST": "admin"})
BY_EMAIL = Policy(frozenset({"A.TEST"}), Match.EMAIL, {})


@pytest.mark.parametrize(
    ("principal", "found"),
    [
        ("ada@A.TEST", "ada"),
        ("Ada@A.TEST", "ada"),
        ("ada@a.test", Reason.FOREIGN_REALM),
        ("ada@B.TEST", Reason.FOREIGN_REALM),
        ("root@B.TEST", "admin"),
        ("HTTP/ci@A.TEST", "ci"),
        ("HTTP/other@A.TEST", Reason.SERVICE_PRINCIPAL),
        ("ada/admin@A.TEST", Reason.SERVICE_PRINCIPAL),
        ("a\\@b@A.TEST", Reason.SERVICE_PRINCIPAL),
        ("a\\/b@A.TEST", Reason.SERVICE_PRINCIPAL),
        ("ada", Reason.SERVICE_PRINCIPAL),
        ("@A.TEST", Reason.SERVICE_PRINCIPAL),
        ("host$@A.TEST", Reason.UNKNOWN_PERSON),
        ("\u212aate@A.TEST", Reason.UNKNOWN_PERSON),
        ("a" * 600 + "@A.TEST", Reason.SERVICE_PRINCIPAL),
    ],
)
def test_a_principal_is_somebody_only_if_it_can_be_read_one_way(principal, found):
    assert person_of(principal, BY_NAME, []) == found


def test_by_address_one_person_has_to_have_it():
    people = [
        person("x", email="Ada@a.test"),
        person("y", email="bob@a.test"),
        person("z", email="BOB@A.TEST"),
    ]

    assert person_of("ada@A.TEST", BY_EMAIL, people) == "x"
    assert person_of("bob@A.TEST", BY_EMAIL, people) is Reason.AMBIGUOUS
    assert person_of("eve@A.TEST", BY_EMAIL, people) is Reason.UNKNOWN_PERSON
    assert (
        person_of("\u212aate@A.TEST", BY_EMAIL, [person("k", email="kate@a.test")]) is Reason.UNKNOWN_PERSON
    )


@given(st.text())
def test_any_text_gets_a_verdict(text):
    assert isinstance(person_of(text, BY_NAME, []), (str, Reason))
    parsed = parse_principal(text)
    assert parsed is None or str(parsed) == text
    assert decode(text) is None or base64.b64encode(decode(text)).decode() == text
    assert isinstance(is_password(text), bool)
    negotiate_token(text)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        (" Ada ", "ada@A.TEST"),
        ("ada@a.test", "ada@A.TEST"),
        ("ada@B.TEST", None),
        ("-h", None),
        ("HTTP/x", None),
        ("", None),
        ("ada@", None),
    ],
)
def test_what_is_typed_is_a_name_of_the_realm(typed, found):
    principal = typed_principal(typed, "A.TEST")
    assert (None if principal is None else str(principal)) == found


def test_sizes_are_judged_before_anything_is_decoded():
    assert not is_too_large("A" * 4, 3)
    assert is_too_large("A" * 8, 3)
    assert not is_too_large(base64.b64encode(bytes(1024)).decode(), 1024)


def test_nobody_is_nobody_in_every_realm():
    assert is_anonymous("WELLKNOWN/ANONYMOUS@WELLKNOWN:ANONYMOUS")
    assert is_anonymous("WELLKNOWN/ANONYMOUS@A.TEST")
    assert not is_anonymous("ada@A.TEST")
    assert str(Principal(("a", "b"), "C")) == "a/b@C"
