"""The gateway's line to one co-signer: kept open, opened again when it breaks, with answers found by their number."""

import asyncio
import contextlib
import itertools
import ssl
from collections import deque
from collections.abc import Sequence
from time import monotonic
from typing import Final, TypeVar

import msgspec

from yett.events import describe
from yett.keys.frost import Commitment
from yett.keys.threshold import events, wire
from yett.keys.threshold.config import split
from yett.keys.threshold.identity import Identity, Party, shown

A = TypeVar("A", bound=wire.Answer)

_STOCK: Final = 32
"""Commitments that are fetched at a time, so that a signature takes one exchange and not two."""
_LOW: Final = 8
"""With fewer left, more are fetched before somebody waits for them."""
_HELLO: Final = 10.0
"""Seconds between signs of life."""
_PAUSES: Final = (0.2, 0.5, 1.0, 2.0, 5.0)
_MOST_WAITING: Final = 1024


class Away(Exception):
    """The co-signer could not be asked, or does not answer."""


class Declined(Exception):
    """The co-signer answered that it does not do that."""

    def __init__(self, reason: wire.Reason, detail: str) -> None:
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)
        self.reason = reason


class Link:
    """One co-signer as the gateway knows it."""

    def __init__(self, name: str, address: str, party: Party, identity: Identity, timeout: float) -> None:
        self.name = name
        self.address = address
        self.party = party
        self.timeout = timeout
        self.is_up = False
        """Whether it answered not long ago."""
        self.lacks: frozenset[bytes] = frozenset()
        """Keys that it said it has no share of."""
        self.seconds = 0.0
        """How long it took to say hello."""
        self.changed = asyncio.Event()
        """Set when `is_up` or `lacks` may be others."""
        self.keys: tuple[bytes, ...] = ()
        """What to ask about."""
        self._identity = identity
        self._writer: asyncio.StreamWriter | None = None
        self._waiting: dict[int, asyncio.Future[wire.AnyAnswer]] = {}
        self._numbers = itertools.count(1)
        self._stock: dict[bytes, deque[wire.Committed]] = {}
        self._filling: dict[bytes, asyncio.Task[None]] = {}
        self._problem = ""

    async def keep(self) -> None:
        """Be connected, for as long as this runs."""
        failures = 0
        while True:
            try:
                await self._live()
            except (OSError, EOFError, TimeoutError, Away, Declined, wire.Malformed) as problem:
                # A line that was good for a while is opened again at once.
                failures = 1 if self.is_up else failures + 1
                self._down(describe(problem))
            await asyncio.sleep(_PAUSES[min(failures, len(_PAUSES)) - 1])

    async def ask(self, request: wire.AnyRequest, answer: type[A], timeout: float = 0.0) -> A:  # noqa: ASYNC109 - it is part of asking
        """Its answer. Raises Away, TimeoutError and Declined."""
        writer = self._writer
        if writer is None or len(self._waiting) >= _MOST_WAITING:
            raise Away(self._problem or "not connected")
        number = next(self._numbers)
        waiting: asyncio.Future[wire.AnyAnswer] = asyncio.get_running_loop().create_future()
        self._waiting[number] = waiting
        try:
            writer.write(wire.framed(msgspec.structs.replace(request, id=number)))
            async with asyncio.timeout(timeout or self.timeout):
                said = await waiting
        finally:
            self._waiting.pop(number, None)
        if isinstance(said, wire.Refused):
            raise Declined(said.reason, said.detail)
        if not isinstance(said, answer):
            raise Away("an answer to something else")
        return said

    async def commitment(self, key: bytes) -> Commitment:
        """Its commitment for one signature. Raises as `ask` does."""
        stock = self._stock.setdefault(key, deque())
        if len(stock) < _LOW:
            filling = self._filling.get(key)
            if filling is None or filling.done():
                filling = asyncio.get_running_loop().create_task(self._fill(key, stock))
                filling.add_done_callback(lambda done: done.cancelled() or done.exception())
                self._filling[key] = filling
            if not stock:
                await asyncio.shield(filling)
        if not stock:
            raise Away("others were quicker")
        said = stock.popleft()
        return Commitment(said.number, said.hiding, said.binding)

    async def _fill(self, key: bytes, stock: deque[wire.Committed]) -> None:
        made = await self.ask(wire.Commit(0, key, _STOCK), wire.Commitments)
        stock.extend(made.commitments[:_STOCK])

    async def signature_share(self, key: bytes, message: bytes, commitments: Sequence[Commitment]) -> bytes:
        """Its share of a signature. Raises as `ask` does."""
        told = tuple(wire.Committed(each.number, each.hiding, each.binding) for each in commitments)
        return (await self.ask(wire.Sign(0, key, message, told), wire.Signed)).share

    async def say_hello(self) -> None:
        """See whether it is there, and of which keys it has no share. Raises as `ask` does."""
        began = monotonic()
        here = await self.ask(wire.Hello(0, wire.SUITE, self.keys), wire.Here)
        self.seconds = monotonic() - began
        lacks = frozenset(here.missing)
        if lacks != self.lacks or not self.is_up:
            self.lacks = lacks
            self.changed.set()
        if not self.is_up:
            self.is_up = True
            self._problem = ""
            events.cosigner_connected(cosigner=self.name, address=self.address)

    def close(self) -> None:
        """End the line."""
        if self._writer is not None:
            self._writer.transport.abort()
        for filling in self._filling.values():
            filling.cancel()

    async def _live(self) -> None:
        """One connection, from its beginning to its end."""
        context = self._identity.context([self.party], is_server=False)
        host, port = split(self.address)
        async with asyncio.timeout(self.timeout):
            reader, writer = await asyncio.open_connection(host, port, ssl=context)
        if shown(writer.get_extra_info("ssl_object")) != self.party.certificate:
            writer.transport.abort()
            raise ssl.SSLError("another certificate")
        self._writer = writer
        hearing = asyncio.get_running_loop().create_task(self._hear(reader))
        try:
            while not hearing.done():
                await self.say_hello()
                await asyncio.wait({hearing}, timeout=_HELLO)
            hearing.result()
        finally:
            self._writer = None
            writer.transport.abort()
            hearing.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await hearing
            # Nonces live as long as the connection that they were committed to on.
            self._stock.clear()
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(Away("the connection is gone"))

    async def _hear(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                answer = await wire.read_answer(reader)
                waiting = self._waiting.get(answer.id)
                if waiting is not None and not waiting.done():
                    waiting.set_result(answer)
        finally:
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(Away("the connection is gone"))

    def _down(self, problem: str) -> None:
        if self.is_up or not self._problem:
            events.cosigner_away(cosigner=self.name, address=self.address, error=problem)
        self._problem = problem
        if self.is_up:
            self.is_up = False
            self.changed.set()
