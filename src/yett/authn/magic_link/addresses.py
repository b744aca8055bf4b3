"""Whose mailbox an address is.

The directory finds people by name; here stands who has which address, kept in step by what the
directory tells. An address that several people have is nobody's.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

from yett.authn.magic_link import rules
from yett.identity import Person, PersonChanged
from yett.kernel import Signal


class LookupFailed(Exception):
    """Who somebody is now could not be found out."""


class Directory(Protocol):
    """Who people are, now."""

    changed: Signal[PersonChanged]

    def person(self, name: str) -> Person | None: ...
    def people(self) -> list[Person]: ...


Refresh = Callable[[str], Awaitable[bool | None]]
"""Has the source of a person asked anew: False when that could not be done, None when it says that there
is nobody, whom the directory may remember all the same."""


async def _as_known(_name: str) -> bool | None:
    return True


class Addresses:
    """People by mail address. Start it after the directory."""

    def __init__(self, directory: Directory, refresh: Refresh = _as_known) -> None:
        self._directory = directory
        self._refresh = refresh
        self._names: dict[str, set[str]] = {}
        self._emails: dict[str, str] = {}
        self._former: dict[str, str] = {}
        """The last address of whoever has none or another one by now."""
        directory.changed.connect(self._changed)

    async def start(self) -> None:
        """Take note of everybody."""
        for person in self._directory.people():
            self._note(person.name, person)

    def find(self, email: str) -> tuple[str, ...]:
        """The names of everybody who has this (folded) address."""
        return tuple(sorted(self._names.get(email, ())))

    def of(self, name: str) -> frozenset[str]:
        """The (folded) address of a person, and the one before it; also when they are gone."""
        return frozenset(found for each in (self._emails, self._former) if (found := each.get(name)))

    def person(self, name: str) -> Person | None:
        """What is known of a person without asking anybody."""
        return self._directory.person(name)

    async def look(self, name: str) -> Person | None:
        """Who somebody is now, from the source itself. Raises LookupFailed."""
        is_known = await self._refresh(name)
        if is_known is False:
            raise LookupFailed("the source of this person does not answer")
        return None if is_known is None else self._directory.person(name)

    def _changed(self, change: PersonChanged) -> None:
        self._note(change.name, change.person)

    def _note(self, name: str, person: Person | None) -> None:
        email = rules.fold_address(person.email) if person is not None else None
        before = self._emails.pop(name, None)
        if before is not None:
            if before != email:
                self._former[name] = before
            self._names[before].discard(name)
            if not self._names[before]:
                del self._names[before]
        if email is not None:
            self._emails[name] = email
            self._names.setdefault(email, set()).add(name)
