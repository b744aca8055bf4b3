"""LDAP: its people as a source of the directory, and their passwords as a way to sign in."""

from collections.abc import Callable
from typing import Any

from yett.authn.ldap import LdapPassword, LdapPasswordSettings
from yett.config import Snapshot
from yett.identity import Person
from yett.identity.ldap import (
    DirectoryCommands,
    LdapPeople,
    LdapSettings,
    NotThere,
    Synced,
    SyncFailed,
)
from yett.kernel import Clock, Lifecycle, Supervisor
from yett.signin import LDAP, SyncResult
from yett.store import Records


class FromLDAP:
    """Everything of LDAP; without servers in the settings there is nobody and nothing is asked."""

    def __init__(
        self, records: Records, snapshot: Snapshot, tasks: Supervisor, clock: Clock, lifecycle: Lifecycle
    ) -> None:
        self.people = LdapPeople(records, snapshot[LdapSettings], tasks, clock)
        lifecycle.add("people of LDAP", self.people.start, self.people.stop)
        self.password = LdapPassword(self.people, snapshot[LdapPasswordSettings], clock)
        self.described = LDAP(self.people.name, self.password, self._sync)
        """What signing in needs for those who come from LDAP."""

    @property
    def method(self) -> LDAP | None:
        """The same, for names that nobody may have too; None while there are no servers."""
        return self.described if self.people.settings.is_enabled else None

    async def is_known(self, name: str, person: Person | None) -> bool | None:
        """Whether somebody is known as of now: who is of LDAP, or of nowhere yet, is read anew.

        None when LDAP has nobody of the name, whom the directory remembers until the next full sync;
        False when LDAP could not be asked. For ways to sign in that ask LDAP nothing themselves.
        """
        if self.method is None or (person is not None and person.source != self.people.name):
            return True
        return {SyncResult.DONE: True, SyncResult.NOT_THERE: None, SyncResult.FAILED: False}[
            await self._sync(name)
        ]

    async def is_free(self, name: str) -> bool | None:
        """Whether no entry of LDAP has a name, as of now; None when LDAP could not be asked.

        A name that several entries claim is nobody's, and not free.
        """
        if self.method is None:
            return True
        return {SyncResult.DONE: False, SyncResult.NOT_THERE: True, SyncResult.FAILED: None}[
            await self._sync(name)
        ]

    def commands(self, find: Callable[[str], Person | None]) -> list[Any]:
        """Objects whose methods operators may call."""
        return [DirectoryCommands(self.people, find)]

    async def apply(self, new: Snapshot) -> None:
        """Go by other settings from now on."""
        await self.people.apply(new[LdapSettings])
        self.password.configure(new[LdapPasswordSettings])

    async def _sync(self, name: str) -> SyncResult:
        match await self.people.sync_user(name):
            case Synced():
                return SyncResult.DONE
            case NotThere():
                return SyncResult.NOT_THERE
            case SyncFailed():
                return SyncResult.FAILED
