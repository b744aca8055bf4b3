import dataclasses

import pytest

from yett.authn.password.model import Reason
from yett.authn.password.rules import hash_to_check, judge
from yett.identity import LocalUser, Person

ADA = LocalUser(Person("ada", "Ada", "", (), is_disabled=False, source="local"), "hash")
OFF = dataclasses.replace(ADA, person=dataclasses.replace(ADA.person, is_disabled=True))
BARE = dataclasses.replace(ADA, password_hash="")


@pytest.mark.parametrize(
    ("user", "checked"), [(ADA, "hash"), (OFF, "hash"), (BARE, "decoy"), (None, "decoy")]
)
def test_there_is_always_something_to_do_the_work_on(user, checked):
    assert hash_to_check(user, "decoy") == checked


@pytest.mark.parametrize(
    ("user", "checked", "is_match", "reason"),
    [
        (ADA, "hash", True, None),
        (ADA, "hash", False, Reason.WRONG),
        (ADA, "older hash", True, Reason.WRONG),  # changed while the work was done
        (OFF, "hash", True, Reason.DISABLED),
        (OFF, "hash", False, Reason.DISABLED),
        (BARE, "decoy", True, Reason.NO_PASSWORD),
        (None, "decoy", True, Reason.UNKNOWN_PERSON),
        (None, "hash", True, Reason.UNKNOWN_PERSON),  # removed while the work was done
    ],
)
def test_only_a_live_person_with_their_current_password_is_accepted(user, checked, is_match, reason):
    assert judge(user, checked, is_match=is_match) is reason
