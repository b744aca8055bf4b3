"""What is remembered of a person's sign-ins when their sessions are gone: when, from where, in which language.

None of it decides anything. A store that fails costs the memory, never the sign-in; module data
say in the log what went wrong.
"""

import contextlib
from collections.abc import Callable
from typing import Any, Protocol

from yett.sessions import Session
from yett.signin import rules
from yett.signin.model import Visit, Visitor
from yett.store import StoreUnavailable

MODULE = "signin"
PREFERENCES = "preferences"

_ROUNDS = 8
"""How often a write is tried. Each that is lost means that another sign-in of this person was kept."""

Datum = dict[str, Any]


class ModuleData(Protocol):
    """Maps by module and user, and the language that mail to a user is written in."""

    async def load(self, module: str, user: str) -> tuple[int, Datum] | None: ...
    async def replace(self, module: str, user: str, value: Datum, *, seen: int) -> bool: ...
    async def language(self, user: str) -> str | None: ...


class Memory:
    """Keeps the newest sign-ins of each person, and the language their browser prefers."""

    def __init__(self, data: ModuleData) -> None:
        self._data = data

    async def keep(self, session: Session, visitor: Visitor) -> None:
        """Remember a sign-in that has just happened."""
        user = session.module_key
        visit = Visit(session.ref, session.created_at, visitor.address)
        with contextlib.suppress(StoreUnavailable):
            await self._change(MODULE, user, lambda datum: rules.with_visit(datum, visit))
        language = visitor.language
        with contextlib.suppress(StoreUnavailable):
            # Asked for where mail finds it, so that one which was not stored there is mended.
            if language and await self._data.language(user) != language:
                await self._change(PREFERENCES, user, lambda datum: rules.with_language_seen(datum, language))

    async def visits(self, user: str) -> tuple[Visit, ...]:
        """What is remembered of somebody's sign-ins, the newest first; nothing when it cannot be read."""
        try:
            found = await self._data.load(MODULE, user)
        except StoreUnavailable:
            return ()
        return () if found is None else rules.visits_of(found[1])[::-1]

    async def before(self, session: Session) -> Visit | None:
        """The person's sign-in before the one that made this session; None when none is known."""
        try:
            found = await self._data.load(MODULE, session.module_key)
        except StoreUnavailable:
            return None
        return None if found is None else rules.visit_before(found[1], session.ref, session.created_at)

    async def knows(self, user: str, address: str) -> bool:
        """Whether the person is remembered to have signed in from an address."""
        try:
            found = await self._data.load(MODULE, user)
        except StoreUnavailable:
            return False
        return found is not None and rules.is_known_address(found[1], address)

    async def _change(self, module: str, user: str, change: Callable[[Datum], Datum | None]) -> None:
        for _ in range(_ROUNDS):
            seen, datum = await self._data.load(module, user) or (0, {})
            changed = change(datum)
            if changed is None or await self._data.replace(module, user, changed, seen=seen):
                return
