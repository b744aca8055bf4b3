"""Decide what a server's answer means. Whatever is not understood is not accepted."""

import re

from yett.authn.ldap.model import Finding, Problem
from yett.authn.password import Reason
from yett.net.ldap import Change, Code, PolicyError, Result, policy_of

# Active Directory says 49 for everything and the reason in its text: "… AcceptSecurityContext error, data 532, …".
_DATA = re.compile(r"\bdata ([0-9a-f]{1,8}),", re.ASCII | re.IGNORECASE)
_BY_DATA = {
    "530": Finding.DISABLED,  # not at this time
    "531": Finding.DISABLED,  # not from this machine
    "532": Finding.EXPIRED,
    "533": Finding.DISABLED,
    "701": Finding.DISABLED,  # the account has run out
    "773": Finding.EXPIRED,  # to be changed after a reset
    "775": Finding.LOCKED,
}

REASONS = {
    Finding.WRONG: Reason.WRONG,
    Finding.LOCKED: Reason.DISABLED,
    Finding.DISABLED: Reason.DISABLED,
    Finding.FAILED: Reason.FAILED,
}
"""How a finding that lets nobody in is called towards the sign-in."""

_PROBLEMS = {
    PolicyError.NOT_ALLOWED: Problem.NOT_ALLOWED,
    PolicyError.OLD_REQUIRED: Problem.WRONG,
    PolicyError.QUALITY: Problem.QUALITY,
    PolicyError.TOO_SHORT: Problem.TOO_SHORT,
    PolicyError.TOO_LONG: Problem.TOO_LONG,
    PolicyError.TOO_YOUNG: Problem.TOO_YOUNG,
    PolicyError.IN_HISTORY: Problem.IN_HISTORY,
}


def judge(result: Result) -> Finding:
    """What the answer to a bind means."""
    policy = policy_of(result)
    match result.code:
        case Code.SUCCESS:
            if not policy.is_clear:
                # It may say that the account is locked.
                return Finding.FAILED
            if policy.error is PolicyError.LOCKED:
                return Finding.LOCKED
            # With a grace login left it has run out too: the next may be refused.
            is_over = policy.error is not None or policy.grace_left is not None
            return Finding.EXPIRED if is_over else Finding.ACCEPTED
        case Code.INVALID_CREDENTIALS:
            if policy.error is PolicyError.LOCKED:
                return Finding.LOCKED
            if policy.error in {PolicyError.EXPIRED, PolicyError.CHANGE_AFTER_RESET}:
                return Finding.EXPIRED
            found = _DATA.search(result.diagnostic)
            return _BY_DATA.get(found[1].lower(), Finding.WRONG) if found else Finding.WRONG
        case 48 | 32 | 34:  # inappropriate authentication, no such object, invalid name
            # Nobody there, or nobody with a password.
            return Finding.WRONG
        case Code.CONSTRAINT_VIOLATION:
            return Finding.LOCKED
        case Code.UNWILLING:
            return Finding.DISABLED
        case _:
            return Finding.FAILED


def judge_change(result: Result) -> Problem | None:
    """Why a password was not changed; None when it was."""
    if result.code == Code.SUCCESS:
        return None
    policy = policy_of(result)
    if policy.error in _PROBLEMS:
        return _PROBLEMS[policy.error]
    match result.code:
        case Code.INVALID_CREDENTIALS:
            return Problem.WRONG
        case Code.CONSTRAINT_VIOLATION:
            return Problem.QUALITY
        case Code.UNWILLING:
            # OpenLDAP's answer when the old password does not fit.
            return Problem.WRONG
        case Code.INSUFFICIENT_ACCESS:
            return Problem.NOT_ALLOWED
        case _:
            return Problem.FAILED


def is_fit(password: str, max_length: int) -> bool:
    """Whether a text can be a password at all; NUL would end it early in some servers."""
    try:
        return 0 < len(password.encode()) <= max_length and "\x00" not in password
    except UnicodeEncodeError:
        return False


def unicode_password(old: str, new: str) -> tuple[Change, ...]:
    """The change of a password in Active Directory: taking the old one away proves that it is known."""
    return (
        Change(Change.DELETE, "unicodePwd", (f'"{old}"'.encode("utf-16-le"),)),
        Change(Change.ADD, "unicodePwd", (f'"{new}"'.encode("utf-16-le"),)),
    )
