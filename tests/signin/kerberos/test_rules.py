import pytest

from yett.authn.kerberos import ChangeFault, NotChanged, Reason, Rejected
from yett.signin.kerberos.rules import (
    Absent,
    judge_password,
    judge_token,
    metadata_of,
    token_of,
    with_more,
    words_for,
)
from yett.signin.model import Turned


@pytest.mark.parametrize(
    ("fields", "token"),
    [
        ([], Absent.NOTHING),
        (["Basic YTpi"], Absent.NOTHING),
        (["Negotiated YTpi"], Absent.NOTHING),
        (["Negotiate YTpi"], "YTpi"),
        (["nEGOTIATE   YTpi  "], "YTpi"),
        (["Negotiate"], ""),
        (["Negotiate a", "Negotiate b"], Absent.SEVERAL),
        (["Negotiate a", "Basic b"], Absent.SEVERAL),
    ],
)
def test_a_token_is_what_one_field_says(fields, token):
    assert token_of(fields) == token


def test_only_what_is_about_us_reads_differently():
    ours = {reason for reason in Reason if judge_token(Rejected(reason)).why is not Turned.WRONG}
    assert ours == {Reason.BUSY, Reason.UNAVAILABLE}
    ours = {reason for reason in Reason if judge_password(Rejected(reason)).why is not Turned.WRONG}
    assert ours == {Reason.BUSY, Reason.UNAVAILABLE, Reason.UNVERIFIED, Reason.CLOCK_SKEW}


def test_every_fault_has_words():
    assert all(words_for(NotChanged(fault))[0] for fault in ChangeFault)


def test_metadata_and_addresses():
    assert metadata_of("a@B", 12.7) == {"kerberos_principal": "a@B", "kerberos_authenticated_at": "12"}
    assert with_more("/signin?again=1", "/") == "/signin?again=1"
    assert with_more("/signin?again=1", "/a?b") == "/signin?again=1&next=%2Fa%3Fb"
