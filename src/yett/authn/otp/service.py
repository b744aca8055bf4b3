"""Codes by mail: made, kept, sent, and spent once.

What must stay true:
  a code counts only after it is spent in the store, and of any number of tries with it one counts;
  what came of a wrong code is told only after it is counted, so that no race gives a free guess;
  a store that fails refuses, whether the code was right or not.
"""

import asyncio
import math
import secrets
from typing import Protocol

import msgspec

from yett.authn.letters import Random, draw, grouped
from yett.authn.otp import events, rules
from yett.authn.otp.config import OTPSettings
from yett.authn.otp.events import Blocked
from yett.authn.otp.model import (
    CodeAccepted,
    CodeRefused,
    CodeRejected,
    CodeSent,
    CodeType,
    Reason,
    Refusal,
)
from yett.authn.otp.rules import Standing
from yett.authn.otp.shelf import Found, OfOtherType, Shelf, Unreadable
from yett.events import describe
from yett.kernel import Clock, Supervisor
from yett.keys import MasterKey
from yett.notify import MailKind
from yett.store import Records, StoreUnavailable

_ROUNDS = 40
"""How often a write is tried. Each that is lost means that another try or code of this browser was written down,
and a browser has at most so many before its code is locked."""


class Mailer(Protocol):
    """Whoever sends mail to people."""

    @property
    def is_configured(self) -> bool: ...
    async def send(self, kind: MailKind, to: str, *, language: str = "", fields: dict[str, str]) -> bool: ...


