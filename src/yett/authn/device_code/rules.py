"""Every decision about device codes: values in, verdict out.

Nothing here waits, reads a clock or says anything, so each case is one row of a table.
"""

import hashlib
from dataclasses import dataclass, replace

from yett.authn import letters
from yett.authn.device_code.model import Approval, DeviceCode, Polled, Reason, Status

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"  # RFC 8628, section 3.4
USER_CODE = 8
"""Letters of a user code: 34.5 bits, as in RFC 8628, section 6.1."""
GROUP = 4
SLOWER = 5.0
"""Seconds that each question too many adds to the interval (RFC 8628, section 3.5)."""
SLOWEST = 60.0
_JITTER = 0.9
"""Which part of the interval has to have passed: what leaves a device on time may travel faster than the last."""
_LONGEST_DEVICE_CODE = 128


def fingerprint(device_code: str) -> str | None:
    """Under what a device code is kept; None for a text that cannot be one.

    Whoever reads the store cannot fetch with what is in it.
    """
    if not 0 < len(device_code) <= _LONGEST_DEVICE_CODE or not device_code.isascii():
        return None
    return hashlib.sha256(device_code.encode()).hexdigest()


def read_user_code(typed: str) -> str | None:
    """The user code that was meant; None when no code looks like that.

    Case, spaces and dashes do not matter (RFC 8628, section 6.1).
    """
    code = letters.fold(typed)
    if code is None or len(code) != USER_CODE or not set(letters.CONSONANTS).issuperset(code):
        return None
    return code


def judge_question(code: DeviceCode, now: float) -> Reason | None:
    """Why a code can no longer be decided about; None when it can."""
    if now >= code.expires_at:
        return Reason.EXPIRED
    return None if code.status is Status.PENDING else Reason.HANDLED


def decided(code: DeviceCode, approval: Approval, *, is_approved: bool, answer: str = "") -> DeviceCode:
    """The code after somebody decided."""
    return replace(
        code,
        status=Status.APPROVED if is_approved else Status.DENIED,
        user=approval.user,
        sign_on=approval.sign_on,
        answer=answer,
    )


def judge_poll(code: DeviceCode, *, kind: str, client_id: str, now: float) -> Polled | None:
    """What a device is told; None when it gets its answer.

    The client comes first: another one learns nothing, not even whether the code is still good.
    """
    if (code.kind, code.client_id) != (kind, client_id):
        return Polled.UNKNOWN
    if now >= code.expires_at:
        return Polled.EXPIRED
    return {Status.PENDING: Polled.PENDING, Status.DENIED: Polled.DENIED}.get(code.status)


@dataclass(frozen=True, slots=True)
class Pace:
    """When a device asked last, and how long it has to wait before it asks again."""

    last: float
    interval: float


def merged(one: Pace | None, other: Pace | None) -> Pace | None:
    """What two nodes know of one device, together."""
    if one is None or other is None:
        return one or other
    return Pace(max(one.last, other.last), max(one.interval, other.interval))


def judge_pace(known: Pace | None, interval: float, now: float) -> tuple[Pace, bool]:
    """The pace after one more question, and whether that came too fast.

    The interval only grows: it holds "for this and all subsequent requests" (RFC 8628, section 3.5).
    """
    if known is None:
        return Pace(now, interval), False
    asked = max(known.interval, interval)
    # A clock that was set back says nothing about how fast somebody asks.
    if 0 <= now - known.last < asked * _JITTER:
        return Pace(now, max(asked, min(asked + SLOWER, SLOWEST))), True
    return Pace(now, asked), False
