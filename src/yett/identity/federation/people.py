"""People who were made from what a provider said of them: a source of the directory, the weakest of all.

What must stay true:
  a name is one identity's for as long as there is a record of it: whoever comes second does not get it;
  what this node shows of somebody never goes back to an older record.
"""

import asyncio
from collections.abc import Iterable

import msgspec

from yett.events import describe
from yett.identity.federation import events, rules
from yett.identity.federation.model import SOURCE, Identity, Profile
from yett.identity.model import Person, PersonChanged, is_name
from yett.kernel import Clock, Signal, Supervisor
from yett.store import Change, Follower, Record, Records, Space, StoreUnavailable

_ROUNDS = 8
"""How often a change is tried. Each that is lost means that somebody else wrote."""


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody, as the store has them."""

    provider: str
    issuer: str
    subject: str
    display_name: str
    email: str
    groups: tuple[str, ...]
    is_disabled: bool
    seen_at: float

    @property
    def identity(self) -> Identity:
        return Identity(self.issuer, self.subject)


class FederatedPeople:
    """The source. Reads are from local memory and never wait."""

    def __init__(self, records: Records, tasks: Supervisor, clock: Clock) -> None:
        self.name = SOURCE
        self.changed: Signal[PersonChanged] = Signal("identity.federation.changed")
        self._records = Space(records, "directory/federated")
        self._tasks = tasks
        self._clock = clock
        self._known: dict[str, tuple[int, Kept, Person]] = {}
        self._follower = Follower(self._records, "", load=self._load, hear=self._hear_of)
        self._following: asyncio.Task[None] | None = None
        # Between reading or writing a record and putting it in force nobody else does either.
        self._turn = asyncio.Lock()

    # Starting and stopping.

    async def start(self) -> None:
        """Read everybody, and follow what others write from now on. Raises StoreUnavailable."""
        await self._follower.open()
        self._following = self._tasks.keep(self._follower.follow, name="identity.federation.people")

    async def stop(self) -> None:
        """Stop following."""
        await self._follower.close()
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
            self._following = None

    # Reading.

    def person(self, name: str) -> Person | None:
        found = self._known.get(name)
        return None if found is None else found[2]

    def people(self) -> Iterable[Person]:
        return [person for _, _, person in self._known.values()]

    def kept(self, name: str) -> Kept | None:
        """What is kept of somebody."""
        found = self._known.get(name)
        return None if found is None else found[1]

    # Changing. Any of these may raise StoreUnavailable.

    async def create(self, name: str, profile: Profile, provider: str, *, email: str) -> bool:
        """Make a person of an identity; False when the name is another's already."""
        kept = self._made(profile, provider, email, is_disabled=False)
        async with self._turn:
            version = await self._records.create(name, msgspec.json.encode(kept))
            if version is not None:
                self._take_in(name, version, kept)
        if version is not None:
            events.created(user=name, provider=provider, groups=kept.groups)
            return True
        # Perhaps their own other sign-in was faster.
        await self._look_at(name)
        now = self.kept(name)
        return now is not None and now.identity == profile.identity

    async def update(self, name: str, profile: Profile, provider: str, *, email: str) -> bool:
        """Take over what the provider says of them now; False when the name is not that identity's."""
        for _ in range(_ROUNDS):
            record = await self._records.get(name)
            before = None if record is None else _read(record)
            if record is None or before is None or before.identity != profile.identity:
                return False
            now = self._made(profile, provider, email, is_disabled=before.is_disabled)
            if await self._write(name, now, record.version):
                if _facts(before) != _facts(now):
                    events.updated(user=name, provider=provider, groups=now.groups)
                return True
        return False

    async def set_disabled(self, name: str, is_disabled: bool) -> bool:
        """Switch somebody off or on; whether there is somebody."""
        for _ in range(_ROUNDS):
            record = await self._records.get(name)
            before = None if record is None else _read(record)
            if record is None or before is None:
                return False
            now = msgspec.structs.replace(before, is_disabled=is_disabled)
            if await self._write(name, now, record.version):
                events.changed_by_operator(user=name, is_disabled=is_disabled, is_removed=False)
                return True
        return False

    async def remove(self, name: str) -> bool:
        """Forget somebody; whether there was anybody."""
        async with self._turn:
            was_there = await self._records.delete(name)
            self._drop(name)
        if was_there:
            events.changed_by_operator(user=name, is_disabled=False, is_removed=True)
        return was_there

    def _made(self, profile: Profile, provider: str, email: str, *, is_disabled: bool) -> Kept:
        return Kept(
            provider,
            profile.identity.issuer,
            profile.identity.subject,
            profile.display_name,
            email,
            profile.groups,
            is_disabled,
            self._clock.now(),
        )

    async def _write(self, name: str, kept: Kept, seen: int) -> bool:
        async with self._turn:
            version = await self._records.replace(name, msgspec.json.encode(kept), version=seen)
            if version is not None:
                self._take_in(name, version, kept)
        return version is not None

    # What is in force.

    async def _load(self) -> None:
        async with self._turn:
            try:
                found = dict(await self._records.list(""))
            except StoreUnavailable as problem:
                events.people_unreadable(error=describe(problem))
                raise
            for name in set(self._known) - set(found):
                self._drop(name)
            for name, record in found.items():
                self._hear(name, record)

    async def _hear_of(self, change: Change) -> None:
        # What is told may be over by now; what is there counts.
        await self._look_at(change.key)

    async def _look_at(self, name: str) -> None:
        """Put in force what the store has of a name now."""
        async with self._turn:
            record = await self._records.get(name)
            if record is None:
                self._drop(name)
            else:
                self._hear(name, record)

    def _hear(self, name: str, record: Record) -> None:
        """Put a record in force."""
        kept = _read(record)
        if kept is None or not is_name(name):
            events.people_unreadable(error="a record is damaged")
            self._drop(name)
        else:
            self._take_in(name, record.version, kept)

    def _take_in(self, name: str, version: int, kept: Kept) -> None:
        known = self._known.get(name)
        if known is not None and known[0] >= version and known[1].identity == kept.identity:
            return
        person = Person(
            name,
            kept.display_name,
            kept.email,
            kept.groups,
            kept.is_disabled,
            SOURCE,
            rules.identity_key(kept.identity)[:32],
        )
        self._known[name] = (version, kept, person)
        before = None if known is None else known[2]
        if before != person:
            self.changed.send(PersonChanged(name, person, before is not None and before.is_disabled, before))

    def _drop(self, name: str) -> None:
        known = self._known.pop(name, None)
        if known is not None:
            self.changed.send(PersonChanged(name, None, known[2].is_disabled, known[2]))


def _read(record: Record) -> Kept | None:
    try:
        return msgspec.json.decode(record.value, type=Kept)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _facts(kept: Kept) -> tuple[object, ...]:
    return kept.display_name, kept.email, kept.groups
