"""Decide, from what was known before and after the work, whether somebody is who they say.

What must stay true: nobody is accepted who is disabled, gone, or has another hash by the time
the work is done.
"""

from yett.authn.guessing import Limits, Policy
from yett.authn.password.config import PasswordSettings
from yett.authn.password.model import Reason
from yett.identity import LocalUser


def hash_to_check(user: LocalUser | None, decoy: str) -> str:
    """What to do the work on. There is always something, so that time does not tell who exists."""
    return user.password_hash if user is not None and user.password_hash else decoy


def judge(user: LocalUser | None, checked: str, *, is_match: bool) -> Reason | None:
    """Why not, or None for yes; `user` as they are after the work, `checked` the hash it was done on."""
    if user is None:
        return Reason.UNKNOWN_PERSON
    if user.person.is_disabled:
        return Reason.DISABLED
    if not user.password_hash:
        return Reason.NO_PASSWORD
    if not is_match or user.password_hash != checked:
        return Reason.WRONG
    return None


def limits_of(settings: PasswordSettings) -> Limits:
    """When guessers of passwords have to wait."""
    waits = (
        settings.first_wait.total_seconds(),
        settings.longest_wait.total_seconds(),
        settings.forget_after.total_seconds(),
    )
    return Limits(
        Policy(settings.free_attempts, *waits),
        Policy(settings.free_attempts_per_address, *waits),
        settings.remembered,
    )
