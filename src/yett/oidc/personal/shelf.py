"""The tokens of everybody, in the store and in local memory.

The store has one record for each person, changed by compare-and-set: so nobody gets one token more than
allowed, or two of one name, however many ask at once. Local memory follows it. A token is found by its
digest alone, so a token that is not written down is worth nothing, whatever signature it has.
"""

from collections.abc import Callable
from typing import Final
from urllib.parse import quote, unquote

import msgspec

from yett.events import describe
from yett.oidc.personal import events
from yett.oidc.personal.model import Held, PersonalAccess, PersonalToken, TokenGone
from yett.store import Change, Consistency, Follower, Records, Space, StoreUnavailable

_ROUNDS: Final = 8
"""How often a change is tried. Each that is lost means that another change of this person was kept."""
_EMPTY_FOR: Final = 3600.0
"""Seconds that a record is kept which holds nothing any more: longer than any news of it is late."""
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Held).decode

Judge = Callable[[Held], Held | None]


class Place:
    """Where a token is, and what this node has seen of it since it was last written down."""

    __slots__ = ("access", "entry", "seen", "token", "user")

    def __init__(self, user: str, entry: str, token: PersonalToken) -> None:
        self.user = user
        self.entry = entry
        self.token = token
        self.seen = token.last_used_at
        self.access: PersonalAccess | None = None
        """What it was worth when it was last looked at."""


class Shelf:
    """Reads, changes and follows them."""

    def __init__(self, records: Records, tell_gone: Callable[[TokenGone], None]) -> None:
        self._tell_gone = tell_gone
        self._records = Space(records, "oidc/personal")
        self.follower = Follower(self._records, "", load=self._load, hear=self._hear)
        self._versions: dict[str, int] = {}
        self._held: dict[str, Held] = {}
        self._places: dict[str, Place] = {}

    # Looking.

    def find(self, digest: str) -> Place | None:
        """The token with this digest."""
        return self._places.get(digest)

    def held(self, user: str) -> Held | None:
        """What this node knows that somebody has."""
        return self._held.get(user)

    def tokens(self, user: str) -> tuple[PersonalToken, ...]:
        """What this node knows of somebody's tokens, oldest first."""
        held = self._held.get(user)
        return () if held is None else held.tokens

    @property
    def users(self) -> list[str]:
        """Everybody who has something."""
        return list(self._held)

    @property
    def places(self) -> list[Place]:
        """Every token."""
        return list(self._places.values())

    # Following.

    async def _load(self) -> None:
        found = dict(await self._records.list(""))
        for key, record in found.items():
            self._take_in(unquote(key), record.value, record.version)
        for user in [user for user in self._held if _key(user) not in found]:
            self._forget(user)

    def _hear(self, change: Change) -> None:
        user = unquote(change.key)
        if change.record is None:
            self._forget(user)
        else:
            self._take_in(user, change.record.value, change.record.version)

    def _take_in(self, user: str, value: bytes, version: int) -> None:
        if version <= self._versions.get(user, -1):
            return
        try:
            held = _decode(value)
        except msgspec.MsgspecError as problem:
            events.unreadable(user=user, error=describe(problem))
            held = Held("")
        before = {token.digest: self._places.pop(token.digest, None) for token in self.tokens(user)}
        self._versions[user] = version
        self._held[user] = held
        for token in held.tokens:
            place = Place(user, held.entry, token)
            known = before.get(token.digest)
            if known is not None:
                place.seen = max(place.seen, known.seen)
            self._places[token.digest] = place
        for gone in before.values():
            if gone is not None and gone.token.digest not in self._places:
                self._tell_gone(TokenGone(user, gone.token))

    def _forget(self, user: str) -> None:
        gone = [place for token in self.tokens(user) if (place := self._places.pop(token.digest, None))]
        self._held.pop(user, None)
        self._versions.pop(user, None)
        for place in gone:
            self._tell_gone(TokenGone(user, place.token))

    # Changing.

    async def change(
        self, user: str, judge: Judge, *, consistency: Consistency = Consistency.QUORUM
    ) -> Held | None:
        """Write what `judge` makes of what somebody has; None when it wants nothing written.

        It is known here when this returns. Raises StoreUnavailable, after which nothing was written.
        """
        key = _key(user)
        for _ in range(_ROUNDS):
            record = await self._records.get(key)
            try:
                held = Held("") if record is None else _decode(record.value)
            except msgspec.MsgspecError as problem:
                raise StoreUnavailable("what is kept of somebody's tokens cannot be read") from problem
            wanted = judge(held)
            if wanted is None:
                return None
            value = _encode(wanted)
            lifetime = None if wanted.tokens else _EMPTY_FOR
            if record is None:
                version = await self._records.create(key, value, lifetime=lifetime, consistency=consistency)
            else:
                version = await self._records.replace(
                    key, value, version=record.version, lifetime=lifetime, consistency=consistency
                )
            if version is not None:
                self._take_in(user, value, version)
                return wanted
        raise StoreUnavailable("others wrote at the same moment, again and again")


def _key(user: str) -> str:
    return quote(user, safe="")
