"""The nonce that proofs repeat: one for all clients and nodes, another every few minutes.

It only has to be something that nobody could know long before (RFC 9449, section 8), so it need not
be a client's own; then it costs no write per request. Whichever node first needs the nonce of a period keeps
it, and the others find it.
"""

import hmac

from yett.events import describe
from yett.kernel import Clock, new_secret
from yett.oidc.dpop import events
from yett.store import Records, StoreUnavailable

_PREFIX = "oidc/dpop/nonce/"


class Nonces:
    """The nonces of this period and the one before."""

    def __init__(self, records: Records, clock: Clock, lifetime: float) -> None:
        self._records = records
        self._clock = clock
        self._known: dict[str, str] = {}
        self.lifetime = lifetime
        """Seconds of a period."""

    async def current(self) -> str:
        """What proofs should repeat from now on. Raises StoreUnavailable."""
        name = self._name(0)
        return self._known.get(name) or await self._agree(name)

    async def accepts(self, nonce: str) -> bool:
        """Whether a proof repeats a nonce that is good now. Raises StoreUnavailable."""
        shown, is_ours = nonce.encode("utf-8", "surrogatepass"), False
        for good in (await self.current(), await self._before()):
            is_ours |= bool(good) and hmac.compare_digest(shown, good.encode("ascii"))
        return is_ours

    def _name(self, periods_ago: int) -> str:
        number = int(self._clock.now() // self.lifetime) - periods_ago
        return f"{self.lifetime:g}/{number}"

    async def _agree(self, name: str) -> str:
        """The nonce of a period, made by whoever is first."""
        made = new_secret(24)
        events.nonce_generated()
        try:
            is_first = await self._records.create(
                _PREFIX + name, made.encode("ascii"), lifetime=3 * self.lifetime
            )
            kept = made if is_first is not None else await self._find(name)
        except StoreUnavailable as problem:
            events.nonce_unavailable(error=describe(problem))
            raise
        if is_first is not None:
            events.nonce_stored()
        if not kept:
            raise StoreUnavailable("the nonce of this period went away while it was read")
        before = self._name(1)
        self._known = {each: nonce for each, nonce in self._known.items() if each == before} | {name: kept}
        return kept

    async def _before(self) -> str:
        """The nonce of the period before; empty when nobody needed one then."""
        name = self._name(1)
        if name not in self._known:
            try:
                self._known[name] = await self._find(name)
            except StoreUnavailable as problem:
                events.nonce_unavailable(error=describe(problem))
                raise
        return self._known[name]

    async def _find(self, name: str) -> str:
        record = await self._records.get(_PREFIX + name)
        return "" if record is None else record.value.decode("ascii", "replace")
