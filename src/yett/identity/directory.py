"""Everybody, from every source, as one local and always current view.

Sources stand in the order of their priority. The first that knows a name describes the person
as a whole: groups are not added up, so that a weaker source can never widen what a stronger
one grants. Being disabled is the exception and the safe side: anywhere is everywhere.
"""

import dataclasses
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Protocol

from yett.identity import events
from yett.identity.indexes import Indexes
from yett.identity.leaving import Leaving
from yett.identity.model import Person, PersonChanged
from yett.kernel import Signal, Supervisor


class Source(Protocol):
    """Somewhere people come from. Reads are local and at once; changes are told after they are in force."""

    name: str
    changed: Signal[PersonChanged]

    def person(self, name: str) -> Person | None: ...
    def people(self) -> Iterable[Person]: ...


class Directory:
    """Who everybody is, now."""

    def __init__(self, sources: Sequence[Source], tasks: Supervisor) -> None:
        self.changed: Signal[PersonChanged] = Signal("directory.changed")
        self._sources = tuple(sources)
        self._known: dict[str, Person] = {}
        self._indexes = Indexes()
        self._leaving = Leaving(tasks)
        for source in self._sources:
            source.changed.connect(self._look_again)

    async def start(self) -> None:
        """Take note of everybody; the sources have started before."""
        events.initializing()
        for person in self.people():
            self._indexes.replace(self._known.get(person.name), person)
            self._known[person.name] = person
        events.initialized(
            people=len(self._known),
            disabled=sum(person.is_disabled for person in self._known.values()),
            sources=tuple(source.name for source in self._sources),
        )

    async def stop(self) -> None:
        """Nothing is held that needs an end; side effects in progress belong to the supervisor."""

    def person(self, name: str) -> Person | None:
        """What is known about a person at this moment."""
        found: Person | None = None
        for source in self._sources:
            person = source.person(name)
            if person is None:
                continue
            if found is None:
                found = person
            elif person.is_disabled and not found.is_disabled:
                found = dataclasses.replace(found, is_disabled=True)
        return found

    def people(self) -> list[Person]:
        """Everybody, by name."""
        names = {person.name for source in self._sources for person in source.people()}
        return [person for name in sorted(names) if (person := self.person(name)) is not None]

    def by_email(self, email: str) -> Person | None:
        """The one person with a mail address, whatever its case; nobody when several have it."""
        name = self._indexes.named_by(email)
        return None if name is None else self.person(name)

    def members(self, group: str) -> frozenset[str]:
        """Names of the people in a group."""
        return self._indexes.members(group)

    @property
    def disabled(self) -> frozenset[str]:
        """Names of the people who are switched off."""
        return self._indexes.disabled

    def on_updated(self, name: str, callback: Callable[[str], Awaitable[object]]) -> None:
        """Call back with the name of each person of whom something changed; `name` says who asks."""
        self._leaving.add_updated(name, callback)

    def on_disabled(self, name: str, callback: Callable[[str], Awaitable[object]]) -> None:
        """Call back with the name of each person who is disabled or removed, again until it succeeds."""
        self._leaving.add_disabled(name, callback)

    def revoke_with(
        self,
        *,
        sessions: Callable[[str], Awaitable[object]] | None = None,
        tokens: Callable[[str], Awaitable[object]] | None = None,
    ) -> None:
        """What ends the sessions and the tokens of a person who is out."""
        self._leaving.revoke_with(sessions=sessions, tokens=tokens)

    def _look_again(self, told: PersonChanged) -> None:
        """One source says something else about a person: find out whether that changes the whole."""
        before = self._known.get(told.name)
        person = self.person(told.name)
        if person == before:
            return
        self._indexes.replace(before, person)
        if person is None:
            self._known.pop(told.name, None)
        else:
            self._known[told.name] = person
        change = PersonChanged(told.name, person, before is not None and before.is_disabled, before)
        self.changed.send(change)
        self._leaving.tell(change, is_new=before is None)
