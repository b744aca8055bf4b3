"""Checking and changing passwords by asking LDAP.

What must stay true:
  nothing is bound with an empty name or password, which would be an anonymous bind (RFC 4513, section 5.1.2);
  a name that nobody has costs what another costs: a search and a bind;
  a connection that somebody's password went over is closed afterwards.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from yett.authn.ldap import events, rules
from yett.authn.ldap.config import ChangeBy, LdapPasswordSettings
from yett.authn.ldap.model import Changed, Finding, NotChanged, Problem
from yett.authn.password import Accepted, Expired, Reason, Rejected
from yett.events import describe
from yett.identity import fold_name
from yett.identity.ldap import LdapUser, NotConnected, NotThere, Synced, SyncFailed
from yett.kernel import Clock
from yett.net.ldap import Code, Connection, LDAPFailed, Result

_AWAY_FOR = 5.0
"""Seconds for which servers that did not answer are not asked again."""
_LONGEST_PRETENCE = 1.0


class People(Protocol):
    """The part of the LDAP source this method needs."""

    def user(self, name: str) -> LdapUser | None: ...
    async def sync_user(self, name: str) -> Synced | NotThere | SyncFailed: ...
    async def look_for(self, name: str) -> None: ...
    def dn_of_nobody(self, name: str) -> str: ...
    async def dial(self) -> Connection: ...
    async def dial_with_account(self) -> Connection: ...


class _Full(Exception):
    """Too many are waiting."""


class LdapPassword:
    """The password method for people of LDAP."""

    def __init__(self, people: People, settings: LdapPasswordSettings, clock: Clock) -> None:
        self._people = people
        self._clock = clock
        self._away_until = 0.0
        self._no_pretence_until = 0.0
        self._waiting = 0
        self.configure(settings)

    def configure(self, settings: LdapPasswordSettings) -> None:
        """Other settings from now on; checks in progress go on."""
        self._settings = settings
        self._places = asyncio.Semaphore(settings.parallel_checks)

    async def verify(self, name: str, password: str) -> Accepted | Expired | Rejected:
        """Whether this is the password of the person meant by `name`; Reason.FAILED when nobody could tell."""
        if not name.strip():
            events.empty_username()
            return Rejected(Reason.MALFORMED)
        if not password:
            events.empty_password()
            return Rejected(Reason.MALFORMED)
        who = fold_name(name)
        if who is None or not rules.is_fit(password, self._settings.max_length):
            return Rejected(Reason.MALFORMED)
        began = self._clock.monotonic()
        try:
            async with self._place():
                finding = await self._check(who, password)
        except _Full:
            events.turned_away(user=self._known(who))
            return Rejected(Reason.BUSY, retry_after=1.0)
        if finding is Finding.ACCEPTED:
            return Accepted(who)
        if finding is Finding.EXPIRED:
            return Expired(who)
        await self._take_time(began)
        if finding is Finding.WRONG and self._people.user(who) is None:
            return Rejected(Reason.UNKNOWN_PERSON)
        return Rejected(rules.REASONS[finding])

    async def pretend(self, password: str) -> None:
        """The work of one check, for nobody and with nobody's password; it takes as long as a refusal, not longer."""
        del password
        began = self._clock.monotonic()
        if not self._is_away() and began >= self._no_pretence_until:
            try:
                async with asyncio.timeout(_LONGEST_PRETENCE), self._place():
                    nobody = _nobody()
                    await self._people.look_for(nobody)
                    await self._bind(self._people.dn_of_nobody(nobody), secrets.token_urlsafe(12))
            except (LDAPFailed, _Full, TimeoutError):
                # People of other sources do not wait for a server that hangs.
                self._no_pretence_until = self._clock.monotonic() + _AWAY_FOR
        await self._take_time(began)

    async def change(self, name: str, old: str, new: str) -> Changed | NotChanged:
        """Replace the password of somebody who knows it."""
        who = fold_name(name) or ""
        user = self._people.user(who) if who else None
        problem = Problem.FAILED
        if user is None or not rules.is_fit(old, self._settings.max_length):
            problem = Problem.WRONG
        elif not rules.is_fit(new, self._settings.max_length):
            problem = Problem.TOO_LONG if new else Problem.TOO_SHORT
        elif self._settings.change_by is ChangeBy.NOBODY:
            problem = Problem.NOT_ALLOWED
        else:
            try:
                async with self._place():
                    found = await self._change(user.dn, old, new)
            except (LDAPFailed, _Full) as trouble:
                events.call_failed(user=who, error=describe(trouble))
            else:
                if found is None:
                    events.changed(user=who)
                    return Changed()
                problem = found
        events.not_changed(user=self._known(who), reason=problem)
        return NotChanged(problem)

    # Inside.

    async def _check(self, who: str, password: str) -> Finding:
        if self._is_away():
            events.call_failed(user=self._known(who), error="no server answered a moment ago")
            return Finding.FAILED
        # The entry may have moved since it was last seen, and a person who is new has not been seen.
        if isinstance(await self._people.sync_user(who), SyncFailed) and self._people.user(who) is None:
            events.call_failed(user="", error="the directory could not be searched")
            return Finding.FAILED
        user = self._people.user(who)
        events.attempting(user=who if user is not None else "")
        try:
            if user is None:
                result = await self._bind(self._people.dn_of_nobody(_nobody()), secrets.token_urlsafe(12))
            else:
                result = await self._bind(user.dn, password)
        except LDAPFailed as problem:
            events.call_failed(user=self._known(who), error=describe(problem))
            return Finding.FAILED
        finding = rules.judge(result) if user is not None else Finding.WRONG
        known = self._known(who)
        if finding in {Finding.ACCEPTED, Finding.EXPIRED}:
            events.bind_successful(user=known, is_expired=finding is Finding.EXPIRED)
        elif finding is Finding.FAILED:
            events.call_failed(user=known, error=f"the server answered with result {result.code}")
        else:
            events.bind_failed(user=known, reason=finding)
        return finding

    async def _bind(self, dn: str, password: str) -> Result:
        connection = await self._dial()
        try:
            return await connection.bind(dn, password, with_policy=True)
        finally:
            await connection.close()

    async def _change(self, dn: str, old: str, new: str) -> Problem | None:
        connection = await self._dial()
        try:
            result = await connection.bind(dn, old, with_policy=True)
            finding = rules.judge(result)
            if finding not in {Finding.ACCEPTED, Finding.EXPIRED}:
                return Problem.FAILED if finding is Finding.FAILED else Problem.WRONG
            if result.code != Code.SUCCESS:
                # It has run out for good: not even its owner gets in, so the gateway's account changes it
                # for them. The server checks the old one once more.
                await connection.close()
                connection = await self._people.dial_with_account()
            if self._settings.change_by is ChangeBy.ACTIVE_DIRECTORY:
                done = await connection.modify(dn, rules.unicode_password(old, new))
            else:
                done = await connection.password_modify(dn, old, new)
            return rules.judge_change(done)
        finally:
            await connection.close()

    async def _dial(self) -> Connection:
        try:
            return await self._people.dial()
        except NotConnected:
            self._away_until = self._clock.monotonic() + _AWAY_FOR
            raise

    def _is_away(self) -> bool:
        return self._clock.monotonic() < self._away_until

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        """One of the checks that run at a time."""
        places = self._places
        if places.locked():
            if self._waiting >= self._settings.waiting_checks:
                raise _Full
            self._waiting += 1
            try:
                await places.acquire()
            finally:
                self._waiting -= 1
        else:
            await places.acquire()
        try:
            yield
        finally:
            places.release()

    async def _take_time(self, began: float) -> None:
        left = self._settings.refusal_time.total_seconds() - (self._clock.monotonic() - began)
        if left > 0:
            await asyncio.sleep(left)

    def _known(self, who: str) -> str:
        return who if who and self._people.user(who) is not None else ""


def _nobody() -> str:
    """A name that nobody has."""
    return f"nobody-{secrets.token_hex(12)}"
