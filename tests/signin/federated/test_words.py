import pytest

from yett.identity.federation import Reason
from yett.signin.federated.words import (
    AWAY,
    BEGIN_AGAIN,
    NOBODY,
    NOT_BELIEVED,
    NOT_THERE,
    NOT_WELCOME,
    words_for,
)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_told_in_general_words(reason):
    words = words_for(reason, is_passing=False)
    assert words in {BEGIN_AGAIN, NOT_THERE, NOT_BELIEVED, NOBODY, NOT_WELCOME}
    assert reason.value not in words.sentence.split()
    assert words_for(reason, is_passing=True) is AWAY


def test_who_is_nobody_is_told_the_same_whatever_the_reason():
    for reason in (
        Reason.UNKNOWN_PERSON,
        Reason.NAME_TAKEN,
        Reason.AMBIGUOUS,
        Reason.LINK_STALE,
        Reason.NO_NAME,
    ):
        assert words_for(reason, is_passing=False) is NOBODY
