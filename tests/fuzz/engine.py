"""A running server under bytes made by dice: what comes of them does not depend on how they arrive."""

import asyncio

from tests.fuzz.grammar import Dice, request
from tests.strictness.case import SENTINEL
from tests.strictness.compare import Framing
from tests.strictness.stage import Came, Stage

AT_ONCE = 16


async def requests(stage: Stage, seed: str) -> None:
    """One input: up to three requests, sent in one piece, in a few, and byte by byte."""
    dice = Dice(seed)
    data = b"".join(request(dice) for _ in range(dice.number(1, 3)))
    whole = await stage.say(data + SENTINEL, then_stop=True)
    for cuts in (dice.cuts(len(data)), list(range(1, len(data)))):
        other = await stage.say(data + SENTINEL, cuts=cuts, then_stop=True)
        told = verdicts(other)
        # Who goes on sending after the end may lose the last answer to a reset (RFC 9112, 9.6).
        assert told == verdicts(whole)[: len(told) if may_end(data) else None], seed
        assert framing(other) == framing(whole), seed
    assert not stage.recorder.broken, seed
    assert all(seen.is_tagged for seen in whole.seen), seed


def verdicts(came: Came) -> list[bool]:
    """Which requests were forwarded. Of several reasons to refuse one, the first to be seen is told."""
    return [status < 300 for status in came.statuses]


def may_end(data: bytes) -> bool:
    """Whether one of the requests may be the connection's last one."""
    return b"close" in data or b"HTTP/1.0" in data


def framing(came: Came) -> list[Framing]:
    """What reached the upstream."""
    return [(seen.method, seen.target, seen.payload) for seen in came.seen]


async def several(stage: Stage, seeds: list[str]) -> None:
    """Many inputs, some of them at a time."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(seed: str) -> None:
        async with slots:
            await requests(stage, seed)

    await asyncio.gather(*map(one, seeds))
