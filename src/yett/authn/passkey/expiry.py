"""Looking through all passkeys for those that run out, and telling their people in time.

Every node wakes up, one does the work: when the last check was stands in the store, and a lock
that ends by itself keeps two from working at once.
"""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from yett.authn.passkey import events, rules
from yett.authn.passkey.config import PasskeySettings
from yett.authn.passkey.keyring import Contended, Keyrings
from yett.authn.passkey.model import Keyring, Passkey
from yett.events import describe
from yett.identity import Person
from yett.kernel import Clock, Supervisor
from yett.store import Records, Space, StoreUnavailable

_LOOK = 60.0
"""Seconds between looks at whether a check is due."""
_LOCK = 900.0
"""Seconds after which the lock of a node that died ends."""
_LAST, _LOCKED = "last", "lock"


class Letters(Protocol):
    """The mails that are needed."""

    @property
    def is_possible(self) -> bool: ...
    async def expiring(self, user: str, passkey: Passkey) -> bool: ...


class People(Protocol):
    """Everybody."""

    def people(self) -> Sequence[Person]: ...


class Expiry:
    """The check. Start it after the store and the directory."""

    def __init__(
        self,
        keyrings: Keyrings,
        records: Records,
        people: People,
        letters: Letters,
        settings: PasskeySettings,
        clock: Clock,
        tasks: Supervisor,
    ) -> None:
        self._keyrings = keyrings
        self._records = Space(records, "authn/passkey/expiry")
        self._people = people
        self._letters = letters
        self._clock = clock
        self._tasks = tasks
        self._was_wanted: bool | None = None
        self._is_troubled = False
        self.settings = settings

    async def start(self) -> None:
        """Look from now on. The first look is at once, for gateways that never run for long."""
        self._tasks.every(_LOOK, self.look, name="authn.passkey.expiry", at_once=True)

    async def look(self) -> None:
        """Check if that is wanted, due, and nobody else's work at the moment."""
        is_wanted = self.settings.enabled and bool(self.settings.reminders) and self._letters.is_possible
        if not is_wanted:
            if self._was_wanted is not False:
                events.check_disabled()
            self._was_wanted = False
            return
        is_first, self._was_wanted = not self._was_wanted, True
        try:
            is_due = await self._is_due()
        except StoreUnavailable as problem:
            if not self._is_troubled:
                events.not_scheduled(error=describe(problem))
            self._is_troubled = True
            return
        self._is_troubled = False
        if is_due:
            await self._locked()
        elif is_first:
            events.check_skipped()

    async def _is_due(self) -> bool:
        record = await self._records.get(_LAST)
        if record is None:
            return True
        since = self._clock.now() - float(record.value)
        # A clock that was ahead and has been put right must not put the check off.
        return not 0 <= since < self.settings.check_every.total_seconds()

    async def _locked(self) -> None:
        """Do the work while holding the lock."""
        holder = secrets.token_bytes(16)
        try:
            version = await self._records.create(_LOCKED, holder, lifetime=_LOCK)
        except StoreUnavailable as problem:
            events.lock_failed(held=False, error=describe(problem))
            return
        if version is None:
            events.lock_failed(held=True, error="")
            return
        try:
            await self._check()
        finally:
            await self._unlock(holder)

    async def _unlock(self, holder: bytes) -> None:
        try:
            record = await self._records.get(_LOCKED)
            if record is not None and record.value == holder:
                await self._records.delete(_LOCKED)
        except StoreUnavailable as problem:
            # It ends by itself.
            events.lock_failed(held=True, error=describe(problem))

    async def _check(self) -> None:
        events.check_started()
        now = self._clock.now()
        try:
            keyrings = await self._keyrings.load_all()
        except StoreUnavailable as problem:
            events.load_all_failed(error=describe(problem))
            return
        known = {person.name for person in self._people.people() if not person.is_disabled}
        if keyrings and not known:
            events.nobody_known(people=len(keyrings))
            return
        told = 0
        for user, keyring in keyrings.items():
            if user in known:
                told += await self._remind(user, keyring, now)
        try:
            await self._records.put(_LAST, repr(now).encode())
        except StoreUnavailable as problem:
            events.not_scheduled(error=describe(problem))
        ended = sum(
            not rules.is_live(passkey, now) for keyring in keyrings.values() for passkey in keyring.active
        )
        events.check_completed(people=len(keyrings), reminded=told, expired=ended)

    async def _remind(self, user: str, keyring: Keyring, now: float) -> int:
        """How often a person was told. A mail that did not go out is tried again at the next check."""
        told = 0
        for passkey in keyring.active:
            if not rules.is_due(passkey, now, self.settings.reminders) or passkey.expires_at is None:
                continue
            if not await self._letters.expiring(user, passkey):
                continue
            days = int((passkey.expires_at - now) // 86400)
            events.reminded(user=user, hash=passkey.hash, days=days)
            told += 1
            await self._note(user, passkey.id, now)
        return told

    async def _note(self, user: str, credential_id: str, now: float) -> None:
        """Write down that the person was told, beside whatever happened to the passkey meanwhile."""

        def change(keyring: Keyring) -> Keyring | None:
            found = rules.find(keyring, credential_id)
            if not isinstance(found, Passkey):
                return None
            return rules.with_changed(keyring, replace(found, reminded_at=now))

        try:
            await self._keyrings.change(user, change)
        except (StoreUnavailable, Contended) as problem:
            events.not_scheduled(error=describe(problem))
