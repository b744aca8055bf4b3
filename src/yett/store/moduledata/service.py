"""What modules talk to when they keep something about a person."""

import re

from yett.events import describe
from yett.store.config import ClusterSettings
from yett.store.moduledata import events
from yett.store.moduledata.backend import Backend, Datum, part
from yett.store.moduledata.events import Unstored
from yett.store.records import Records, StoreUnavailable
from yett.store.space import Space

PREFERENCES = "preferences"
"""The module whose key "language" is also kept apart, for whoever writes to a person."""

# RFC 5646, section 2.1: subtags of one to eight letters or digits, the first of letters.
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,8}")


class ModuleData:
    """Maps by module and user. StoreUnavailable may come from any method, and is told in the log."""

    def __init__(self, records: Records, settings: ClusterSettings) -> None:
        self._records = records
        self._settings = settings
        self._backend = Backend(records)
        self._languages = Space(records, "languages")

    async def start(self) -> None:
        """Say where data go, and warn when they will not last."""
        settings = self._settings
        if settings.module_data_storage == "ldap":
            events.ldap_unsupported()
        if settings.directory is None:
            events.path_unset()
        if not settings.persistence:
            events.not_persistent()
        events.initialized(durable=self._records.is_durable)

    async def stop(self) -> None:
        """Nothing to do; every write is safe when it returns."""

    async def get(self, module: str, user: str) -> Datum | None:
        """The map, or None when there is none. One that is damaged raises ModuleDataDamaged."""
        found = await self.load(module, user)
        return None if found is None else found[1]

    async def load(self, module: str, user: str) -> tuple[int, Datum] | None:
        """The map with its version, for `replace`."""
        events.getting(module=module, user=user)
        try:
            return await self._backend.get(module, user)
        except StoreUnavailable as problem:
            events.get_failed(module=module, user=user, error=describe(problem))
            raise

    async def set(self, module: str, user: str, value: Datum) -> None:
        """Write the map, whatever was there. ValueError when it holds something that cannot be kept."""
        events.setting(module=module, user=user)
        try:
            await self._backend.set(module, user, value)
        except StoreUnavailable as problem:
            events.set_failed(module=module, user=user, error=describe(problem))
            raise
        if module == PREFERENCES:
            await self._store_language(user, value)

    async def replace(self, module: str, user: str, value: Datum, *, seen: int) -> bool:
        """Write only if the version is still `seen` (0: there was none); whether that was so."""
        events.setting(module=module, user=user)
        try:
            is_written = await self._backend.replace(module, user, value, seen=seen)
        except StoreUnavailable as problem:
            events.set_failed(module=module, user=user, error=describe(problem))
            raise
        if is_written and module == PREFERENCES:
            await self._store_language(user, value)
        return is_written

    async def delete(self, module: str, user: str) -> bool:
        """Whether there was something; its absence is no failure."""
        events.deleting(module=module, user=user)
        try:
            was_there = await self._backend.delete(module, user)
            if module == PREFERENCES:
                await self._languages.delete(part(user))
        except StoreUnavailable as problem:
            events.delete_failed(module=module, user=user, error=describe(problem))
            raise
        return was_there

    async def discard(self, module: str, user: str, *, seen: int) -> bool:
        """Delete only if the version is still `seen`, so that nothing newer goes with it; whether that was so."""
        events.deleting(module=module, user=user)
        try:
            is_gone = await self._backend.discard(module, user, seen=seen)
            if is_gone and module == PREFERENCES:
                await self._languages.delete(part(user))
        except StoreUnavailable as problem:
            events.delete_failed(module=module, user=user, error=describe(problem))
            raise
        return is_gone

    async def users(self) -> list[str]:
        """Everybody about whom any module keeps something, by name."""
        return await self._backend.users()

    async def exists(self, module: str, user: str) -> bool:
        """Whether something is kept, readable or not."""
        try:
            return await self._backend.exists(module, user)
        except StoreUnavailable as problem:
            events.exists_failed(module=module, user=user, error=describe(problem))
            raise

    async def get_all_for_user(self, user: str) -> dict[str, Datum]:
        """Everything kept about a person, by module."""
        events.getting_all_for_user(user=user)
        try:
            return await self._backend.get_all_for_user(user)
        except StoreUnavailable as problem:
            events.get_all_for_user_failed(user=user, error=describe(problem))
            raise

    async def load_all(self, module: str) -> dict[str, Datum]:
        """Everything a module keeps, by user. Damaged data are told in the log and left out."""
        events.loading_all(module=module)
        try:
            return await self._backend.load_all(module)
        except StoreUnavailable as problem:
            events.load_all_failed(module=module, error=describe(problem))
            raise

    async def language(self, user: str) -> str | None:
        """The language a person prefers, as a tag such as "de-AT"."""
        record = await self._languages.get(part(user))
        return None if record is None else record.value.decode()

    async def _store_language(self, user: str, preferences: Datum) -> None:
        """Keep the language where it is found without the preferences; a failure costs only that."""
        language = preferences.get("language")
        try:
            if language is None:
                await self._languages.delete(part(user))
            elif isinstance(language, str) and _LANGUAGE.fullmatch(language):
                await self._languages.put(part(user), language.encode())
            else:
                events.language_unstored(user=user, reason=Unstored.MALFORMED)
        except StoreUnavailable:
            events.language_unstored(user=user, reason=Unstored.UNAVAILABLE)
