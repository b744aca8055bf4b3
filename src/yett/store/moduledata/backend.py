"""Module data among the records: key "user/module", value a map in MessagePack."""

from typing import Any
from urllib.parse import quote, unquote

import msgspec

from yett.events import describe
from yett.store.moduledata import events
from yett.store.records import Record, Records, StoreUnavailable
from yett.store.space import Space

Datum = dict[str, Any]

_decode = msgspec.msgpack.Decoder(Datum).decode
_encode = msgspec.msgpack.Encoder().encode
_NOTHING = _encode({})


class ModuleDataDamaged(StoreUnavailable):
    """The record does not hold a map. It is not taken for missing: a second factor would lapse."""


def encode(value: Datum) -> bytes:
    """The map as bytes; ValueError when something in it cannot be kept."""
    try:
        data = _encode(value)
        # Some maps can be written but not read, such as one with numbers for keys.
        _decode(data)
    except (TypeError, NotImplementedError, OverflowError, RecursionError, ValueError) as problem:
        raise ValueError(f"module data cannot hold this: {problem}") from problem
    return data


class Backend:
    """Reads and writes maps; says what the store did, and passes its failures on."""

    def __init__(self, records: Records) -> None:
        self._records = Space(records, "moduledata")

    async def get(self, module: str, user: str) -> tuple[int, Datum] | None:
        """Version and map, or None when there is nothing."""
        try:
            record = await self._records.get(_key(module, user))
        except StoreUnavailable as problem:
            events.kv_get_failed(module=module, user=user, error=describe(problem))
            raise
        return None if record is None else (record.version, _map(module, user, record))

    async def set(self, module: str, user: str, value: Datum) -> int:
        """Write; the new version."""
        return await self._set(module, user, value, None) or 0

    async def replace(self, module: str, user: str, value: Datum, *, seen: int) -> bool:
        """Write only if the version is still `seen`, 0 meaning that there was nothing."""
        return await self._set(module, user, value, seen) is not None

    async def _set(self, module: str, user: str, value: Datum, seen: int | None) -> int | None:
        key, data = _key(module, user), encode(value)
        version: int | None
        try:
            if seen is None:
                version = await self._records.put(key, data)
            elif seen == 0:
                version = await self._records.create(key, data)
            else:
                version = await self._records.replace(key, data, version=seen)
        except StoreUnavailable as problem:
            events.kv_set_failed(module=module, user=user, error=describe(problem))
            raise
        if version is not None:
            events.kv_stored(module=module, user=user, version=version)
        return version

    async def delete(self, module: str, user: str) -> bool:
        """Whether there was something to delete."""
        try:
            was_there = await self._records.delete(_key(module, user))
        except StoreUnavailable as problem:
            events.kv_delete_failed(module=module, user=user, error=describe(problem))
            raise
        if was_there:
            events.kv_deleted(module=module, user=user)
        else:
            events.kv_nothing_to_delete(module=module, user=user)
        return was_there

    async def discard(self, module: str, user: str, *, seen: int) -> bool:
        """Delete only if the version is still `seen`; whether that was so."""
        try:
            # What ends at once is as good as deleted, and unlike a deletion it can rest on a version.
            version = await self._records.replace(_key(module, user), _NOTHING, version=seen, lifetime=0.0)
        except StoreUnavailable as problem:
            events.kv_delete_failed(module=module, user=user, error=describe(problem))
            raise
        if version is not None:
            events.kv_deleted(module=module, user=user)
        return version is not None

    async def users(self) -> list[str]:
        """Everybody about whom something is kept, readable or not."""
        return sorted({_parts(key)[0] for key, _ in await self._records.list("")})

    async def exists(self, module: str, user: str) -> bool:
        """Whether there is a record, whole or not."""
        try:
            return await self._records.get(_key(module, user)) is not None
        except StoreUnavailable as problem:
            events.kv_get_failed(module=module, user=user, error=describe(problem))
            raise

    async def get_all_for_user(self, user: str) -> dict[str, Datum]:
        """Every module's map of one person. One that is damaged fails the whole."""
        listed = await self._records.list(part(user) + "/")
        found = {}
        for key, record in listed:
            module = _parts(key)[1]
            found[module] = _map(module, user, record)
        events.kv_retrieved_for_user(user=user, count=len(found))
        return found

    async def load_all(self, module: str) -> dict[str, Datum]:
        """Every person's map of one module. A damaged one is left out: it must not hide the others."""
        found, skipped = {}, 0
        for key, record in await self._records.list(""):
            user, owner = _parts(key)
            if owner != module:
                continue
            try:
                found[user] = _map(module, user, record)
            except ModuleDataDamaged:
                skipped += 1
        events.kv_loaded_all(module=module, count=len(found), skipped=skipped)
        return found


def _map(module: str, user: str, record: Record) -> Datum:
    try:
        return _decode(record.value)
    except msgspec.DecodeError as problem:
        events.unexpected_value(module=module, user=user, size=len(record.value))
        raise ModuleDataDamaged(f"data of module {module} for one user is not a map") from problem


def _key(module: str, user: str) -> str:
    # The person stands first: what belongs to one person is asked for while somebody waits.
    return f"{part(user)}/{part(module)}"


def part(name: str) -> str:
    """A name as one part of a key: whatever it holds, it cannot reach into another's part."""
    if not name:
        raise ValueError("module and user of a datum cannot be empty")
    return quote(name, safe="@ ")


def _parts(key: str) -> tuple[str, str]:
    user, _, module = key.partition("/")
    return unquote(user), unquote(module)
