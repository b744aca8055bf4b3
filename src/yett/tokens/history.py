"""The history of tokens: written with each change, read page by page, newest first.

Entries lie by week and user, so that the history of one user is read without the others', and a page of
everybody's without that of last year where only its number is needed. The store forgets them by itself.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Generic, TypeVar

from yett.kernel import Clock
from yett.store import Records
from yett.tokens import encoding, events
from yett.tokens.model import AuthenticationEntry, HistoryEntry, TokenType

E = TypeVar("E", HistoryEntry, AuthenticationEntry)

_IN_A_ROW = 200
MOST = 10_000
"""Entries of one page at most."""
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a history. Backwards it is the end of the page that is asked for, else its beginning."""

    at: int
    id: str
    is_backwards: bool = False

    def __str__(self) -> str:
        return f"{'p' if self.is_backwards else ''}{self.at}_{self.id}"


@dataclass(frozen=True, slots=True)
class Query:
    """Which entries are wanted."""

    username: str = ""
    actor: str = ""
    key: str = ""
    """Of this token and of those made with it."""
    token_type: TokenType | None = None
    network: Network | None = None
    since: float | None = None
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[E]):
    """Some entries, and where the ones before and after begin."""

    entries: tuple[E, ...]
    count: int
    """How many there are in all."""
    next: Cursor | None = field(default=None)
    previous: Cursor | None = field(default=None)


def parse_cursor(text: str) -> Cursor | None:
    """The place that a text names; None for anything else."""
    digits, underscore, name = text.removeprefix("p").partition("_")
    if not underscore or not (digits.isascii() and digits.isdigit()) or len(digits) > 12:
        return None
    if not 0 < len(name) <= 40 or not all(each.isalnum() or each == "-" for each in name):
        return None
    return Cursor(int(digits), name, text.startswith("p"))


def parse_network(text: str) -> Network | None:
    """An address or a network (bits behind its prefix do not matter); None for anything else."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def matches(entry: HistoryEntry | AuthenticationEntry, query: Query) -> bool:
    """Whether an entry is wanted."""
    if query.username and entry.username != query.username:
        return False
    if query.actor and (not isinstance(entry, HistoryEntry) or entry.actor != query.actor):
        return False
    if query.key and query.key not in (entry.token, entry.parent):
        return False
    if query.token_type is not None and entry.token_type is not query.token_type:
        return False
    if query.since is not None and entry.event_time < query.since:
        return False
    if query.until is not None and int(entry.event_time) > query.until:
        return False
    return query.network is None or _is_within(entry.ip_address, query.network)


def _is_within(address: str, network: Network) -> bool:
    try:
        return ip_address(address) in network
    except ValueError:
        return False


def paged(found: list[E], cursor: Cursor | None, limit: int) -> Page[E]:
    """One page of entries that are in order, newest first."""
    start, end = 0, min(limit, len(found))
    if cursor is not None:
        place = (cursor.at, cursor.id)
        newer = sum(1 for each in found if _place(each) > place)
        if cursor.is_backwards:
            start, end = max(0, newer - limit), newer
        else:
            start, end = newer, min(newer + limit, len(found))
    after = Cursor(*_place(found[end])) if end < len(found) else None
    before = None
    if start > 0 and found:
        at = found[start] if start < len(found) else found[-1]
        before = Cursor(*_place(at), is_backwards=True)
    return Page(tuple(found[start:end]), len(found), after, before)


def _place(entry: HistoryEntry | AuthenticationEntry) -> tuple[int, str]:
    return int(entry.event_time), entry.id


class History:
    """Reads and writes both histories. StoreUnavailable may come from any method."""

    def __init__(self, records: Records, clock: Clock, retention: float) -> None:
        self._records = records
        self._clock = clock
        self.retention = retention
        """Seconds for which new entries are kept."""

    async def write(self, entry: HistoryEntry) -> None:
        """Put a change on record. Doing so again changes nothing."""
        key = encoding.history_key(encoding.HISTORY, entry)
        await self._records.create(key, encoding.encode_entry(entry), lifetime=self.retention)

    async def erase(self, entry: HistoryEntry) -> None:
        """Take back a change that was not made after all."""
        await self._records.delete(encoding.history_key(encoding.HISTORY, entry))

    async def write_authentication(self, entry: AuthenticationEntry) -> None:
        """Put on record that a token was used."""
        key = encoding.history_key(encoding.AUTHENTICATIONS, entry)
        await self._records.create(key, encoding.encode_authentication(entry), lifetime=self.retention)

    async def changes(self, query: Query, cursor: Cursor | None, limit: int) -> Page[HistoryEntry]:
        """Changes, newest first."""
        read = self._read(encoding.HISTORY, encoding.decode_entry, query)
        return paged([entry async for entry in read], cursor, min(limit, MOST))

    async def authentications(
        self, query: Query, cursor: Cursor | None, limit: int
    ) -> Page[AuthenticationEntry]:
        """Uses, newest first."""
        read = self._read(encoding.AUTHENTICATIONS, encoding.decode_authentication, query)
        return paged([entry async for entry in read], cursor, min(limit, MOST))

    async def _read(self, base: str, decode: Callable[[bytes], E], query: Query) -> AsyncIterator[E]:
        now = self._clock.now()
        # A clock that was ahead has left entries that are still to come.
        newest = encoding.week_of(min(query.until if query.until is not None else now + 86400, now + 86400))
        oldest = encoding.week_of(max(query.since or 0.0, now - self.retention))
        for week in range(newest, oldest - 1, -1):
            listed = await self._records.list(encoding.history_prefix(base, week, query.username))
            found = []
            for number, (_, record) in enumerate(listed):
                if number % _IN_A_ROW == _IN_A_ROW - 1:
                    # A long history must not hold up requests.
                    await asyncio.sleep(0)
                try:
                    entry = decode(record.value)
                except encoding.Unreadable:
                    events.history_unreadable()
                    continue
                if matches(entry, query):
                    found.append(entry)
            for entry in sorted(found, key=_place, reverse=True):
                yield entry
