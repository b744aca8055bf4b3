"""The second factors of people: which somebody has, and whether a typed code is right."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from yett.authn.guessing import address_key
from yett.authn.otp import CodeAccepted, CodeRefused, CodeRejected, CodeSent, Refusal
from yett.authn.otp import Reason as CodeReason
from yett.authn.totp import Reason as TotpReason
from yett.authn.totp import TotpAccepted, TotpRejected, TotpStatus
from yett.identity import Person
from yett.signin import events, rules
from yett.signin.config import MFASettings
from yett.signin.machine import Standing
from yett.signin.model import Factor, Visitor


class Totp(Protocol):
    """Authenticator apps and recovery codes."""

    async def status(self, user: str) -> TotpStatus | None: ...
    async def validate(self, user: str, code: str) -> TotpAccepted | TotpRejected: ...
    async def recover(self, user: str, code: str) -> TotpAccepted | TotpRejected: ...


class EmailCodes(Protocol):
    """Codes by mail."""

    @property
    def is_available(self) -> bool: ...
    async def generate(
        self, user: str, email: str, device: str, *, language: str = "", place: str = ""
    ) -> CodeSent | CodeRefused: ...
    async def validate(self, device: str, user: str, code: str) -> CodeAccepted | CodeRejected: ...


class Passkeys(Protocol):
    """Passkeys."""

    async def working(self, user: str) -> tuple[object, ...]: ...
    async def has_lapsed(self, user: str) -> bool: ...


class Memory(Protocol):
    """Where people have signed in from before."""

    async def knows(self, user: str, address: str) -> bool: ...


class Wrong(enum.Enum):
    """Why a code was not accepted, as far as the page has to know."""

    WRONG = "wrong"
    EXPIRED = "expired"
    """A code by mail whose time has run out, or of which none was sent."""
    LOCKED = "locked"
    """Too many wrong codes for one that was sent."""
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Given:
    """The factor was given. `recovery_left` is how many recovery codes there still are."""

    factor: Factor
    recovery_left: int = -1


class Factors:
    """Asks every method that can be a second factor."""

    def __init__(
        self,
        settings: MFASettings,
        *,
        totp: Totp | None = None,
        codes: EmailCodes | None = None,
        passkeys: Passkeys | None = None,
        memory: Memory | None = None,
    ) -> None:
        self._settings = settings
        self._totp = totp
        self._codes = codes
        self._passkeys = passkeys
        self._memory = memory

    def apply(self, settings: MFASettings) -> None:
        """Go by other settings from now on."""
        self._settings = settings

    async def standing(self, person: Person) -> Standing:
        """Which factors the person has now. Raises StoreUnavailable when that cannot be known."""
        enrolled: set[Factor] = set()
        if self._totp is not None:
            status = await self._totp.status(person.name)
            if status is not None:
                enrolled.add(Factor.TOTP)
                if status.recovery_left:
                    enrolled.add(Factor.RECOVERY)
        if self._passkeys is not None and await self._passkeys.working(person.name):
            enrolled.add(Factor.PASSKEY)
        can_mail = (
            self._codes is not None
            and self._settings.email_codes
            and self._codes.is_available
            and bool(person.email)
        )
        has_lapsed = (
            not enrolled and self._passkeys is not None and await self._passkeys.has_lapsed(person.name)
        )
        return Standing(frozenset(enrolled), can_mail, has_lapsed)

    async def send(self, person: Person, visitor: Visitor) -> CodeSent | CodeRefused | None:
        """Send a code by mail; None when there is nobody to send it."""
        if self._codes is None:
            return None
        # Whoever has stolen a password and has code after code sent does not use up those for at home.
        is_known = self._memory is not None and await self._memory.knows(person.name, visitor.address)
        return await self._codes.generate(
            person.name,
            person.email,
            visitor.device,
            language=visitor.language,
            place=address_key(visitor.address) if is_known else "",
        )

    async def send_first(self, person: Person, offers: frozenset[Factor], visitor: Visitor) -> None:
        """Send a code as a sign-in comes to its second factor, if that can be nothing else."""
        if offers != {Factor.EMAIL}:
            return
        sent = await self.send(person, visitor)
        # One that was sent a moment ago is still good.
        if isinstance(sent, CodeRefused) and sent.reason is not Refusal.TOO_SOON:
            events.otp_not_generated(user=person.name, reason=sent.reason)

    async def check(self, user: str, typed: str, by: Factor, visitor: Visitor) -> Given | Wrong:
        """Whether a typed code is right; with `by` mail the one that was sent, else the app's or a recovery code."""
        if by is Factor.EMAIL:
            return await self._check_mailed(user, typed, visitor)
        return await self._check_app(user, typed)

    async def _check_mailed(self, user: str, typed: str, visitor: Visitor) -> Given | Wrong:
        if self._codes is None:
            return Wrong.WRONG
        match await self._codes.validate(visitor.device, user, typed):
            case CodeAccepted():
                return Given(Factor.EMAIL)
            case CodeRejected(reason=CodeReason.UNAVAILABLE):
                events.otp_call_failed(user=user)
                return Wrong.UNAVAILABLE
            case CodeRejected(reason=reason):
                events.otp_failed(user=user, reason=reason)
                return _MAILED.get(reason, Wrong.WRONG)

    async def _check_app(self, user: str, typed: str) -> Given | Wrong:
        if self._totp is None:
            return Wrong.WRONG
        verdict = await self._totp.validate(user, typed)
        if isinstance(verdict, TotpAccepted):
            return Given(Factor.TOTP, verdict.left)
        if verdict.reason not in _BROKEN and rules.is_app_code(typed):
            # Digits alone are no recovery code, so nothing else is worth a try.
            events.totp_failed(user=user, reason=verdict.reason)
            return Wrong.WRONG
        recovered = await self._totp.recover(user, typed)
        if isinstance(recovered, TotpAccepted):
            events.recovered(user=user, left=recovered.left)
            return Given(Factor.RECOVERY, recovered.left)
        if verdict.reason in _BROKEN or recovered.reason in _BROKEN:
            events.totp_call_failed(user=user, reason=verdict.reason)
            return Wrong.UNAVAILABLE
        events.totp_and_recovery_failed(user=user, reason=verdict.reason)
        return Wrong.WRONG


_BROKEN = frozenset({TotpReason.UNAVAILABLE, TotpReason.DAMAGED})
_MAILED: Mapping[CodeReason, Wrong] = {
    CodeReason.LOCKED: Wrong.LOCKED,
    CodeReason.EXPIRED: Wrong.EXPIRED,
    CodeReason.NONE: Wrong.EXPIRED,
}
