"""Giving out codes (RFC 8628, sections 3.1 and 3.2).

A code is given out only once it can be found again, so that nobody waits for one that is lost.
"""

import math
from collections import OrderedDict
from collections.abc import Callable

from yett.authn import letters
from yett.authn.allowance import Allowance
from yett.authn.device_code import events, rules
from yett.authn.device_code.config import DeviceCodeSettings
from yett.authn.device_code.model import Codes, DeviceCode, NotIssued, Origin, Reason
from yett.authn.device_code.shelf import Shelf
from yett.authn.guessing import address_key
from yett.events import describe
from yett.kernel import Clock, new_secret
from yett.store import StoreUnavailable

WHILE = 600.0
"""Seconds that the limits of the settings speak of."""
_DRAWS = 5
_MOST_UNLISTED = 1000
_IN_USE = "the random source gave values that are in use"


def _draw() -> str:
    return letters.draw(letters.CONSONANTS, rules.USER_CODE)


class Issuing:
    """Makes pairs of codes, and knows the user codes that the store did not take."""

    def __init__(
        self,
        shelf: Shelf,
        settings: DeviceCodeSettings,
        clock: Clock,
        *,
        new_token: Callable[[], str] = new_secret,
        new_user_code: Callable[[], str] = _draw,
    ) -> None:
        self._shelf = shelf
        self._clock = clock
        self._new_token = new_token
        self._new_user_code = new_user_code
        self._unlisted: OrderedDict[str, str] = OrderedDict()
        self._asked = Allowance(settings.max_per_address, WHILE)
        self._settings = settings

    def apply(self, settings: DeviceCodeSettings) -> None:
        """Use other settings from now on."""
        self._asked.use(settings.max_per_address, WHILE)
        self._settings = settings

    def unlisted(self, user_code: str) -> str | None:
        """Where a user code leads that only this node knows."""
        return self._unlisted.get(user_code)

    async def authorize(
        self,
        kind: str,
        client_id: str,
        origin: Origin,
        *,
        scope: str = "",
        is_typed: bool = True,
        lifetime: float | None = None,
    ) -> Codes | NotIssued:
        """A new pair of codes; without `is_typed` only the device code, for what is confirmed in another way."""
        if not self._settings.enabled:
            return NotIssued(Reason.DISABLED)
        if is_typed:
            wait = self._asked.take(address_key(origin.address), self._clock.monotonic())
            if wait:
                events.throttled(
                    client=client_id, client_address=origin.address, retry_after=float(math.ceil(wait))
                )
                return NotIssued(Reason.THROTTLED, wait)
        try:
            device_code = self._new_token()
        except OSError as problem:
            events.device_code_not_generated(client=client_id, error=describe(problem))
            return NotIssued(Reason.UNAVAILABLE)
        ref = rules.fingerprint(device_code) or ""
        seconds = self._settings.lifetime.total_seconds() if lifetime is None else lifetime
        unlisted = None
        user_code = ""
        if is_typed:
            drawn = await self._point(client_id, ref, seconds)
            if drawn is None:
                return NotIssued(Reason.UNAVAILABLE)
            user_code, unlisted = drawn
        now = self._clock.now()
        code = DeviceCode(kind, client_id, scope, user_code, origin, now, now + seconds)
        if not await self._keep(ref, code, now):
            return NotIssued(Reason.UNAVAILABLE)
        if unlisted is not None:
            self._list_here(user_code, ref)
            events.user_code_not_stored(client=client_id, code=ref[:16], error=describe(unlisted))
        events.issued(client=client_id, code=ref[:16], client_address=origin.address, lifetime=seconds)
        interval = math.ceil(self._settings.interval.total_seconds())
        return Codes(device_code, ref, letters.grouped(user_code, rules.GROUP), int(seconds), interval)

    async def _point(
        self, client_id: str, ref: str, seconds: float
    ) -> tuple[str, StoreUnavailable | None] | None:
        """A user code that leads to `ref`; with it why it leads there from this node only, if it does."""
        try:
            for _ in range(_DRAWS):
                user_code = self._new_user_code()
                try:
                    is_free = await self._shelf.point(user_code, ref, lifetime=seconds)
                except StoreUnavailable as problem:
                    return user_code, problem
                if is_free:
                    return user_code, None
        except OSError as problem:
            events.user_code_not_generated(client=client_id, error=describe(problem))
            return None
        events.user_code_not_generated(client=client_id, error=_IN_USE)
        return None

    async def _keep(self, ref: str, code: DeviceCode, now: float) -> bool:
        """Write a new code down, and make sure that it can be found again before it is given out."""
        try:
            is_new = await self._shelf.put(ref, code, now=now)
        except StoreUnavailable as problem:
            events.not_stored(client=code.client_id, error=describe(problem))
            return False
        if not is_new:
            events.device_code_not_generated(client=code.client_id, error=_IN_USE)
            return False
        try:
            found = await self._shelf.get(ref)
        except StoreUnavailable as problem:
            events.no_quorum(client=code.client_id, error=describe(problem))
            return False
        if found is None or found.code != code:
            events.no_quorum(client=code.client_id, error="it is not there")
            return False
        return True

    def _list_here(self, user_code: str, ref: str) -> None:
        self._unlisted[user_code] = ref
        while len(self._unlisted) > _MOST_UNLISTED:
            self._unlisted.popitem(last=False)
