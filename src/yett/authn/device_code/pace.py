"""How often devices ask: known to this node at once, told to the others as well as may be.

The pace stands beside the code and not in it, so that a question never gets in the way of a decision.
"""

from collections import OrderedDict

import msgspec

from yett.authn.device_code import events, rules
from yett.authn.device_code.rules import Pace
from yett.events import describe
from yett.store import Consistency, Records, StoreUnavailable

_MOST = 100_000
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Pace).decode


class Paces:
    """The pace of each device that waits."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._known: OrderedDict[str, Pace] = OrderedDict()

    async def step(self, ref: str, client: str, *, interval: float, now: float, lifetime: float) -> bool:
        """One more question; whether it came in time. A store that fails costs only what other nodes know."""
        shared = await self._shared(ref, client)
        # From here to the next wait nobody comes between: of many questions at once one is in time.
        known = rules.merged(self._known.get(ref), shared)
        pace, is_too_fast = rules.judge_pace(known, interval, now)
        self._known[ref] = pace
        self._known.move_to_end(ref)
        while len(self._known) > _MOST:
            self._known.popitem(last=False)
        if is_too_fast:
            events.too_fast(client=client, code=ref[:16], interval=pace.interval)
        try:
            await self._records.put(
                _key(ref), _encode(pace), lifetime=lifetime, consistency=Consistency.BEST_EFFORT
            )
        except StoreUnavailable as problem:
            events.pace_not_replicated(client=client, code=ref[:16], error=describe(problem))
        return not is_too_fast

    def forget(self, ref: str) -> None:
        """The device will not ask any more."""
        self._known.pop(ref, None)

    async def _shared(self, ref: str, client: str) -> Pace | None:
        try:
            record = await self._records.get(_key(ref))
        except StoreUnavailable as problem:
            events.pace_unknown(client=client, code=ref[:16], error=describe(problem))
            return None
        try:
            return None if record is None else _decode(record.value)
        except msgspec.MsgspecError:
            return None


def _key(ref: str) -> str:
    return f"device/pace/{ref}"
