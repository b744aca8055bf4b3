"""One door for everybody's passwords, wherever the directory has the person from.

What must stay true:
  whoever guesses waits, see `authn.guessing`, whatever checks the password;
  the checks of the users file and of LDAP run side by side whoever is named, one of them for show,
  so that time tells neither where somebody comes from nor whether there is anybody;
  a password goes only to the source that its person comes from, or to LDAP when nobody knows the name.
"""

import asyncio
import enum
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from yett.authn.guessing import Attempt, Guesses, Limits, Throttled, is_worth_a_warning
from yett.authn.guessing import events as guessing_events
from yett.authn.password import Accepted, Expired, Reason, Rejected
from yett.events import current_scope
from yett.identity import Person, fold_name
from yett.kernel import Clock
from yett.signin import events

Verdict = Accepted | Expired | Rejected


class LocalPasswords(Protocol):
    """The method for people of the users file."""

    def can_be(self, password: str) -> bool: ...
    async def verify(self, name: str, password: str) -> Accepted | Rejected: ...
    async def pretend(self, password: str) -> Rejected | None: ...


class LDAPPasswords(Protocol):
    """The method for people of LDAP."""

    async def verify(self, name: str, password: str) -> Verdict: ...
    async def pretend(self, password: str) -> None: ...


class Directory(Protocol):
    """Who people are, now."""

    def person(self, name: str) -> Person | None: ...


class SyncResult(enum.Enum):
    """What became of reading one person anew from LDAP."""

    DONE = "done"
    NOT_THERE = "not_there"
    """LDAP answered, and not with the person."""
    FAILED = "failed"
    """LDAP could not be asked."""


@dataclass(frozen=True, slots=True)
class LDAP:
    """What signing in needs of LDAP."""

    source: str
    """How the directory calls people from there."""
    passwords: LDAPPasswords
    sync: Callable[[str], Awaitable[SyncResult]]


class Passwords:
    """Checks passwords."""

    def __init__(
        self,
        local: LocalPasswords,
        directory: Directory,
        limits: Limits,
        clock: Clock,
        ldap: LDAP | None = None,
    ) -> None:
        self._local = local
        self._directory = directory
        self._guesses = Guesses(limits)
        self._clock = clock
        self._ldap = ldap

    def apply(self, limits: Limits, ldap: LDAP | None = None) -> None:
        """Other limits from now on, and LDAP or none; what is remembered stays."""
        self._guesses.configure(limits)
        self._ldap = ldap

    async def verify(self, name: str, password: str, *, client_address: str | None = None) -> Verdict:
        """Whether this is the password of the person meant by `name`.

        The address is that of the exchange in progress unless given.
        """
        who = fold_name(name) or ""
        address = current_scope().client_address if client_address is None else client_address
        if not self._local.can_be(password):
            return await self._local.verify(who, password)
        attempt = self._guesses.begin(who, address, self._clock.monotonic())
        if isinstance(attempt, Throttled):
            return self._throttle(who, attempt)
        verdict = await self._check(who, password)
        self._settle(attempt, verdict)
        return verdict

    async def _check(self, who: str, password: str) -> Verdict:
        ldap = self._ldap
        if ldap is None:
            return await self._local.verify(who, password)
        person = self._directory.person(who)
        if not who or (person is not None and person.source != ldap.source):
            # Nothing is asked either about a text that cannot be a name.
            verdict, _ = await asyncio.gather(
                self._local.verify(who, password), ldap.passwords.pretend(password)
            )
            return verdict
        events.ldap_attempted(user=who if person is not None else "")
        found, undone = await asyncio.gather(
            ldap.passwords.verify(who, password), self._local.pretend(password)
        )
        if undone is not None:
            return undone
        return await self._after_ldap(ldap, who, found)

    async def _after_ldap(self, ldap: LDAP, who: str, verdict: Verdict) -> Verdict:
        if isinstance(verdict, Rejected):
            if verdict.reason is Reason.FAILED:
                events.ldap_failed(user=self._known(who))
            return verdict
        events.ldap_bound(user=verdict.name)
        # That nobody could be asked decides nothing: the directory is read afterwards all the same.
        synced = await ldap.sync(verdict.name)
        match synced:
            case SyncResult.FAILED:
                events.sync_failed(user=verdict.name)
            case SyncResult.NOT_THERE:
                # The directory remembers them until the next full sync; signing in anew is for those who are there.
                events.sync_refused(user=self._known(verdict.name))
                return Rejected(Reason.UNKNOWN_PERSON)
            case SyncResult.DONE:
                pass
        person = self._directory.person(verdict.name)
        if person is None and synced is SyncResult.FAILED:
            events.ldap_person_unread(user=verdict.name)
            return Rejected(Reason.FAILED)
        if person is None:
            events.ldap_person_gone(user=verdict.name)
            return Rejected(Reason.UNKNOWN_PERSON)
        if person.is_disabled:
            events.ldap_person_disabled(user=verdict.name)
            return Rejected(Reason.DISABLED)
        if person.source != ldap.source:
            # Another source has described the person since we asked: LDAP has no say about them.
            return Rejected(Reason.UNKNOWN_PERSON)
        return verdict

    def _settle(self, attempt: Attempt, verdict: Verdict) -> None:
        if not isinstance(verdict, Rejected):
            self._guesses.accepted(attempt)
        elif verdict.reason in {Reason.BUSY, Reason.FAILED}:
            self._guesses.unchecked(attempt)
        elif is_worth_a_warning(attempt.failures_of_person) and self._known(attempt.person):
            guessing_events.guessed_at(user=attempt.person, failures=attempt.failures_of_person)

    def _throttle(self, who: str, throttled: Throttled) -> Rejected:
        guessing_events.throttled(
            user=self._known(who),
            by=throttled.by,
            failures=throttled.failures,
            wait_seconds=round(throttled.wait, 1),
        )
        return Rejected(Reason.THROTTLED, retry_after=throttled.wait)

    def _known(self, who: str) -> str:
        """The name if anybody has it; what nobody is called may be a password typed into the wrong box."""
        return who if self._directory.person(who) is not None else ""
