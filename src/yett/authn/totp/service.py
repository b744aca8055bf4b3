"""Authenticator apps: set up, checked, recovered from, removed.

What must stay true:
  a code, and a recovery code, counts only after it was written down as spent, and then once;
  nothing is in force before its first code was right;
  what cannot be read counts as an authenticator that accepts nothing, never as none.
"""

import secrets
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from yett.authn.letters import CONSONANTS, Random, draw, grouped
from yett.authn.totp import events, rules
from yett.authn.totp.codes import as_text, as_uri, step_at
from yett.authn.totp.config import TotpSettings
from yett.authn.totp.model import (
    SECRET_SIZE,
    Confirmed,
    Enrolment,
    EnrolmentFailed,
    Kept,
    Reason,
    TotpAccepted,
    TotpRejected,
    TotpStatus,
    Verdict,
)
from yett.authn.totp.qr import draw_qr
from yett.authn.totp.rules import Matched
from yett.authn.totp.vault import Found, ModuleData, Pending, Vault
from yett.events import describe
from yett.identity import Person
from yett.kernel import Clock, Supervisor
from yett.keys import MasterKey
from yett.notify import MailKind
from yett.store import Records, StoreUnavailable

_ROUNDS = 40
"""How often a write is tried. Each that is lost means that another code of this person was written down as spent."""
_LOST = "others wrote at the same moment, again and again"


class People(Protocol):
    """Who people are, now."""

    def person(self, name: str) -> Person | None: ...


class Mailer(Protocol):
    """Whoever sends mail to people."""

    async def send(self, kind: MailKind, to: str, *, language: str = "", fields: dict[str, str]) -> bool: ...


