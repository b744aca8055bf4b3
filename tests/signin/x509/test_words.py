import pytest
from tests.authn.x509.making import said

from yett.authn.x509 import Reason
from yett.signin.x509.words import say, words_for


@pytest.mark.parametrize("reason", Reason)
def test_each_reason_has_its_words_and_its_line(reason, heard):
    words = words_for(reason)
    assert words.status in {403, 503}
    say(reason, "192.0.2.7")
    ((_, fields),) = heard("signin.x509")
    assert fields["client_address"] == "192.0.2.7"


@pytest.mark.parametrize(
    ("reason", "event", "code"),
    [
        (Reason.MALFORMED, "malformed", "certificate_not_trusted"),
        (Reason.NOT_YET_VALID, "not_yet_valid", "certificate_not_yet_valid"),
        (Reason.EXPIRED, "expired", "certificate_expired"),
        (Reason.CHAIN, "chain_failed", "certificate_not_trusted"),
        (Reason.REVOKED, "revoked", "certificate_revoked"),
        (Reason.NOT_CHECKED, "not_validated", "unavailable"),
        (Reason.NO_AUTHORITY, "not_validated", "unavailable"),
        (Reason.NO_DIRECTORY, "not_validated", "unavailable"),
        (Reason.NO_IDENTITY, "nobody", "certificate_without_account"),
        (Reason.UNKNOWN_PERSON, "nobody", "certificate_without_account"),
    ],
)
def test_what_people_hear_and_what_is_recorded_go_together(reason, event, code, heard):
    say(reason, "")
    assert said(heard, "signin.x509") == [event]
    assert words_for(reason).code == code
