"""Which identity at a provider is which person here.

A link holds for the very entry of the directory that it was made for: whoever has the name later, or comes
from another source, is somebody else. An identity is one person's only.
"""

import msgspec

from yett.identity.federation import events, rules
from yett.identity.federation.model import Identity
from yett.identity.model import Person
from yett.kernel import Clock
from yett.store import Record, Records, Space

_ROUNDS = 8


class Link(msgspec.Struct, frozen=True):
    """One link."""

    user: str
    entry: str
    provider: str
    issuer: str
    subject: str
    shown: str
    """What the person knows the account as: its address or its name."""
    linked_at: float

    @property
    def identity(self) -> Identity:
        return Identity(self.issuer, self.subject)

    @property
    def is_by_name_only(self) -> bool:
        """Whether the entry it was made for cannot be told from a later one of that name."""
        return self.entry.endswith(":")

    def is_of(self, person: Person | None) -> bool:
        """Whether it leads to this person as they are known now."""
        return person is not None and person.name == self.user and person.entry == self.entry


class Links:
    """The links. StoreUnavailable may come from any method."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._links = Space(records, "federation/links")
        self._by_user = Space(records, "federation/linked")
        self._clock = clock

    async def find(self, identity: Identity) -> Link | None:
        """Whose an identity is, by the last that was said of it."""
        record = await self._links.get(rules.identity_key(identity))
        return None if record is None else _read(record)

    async def of(self, user: str) -> list[Link]:
        """Everything that leads to a name, the oldest first."""
        found = []
        for key, _ in await self._by_user.list(f"{user}/"):
            record = await self._links.get(key.rpartition("/")[2])
            link = None if record is None else _read(record)
            if link is not None and link.user == user:
                found.append(link)
        return sorted(found, key=lambda each: each.linked_at)

    async def add(
        self, identity: Identity, person: Person, provider: str, *, shown: str, how: str, seen: Link | None
    ) -> bool:
        """Let an identity lead to a person; False when it leads elsewhere than `seen` says.

        `seen` is what was there when it was decided: None, or a link that does not hold any more.
        """
        key = rules.identity_key(identity)
        link = Link(
            person.name, person.entry, provider, identity.issuer, identity.subject, shown, self._clock.now()
        )
        value = msgspec.json.encode(link)
        # First the way from the person: without the other it leads nowhere, and nothing rests on it.
        await self._by_user.put(f"{person.name}/{key}", b"")
        if await self._links.create(key, value) is None and not await self._replace(key, value, person, seen):
            return False
        events.linked(user=person.name, provider=provider, how=how)
        return True

    async def _replace(self, key: str, value: bytes, person: Person, seen: Link | None) -> bool:
        for _ in range(_ROUNDS):
            record = await self._links.get(key)
            now = None if record is None else _read(record)
            if record is None:
                return await self._links.create(key, value) is not None
            if now is not None and now.is_of(person):
                # Their own other sign-in was faster.
                return True
            if now != seen:
                return False
            if await self._links.replace(key, value, version=record.version) is not None:
                return True
        return False

    async def names(self) -> set[str]:
        """Names of people whom anything leads to."""
        return {key.partition("/")[0] for key, _ in await self._by_user.list("")}

    async def forget(self, user: str) -> None:
        """Remove what leads to a name and not to an entry that no other will be."""
        for link in await self.of(user):
            if link.is_by_name_only:
                await self.remove(link, by="directory")

    async def remove(self, link: Link, *, by: str) -> bool:
        """Let an identity be nobody's; whether it was who the link says."""
        key = rules.identity_key(link.identity)
        record = await self._links.get(key)
        if record is None or _read(record) != link:
            return False
        if not await self._links.delete(key):
            return False
        await self._by_user.delete(f"{link.user}/{key}")
        events.unlinked(user=link.user, provider=link.provider, by=by)
        return True


def _read(record: Record) -> Link | None:
    try:
        return msgspec.json.decode(record.value, type=Link)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