class Totp:
    """The method of authenticator apps. `host` names the gateway where no issuer is set."""

    def __init__(
        self,
        data: ModuleData,
        records: Records,
        master: MasterKey,
        people: People,
        mailer: Mailer,
        settings: TotpSettings,
        clock: Clock,
        tasks: Supervisor,
        *,
        host: str,
        random: Random = secrets.token_bytes,
    ) -> None:
        self._vault = Vault(data, records, master)
        self._people = people
        self._mailer = mailer
        self._settings = settings
        self._clock = clock
        self._tasks = tasks
        self._host = host
        self._random = random

    def configure(self, settings: TotpSettings) -> None:
        """Other settings from now on; authenticators in use stay as they are."""
        self._settings = settings

    async def status(self, user: str) -> TotpStatus | None:
        """The authenticator of a person; None when they have none. Raises StoreUnavailable."""
        found = await self._vault.load(user)
        if found is None:
            return None
        if found.kept is None:
            return TotpStatus(0.0, 0)
        return TotpStatus(found.kept.enrolled_at, len(found.kept.recovery))

    # Setting up.

    async def begin(self, user: str, *, is_replacing: bool = False) -> Enrolment | EnrolmentFailed:
        """A new secret for the person's app; nothing is in force before `confirm`.

        Whoever has an authenticator keeps it unless `is_replacing` is set, which is for callers
        who have just checked it.
        """
        try:
            is_enrolled = await self._vault.load(user) is not None
        except StoreUnavailable as problem:
            events.pending_not_stored(user=user, error=describe(problem))
            return EnrolmentFailed(Reason.UNAVAILABLE)
        if is_enrolled and not is_replacing:
            events.already_enrolled(user=user)
            return EnrolmentFailed(Reason.ALREADY_ENROLLED)
        try:
            secret = self._random(SECRET_SIZE)
        except OSError as problem:
            events.secret_not_generated(user=user, error=describe(problem))
            return EnrolmentFailed(Reason.UNAVAILABLE)
        issuer = self._settings.issuer or self._host
        uri = as_uri(secret, issuer, user)
        try:
            qr = draw_qr(uri, f"QR code for the account {user} at {issuer}")
        except ValueError as problem:
            events.qr_not_generated(user=user, error=type(problem).__name__)
            return EnrolmentFailed(Reason.UNAVAILABLE)
        lifetime = self._settings.enrolment_time.total_seconds()
        try:
            await self._vault.begin(
                user, secret, is_replacing=is_replacing, now=self._clock.now(), lifetime=lifetime
            )
        except StoreUnavailable as problem:
            events.pending_not_stored(user=user, error=describe(problem))
            return EnrolmentFailed(Reason.UNAVAILABLE)
        events.initiated(user=user, replacing=is_replacing, lifetime=lifetime)
        return Enrolment(as_text(secret), uri, qr, lifetime)

    async def confirm(self, user: str, code: str) -> Confirmed | TotpRejected:
        """Put the authenticator in force if this is a code of it, which is spent by that."""
        try:
            pending = await self._vault.pending(user, self._clock.now())
        except StoreUnavailable as problem:
            events.secret_not_stored(user=user, error=describe(problem))
            return TotpRejected(Reason.UNAVAILABLE)
        if pending is None:
            events.nothing_pending(user=user)
            return TotpRejected(Reason.NOT_PENDING)
        step = step_at(self._clock.now())
        matched = rules.judge(pending.secret, code, step=step, window=self._settings.window, last_step=-1)
        if not isinstance(matched, Matched):
            events.confirmation_wrong(user=user)
            return TotpRejected(Reason.WRONG)
        return await self._put_in_force(user, pending, matched)

    async def _put_in_force(self, user: str, pending: Pending, matched: Matched) -> Confirmed | TotpRejected:
        try:
            codes = self._new_codes()
        except OSError as problem:
            events.recovery_not_generated(user=user, error=describe(problem))
            return TotpRejected(Reason.UNAVAILABLE)
        kept = Kept(
            self._vault.seal(user, pending.secret),
            self._clock.now(),
            matched.step,
            self._digests(user, codes),
        )
        try:
            if not await self._vault.take(user, pending):
                # The same code was sent twice, or another enrolment was begun.
                events.nothing_pending(user=user)
                return TotpRejected(Reason.NOT_PENDING)
            refused = await self._store(user, kept, is_replacing=pending.is_replacing)
        except StoreUnavailable as problem:
            events.secret_not_stored(user=user, error=describe(problem))
            return TotpRejected(Reason.UNAVAILABLE)
        if refused is not None:
            return TotpRejected(refused)
        events.confirmed(user=user, recovery_codes=len(codes))
        events.added(user=user, replacing=pending.is_replacing)
        self._tell(MailKind.TOTP_CREATED, user, by=user)
        return Confirmed(tuple(grouped(code, rules.RECOVERY_GROUP) for code in codes))

    async def _store(self, user: str, kept: Kept, *, is_replacing: bool) -> Reason | None:
        """Why it was not stored; None when it was."""
        for _ in range(_ROUNDS):
            found = await self._vault.load(user)
            if found is not None and not is_replacing:
                events.already_enrolled(user=user)
                return Reason.ALREADY_ENROLLED
            if await self._vault.replace(user, kept, seen=found.version if found is not None else 0):
                return None
        events.secret_not_stored(user=user, error=_LOST)
        return Reason.UNAVAILABLE

    def _new_codes(self) -> tuple[str, ...]:
        return tuple(
            draw(CONSONANTS, rules.RECOVERY_LENGTH, self._random)
            for _ in range(self._settings.recovery_codes)
        )

    def _digests(self, user: str, codes: tuple[str, ...]) -> tuple[bytes, ...]:
        return tuple(self._vault.recovery_digest(user, code) for code in codes)

    # Checking.

    async def validate(self, user: str, code: str) -> Verdict:
        """Whether this is a code that the person's app shows; it is spent before that is said."""
        for _ in range(_ROUNDS):
            try:
                found = await self._vault.load(user)
            except StoreUnavailable as problem:
                events.query_failed(user=user, error=describe(problem))
                return TotpRejected(Reason.UNAVAILABLE)
            if found is None:
                events.not_enrolled(user=user)
                return TotpRejected(Reason.NOT_ENROLLED)
            secret = None if found.kept is None else self._vault.open(user, found.kept)
            if found.kept is None or secret is None:
                events.secret_undecodable(user=user)
                return TotpRejected(Reason.DAMAGED)
            settings, step = self._settings, step_at(self._clock.now())
            judged = rules.judge(
                secret,
                code,
                step=step,
                window=settings.window,
                last_step=found.kept.last_step,
                allow_backward=settings.allow_clock_backward,
            )
            if not isinstance(judged, Matched):
                return self._refuse(user, judged, step, found.kept.last_step)
            spent = msgspec.structs.replace(found.kept, last_step=judged.step)
            try:
                is_written = await self._vault.replace(user, spent, seen=found.version)
            except StoreUnavailable as problem:
                events.step_not_updated(user=user, error=describe(problem))
                return TotpRejected(Reason.UNAVAILABLE)
            if is_written:
                if judged.is_backward:
                    events.clock_backward_allowed(user=user, step=step, last_step=found.kept.last_step)
                events.validated(user=user, drift=judged.step - step)
                return TotpAccepted(len(spent.recovery))
        events.step_not_updated(user=user, error=_LOST)
        return TotpRejected(Reason.UNAVAILABLE)

    def _refuse(self, user: str, reason: Reason, step: int, last_step: int) -> TotpRejected:
        match reason:
            case Reason.SPENT:
                events.replayed(user=user, step=step, last_step=last_step)
            case Reason.CLOCK_BACKWARD:
                events.clock_backward_refused(user=user, step=step, last_step=last_step)
            case _:
                events.code_wrong(user=user)
        return TotpRejected(reason)

    # Recovering.

    async def recover(self, user: str, code: str) -> Verdict:
        """Whether this is a recovery code of the person; it is consumed before that is said."""
        typed = rules.recovery_code(code)
        # Whatever was typed has a digest, so that time does not tell one that looks right.
        digest = self._vault.recovery_digest(user, typed or "")
        for _ in range(_ROUNDS):
            try:
                found = await self._vault.load(user)
            except StoreUnavailable as problem:
                events.recovery_query_failed(user=user, error=describe(problem))
                return TotpRejected(Reason.UNAVAILABLE)
            if found is None:
                events.recovery_not_enrolled(user=user)
                return TotpRejected(Reason.NOT_ENROLLED)
            if found.kept is None:
                events.recovery_query_failed(user=user, error="the record is damaged")
                return TotpRejected(Reason.DAMAGED)
            if not found.kept.recovery:
                events.recovery_exhausted(user=user)
                return TotpRejected(Reason.NO_CODES)
            hit = rules.find(digest, found.kept.recovery)
            if hit is None:
                events.recovery_wrong(user=user)
                return TotpRejected(Reason.WRONG)
            left = rules.without(found.kept.recovery, hit)
            consumed = msgspec.structs.replace(found.kept, recovery=left)
            try:
                is_written = await self._vault.replace(user, consumed, seen=found.version)
            except StoreUnavailable as problem:
                events.recovery_not_consumed(user=user, error=describe(problem))
                return TotpRejected(Reason.UNAVAILABLE)
            if is_written:
                events.recovery_consumed(user=user, left=len(left))
                return TotpAccepted(len(left))
        events.recovery_not_consumed(user=user, error=_LOST)
        return TotpRejected(Reason.UNAVAILABLE)

    async def renew_recovery(self, user: str) -> tuple[str, ...] | TotpRejected:
        """New recovery codes in place of all earlier ones, to be shown once. For callers who checked the person."""
        try:
            codes = self._new_codes()
            reason = await self._replace_recovery(user, self._digests(user, codes))
        except (OSError, StoreUnavailable) as problem:
            return self._not_renewed(user, Reason.UNAVAILABLE, describe(problem))
        if reason is not None:
            return self._not_renewed(user, reason, _LOST if reason is Reason.UNAVAILABLE else reason.value)
        events.recovery_renewed(user=user, codes=len(codes))
        return tuple(grouped(code, rules.RECOVERY_GROUP) for code in codes)

    async def _replace_recovery(self, user: str, digests: tuple[bytes, ...]) -> Reason | None:
        for _ in range(_ROUNDS):
            found: Found | None = await self._vault.load(user)
            if found is None:
                return Reason.NOT_ENROLLED
            if found.kept is None:
                return Reason.DAMAGED
            renewed = msgspec.structs.replace(found.kept, recovery=digests)
            if await self._vault.replace(user, renewed, seen=found.version):
                return None
        return Reason.UNAVAILABLE

    def _not_renewed(self, user: str, reason: Reason, error: str) -> TotpRejected:
        events.recovery_not_renewed(user=user, reason=reason, error=error)
        return TotpRejected(reason)

    # Removing.

    async def delete(self, user: str, *, by: str) -> bool:
        """Whether there was an authenticator; there is none now. `by` is on record. Raises StoreUnavailable."""
        if not await self._vault.delete(user):
            events.nothing_to_delete(user=user)
            return False
        events.deleted(user=user)
        events.removed(user=user, by=by)
        self._tell(MailKind.TOTP_REVOKED, user, by=by)
        return True

    def _tell(self, kind: MailKind, user: str, *, by: str) -> None:
        """Write to the person that something changed; if they did not do it, they know that somebody did."""
        person = self._people.person(user)
        if person is not None and person.email:
            at = datetime.fromtimestamp(self._clock.now(), UTC).isoformat(timespec="seconds")
            fields = {"at": at} if by == user else {"at": at, "by": by}
            self._tasks.run(self._write(kind, user, person.email, fields), name=f"authn.totp.mail.{user}")

    async def _write(self, kind: MailKind, user: str, email: str, fields: dict[str, str]) -> None:
        try:
            language = await self._vault.language(user)
        except StoreUnavailable:
            language = ""
        await self._mailer.send(kind, email, language=language, fields=fields)
