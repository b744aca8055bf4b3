"""What three proxies make of the same bytes, and where they differ.

Agreement is asked for request by request: whatever two of them forward as the n-th request has to
have the same method, target and payload. One that stops earlier than the others has refused;
that is no disagreement about framing, but it is counted.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from tests.strictness.case import SENTINEL
from tests.strictness.recorder import Recorder
from tests.strictness.stage import Came, say

Framing = tuple[bytes, bytes, bytes]
"""Method, target and payload of a request at the upstream."""


@dataclass(frozen=True)
class Verdicts:
    """What came of one input at each of the three, by name; "ours" is one of them."""

    name: str
    sent: bytes
    came: dict[str, Came]

    def framing(self, who: str) -> list[Framing]:
        return [(seen.method, seen.target, seen.payload) for seen in self.came[who].seen]

    @property
    def smuggled(self) -> list[str]:
        """Who let a request through without having seen it as one."""
        return [who for who, came in self.came.items() if not all(seen.is_tagged for seen in came.seen)]

    def differs_from(self, peer: str) -> bool:
        """Whether we and that one frame a request differently that both forward."""
        pairs = zip(self.framing("ours"), self.framing(peer), strict=False)
        return any(ours != theirs for ours, theirs in pairs)

    def accepts(self, who: str) -> bool:
        """Whether all of it was forwarded, the sentinel included, and nothing refused."""
        statuses = self.came[who].statuses
        return bool(statuses) and all(status < 300 for status in statuses) and self._has_sentinel(who)

    def _has_sentinel(self, who: str) -> bool:
        return any(target.endswith(b"/sentinel") for _, target, _ in self.framing(who))


async def verdicts(
    inputs: Iterable[tuple[str, bytes]], proxies: dict[str, tuple[int, Recorder]], *, at_once: int = 24
) -> list[Verdicts]:
    """Send each input, with a sentinel behind it, to each proxy."""
    slots = asyncio.Semaphore(at_once)

    async def one(name: str, data: bytes) -> Verdicts:
        async with slots:
            came = await asyncio.gather(
                *(say(port, data + SENTINEL, recorder, patience=1.5) for port, recorder in proxies.values())
            )
        return Verdicts(name, data, dict(zip(proxies, came, strict=True)))

    return await asyncio.gather(*(one(name, data) for name, data in inputs))
