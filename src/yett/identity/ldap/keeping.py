"""What was synced, kept in the store: a start while LDAP is away still knows people.

One record per entry, so that a change costs one write. What was read with other settings, is
too old or cannot be read is not used: somebody may have been disabled since.
"""

import asyncio
import hashlib
import zlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from yett.events import describe
from yett.identity.ldap import events
from yett.identity.ldap.config import LdapSettings
from yett.identity.ldap.model import LdapGroup, LdapUser
from yett.store import Records, Space, StoreUnavailable

E = TypeVar("E", LdapUser, LdapGroup)

_AT_A_TIME = 256
_LARGEST = 64 << 20
"""Bytes of one entry, unpacked."""


class State(msgspec.Struct, frozen=True):
    """When the last sync ended, up to which change, and what it was read with."""

    synced_at: float
    newest: str
    made_with: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What a start has to begin with."""

    state: State
    users: list[LdapUser]
    groups: list[LdapGroup]


def fingerprint(settings: LdapSettings) -> str:
    """Tells whether entries were read with the same settings: those that decide who is who."""
    parts = (
        settings.user_bases, settings.user_filter, settings.name_attribute, settings.display_name_attribute,
        settings.email_attribute, settings.id_attribute, settings.modified_attribute,
        settings.disabled_rule.value, settings.disabled_attribute, settings.disabled_filter,
        settings.group_bases, settings.group_filter, settings.group_name_attribute,
        settings.member_attribute, settings.members_are.value, settings.max_members,
        settings.uid_attribute, settings.gid_attribute,
    )  # fmt: skip
    return hashlib.sha256(repr(parts).encode()).hexdigest()


class _Shelf(Generic[E]):
    """Entries of one kind."""

    def __init__(self, records: Records, name: str, kind: type[E]) -> None:
        self._space = Space(records, f"directory/ldap/{name}")
        self._decoder: msgspec.msgpack.Decoder[E] = msgspec.msgpack.Decoder(kind)
        self._encoder = msgspec.msgpack.Encoder()

    async def load(self) -> list[E]:
        found = []
        for _, record in await self._space.list(""):
            unpacked = zlib.decompressobj().decompress(record.value, _LARGEST)
            found.append(self._decoder.decode(unpacked))
        return found

    async def put(self, entry: E) -> None:
        packed = zlib.compress(self._encoder.encode(entry), 1)
        await self._space.put(_key(entry.id), packed)

    async def delete(self, entry: E) -> None:
        await self._space.delete(_key(entry.id))


class Keeping:
    """Reads and writes the kept entries. Only `load` may raise StoreUnavailable."""

    def __init__(self, records: Records) -> None:
        self._space = Space(records, "directory/ldap")
        self._users = _Shelf(records, "users", LdapUser)
        self._groups = _Shelf(records, "groups", LdapGroup)

    async def load(self, settings: LdapSettings, now: float) -> Kept | None:
        """What is kept, if it may be used. StoreUnavailable when the store cannot be read."""
        record = await self._space.get("state")
        if record is None:
            return None
        try:
            state = msgspec.msgpack.decode(record.value, type=State)
            if state.made_with != fingerprint(settings):
                events.kept_unused(reason="it was read with other settings")
            elif now - state.synced_at > settings.keep_for.total_seconds():
                events.kept_unused(reason="it is older than `keep_for`")
            else:
                return Kept(state, await self._users.load(), await self._groups.load())
        except (msgspec.DecodeError, zlib.error) as problem:
            events.kept_unused(reason=f"it is damaged: {type(problem).__name__}")
        return None

    async def save_state(self, state: State) -> bool:
        """Whether it was written."""
        try:
            await self._space.put("state", msgspec.msgpack.encode(state))
        except StoreUnavailable:
            return False
        return True

    async def save_users(self, put: Iterable[LdapUser], drop: Iterable[LdapUser] = ()) -> str:
        """Write and remove; what went wrong last, empty for nothing."""
        wrong = ""
        for user, problem in await _all(self._users.put, put):
            wrong = problem
            events.user_unstored(user=user.name, error=problem)
        for user, problem in await _all(self._users.delete, drop):
            wrong = problem
            events.email_unremoved(user=user.name, error=problem)
            events.groups_unremoved(user=user.name, error=problem)
            if user.is_disabled:
                events.disabled_unremoved(user=user.name, error=problem)
        return wrong

    async def save_groups(self, put: Iterable[LdapGroup], drop: Iterable[LdapGroup] = ()) -> str:
        """The same for groups."""
        wrong = ""
        for work, entries in ((self._groups.put, put), (self._groups.delete, drop)):
            for group, problem in await _all(work, entries):
                wrong = problem
                events.group_unstored(group=group.name, error=problem)
        return wrong


async def _all(work: Callable[[E], Awaitable[None]], entries: Iterable[E]) -> list[tuple[E, str]]:
    """Do it for each, many at a time, as the store writes them together; those that failed, and why."""
    failed = []
    line = list(entries)
    for place in range(0, len(line), _AT_A_TIME):
        batch = line[place : place + _AT_A_TIME]
        for entry, problem in zip(
            batch, await asyncio.gather(*(_try(work, each) for each in batch)), strict=True
        ):
            if problem:
                failed.append((entry, problem))
    return failed


async def _try(work: Callable[[E], Awaitable[None]], entry: E) -> str:
    try:
        await work(entry)
    except (StoreUnavailable, ValueError) as problem:
        # The store refuses a value over its limit with ValueError.
        return describe(problem)
    return ""


def _key(number: str) -> str:
    # Ids come from outside and may hold anything.
    return hashlib.sha256(number.encode("utf-8", "surrogatepass")).hexdigest()[:40]
