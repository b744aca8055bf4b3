"""The gateway's end: keys made together with co-signers, signatures from a quorum, and how well that can be had."""

import asyncio
import contextlib
from collections.abc import Awaitable, Sequence
from functools import partial
from time import monotonic
from typing import Final, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from yett.events import describe
from yett.kernel import Signal, Supervisor
from yett.keys.frost import Commitment, Invalid, aggregate, commit, sign
from yett.keys.master import MasterKey
from yett.keys.signing import key_id
from yett.keys.threshold import events
from yett.keys.threshold.config import ThresholdSettings
from yett.keys.threshold.identity import Identity, read_party
from yett.keys.threshold.link import Away, Declined, Link
from yett.keys.threshold.making import Failed, make_together
from yett.keys.threshold.model import OWN, Misbehaved, NotMade, Shared, State, Unavailable

T = TypeVar("T")

_MOST_TRIES: Final = 3
"""Keys that could not be made in a row until that is said to be critical."""
_PAUSE: Final = 50.0
"""Seconds until another try after that."""
_SUSPECT: Final = 30.0
"""Seconds that a co-signer which failed is asked last."""
_SETTLING: Final = 5.0
"""Seconds after a start in which co-signers may still be on their way."""


class Threshold:
    """Shared keys of this gateway. Start before use."""

    def __init__(self, master: MasterKey, settings: ThresholdSettings, tasks: Supervisor) -> None:
        self.identity = Identity(master)
        self.changed: Signal[State] = Signal("threshold.changed")
        """How well a quorum can be had has changed."""
        self.state = State.UNAVAILABLE
        self._settings = settings
        self._tasks = tasks
        self._links: dict[bytes, Link] = {}
        self._keeping: list[asyncio.Task[None]] = []
        self._said: tuple[State, tuple[str, ...], tuple[frozenset[bytes], ...]] | None = None
        self._suspects: dict[bytes, float] = {}
        self._complete = asyncio.Event()
        """Set once everybody was there."""
        self._failures = 0
        self._not_before = 0.0
        self._turn = 0

    @property
    def is_on(self) -> bool:
        """Whether there are co-signers at all."""
        return bool(self._settings.cosigner)

    @property
    def links(self) -> Sequence[Link]:
        """The co-signers, in the order of the settings."""
        return tuple(self._links.values())

    @property
    def quorum(self) -> int:
        """How many sign with the next key."""
        return self._settings.threshold

    async def start(self) -> None:
        """Connect, and wait a moment for those that are there."""
        await self._connect()
        if self.is_on:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(self._settings.timeout.total_seconds(), _SETTLING)):
                    await self._complete.wait()
            self.look()

    async def stop(self) -> None:
        """Let go of the co-signers."""
        for task in self._keeping:
            task.cancel()
        await asyncio.gather(*self._keeping, return_exceptions=True)
        for link in self.links:
            link.close()
        self._keeping, self._links = [], {}

    async def apply(self, settings: ThresholdSettings) -> None:
        """Go by other settings from now on; lines that stay what they are stay open."""
        if settings != self._settings:
            self._settings = settings
            await self._connect()
            self._said = None
            self.look()

    async def _connect(self) -> None:
        await asyncio.gather(*(_cancelled(task) for task in self._keeping))
        self._keeping = []
        before, self._links = self._links, {}
        timeout = self._settings.timeout.total_seconds()
        for each in self._settings.cosigner:
            party = await asyncio.to_thread(read_party, each.certificate)
            self._links[party.public] = Link(each.name, each.address, party, self.identity, timeout)
            self._links[party.public].keys = before[party.public].keys if party.public in before else ()
        for link in before.values():
            link.close()
        for link in self.links:
            self._keeping.append(self._tasks.keep(link.keep, name=f"threshold.link.{link.name}"))
            self._keeping.append(self._tasks.keep(partial(self._follow, link), name="threshold.follow"))

    async def _follow(self, link: Link) -> None:
        while True:
            await link.changed.wait()
            link.changed.clear()
            self.look()

    def look(self) -> None:
        """See how well a quorum can be had, and say so when that changed."""
        if not self.is_on:
            return
        here = 1 + sum(link.is_up for link in self.links)
        absent = tuple(link.name for link in self.links if not link.is_up)
        if not absent:
            self.state = State.READY
            self._complete.set()
        else:
            self.state = State.DEGRADED if here >= self.quorum else State.UNAVAILABLE
        lacking = tuple(link.lacks for link in self.links)
        said, self._said = self._said, (self.state, absent, lacking)
        if said == self._said:
            return
        if said is None or said[:2] != self._said[:2]:
            self._say(absent, here)
        self.changed.send(self.state)

    def _say(self, absent: tuple[str, ...], here: int) -> None:
        match self.state:
            case State.READY:
                events.ready(quorum=self.quorum, cosigners=tuple(link.name for link in self.links))
            case State.DEGRADED:
                events.degraded(quorum=self.quorum, here=here, absent=absent)
            case State.UNAVAILABLE:
                events.unavailable(quorum=self.quorum, here=here, absent=absent)

    def watch(self, keys: Sequence[Shared]) -> None:
        """Ask co-signers from now on whether they have their shares of these."""
        for link in self.links:
            link.keys = tuple(
                shared.public for shared in keys if link.party.public in shared.members.values()
            )

    def is_current(self, shared: Shared) -> bool:
        """Whether a key is one of those who are co-signers now, with the quorum of now, and no share is lost."""
        members = {OWN: self.identity.public, **dict(enumerate(self._links, 2))}
        lost = any(shared.public in link.lacks for link in self.links)
        return (
            set(shared.members.values()) == set(members.values())
            and shared.group.threshold == self.quorum
            and not lost
        )

    def has_members(self, shared: Shared) -> bool:
        """Whether enough of those who have a share are co-signers now, wherever they are at the moment."""
        links = [self._links[member] for member in shared.members.values() if member in self._links]
        known = sum(shared.public not in link.lacks for link in links)
        return shared.members.get(OWN) == self.identity.public and known + 1 >= shared.group.threshold

    def can_sign(self, shared: Shared) -> bool:
        """Whether a quorum of those who have a share is there now."""
        return len(self._chosen(shared, len(self._links), set())) + 1 >= shared.group.threshold

    def kept(self, kid: str) -> None:
        """Say that our share of a key is where it will be found again."""
        events.share_kept(key=kid)

    # Making a key.

    async def make(self) -> Shared:
        """A new key, made by everybody together. Raises NotMade."""
        self.look()
        if self.state is not State.READY:
            raise NotMade("not every co-signer is there")
        if monotonic() < self._not_before:
            raise NotMade("it failed again and again; the next try is within a minute")
        try:
            shared = await self._make()
        except NotMade:
            self._failures += 1
            if self._failures == _MOST_TRIES:
                events.generation_given_up(tries=self._failures)
            if self._failures >= _MOST_TRIES:
                self._not_before = monotonic() + _PAUSE
            raise
        self._failures = 0
        return shared

    async def _make(self) -> Shared:
        links, began = self.links, monotonic()
        events.generation_begun(quorum=self.quorum, participants=len(links) + 1)
        try:
            made = await make_together(self.identity, links, self.quorum)
        except TimeoutError:
            absent = tuple(link.name for link in links if not link.is_up)
            events.generation_timed_out(absent=absent)
            raise NotMade("not everybody answered in time") from None
        except Misbehaved as wrong:
            name = self._named(wrong.number)
            say = events.BY_FAULT.get(wrong.fault)
            if say is not None:
                say(participant=name)
            events.generation_failed(cosigner=name, error=str(wrong))
            raise NotMade(f"{name}: {wrong}") from wrong
        except Failed as failed:
            events.generation_failed(cosigner=failed.name, error=failed.error)
            raise NotMade(f"{failed.name}: {failed.error}") from failed
        events.generation_complete(
            key=_name(made.public),
            quorum=made.group.threshold,
            participants=len(links) + 1,
            seconds=round(monotonic() - began, 4),
        )
        return made

    # Signing.

    async def sign(self, shared: Shared, message: bytes) -> bytes:
        """An Ed25519 signature by a quorum. Raises Unavailable."""
        try:
            async with asyncio.timeout(self._settings.timeout.total_seconds()):
                return await self._sign(shared, message)
        except TimeoutError:
            raise Unavailable("no quorum answered in time") from None

    async def _sign(self, shared: Shared, message: bytes) -> bytes:
        needed = shared.group.threshold - 1
        numbers = {member: number for number, member in shared.members.items()}
        failed: set[bytes] = set()
        while True:
            asked = self._chosen(shared, needed, failed)
            if len(asked) < needed:
                raise Unavailable(f"{len(asked) + 1} of {needed + 1} signers are there")
            found = await asyncio.gather(
                *(self._asked(link, link.commitment(shared.public)) for link in asked)
            )
            if None in found:
                failed |= _missing(asked, found)
                continue
            nonces, own = commit(shared.share)
            commitments: list[Commitment] = sorted(
                [own, *(each for each in found if each is not None)], key=lambda each: each.number
            )
            shares = await asyncio.gather(
                *(
                    self._asked(link, link.signature_share(shared.public, message, commitments))
                    for link in asked
                )
            )
            if None in shares:
                failed |= _missing(asked, shares)
                continue
            try:
                mine = sign(shared.share, nonces, message, commitments, shared.group)
                given = {
                    numbers[link.party.public]: share
                    for link, share in zip(asked, shares, strict=True)
                    if share is not None
                }
                return aggregate(message, commitments, {OWN: mine, **given}, shared.group)
            except Invalid as wrong:
                culprit = shared.members.get(wrong.culprit or 0, b"")
                link = self._links.get(culprit)
                if link is None:
                    raise Unavailable(describe(wrong)) from wrong
                self._suspect(link, describe(wrong))
                failed.add(culprit)

    def _chosen(self, shared: Shared, needed: int, failed: set[bytes]) -> list[Link]:
        """Whom to ask: those who are there, in turn; those who failed lately come last."""
        members = set(shared.members.values()) - failed
        there = [
            link
            for link in self.links
            if link.is_up and link.party.public in members and shared.public not in link.lacks
        ]
        self._turn += 1
        turn = self._turn % max(len(there), 1)
        now = monotonic()
        there = there[turn:] + there[:turn]
        there.sort(key=lambda link: self._suspects.get(link.party.public, 0.0) > now)
        return there[:needed]

    async def _asked(self, link: Link, answer: Awaitable[T]) -> T | None:
        """Its answer; None, and a word in the log, where there is none."""
        try:
            # Half of the time that there is, so that somebody else can be asked in the other half.
            async with asyncio.timeout(link.timeout / 2):
                return await answer
        except TimeoutError:
            self._suspects[link.party.public] = monotonic() + _SUSPECT
            events.signing_timed_out(cosigner=link.name, seconds=link.timeout / 2)
        except (Away, Declined, Invalid) as problem:
            self._suspect(link, describe(problem))
        return None

    def _suspect(self, link: Link, error: str) -> None:
        self._suspects[link.party.public] = monotonic() + _SUSPECT
        events.signing_failed(cosigner=link.name, error=error)

    def _named(self, number: int) -> str:
        links = self.links
        return links[number - 2].name if 2 <= number < len(links) + 2 else "this gateway"


def _missing(asked: Sequence[Link], answers: Sequence[object]) -> set[bytes]:
    return {link.party.public for link, answer in zip(asked, answers, strict=True) if answer is None}


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _name(public: bytes) -> str:
    return key_id(Ed25519PublicKey.from_public_bytes(public))
