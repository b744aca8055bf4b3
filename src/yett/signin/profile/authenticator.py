"""The authenticator app of one's own, and the recovery codes that stand in for it.

Everything here is for callers who found that the sign-in is fresh: who has an app gave its code then.
"""

from typing import Protocol

from yett.authn.totp import Confirmed, Enrolment, EnrolmentFailed, Reason, TotpRejected, TotpStatus
from yett.signin.forms import Notice
from yett.store import StoreUnavailable

FAILED = Notice("This does not work at the moment.", "The fault is on our side. Nothing was changed.")
_WRONG = Notice("The code is not right.", "Enter the one that the app shows now.", marks=True)
_TOO_LATE = Notice("This took too long.", "Begin anew.")
_NONE = Notice("There is no app.", "Set one up first.")


class Totp(Protocol):
    """The method."""

    async def status(self, user: str) -> TotpStatus | None: ...
    async def begin(self, user: str, *, is_replacing: bool = False) -> Enrolment | EnrolmentFailed: ...
    async def confirm(self, user: str, code: str) -> Confirmed | TotpRejected: ...
    async def renew_recovery(self, user: str) -> tuple[str, ...] | TotpRejected: ...
    async def delete(self, user: str, *, by: str) -> bool: ...


class OwnApp:
    """Sets up, replaces and removes it. Where something is not done, it is told what to say to the person."""

    def __init__(self, totp: Totp) -> None:
        self._totp = totp

    async def has_one(self, user: str) -> bool:
        """Whether the person has an app. Raises StoreUnavailable."""
        return await self._totp.status(user) is not None

    async def begin(self, user: str) -> Enrolment | Notice:
        """A new secret; an app in use goes on until the new one has shown its first code."""
        try:
            is_replacing = await self.has_one(user)
        except StoreUnavailable:
            return FAILED
        begun = await self._totp.begin(user, is_replacing=is_replacing)
        return FAILED if isinstance(begun, EnrolmentFailed) else begun

    async def confirm(self, user: str, code: str) -> tuple[str, ...] | Notice:
        """Put it in force by its first code; the recovery codes, which are shown once."""
        confirmed = await self._totp.confirm(user, code.strip())
        if isinstance(confirmed, Confirmed):
            return confirmed.recovery_codes
        return _SAID.get(confirmed.reason, FAILED)

    async def renew_recovery(self, user: str) -> tuple[str, ...] | Notice:
        """New recovery codes in place of all earlier ones."""
        renewed = await self._totp.renew_recovery(user)
        return _SAID.get(renewed.reason, FAILED) if isinstance(renewed, TotpRejected) else renewed

    async def remove(self, user: str) -> Notice | None:
        """Let it count no longer; None when that is so."""
        try:
            is_removed = await self._totp.delete(user, by=user)
        except StoreUnavailable:
            return FAILED
        return None if is_removed else _NONE


_SAID = {
    Reason.WRONG: _WRONG,
    Reason.SPENT: _WRONG,
    Reason.NOT_PENDING: _TOO_LATE,
    Reason.ALREADY_ENROLLED: _TOO_LATE,
    Reason.NOT_ENROLLED: _NONE,
}
