"""The language that a person's mails are written in: what they chose, else what their browser asks for."""

from typing import Any, Protocol

from yett.signin.memory import PREFERENCES
from yett.signin.profile import events, rules
from yett.store import StoreUnavailable

_ROUNDS = 8
"""How often a write is tried. Each that is lost means that another preference of this person was kept."""

Datum = dict[str, Any]


class ModuleData(Protocol):
    """Maps by module and user."""

    async def load(self, module: str, user: str) -> tuple[int, Datum] | None: ...
    async def replace(self, module: str, user: str, value: Datum, *, seen: int) -> bool: ...


class OwnLanguage:
    """Reads and writes it. StoreUnavailable may come from both."""

    def __init__(self, data: ModuleData) -> None:
        self._data = data

    async def chosen(self, user: str) -> str:
        """The language that the person chose; empty when they left it to their browser."""
        found = await self._data.load(PREFERENCES, user)
        return "" if found is None else rules.chosen_language(found[1])

    async def choose(self, user: str, language: str) -> bool:
        """Choose one of `rules.LANGUAGES`, or the browser's with an empty text; False for any other."""
        if language and language not in rules.LANGUAGES:
            return False
        for _ in range(_ROUNDS):
            seen, datum = await self._data.load(PREFERENCES, user) or (0, {})
            if await self._data.replace(PREFERENCES, user, rules.with_language(datum, language), seen=seen):
                events.language_changed(user=user, language=language)
                return True
        raise StoreUnavailable("others wrote at the same moment, again and again")
