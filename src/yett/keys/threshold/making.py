"""The gateway's part in making a key: it takes part like everybody else, and carries the others' messages."""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from typing import TypeVar

from yett.events import describe
from yett.keys.threshold import wire
from yett.keys.threshold.ceremony import Participant
from yett.keys.threshold.envelope import Envelope
from yett.keys.threshold.identity import Identity
from yett.keys.threshold.link import Away, Declined, Link
from yett.keys.threshold.model import OWN, Shared

T = TypeVar("T")


class Failed(Exception):
    """A co-signer's part did not come, or cannot be carried on."""

    def __init__(self, name: str, error: str) -> None:
        super().__init__(error)
        self.name = name
        self.error = error


async def make_together(identity: Identity, links: Sequence[Link], quorum: int) -> Shared:
    """A new key with these co-signers, which all of them keep. Raises Failed, Misbehaved and TimeoutError."""
    keys = (identity.public, *(link.party.public for link in links))
    own = Participant(identity, keys, OWN, quorum)
    numbers = range(OWN + 1, len(keys) + 1)
    joined = await _each(
        (link, link.ask(wire.Invite(0, keys, number, quorum), wire.Joined))
        for link, number in zip(links, numbers, strict=True)
    )
    nonces = (own.nonce, *(each.nonce for each in joined))
    try:
        announced = (own.announce(nonces), *await _round(links, wire.Nonces(0, nonces)))
    except ValueError as wrong:
        raise Failed("", describe(wrong)) from wrong
    dealt: dict[int, Sequence[Envelope]] = {OWN: own.deal(announced)}
    told = await _each((link, link.ask(wire.Announced(0, announced), wire.Sealed)) for link in links)
    for link, number, shares in zip(links, numbers, told, strict=True):
        if len(shares.envelopes) != len(keys) - 1:
            raise Failed(link.name, "not one share for each of the others")
        dealt[number] = shares.envelopes
    answers = await _each(
        (link, link.ask(wire.Dealt(0, _to(dealt, number)), wire.Sealed))
        for link, number in zip(links, numbers, strict=True)
    )
    others = [_only(link, said) for link, said in zip(links, answers, strict=True)]
    confirmed = (own.confirm(_to(dealt, OWN)), *others)
    share, group = own.conclude(confirmed)
    kept = await _each((link, link.ask(wire.Confirmed(0, confirmed), wire.Kept)) for link in links)
    for link, keeps in zip(links, kept, strict=True):
        if keeps.key != group.public:
            raise Failed(link.name, "it keeps a share of another key")
    return Shared(share, group, dict(enumerate(keys, OWN)))


async def _round(links: Sequence[Link], request: wire.AnyRequest) -> list[Envelope]:
    answers = await _each((link, link.ask(request, wire.Sealed)) for link in links)
    return [_only(link, said) for link, said in zip(links, answers, strict=True)]


async def _each(asked: Iterable[tuple[Link, Awaitable[T]]]) -> list[T]:
    """Everybody's answer. Raises Failed with whose was none, and TimeoutError."""
    pairs = list(asked)
    answers = await asyncio.gather(*(answer for _, answer in pairs), return_exceptions=True)
    said: list[T] = []
    is_late = False
    for (link, _), answer in zip(pairs, answers, strict=True):
        if isinstance(answer, (Away, Declined)):
            raise Failed(link.name, str(answer))
        if isinstance(answer, TimeoutError):
            is_late = True
        elif isinstance(answer, BaseException):
            raise answer
        else:
            said.append(answer)
    if is_late:
        raise TimeoutError
    return said


def _only(link: Link, said: wire.Sealed) -> Envelope:
    if len(said.envelopes) != 1:
        raise Failed(link.name, "not one envelope")
    return said.envelopes[0]


def _to(dealt: Mapping[int, Sequence[Envelope]], number: int) -> tuple[Envelope, ...]:
    """What everybody else dealt to one of them, in order. Whether it is for it, the receiver looks at."""
    return tuple(
        envelopes[number - 1 if number < sender else number - 2]
        for sender, envelopes in sorted(dealt.items())
        if sender != number
    )
