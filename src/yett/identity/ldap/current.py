"""What is in force of LDAP, and telling who is different."""

import asyncio
from collections.abc import Iterable, Mapping

from yett.identity.ldap import events
from yett.identity.ldap.config import LdapSettings
from yett.identity.ldap.model import Index, LdapGroup, LdapUser
from yett.identity.ldap.roster import Roster
from yett.identity.model import Person, PersonChanged
from yett.kernel import Signal

_AT_A_TIME = 200
_SAID_AT_MOST = 100

Changed = Mapping[str, tuple[Person | None, Person | None]]
"""Names, with what was known of each before and after."""


def roster_for(settings: LdapSettings) -> Roster:
    """An empty roster."""
    return Roster(
        is_nested=settings.nested_groups,
        wanted=settings.groups,
        most_groups=settings.max_groups_of_person,
    )


async def filled(settings: LdapSettings, users: Iterable[LdapUser], groups: Iterable[LdapGroup]) -> Roster:
    """A roster of these entries, made without holding everybody else up."""
    roster = roster_for(settings)
    for number, user in enumerate(users):
        roster.put_user(user)
        if number % _AT_A_TIME == 0:
            await asyncio.sleep(0)
    for number, group in enumerate(groups):
        roster.put_group(group, is_affecting=False)
        if number % 50 == 0:
            await asyncio.sleep(0)
    names = list(roster.names())
    for place in range(0, len(names), _AT_A_TIME):
        roster.settle(names[place : place + _AT_A_TIME])
        await asyncio.sleep(0)
    people = roster.people.values()
    events.bulk_built(
        people=len(people),
        groups=len(roster.groups),
        memberships=sum(len(person.groups) for person in people),
        disabled=sum(person.is_disabled for person in people),
    )
    return roster


class Current:
    """The roster in force. Every change is in force as a whole before anybody is told of it."""

    def __init__(self, settings: LdapSettings) -> None:
        self.roster = roster_for(settings)
        self.changed: Signal[PersonChanged] = Signal("identity.ldap.changed")
        self.is_telling = False
        """Whether changes are told; at first there is nobody to hear of everybody."""

    async def take_over(self, roster: Roster) -> Changed:
        """Put another roster in force; who is different."""
        before, after = self.roster.people, roster.people
        names = (name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
        changed = {name: (before.get(name), after.get(name)) for name in sorted(names)}
        new = roster.overfull - self.roster.overfull
        self.roster = roster
        for name in sorted(new)[:_SAID_AT_MOST]:
            events.user_groups_failed(user=name, reason=Index.TOO_MANY)
        await self._tell(changed)
        return changed

    async def change(
        self,
        users: Iterable[LdapUser] = (),
        gone: Iterable[LdapUser] = (),
        groups: Iterable[LdapGroup] = (),
    ) -> Changed:
        """Put single entries in force; who is different."""
        roster, affected = self.roster, set[str]()
        for user in gone:
            affected |= roster.drop_user(user.id)
        for user in users:
            affected |= roster.put_user(user)
        for group in groups:
            affected |= roster.put_group(group)
        before = set(roster.overfull)
        changed = roster.settle(sorted(affected))
        for name in sorted(roster.overfull - before)[:_SAID_AT_MOST]:
            events.user_groups_failed(user=name, reason=Index.TOO_MANY)
        await self._tell(changed)
        return changed

    async def _tell(self, changed: Changed) -> None:
        if not self.is_telling:
            return
        for number, (name, (before, after)) in enumerate(changed.items(), start=1):
            _say(name, before, after)
            was_disabled = before is not None and before.is_disabled
            self.changed.send(PersonChanged(name, after, was_disabled))
            if number % _AT_A_TIME == 0:
                await asyncio.sleep(0)


def _say(name: str, before: Person | None, after: Person | None) -> None:
    if after is None:
        events.person_removed(user=name)
    elif before is None:
        events.person_added(user=name, groups=after.groups)
    elif after.is_disabled and not before.is_disabled:
        events.person_disabled(user=name)
    else:
        if before.is_disabled and not after.is_disabled:
            events.person_enabled(user=name)
        if (before.groups, before.email, before.display_name) != (
            after.groups,
            after.email,
            after.display_name,
        ):
            events.person_changed(user=name, groups=after.groups, groups_before=before.groups)
