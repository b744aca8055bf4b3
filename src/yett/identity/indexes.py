"""Finding people by something else than their name.

What must stay true: an address that two people have finds neither, as nobody can tell who is meant.
"""

from yett.identity import events
from yett.identity.model import Person


class Indexes:
    """Address to person, group to members, and who is disabled; of everybody that was put in."""

    def __init__(self) -> None:
        self._by_email: dict[str, set[str]] = {}
        self._by_group: dict[str, set[str]] = {}
        self._disabled: set[str] = set()

    def replace(self, before: Person | None, after: Person | None) -> None:
        """Another state of one person; None for somebody who is not there."""
        if before is not None:
            self._remove(before)
        if after is not None:
            self._add(after)

    def named_by(self, email: str) -> str | None:
        """The one person with this address, whatever its case."""
        names = self._by_email.get(_folded(email), ())
        return next(iter(names)) if len(names) == 1 else None

    def members(self, group: str) -> frozenset[str]:
        """Names of the people in a group."""
        return frozenset(self._by_group.get(group, ()))

    @property
    def disabled(self) -> frozenset[str]:
        """Names of the people who are switched off."""
        return frozenset(self._disabled)

    def _add(self, person: Person) -> None:
        if person.email:
            sharing = self._by_email.setdefault(_folded(person.email), set())
            sharing.add(person.name)
            if len(sharing) > 1:
                events.email_index_failed(user=person.name, people=len(sharing))
        for group in person.groups:
            self._by_group.setdefault(group, set()).add(person.name)
        if person.is_disabled:
            self._disabled.add(person.name)

    def _remove(self, person: Person) -> None:
        _discard(self._by_email, _folded(person.email), person.name)
        for group in person.groups:
            _discard(self._by_group, group, person.name)
        self._disabled.discard(person.name)


def _folded(email: str) -> str:
    """The address in one spelling. The small letter of some others (the Kelvin sign) is an ASCII letter."""
    return email.lower() if email.isascii() else email


def _discard(table: dict[str, set[str]], key: str, name: str) -> None:
    names = table.get(key)
    if names is not None:
        names.discard(name)
        if not names:
            del table[key]