class EmailCodes:
    """The method of codes by mail. `device` is whatever tells one browser from another, and only that browser knows."""

    def __init__(
        self,
        records: Records,
        master: MasterKey,
        mailer: Mailer,
        settings: OTPSettings,
        clock: Clock,
        tasks: Supervisor,
        *,
        random: Random = secrets.token_bytes,
        mail_wait: float = 10.0,
    ) -> None:
        """`mail_wait` is how many seconds a visitor waits to hear whether the mail server took the code."""
        self._shelf = Shelf(records)
        self._key = master.derive("yett.authn.otp/codes")
        self._mailer = mailer
        self._settings = settings
        self._clock = clock
        self._tasks = tasks
        self._random = random
        self._mail_wait = mail_wait

    def configure(self, settings: OTPSettings) -> None:
        """Other settings from now on; codes that are open keep their time."""
        self._settings = settings

    @property
    def is_available(self) -> bool:
        """Whether codes can be sent at all."""
        return self._mailer.is_configured and rules.ttl_of(self._settings) is not None

    # Sending.

    async def generate(
        self, user: str, email: str, device: str, *, language: str = "", place: str = ""
    ) -> CodeSent | CodeRefused:
        """Send a code, or another one in place of the last.

        How many a person is sent in an hour is counted apart for a `place`, so that whoever asks for theirs
        elsewhere does not use up those that they need where they are.
        """
        address = self._address(user, email)
        if address is None:
            return CodeRefused(Refusal.DOMAIN)
        if not device:
            events.device_missing(user=user)
            return CodeRefused(Refusal.DEVICE)
        ttl = rules.ttl_of(self._settings)
        if ttl is None:
            events.ttl_invalid(seconds=self._settings.ttl.total_seconds())
            return CodeRefused(Refusal.UNAVAILABLE)
        kept = await self._keep(user, address, device, ttl, place)
        if isinstance(kept, CodeRefused):
            return kept
        code, code_type = kept
        fields = {"code": _as_shown(code, code_type), "minutes": str(math.ceil(ttl / 60))}
        wait = self._settings.resend_interval.total_seconds()
        if not await self._mail(user, address, language, fields):
            return CodeRefused(Refusal.NOT_MAILED, wait)
        return CodeSent(code_type, len(code), ttl, wait)

    async def _mail(self, user: str, email: str, language: str, fields: dict[str, str]) -> bool:
        """Whether the mail is on its way. One that takes long counts as such: it may still arrive."""
        outcome: list[bool] = []

        async def send() -> None:
            outcome.append(await self._mailer.send(MailKind.OTP, email, language=language, fields=fields))
            if not outcome[0]:
                events.not_sent(user=user, email=email)

        # A visitor who goes away does not stop the mail: the code is in the store by now.
        task = self._tasks.run(send(), name="authn.otp.mail")
        await asyncio.wait({task}, timeout=self._mail_wait)
        return outcome[0] if outcome else not task.done()

    def _address(self, user: str, email: str) -> str | None:
        address = rules.parse_email(email)
        if address is None:
            events.email_malformed(user=user)
        elif not rules.is_allowed(address, self._settings.allowed_domains):
            events.domain_not_listed(user=user, email=address)
        else:
            events.domain_allowed(user=user)
            return address
        events.domain_refused(user=user)
        return None

    async def _keep(
        self, user: str, email: str, device: str, ttl: float, place: str
    ) -> tuple[str, CodeType] | CodeRefused:
        """A new code that is in the store by now."""
        made: tuple[str, CodeType] | None = None
        for _ in range(_ROUNDS):
            now = self._clock.now()
            try:
                found = await self._shelf.find(device)
            except (StoreUnavailable, Unreadable, OfOtherType) as problem:
                # What is there may be locked, so nothing is put in its place.
                events.not_generated(user=user, error=describe(problem))
                return CodeRefused(Refusal.UNAVAILABLE)
            kept = None if found is None else found.kept
            refused = rules.judge_request(kept, user, email, self._settings, now)
            if refused is not None:
                return self._say_refused(user, refused)
            if made is None:
                drawn = await self._draw(user, now, place)
                if isinstance(drawn, CodeRefused):
                    return drawn
                made = drawn
            digest = rules.digest_of(self._key, device, user, made[0])
            new, resends = rules.next_code(kept, user, email, digest, ttl=ttl, now=now)
            try:
                version = await self._shelf.write(device, new, found, now)
            except StoreUnavailable as problem:
                events.not_broadcast(user=user, error=describe(problem))
                return CodeRefused(Refusal.UNAVAILABLE)
            if version is not None:
                events.stored(user=user, version=version)
                events.generated(user=user, email=email, resends=resends, ttl=ttl)
                return made
        events.no_quorum(user=user, rounds=_ROUNDS)
        return CodeRefused(Refusal.UNAVAILABLE)

    async def _draw(self, user: str, now: float, place: str) -> tuple[str, CodeType] | CodeRefused:
        """A code for somebody who may have one."""
        limit = self._settings.max_per_hour
        try:
            wait = await self._shelf.count(user, limit, now, place=place)
        except StoreUnavailable as problem:
            events.not_broadcast(user=user, error=describe(problem))
            return CodeRefused(Refusal.UNAVAILABLE)
        if wait is None:
            events.no_quorum(user=user, rounds=limit + 1)
            return CodeRefused(Refusal.UNAVAILABLE)
        if wait > 0:
            events.person_blocked(user=user, limit=limit, wait_seconds=round(wait, 1))
            return CodeRefused(Refusal.TOO_MANY, wait)
        code_type, length = self._code_type(), self._settings.length
        try:
            return draw(rules.alphabet_of(code_type), length, self._random), code_type
        except OSError as problem:
            events.not_generated(user=user, error=describe(problem))
            return CodeRefused(Refusal.UNAVAILABLE)

    def _code_type(self) -> CodeType:
        settings = self._settings
        code_type = rules.code_type_of(settings.code_type)
        if code_type is None:
            events.code_type_invalid(value=settings.code_type[:40])
        if code_type is CodeType.BASE20:
            events.generating_base20(length=settings.length)
            return CodeType.BASE20
        events.generating_numeric(length=settings.length)
        return CodeType.NUMERIC

    def _say_refused(self, user: str, refused: CodeRefused) -> CodeRefused:
        wait = round(refused.retry_after, 1)
        match refused.reason:
            case Refusal.OTHER_EMAIL:
                events.other_email(user=user, wait_seconds=wait)
            case Refusal.TOO_SOON:
                events.resend_too_soon(user=user, wait_seconds=wait)
            case Refusal.LOCKED:
                events.resend_blocked(user=user, blocked_by=Blocked.TRIES, wait_seconds=wait)
            case _:
                events.resend_blocked(user=user, blocked_by=Blocked.RESENDS, wait_seconds=wait)
        return refused

    # Checking.

    async def validate(self, device: str, user: str, code: str) -> CodeAccepted | CodeRejected:
        """Whether this is the code that was sent to the person for this browser; it is spent before that is said."""
        events.attempted(user=user)
        is_right = False
        for _ in range(_ROUNDS):
            found = await self._find(device, user)
            if isinstance(found, CodeRejected):
                return found
            now = self._clock.now()
            match rules.standing(found.kept, now):
                case Standing.LOCKED:
                    wait = round(found.kept.locked_until - now, 1)
                    events.locked_refused(user=user, wait_seconds=wait)
                    return CodeRejected(Reason.LOCKED)
                case Standing.OVER:
                    return await self._drop(device, user)
                case Standing.SPENT:
                    events.none_found(user=user)
                    return CodeRejected(Reason.NONE)
            typed = rules.typed_digest(self._key, device, user, code)
            is_right = secrets.compare_digest(typed, found.kept.digest)
            outcome = await (self._spend if is_right else self._count_wrong)(device, found, now)
            if outcome is not None:
                return outcome
        if is_right:
            events.not_deleted(user=user, error="others wrote at the same moment, again and again")
        else:
            events.no_quorum_for_tries(user=user, rounds=_ROUNDS)
        return CodeRejected(Reason.UNAVAILABLE)

    async def _find(self, device: str, user: str) -> Found | CodeRejected:
        try:
            found = await self._shelf.find(device)
        except StoreUnavailable as problem:
            events.query_failed(user=user, error=describe(problem))
            return CodeRejected(Reason.UNAVAILABLE)
        except Unreadable as problem:
            events.unreadable(user=user, error=describe(problem))
            return CodeRejected(Reason.UNAVAILABLE)
        except OfOtherType:
            events.type_invalid(user=user)
            return CodeRejected(Reason.UNAVAILABLE)
        if found is None or found.kept.user != user:
            events.none_found(user=user)
            return CodeRejected(Reason.NONE)
        return found

    async def _drop(self, device: str, user: str) -> CodeRejected:
        try:
            await self._shelf.delete(device)
        except StoreUnavailable as problem:
            events.expired_not_deleted(user=user, error=describe(problem))
        events.expired(user=user)
        return CodeRejected(Reason.EXPIRED)

    async def _spend(self, device: str, found: Found, now: float) -> CodeAccepted | CodeRejected | None:
        """Spend a right code; None when the record changed meanwhile."""
        kept = found.kept
        spent = msgspec.structs.replace(kept, is_spent=True)
        try:
            # Marked first: whoever's mark lands has the code, and nobody has it while it is deleted.
            if await self._shelf.write(device, spent, found, now) is None:
                return None
            await self._shelf.delete(device)
        except StoreUnavailable as problem:
            events.not_deleted(user=kept.user, error=describe(problem))
            return CodeRejected(Reason.UNAVAILABLE)
        events.deleted(user=kept.user)
        events.removed(user=kept.user)
        events.validated(user=kept.user, email=kept.email)
        return CodeAccepted()

    async def _count_wrong(self, device: str, found: Found, now: float) -> CodeRejected | None:
        """Count a wrong code, and lock if it was one too many; None when the record changed meanwhile."""
        user, counted = found.kept.user, rules.after_wrong(found.kept, self._settings, now)
        try:
            if await self._shelf.write(device, counted, found, now) is None:
                return None
        except StoreUnavailable as problem:
            failed = events.not_locked if counted.locked_until else events.tries_not_counted
            failed(user=user, error=describe(problem))
            return CodeRejected(Reason.UNAVAILABLE)
        left = max(self._settings.max_tries - counted.tries, 0)
        events.wrong(user=user, tries=counted.tries, left=left)
        if not counted.locked_until:
            return CodeRejected(Reason.WRONG, left)
        wait = round(counted.locked_until - now, 1)
        events.locked(user=user, tries=counted.tries, wait_seconds=wait)
        return CodeRejected(Reason.LOCKED)

    # When people go.

    async def forget(self, user: str) -> int:
        """Remove every code of a person who is gone or disabled; how many there were. Raises StoreUnavailable."""
        codes = await self._shelf.forget(user)
        if codes:
            events.forgotten(user=user, codes=codes)
        return codes

    # Operators.

    async def unlock(self, user: str, *, by: str) -> int:
        """End the waits of a person; how many codes were removed. Raises StoreUnavailable."""
        codes = await self._shelf.forget(user)
        events.unlocked(user=user, codes=codes, by=by)
        return codes


def _as_shown(code: str, code_type: CodeType) -> str:
    """Eight letters read better in two groups; digits are often copied, and stay together."""
    return grouped(code, 4) if code_type is CodeType.BASE20 and len(code) % 4 == 0 else code
