"""Checking passwords: wait if guessed too often, do the work, decide, say."""

import asyncio
from typing import Protocol

from argon2.exceptions import InvalidHashError, VerificationError

from yett.authn.password import events, rules
from yett.authn.password.config import PasswordSettings
from yett.authn.password.guessing import Attempt, Guesses, Throttled, is_worth_a_warning
from yett.authn.password.hashing import Hasher
from yett.authn.password.model import Accepted, Reason, Rejected, Verdict
from yett.authn.password.pool import Pool, PoolFull
from yett.authn.password.text import prepare
from yett.events import current_scope, describe
from yett.identity import LocalUser, UsersFileBroken, UsersFileRefused, fold_name
from yett.kernel import Clock, Supervisor, SystemClock


class Users(Protocol):
    """The part of the users file this method needs."""

    def get(self, name: str) -> LocalUser | None: ...
    def set_password_hash(self, name: str, password_hash: str, *, replacing: str | None = None) -> bool: ...


class Password:
    """The password method."""

    def __init__(
        self, users: Users, settings: PasswordSettings, tasks: Supervisor, clock: Clock | None = None
    ) -> None:
        self._users = users
        self._settings = settings
        self._tasks = tasks
        self._clock = clock or SystemClock()
        self._hasher = Hasher(settings)
        self._guesses = Guesses(settings)
        self._pool = Pool(settings.parallel_checks, settings.waiting_checks)

    async def stop(self) -> None:
        """Check nothing any more."""
        self._pool.close()

    def configure(self, settings: PasswordSettings) -> None:
        """Other settings from now on; hashes are renewed as people sign in."""
        self._settings = settings
        self._hasher = Hasher(settings)
        self._guesses.configure(settings)
        self._pool.waiting = settings.waiting_checks

    async def verify(self, name: str, password: str, *, client_address: str | None = None) -> Verdict:
        """Whether this is the password of the person meant by `name`.

        The same work is done whether or not the person exists, is disabled or has a password.
        The address is that of the exchange in progress unless given.
        """
        who = fold_name(name) or ""
        address = current_scope().client_address if client_address is None else client_address
        prepared = prepare(password, max_length=self._settings.max_length)
        if prepared is None:
            return self._reject(who, Reason.MALFORMED)
        attempt = self._guesses.begin(who, address, self._clock.monotonic())
        if isinstance(attempt, Throttled):
            return self._throttle(who, attempt)
        hasher = self._hasher
        checked = rules.hash_to_check(self._users.get(who), hasher.decoy)
        try:
            is_match = await self._pool.run(hasher.matches, checked, prepared)
        except PoolFull:
            self._guesses.unchecked(attempt)
            events.turned_away(user=self._known(who))
            return Rejected(Reason.BUSY, retry_after=1.0)
        except (VerificationError, InvalidHashError) as problem:
            events.check_failed(user=self._known(who), error=describe(problem))
            return Rejected(Reason.FAILED)
        reason = rules.judge(self._users.get(who), checked, is_match=is_match)
        if reason is not None:
            self._warn_of_guessing(attempt)
            return self._reject(who, reason)
        self._guesses.accepted(attempt)
        events.accepted(user=who)
        if hasher.is_outdated(checked) and not self._pool.has_line:
            self._tasks.run(self._renew(who, prepared, checked), name=f"authn.password.renew.{who}")
        return Accepted(who)

    def _known(self, who: str) -> str:
        """The name if anybody has it; what nobody is called may be a password typed into the wrong box."""
        return who if self._users.get(who) is not None else ""

    def _reject(self, who: str, reason: Reason) -> Rejected:
        events.rejected(user=self._known(who), reason=reason)
        return Rejected(reason)

    def _throttle(self, who: str, throttled: Throttled) -> Rejected:
        events.throttled(
            user=self._known(who),
            by=throttled.by,
            failures=throttled.failures,
            wait_seconds=round(throttled.wait, 1),
        )
        return Rejected(Reason.THROTTLED, retry_after=throttled.wait)

    def _warn_of_guessing(self, attempt: Attempt) -> None:
        if is_worth_a_warning(attempt.failures_of_person) and self._known(attempt.person):
            events.guessed_at(user=attempt.person, failures=attempt.failures_of_person)

    async def _renew(self, who: str, prepared: bytes, old: str) -> None:
        """Store a hash with the parameters of now, unless the password was changed meanwhile."""
        try:
            new = await self._pool.run(self._hasher.hash, prepared)
            is_stored = await asyncio.to_thread(self._users.set_password_hash, who, new, replacing=old)
        except PoolFull:
            return  # The next sign-in brings another chance.
        except (UsersFileBroken, UsersFileRefused) as problem:
            events.hash_not_renewed(user=who, error=describe(problem))
            return
        if is_stored:
            events.hash_renewed(user=who)
