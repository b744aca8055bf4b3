"""What people allowed applications, kept with what belongs to them.

What cannot be read was not allowed, and what cannot be kept does not count: codes are redeemed only as long as a
consent stands.
"""

from collections.abc import Callable
from typing import Any, Protocol

from yett.events import describe
from yett.kernel import Clock
from yett.oidc.clients import Client
from yett.oidc.consent import events, rules
from yett.oidc.consent.rules import Given
from yett.store import StoreUnavailable

MODULE = "oidc_consent"
_ROUNDS = 8
"""How often a write is tried. Each that is lost means that another one of this person was kept."""

Datum = dict[str, Any]


class ModuleData(Protocol):
    """Maps by module and user."""

    async def load(self, module: str, user: str) -> tuple[int, Datum] | None: ...
    async def replace(self, module: str, user: str, value: Datum, *, seen: int) -> bool: ...


class Consents:
    """Remembers them."""

    def __init__(self, data: ModuleData, clock: Clock) -> None:
        self._data = data
        self._clock = clock

    async def covers(self, user: str, client_id: str, scopes: tuple[str, ...]) -> bool:
        """Whether a person allowed an application all of this before."""
        try:
            found = await self._data.load(MODULE, user)
        except StoreUnavailable:
            # Module data said in the log what went wrong.
            return False
        return found is not None and rules.is_covered(found[1], client_id, scopes)

    async def remember(self, user: str, client: Client, scopes: tuple[str, ...]) -> bool:
        """Keep what a person has allowed just now; whether it is kept."""
        new = Given(client.client_id, frozenset(scopes), self._clock.now(), client.title)
        try:
            if await self._change(user, lambda datum: rules.with_given(datum, new)):
                return True
            error = "others wrote at the same moment, again and again"
        except StoreUnavailable as problem:
            error = describe(problem)
        events.not_remembered(user=user, client=client.label, error=error)
        return False

    async def given(self, user: str) -> tuple[Given, ...]:
        """What a person allowed, newest first. Raises StoreUnavailable."""
        found = await self._data.load(MODULE, user)
        return () if found is None else rules.given_in(found[1])

    async def withdraw(self, user: str, client_id: str) -> None:
        """Forget what a person allowed an application. Raises StoreUnavailable."""
        if not await self._change(user, lambda datum: rules.without(datum, client_id)):
            raise StoreUnavailable("others wrote at the same moment, again and again")

    async def _change(self, user: str, change: Callable[[Datum], Datum | None]) -> bool:
        """Whether the datum is as it should be."""
        for _ in range(_ROUNDS):
            seen, datum = await self._data.load(MODULE, user) or (0, {})
            changed = change(datum)
            if changed is None or await self._data.replace(MODULE, user, changed, seen=seen):
                return True
        return False
