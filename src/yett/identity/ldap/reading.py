"""Asking LDAP for people and groups."""

import dataclasses
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

from yett.identity.ldap import events, rules
from yett.identity.ldap.config import DisabledRule, LdapSettings
from yett.identity.ldap.model import Index, LdapGroup, LdapUser, Snapshot, Unusable
from yett.identity.ldap.pool import Pool
from yett.net.ldap import Connection, Entry, Scope, all_of, compile_filter

E = TypeVar("E", LdapUser, LdapGroup)

_SAID_AT_MOST = 100
"""Lines about single entries in one read: a wrong setting is wrong for everybody."""


class Reading:
    """Searches. LDAPFailed may come from any; what came until then is not used."""

    def __init__(self, pool: Pool, settings: LdapSettings) -> None:
        self._pool = pool
        self._settings = settings

    async def everything(self) -> Snapshot:
        """Every person and every group."""
        settings = self._settings
        return await self._pool.run(
            lambda c: self._read(c, settings.user_filter, settings.group_filter, is_limited=True)
        )

    async def changed(self, since: str) -> Snapshot:
        """Those that were changed since a time, or a little before."""
        settings = self._settings
        users = rules.changed_filter(settings, settings.user_filter, since)
        groups = rules.changed_filter(settings, settings.group_filter, since)
        # Which of them are over a limit depends on who is known, which is not known here.
        return await self._pool.run(lambda c: self._read(c, users, groups, is_limited=False))

    async def user(self, name: str) -> Snapshot:
        """Every entry that claims a name, and, of one, the groups it is directly in (without their members)."""
        return await self._pool.run(lambda c: self._read_one(c, name))

    async def _read_one(self, connection: Connection, name: str) -> Snapshot:
        settings = self._settings
        key_of = rules.keys()
        found = await self._users(connection, rules.name_filter(settings, name), key_of)
        if len(found.users) != 1:
            return found
        wanted = compile_filter(rules.member_filter(settings, found.users[0]))
        attributes = rules.group_attributes(settings, with_members=False)
        read = [
            rules.read_group(entry, settings, key_of)
            async for entry in self._search(connection, settings.group_bases, wanted, attributes)
        ]
        groups = tuple(group for group in read if isinstance(group, LdapGroup))
        return Snapshot(found.users, groups, found.unusable)

    async def _read(self, connection: Connection, users: str, groups: str, *, is_limited: bool) -> Snapshot:
        key_of = rules.keys()
        people = await self._users(connection, users, key_of, is_limited=is_limited)
        gathered = await self._groups(connection, groups, key_of, is_limited=is_limited)
        return Snapshot(
            people.users,
            gathered.groups,
            people.unusable + gathered.unusable,
            people.has_more or gathered.has_more,
        )

    async def _users(
        self, connection: Connection, wanted: str, key_of: rules.Keys, *, is_limited: bool = False
    ) -> Snapshot:
        settings = self._settings
        disabled = await self._disabled(connection, wanted, key_of)
        found: list[LdapUser] = []
        unusable, unclear, has_more = 0, 0, False
        attributes = rules.user_attributes(settings)
        async for entry in self._search(connection, settings.user_bases, compile_filter(wanted), attributes):
            # One that is not taken over is read all the same: the connection is to be used again.
            if is_limited and len(found) >= settings.max_people:
                has_more = True
                continue
            read = rules.read_user(entry, settings, key_of)
            if isinstance(read, Unusable):
                unusable += 1
                continue
            user, is_clear = read
            unclear += not is_clear
            if not is_clear and unclear <= _SAID_AT_MOST:
                events.disabled_failed(user=user.name, reason=Index.UNCLEAR)
            found.append(dataclasses.replace(user, is_disabled=True) if user.key in disabled else user)
        clear = _without_doubles(found)
        return Snapshot(clear, (), unusable + len(found) - len(clear), has_more)

    async def _disabled(self, connection: Connection, wanted: str, key_of: rules.Keys) -> set[str]:
        """Keys of those whom the rule `filter` finds."""
        settings = self._settings
        if settings.disabled_rule is not DisabledRule.FILTER:
            return set()
        both = compile_filter(all_of(wanted, settings.disabled_filter))
        search = self._search(connection, settings.user_bases, both, ("1.1",))
        return {key async for entry in search if (key := key_of(entry.dn.encode()))}

    async def _groups(
        self, connection: Connection, wanted: str, key_of: rules.Keys, *, is_limited: bool
    ) -> Snapshot:
        settings = self._settings
        found: list[LdapGroup] = []
        parts: list[tuple[Entry, tuple[bytes, ...], int | None]] = []
        unusable, has_more = 0, False
        attributes = rules.group_attributes(settings)
        async for entry in self._search(connection, settings.group_bases, compile_filter(wanted), attributes):
            if is_limited and len(found) + len(parts) >= settings.max_groups:
                has_more = True
                continue
            part = rules.next_range(entry, settings.member_attribute)
            if part is not None:
                # The rest is asked for when this search is over: a connection answers one thing at a time.
                parts.append((entry, *part))
                continue
            unusable += _take(rules.read_group(entry, settings, key_of), found)
        for entry, first, position in parts:
            members = await self._members(connection, entry, first, position)
            unusable += _take(rules.read_group(entry, settings, key_of, members), found)
        clear = _without_doubles(found)
        return Snapshot((), clear, unusable + len(found) - len(clear), has_more)

    async def _members(
        self, connection: Connection, entry: Entry, first: Iterable[bytes], position: int | None
    ) -> list[bytes]:
        """All values of a member attribute that came as a part."""
        members = list(first)
        attribute = self._settings.member_attribute
        everything = compile_filter("(objectClass=*)")
        while position is not None and len(members) <= self._settings.max_members:
            asked, position = f"{attribute};range={position}-*", None
            async for more in connection.search(entry.dn, Scope.BASE, everything, (asked,)):
                part = rules.next_range(more, attribute)
                if part is not None and part[0]:
                    members += part[0]
                    position = part[1]
        return members

    async def _search(
        self, connection: Connection, bases: Iterable[str], wanted: bytes, attributes: tuple[str, ...]
    ) -> AsyncIterator[Entry]:
        for base in bases:
            async for entry in connection.search(
                base, Scope.SUBTREE, wanted, attributes, page_size=self._settings.page_size
            ):
                yield entry


def _without_doubles(found: list[E]) -> tuple[E, ...]:
    """Those whose place and id nobody else has: what is here one place may be two on the server."""
    keys, numbers = Counter(each.key for each in found), Counter(each.id for each in found)
    return tuple(each for each in found if keys[each.key] == numbers[each.id] == 1)


def _take(group: LdapGroup | Unusable, found: list[LdapGroup]) -> int:
    """Add a group to the others; 1 if it counts as unusable."""
    if isinstance(group, Unusable):
        return 1
    if group.is_overfull:
        events.group_members_failed(group=group.name, reason=Index.TOO_MANY)
    found.append(group)
    return int(not group.name)
