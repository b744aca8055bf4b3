"""Keeping certificates, and finding the right one for a name.

Reads are local: `find` looks into one dict that is replaced, never changed, so any thread may call
it. Writes go to the store first and into the dict when the store has them; other nodes hear of them
by watching. What must stay true:
  nothing is shown that was not accepted by `rules`, and nothing past its end;
  a certificate refused or not stored leaves what was shown before;
  a certificate pinned on this node wins over a stored one of the same name.
"""

import asyncio
import datetime
from collections.abc import Callable, Mapping
from types import MappingProxyType

from yett.events import describe
from yett.kernel import Clock, Signal, Supervisor
from yett.keys import Sealer
from yett.pki.certificates import events, record, rules
from yett.pki.certificates.model import DEFAULT, Changed, Installed, Parsed, Reason, Refused, Source
from yett.pki.names import normal
from yett.store import Change, Follower, Record, Records, StoreUnavailable

_LOOK_EVERY = 10.0
"""Seconds between looks for certificates that ended."""

Expired = Callable[[Installed], None]


class Certificates:
    """Every certificate of the gateway by name."""

    def __init__(self, records: Records, sealer: Sealer, clock: Clock, tasks: Supervisor) -> None:
        self.changed: Signal[Changed] = Signal("certificates.changed")
        self._records = records
        self._sealer = sealer
        self._clock = clock
        self._tasks = tasks
        self._stored: dict[str, Installed] = {}
        self._pinned: dict[str, Installed] = {}
        self._table: Mapping[str, Installed] = MappingProxyType({})
        self._callbacks: list[Expired] = []
        self._work: list[asyncio.Task[None]] = []
        self._follower = Follower(records, record.PREFIX, load=self._load, hear=self._refresh)
        # Writes are taken one after the other, so that the dict follows the order of the store.
        self._writing = asyncio.Lock()

    # Life.

    async def start(self) -> None:
        """Read what is stored, and follow it from then on."""
        await self._follower.open()
        self._work.append(self._tasks.keep(self._follower.follow, name="certificates.follow"))
        self._work.append(self._tasks.every(_LOOK_EVERY, self.look, name="certificates.expiry"))

    async def stop(self) -> None:
        """Stop following, forget everything."""
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        self._work.clear()
        await self._follower.close()
        count = len(self._table)
        self._stored.clear()
        self._pinned.clear()
        self._publish()
        events.shut_down(certificates=count)

    # Finding.

    def find(self, server_name: str | None) -> Installed | None:
        """What to show for a name: its own certificate, the wildcard over it, or the default. Local."""
        return rules.select(self._table, server_name)

    def exactly(self, name: str) -> Installed | None:
        """The certificate installed under this very name (`DEFAULT` for the default)."""
        return self._table.get(name)

    def all(self) -> tuple[Installed, ...]:
        """Every installed certificate, by name."""
        return tuple(installed for _, installed in sorted(self._table.items()))

    # Changing.

    async def set(
        self, name: str, chain_pem: bytes, key_pem: bytes, *, source: Source = Source.MANUAL
    ) -> Installed | Refused:
        """Show this certificate for a host name or a wildcard, on every node, until it ends."""
        verdict = self._accept(name, chain_pem, key_pem, source)
        if isinstance(verdict, Refused):
            return verdict
        place, parsed = verdict
        return await self._store(place, parsed, source)

    async def set_default(
        self, chain_pem: bytes, key_pem: bytes, *, source: Source = Source.MANUAL
    ) -> Installed | Refused:
        """Show this certificate to whoever asks for no name, or for one without a certificate."""
        parsed = self._accept_default(chain_pem, key_pem, source)
        return parsed if isinstance(parsed, Refused) else await self._store(DEFAULT, parsed, source)

    def pin(self, certificate: Parsed, *, source: Source) -> None:
        """Show an accepted certificate for all its names and as default, on this node only.

        What was pinned from the same source before is let go.
        """
        places = (*certificate.names, DEFAULT)
        self.unpin(source=source, keep=places)
        for name in places:
            self._pinned[name] = Installed(name, source, certificate, 0)
        self._publish(*places)

    def unpin(self, *, source: Source, keep: tuple[str, ...] = ()) -> None:
        """Let go of what was pinned from a source."""
        gone = [n for n, pinned in self._pinned.items() if pinned.source is source and n not in keep]
        for name in gone:
            self._said_deleted(self._pinned.pop(name))
        self._publish(*gone)

    async def delete(self, name: str) -> bool:
        """Give a name up on every node; whether there was anything. StoreUnavailable may come."""
        async with self._writing:
            installed = self._stored.get(name)
            was_there = await self._records.delete(record.key_of(name))
            if installed is not None:
                del self._stored[name]
                self._said_deleted(installed)
                self._publish(name)
        return was_there or installed is not None

    async def clear(self) -> int:
        """Forget the parsed certificates and read the store again; how many there are then."""
        async with self._writing:
            before = tuple(self._stored)
            fresh = await self._read()
            self._stored = fresh
            self._publish(*before, *fresh)
            events.cleared(certificates=len(before))
        return len(self._table)

    def on_expired(self, callback: Expired) -> None:
        """Call this with each certificate that ended without being replaced."""
        self._callbacks.append(callback)

    async def look(self) -> None:
        """Drop every certificate that has ended."""
        now = self._clock.now()
        for kept in (self._stored, self._pinned):
            for installed in [i for i in kept.values() if i.certificate.not_after <= now]:
                if kept.get(installed.name) is installed:
                    del kept[installed.name]
                    self._said_expired(installed)

    # Accepting.

    def _accept(
        self, name: str, chain_pem: bytes, key_pem: bytes, source: Source
    ) -> tuple[str, Parsed] | Refused:
        place = normal(name)
        if place is None:
            refused = Refused(Reason.NAME_INVALID, "it is neither a host name nor a wildcard over one")
            events.not_matching(name=name[:253], source=source, reason=refused.reason, detail=refused.detail)
            return refused
        parsed = rules.parse(chain_pem, key_pem)
        if isinstance(parsed, Refused):
            events.not_parsed(name=place, source=source, reason=parsed.reason, detail=parsed.detail)
            return parsed
        verdict = rules.judge(parsed, place, now=self._clock.now())
        match verdict:
            case None:
                return place, parsed
            case Refused(Reason.EXPIRED):
                end = _instant(parsed.not_after)
                events.expired(name=place, source=source, serial=parsed.serial, not_after=end)
            case Refused(Reason.NOT_YET_VALID):
                begin = _instant(parsed.not_before)
                events.not_yet_valid(name=place, source=source, serial=parsed.serial, not_before=begin)
            case Refused(reason, detail):
                events.not_matching(name=place, source=source, reason=reason, detail=detail)
        return verdict

    def _accept_default(self, chain_pem: bytes, key_pem: bytes, source: Source) -> Parsed | Refused:
        parsed = rules.parse(chain_pem, key_pem)
        if isinstance(parsed, Refused):
            events.default_not_parsed(source=source, reason=parsed.reason, detail=parsed.detail)
            return parsed
        refused = rules.judge(parsed, DEFAULT, now=self._clock.now())
        if refused is not None:
            events.default_out_of_time(
                source=source, reason=refused.reason, serial=parsed.serial, detail=refused.detail
            )
            return refused
        return parsed

    async def _store(self, name: str, parsed: Parsed, source: Source) -> Installed | Refused:
        lifetime = parsed.not_after - self._clock.now()
        try:
            value = record.to_bytes(self._sealer, name, source, parsed)
            async with self._writing:
                version = await self._records.put(record.key_of(name), value, lifetime=lifetime)
                installed = self._stored[name] = Installed(name, source, parsed, version)
                self._publish(name)
        except (StoreUnavailable, ValueError) as problem:
            if name == DEFAULT:
                events.default_not_stored(source=source, error=describe(problem))
            else:
                events.not_stored(name=name, source=source, error=describe(problem))
            return Refused(Reason.STORE, describe(problem))
        end = _instant(parsed.not_after)
        if name == DEFAULT:
            events.default_stored(source=source, serial=parsed.serial, not_after=end)
        else:
            events.stored(name=name, source=source, serial=parsed.serial, not_after=end)
        return installed

    # Following the store.

    async def _refresh(self, change: Change) -> None:
        """Bring one name up to what the store has now; a change that was overtaken does no harm."""
        key = change.key
        name = record.name_of(key)
        if name is None:
            return
        async with self._writing:
            found, known = await self._records.get(key), self._stored.get(name)
            if found is not None:
                if known is None or known.version != found.version:
                    installed = self._understood(name, key, found)
                    if installed is not None:
                        self._stored[name] = installed
                        self._publish(name)
            elif known is not None:
                del self._stored[name]
                if known.certificate.not_after <= self._clock.now():
                    self._said_expired(known)
                else:
                    self._publish(name)

    async def _load(self) -> None:
        async with self._writing:
            before = tuple(self._stored)
            self._stored = await self._read()
            self._publish(*before, *self._stored)

    async def _read(self) -> dict[str, Installed]:
        found: dict[str, Installed] = {}
        for key, kept in await self._records.list(record.PREFIX):
            name = record.name_of(key)
            installed = None if name is None else self._understood(name, key, kept)
            if installed is not None:
                found[installed.name] = installed
        return found

    def _understood(self, name: str, key: str, kept: Record) -> Installed | None:
        now = self._clock.now()
        installed = record.from_bytes(self._sealer, name, kept.value, kept.version, now=now)
        refused = (
            installed if isinstance(installed, Refused) else rules.judge(installed.certificate, name, now=now)
        )
        if refused is not None:
            events.not_loaded(record=key, detail=refused.detail)
            return None
        return installed if isinstance(installed, Installed) else None

    # Telling.

    def _publish(self, *names: str) -> None:
        """Show what is kept now, and tell of the names whose certificate is another one."""
        before, self._table = self._table, MappingProxyType({**self._stored, **self._pinned})
        for name in dict.fromkeys(names):
            now_shown = self._table.get(name)
            if before.get(name) != now_shown:
                self.changed.send(Changed(name, now_shown))

    def _said_deleted(self, installed: Installed) -> None:
        events.deleted(name=installed.name, source=installed.source, serial=installed.certificate.serial)

    def _said_expired(self, installed: Installed) -> None:
        events.dropped(
            name=installed.name,
            source=installed.source,
            serial=installed.certificate.serial,
            not_after=_instant(installed.certificate.not_after),
        )
        self._publish(installed.name)
        for callback in self._callbacks:
            try:
                callback(installed)
            except Exception as problem:  # noqa: BLE001 - another part's fault must not keep it shown
                events.callback_failed(name=installed.name, error=describe(problem))


def _instant(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)
