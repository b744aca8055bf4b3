"""Decide whether a code is right. Nothing here waits, reads a clock or touches a store.

What must stay true: a step is good once, and once accepted so are none before it, even while an
authenticator still shows them (RFC 6238, section 5.2).
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from yett.authn.letters import CONSONANTS, fold
from yett.authn.totp.codes import code_at
from yett.authn.totp.model import DIGITS, Reason

RECOVERY_LENGTH = 10
RECOVERY_GROUP = 5
"""Ten letters of twenty, in two groups: 43 bits, too many to guess and few enough to type."""


@dataclass(frozen=True, slots=True)
class Matched:
    """The code of a step that is not spent. `is_backward` tells that this is so only by grace."""

    step: int
    is_backward: bool = False


def judge(
    secret: bytes, typed: str, *, step: int, window: int, last_step: int, allow_backward: bool = False
) -> Matched | Reason:
    """Compare with the codes of the steps around `step`; `last_step` is the last one accepted, -1 for none."""
    code = fold(typed) or ""
    matched = -1
    for candidate in range(max(step - window, 0), step + window + 1):
        # Every candidate is tried, so that time does not tell which matched.
        if hmac.compare_digest(code_at(secret, candidate), code):
            matched = candidate
    if matched < 0 or len(code) != DIGITS:
        return Reason.WRONG
    if matched > last_step:
        return Matched(matched)
    # No clock that only goes forward has seen this last step.
    if last_step > step + window:
        return Matched(matched, is_backward=True) if allow_backward else Reason.CLOCK_BACKWARD
    return Reason.SPENT


def recovery_code(typed: str) -> str | None:
    """The recovery code that was meant; None when none looks like that."""
    code = fold(typed)
    if code is None or len(code) != RECOVERY_LENGTH or any(letter not in CONSONANTS for letter in code):
        return None
    return code


def find(digest: bytes, kept: Iterable[bytes]) -> bytes | None:
    """The kept hash that equals this one. All are compared, so that time does not tell which."""
    found = None
    for each in kept:
        if hmac.compare_digest(each, digest):
            found = each
    return found


def without(kept: tuple[bytes, ...], spent: bytes) -> tuple[bytes, ...]:
    """The hashes but this one."""
    return tuple(each for each in kept if each != spent)
