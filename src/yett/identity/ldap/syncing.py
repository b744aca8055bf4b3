"""Bringing what is in force up to date: everybody, what changed, or one person.

What must stay true:
  nobody is removed but by a full sync that read everything, or by another entry in their name;
  a person who is synced while others are read is synced once more after that, so that what was
  read earlier does not undo what was learned later;
  a failed sync changes nothing.
"""

import asyncio
import dataclasses
from collections.abc import Iterable

from yett.events import describe
from yett.identity.ldap import events, rules
from yett.identity.ldap.config import LdapSettings
from yett.identity.ldap.current import Changed, Current, filled
from yett.identity.ldap.keeping import Keeping, State, fingerprint
from yett.identity.ldap.model import (
    Index,
    LdapGroup,
    LdapUser,
    Loss,
    NotThere,
    Snapshot,
    Synced,
    SyncFailed,
)
from yett.identity.ldap.pool import NotConnected
from yett.identity.ldap.reading import Reading
from yett.identity.ldap.roster import Roster
from yett.identity.model import fold_name
from yett.kernel import Clock
from yett.net.ldap import BrokenAnswer, LDAPFailed


class Syncing:
    """Full, delta and single syncs of one source."""

    def __init__(
        self, reading: Reading, current: Current, keeping: Keeping, settings: LdapSettings, clock: Clock
    ) -> None:
        self._reading = reading
        self._current = current
        self._keeping = keeping
        self._settings = settings
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()
        self._touched: set[str] = set()
        self.newest = ""
        """The newest change that is known, by the server's clock."""
        self.synced_at = 0.0
        """When the last sync of everybody, or of what changed, ended well; 0 for never."""
        self.full_at = 0.0
        self.problem = ""
        """Why the last sync failed; empty when it did not."""

    # Everybody.

    async def full(self, *, accept_loss: bool = False) -> bool:
        """Read everything and put it in force; whether that worked."""
        async with self._one_at_a_time:
            began = self._clock.monotonic()
            self._touched.clear()
            events.full_started()
            try:
                snapshot = await self._reading.everything()
            except LDAPFailed as problem:
                self.problem = describe(problem)
                if isinstance(problem, NotConnected):
                    events.full_call_failed(error=self.problem)
                else:
                    events.full_users_failed(error=self.problem)
                events.full_failed(error=self.problem)
                return False
            events.full_users(users=len(snapshot.users))
            events.full_groups(groups=len(snapshot.groups))
            if snapshot.has_more:
                events.full_limited(people=len(snapshot.users), groups=len(snapshot.groups))
            old = self._current.roster
            roster = await self._built(snapshot, old, accept_loss=accept_loss)
            await asyncio.sleep(0)
            _say_what_is_odd(roster, snapshot)
            newest = _newest(snapshot, "")
            await asyncio.sleep(0)
            self._carry_over(old, roster)
            changed = await self._current.take_over(roster)
            await asyncio.sleep(0)
            self.newest = newest
            await self._keep_everything(old, roster, changed)
            removed = sum(after is None for _, after in changed.values())
            events.full_completed(
                people=len(roster.people),
                groups=len(roster.groups),
                changed=len(changed) - removed,
                removed=removed,
                seconds=round(self._clock.monotonic() - began, 3),
            )
            self.full_at = self.synced_at
            touched = tuple(self._touched)
        for name in touched:
            await self.user(name)
        return True

    async def _built(self, snapshot: Snapshot, old: Roster, *, accept_loss: bool) -> Roster:
        """A roster of what was read; with what it lacks, if that is too much to be believed."""
        roster = await filled(self._settings, snapshot.users, snapshot.groups)
        await asyncio.sleep(0)
        loss = _loss(old, roster)
        memberships = sum(len(person.groups) for person in old.people.values())
        known = Loss(len(old.people), sum(bool(group.name) for group in old.groups.values()), memberships)
        if accept_loss or not rules.is_too_much(loss, known, self._settings.max_loss):
            return roster
        events.full_doubted(
            people=known.people,
            people_lost=loss.people,
            groups=known.groups,
            groups_lost=loss.groups,
            memberships_lost=loss.memberships,
        )
        there = {user.id for user in snapshot.users} | {user.name for user in snapshot.users}
        missing = [user for user in old.users.values() if user.id not in there and user.name not in there]
        new = [group for group in snapshot.groups if group.id not in old.groups]
        return await filled(self._settings, (*snapshot.users, *missing), (*old.groups.values(), *new))

    def _carry_over(self, old: Roster, new: Roster) -> None:
        """Entries that were learned while everybody was read are newer than what was read."""
        for name in self._touched:
            for user in old.namesakes(name):
                new.settle(new.put_user(user))

    async def _keep_everything(self, old: Roster, new: Roster, changed: Changed) -> None:
        users = [user for number, user in new.users.items() if old.users.get(number) != user]
        await asyncio.sleep(0)
        gone = [user for number, user in old.users.items() if number not in new.users]
        await asyncio.sleep(0)
        groups = [group for number, group in new.groups.items() if old.groups.get(number) != group]
        lost = [group for number, group in old.groups.items() if number not in new.groups]
        events.full_storing(changed=len(changed), removed=len(gone))
        await self._keeping.save_users(users, gone)
        await self._keeping.save_groups(groups, lost)
        await self._synced()

    async def _synced(self) -> None:
        self.synced_at, self.problem = self._clock.now(), ""
        state = State(self.synced_at, self.newest, fingerprint(self._settings))
        await self._keeping.save_state(state)

    # What changed.

    async def delta(self) -> bool:
        """Read what changed since the last sync and put it in force; whether that worked."""
        if not self.newest:
            return await self.full()
        async with self._one_at_a_time:
            began = self._clock.monotonic()
            self._touched.clear()
            events.delta_started(since=self.newest)
            try:
                snapshot = await self._reading.changed(self.newest)
            except LDAPFailed as problem:
                self.problem = describe(problem)
                events.delta_failed(error=self.problem)
                return False
            events.delta_users(users=len(snapshot.users))
            events.delta_groups(groups=len(snapshot.groups))
            roster = self._current.roster
            # Whoever was synced meanwhile is known better than by what was read.
            users = [
                user
                for user in snapshot.users
                if user.name not in self._touched and roster.users.get(user.id) != user
            ]
            groups = [group for group in snapshot.groups if roster.groups.get(group.id) != group]
            users, groups = self._within_limits(users, groups)
            self.newest = _newest(snapshot, self.newest)
            if not users and not groups:
                events.delta_unchanged()
                await self._synced()
                return True
            changed = await self._current.change(users=users, groups=groups)
            events.delta_storing(users=len(users), groups=len(groups))
            await self._keeping.save_users(users)
            await self._keeping.save_groups(groups)
            await self._synced()
            contested = [user.name for user in users if len(self._current.roster.namesakes(user.name)) > 1]
            events.delta_completed(changed=len(changed), seconds=round(self._clock.monotonic() - began, 3))
            touched = tuple(self._touched)
        for name in dict.fromkeys((*contested, *touched)):
            # Somebody else had the name: were they deleted? Asking for the name tells; and what was read of
            # groups may be older than what was learned of those who were synced meanwhile.
            await self.user(name)
        return True

    def _within_limits(
        self, users: list[LdapUser], groups: list[LdapGroup]
    ) -> tuple[list[LdapUser], list[LdapGroup]]:
        roster, settings = self._current.roster, self._settings
        new_users = [user for user in users if user.id not in roster.users]
        new_groups = [group for group in groups if group.id not in roster.groups]
        over_users = len(roster.users) + len(new_users) - settings.max_people
        over_groups = len(roster.groups) + len(new_groups) - settings.max_groups
        if over_users <= 0 and over_groups <= 0:
            return users, groups
        events.delta_limited(people=len(roster.users), groups=len(roster.groups))
        left_out = {user.id for user in new_users[-over_users:]} if over_users > 0 else set[str]()
        left_out |= {group.id for group in new_groups[-over_groups:]} if over_groups > 0 else set[str]()
        return (
            [user for user in users if user.id not in left_out],
            [group for group in groups if group.id not in left_out],
        )

    # One person.

    async def user(self, name: str) -> Synced | NotThere | SyncFailed:
        """Read one person and put what is found in force."""
        proper = fold_name(name)
        if proper is None:
            events.user_not_found()
            return NotThere()
        # People type passwords into the wrong box: only the name of somebody known is written down.
        known = proper if self._current.roster.namesakes(proper) else ""
        try:
            snapshot = await self._reading.user(proper)
        except NotConnected as problem:
            events.user_call_failed(user=known, error=describe(problem))
            return SyncFailed()
        except BrokenAnswer as problem:
            events.user_response_invalid(user=known, error=describe(problem))
            return SyncFailed()
        except LDAPFailed as problem:
            events.user_response_failed(user=known, error=describe(problem))
            return SyncFailed()
        found = [user for user in snapshot.users if user.name == proper]
        if len(found) != 1 or snapshot.unusable:
            if not found and not snapshot.unusable:
                events.user_not_found()
                return NotThere()
            error = f"{len(found)} entries with the name, and {snapshot.unusable} that are unusable"
            events.user_response_invalid(user=known, error=error)
            await self._put_one(proper, found, ())
            return SyncFailed()
        return await self._found(found[0], snapshot.groups)

    async def _found(self, user: LdapUser, direct: tuple[LdapGroup, ...]) -> Synced:
        problem = await self._put_one(user.name, [user], self._memberships(user, direct))
        person = self._current.roster.people.get(user.name)
        if problem:
            events.user_broadcast_failed(user=user.name, error=problem)
        if user.name in self._current.roster.overfull:
            events.user_update_flawed(user=user.name, reason=Index.TOO_MANY)
        events.user_synced(user=user.name, groups=() if person is None else person.groups)
        return Synced(user.name)

    async def _put_one(self, name: str, users: list[LdapUser], groups: Iterable[LdapGroup]) -> str:
        """Put what was found in force and keep it; what went wrong with keeping."""
        self._touched.add(name)
        roster = self._current.roster
        there = {user.id for user in users}
        gone = [user for user in roster.namesakes(name) if user.id not in there] if users else []
        put = [user for user in users if roster.users.get(user.id) != user]
        changed_groups = list(groups)
        await self._current.change(put, gone, changed_groups)
        problem = await self._keeping.save_users(put, gone)
        return await self._keeping.save_groups(changed_groups) or problem

    def _memberships(self, user: LdapUser, direct: tuple[LdapGroup, ...]) -> list[LdapGroup]:
        """Groups as they are, now that it is known which the person is directly in."""
        roster = self._current.roster
        is_in = {group.id for group in direct}
        before = roster.users.get(user.id, user)
        selves = {before.key, user.key, f"@{user.name}"}
        changed = [
            dataclasses.replace(roster.groups[number], members=roster.groups[number].members - selves)
            for number in roster.direct_groups(before) - is_in
        ]
        mark = rules.mark_of(user, self._settings)
        for group in direct:
            known = roster.groups.get(group.id)
            if known is None:
                # Who else is in it comes with the next sync of what changed.
                changed.append(dataclasses.replace(group, members=frozenset({mark}), modified=""))
            elif mark not in known.members and not known.is_overfull:
                changed.append(dataclasses.replace(known, members=known.members | {mark}))
        return changed


def _say_what_is_odd(roster: Roster, snapshot: Snapshot) -> None:
    duplicates = roster.duplicates()
    if snapshot.unusable or duplicates:
        events.full_unusable(entries=snapshot.unusable, duplicates=duplicates)
    if roster.has_cycle():
        events.full_cycle()
    nameless = sum(not person.id for person in roster.people.values())
    if nameless:
        events.full_without_id(people=nameless)


def _loss(old: Roster, new: Roster) -> Loss:
    old_groups = {group.name for group in old.groups.values() if group.name}
    new_groups = {group.name for group in new.groups.values()}
    memberships = sum(
        len(set(person.groups) - set(there.groups))
        for name, person in old.people.items()
        if (there := new.people.get(name)) is not None
    )
    return Loss(len(old.people.keys() - new.people.keys()), len(old_groups - new_groups), memberships)


def _newest(snapshot: Snapshot, known: str) -> str:
    return rules.newest(
        (entry.modified for entries in (snapshot.users, snapshot.groups) for entry in entries), known
    )
