"""Checking passwords: do the work, decide, say.

Nobody waits here: whoever asks for a check has asked `authn.guessing` before.
"""

import asyncio
import math
from typing import Protocol

from argon2.exceptions import InvalidHashError, VerificationError

from yett.authn.password import events, rules
from yett.authn.password.config import PasswordSettings
from yett.authn.password.hashing import Hasher, PasswordUnfit
from yett.authn.password.model import Accepted, Changed, NotChanged, Reason, Rejected, Verdict
from yett.authn.password.pool import Pool, PoolFull
from yett.authn.password.text import prepare
from yett.events import describe
from yett.identity import LocalUser, UsersFileBroken, UsersFileRefused, fold_name
from yett.kernel import Supervisor


class Users(Protocol):
    """The part of the users file this method needs."""

    def get(self, name: str) -> LocalUser | None: ...
    def set_password_hash(
        self,
        name: str,
        password_hash: str,
        *,
        replacing: str | None = None,
        changed_at: float | None = None,
    ) -> bool: ...
    def refresh(self) -> None: ...


_BUSY = Rejected(Reason.BUSY, retry_after=1.0)
_ROUNDS = 3
"""How often a change is written. One that is lost to a renewed hash of the same password is made again."""


class Password:
    """The password method."""

    def __init__(self, users: Users, settings: PasswordSettings, tasks: Supervisor) -> None:
        self._users = users
        self._settings = settings
        self._tasks = tasks
        self._hasher = Hasher(settings)
        self._pool = Pool(settings.parallel_checks, settings.waiting_checks)

    async def stop(self) -> None:
        """Check nothing any more."""
        self._pool.close()

    def configure(self, settings: PasswordSettings) -> None:
        """Other settings from now on; hashes are renewed as people sign in."""
        self._settings = settings
        self._hasher = Hasher(settings)
        self._pool.waiting = settings.waiting_checks

    def can_be(self, password: str) -> bool:
        """Whether a text can be anybody's password; what cannot is refused without any work."""
        return prepare(password, max_length=self._settings.max_length) is not None

    async def pretend(self, password: str) -> Rejected | None:
        """Do the work of a check for nobody, so that time does not tell whose password is looked up elsewhere.

        None when it was done. Where it was not, whoever it was done for has to be turned away with this
        altogether, or the load, or memory that is short, would tell.
        """
        prepared = prepare(password, max_length=self._settings.max_length)
        if prepared is None:
            return None
        try:
            await self._pool.run(self._hasher.matches, self._hasher.decoy, prepared)
        except PoolFull:
            events.turned_away(user="")
            return _BUSY
        except (VerificationError, InvalidHashError) as problem:
            events.check_failed(user="", error=describe(problem))
            return Rejected(Reason.FAILED)
        return None

    async def verify(self, name: str, password: str) -> Verdict:
        """Whether this is the password of the person meant by `name`.

        The same work is done whether or not the person exists, is disabled or has a password.
        """
        who = fold_name(name) or ""
        prepared = prepare(password, max_length=self._settings.max_length)
        if prepared is None:
            return self._reject(who, Reason.MALFORMED)
        hasher = self._hasher
        checked = rules.hash_to_check(self._users.get(who), hasher.decoy)
        try:
            is_match = await self._pool.run(hasher.matches, checked, prepared)
        except PoolFull:
            events.turned_away(user=self._known(who))
            return _BUSY
        except (VerificationError, InvalidHashError) as problem:
            events.check_failed(user=self._known(who), error=describe(problem))
            return Rejected(Reason.FAILED)
        reason = rules.judge(self._users.get(who), checked, is_match=is_match)
        if reason is not None:
            return self._reject(who, reason)
        events.accepted(user=who)
        if hasher.is_outdated(checked) and not self._pool.has_line:
            self._tasks.run(self._renew(who, prepared, checked), name=f"authn.password.renew.{who}")
        return Accepted(who)

    async def change(self, name: str, old: str, new: str, *, now: float) -> Changed | NotChanged:
        """Replace the password of somebody who knows it: of any number of changes at once, one is made.

        `now` is written beside the new one: sessions from before are over. Nobody waits here either.
        """
        who = fold_name(name) or ""
        typed = prepare(old, max_length=self._settings.max_length)
        if typed is None:
            return self._unchanged(who, NotChanged(Reason.MALFORMED))
        if typed == prepare(new, max_length=self._settings.max_length):
            return self._unchanged(who, NotChanged(Reason.UNFIT, "The new password is the old one."))
        try:
            for _ in range(_ROUNDS):
                outcome = await self._change(who, typed, new, now)
                if outcome is not None:
                    return outcome
        except PasswordUnfit as problem:
            return self._unchanged(who, NotChanged(Reason.UNFIT, str(problem)))
        except PoolFull:
            events.turned_away(user=self._known(who))
            return NotChanged(Reason.BUSY, "Too many people are signing in. Try again in a moment.")
        except (VerificationError, InvalidHashError, UsersFileBroken, UsersFileRefused) as problem:
            events.change_failed(user=self._known(who), error=describe(problem))
            return NotChanged(Reason.FAILED, "The fault is on our side. Try again in a while.")
        return self._unchanged(
            who, NotChanged(Reason.FAILED, "It was changed at the same moment. Try again.")
        )

    async def _change(self, who: str, typed: bytes, new: str, now: float) -> Changed | NotChanged | None:
        """One round; None when the hash was changed by somebody else meanwhile."""
        hasher = self._hasher
        checked = rules.hash_to_check(self._users.get(who), hasher.decoy)
        is_match = await self._pool.run(hasher.matches, checked, typed)
        reason = rules.judge(self._users.get(who), checked, is_match=is_match)
        if reason is not None:
            return self._unchanged(who, NotChanged(reason, "The old password is not right."))
        made = await self._pool.run(hasher.hash_new, new)
        # The file holds whole microseconds; what is kept elsewhere has to be the same instant.
        at = math.floor(now * 1000) / 1000
        if not await asyncio.to_thread(
            self._users.set_password_hash, who, made, replacing=checked, changed_at=at
        ):
            self._users.refresh()
            return None
        self._users.refresh()
        events.changed(user=who)
        return Changed()

    def _unchanged(self, who: str, outcome: NotChanged) -> NotChanged:
        events.not_changed(user=self._known(who), reason=outcome.reason)
        return outcome

    def _known(self, who: str) -> str:
        """The name if anybody has it; what nobody is called may be a password typed into the wrong box."""
        return who if self._users.get(who) is not None else ""

    def _reject(self, who: str, reason: Reason) -> Rejected:
        events.rejected(user=self._known(who), reason=reason)
        return Rejected(reason)

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
