import asyncio
import contextlib
import ssl

import pytest
from tests.keys.threshold.conftest import GATEWAY, master, until

from yett.keys.threshold import Identity, events, wire
from yett.keys.threshold.identity import Party
from yett.keys.threshold.wire import Reason


@contextlib.asynccontextmanager
async def line(place, name="a", identity=None):
    """A connection to a co-signer, as its gateway's unless told otherwise."""
    identity = identity or Identity(GATEWAY)
    context = identity.context([Party(Identity(master(name)).certificate)], is_server=False)
    reader, writer = await asyncio.open_connection("127.0.0.1", place.cosigners[name].port, ssl=context)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def ask(reader, writer, request):
    writer.write(wire.framed(request))
    return await wire.read_answer(reader)


@pytest.fixture
async def alone(place):
    return await place.cosigner("a")


@pytest.mark.parametrize(
    "raw",
    [b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"\x00\x00\x00\x02{}", b"\xff\xff\xff\xff", b"\x00\x00\x00\x00"],
)
@pytest.mark.usefixtures("alone")
async def test_what_is_nothing_of_the_protocol_ends_the_connection(place, heard, raw):
    async with line(place) as (reader, writer):
        writer.write(raw)
        assert await reader.read() == b""
    await until(lambda: heard("cosigner")[-1][0] is events.refused)
    async with line(place) as (reader, writer):
        assert await ask(reader, writer, wire.Hello(1, wire.SUITE)) == wire.Here(1)


@pytest.mark.usefixtures("alone")
async def test_nobody_else_gets_an_answer(place):
    with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
        async with line(place, identity=Identity(master("stranger"))) as (reader, writer):
            await ask(reader, writer, wire.Hello(1, wire.SUITE))
    reader, writer = await asyncio.open_connection("127.0.0.1", place.cosigners["a"].port)
    writer.write(wire.framed(wire.Hello(1, wire.SUITE)))
    with contextlib.suppress(ConnectionError):
        assert b"here" not in await reader.read()
    writer.close()


GATE, OWN = Identity(GATEWAY).public, Identity(master("a")).public
STRANGER = Identity(master("stranger")).public


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (wire.Hello(9, "FROST-P256-SHA256-v1"), Reason.SUITE),
        (wire.Commit(9, b"k" * 32, 1), Reason.NO_SHARE),
        (wire.Sign(9, b"k" * 32, b"m", ()), Reason.NO_SHARE),
        (wire.Nonces(9, (b"n" * 32, b"m" * 32)), Reason.ORDER),
        (wire.Confirmed(9, ()), Reason.ORDER),
        (wire.Invite(9, (GATE, STRANGER, OWN), 3, 2), Reason.STRANGERS),
        (wire.Invite(9, (GATE, OWN), 1, 2), Reason.STRANGERS),
        (wire.Invite(9, (GATE, OWN), 3, 2), Reason.STRANGERS),
        (wire.Invite(9, (GATE,), 1, 2), Reason.STRANGERS),
        (wire.Invite(9, (GATE, OWN), 2, 1), Reason.QUORUM),
    ],
)
@pytest.mark.usefixtures("alone")
async def test_what_is_refused_and_why(place, heard, request_, reason):
    async with line(place) as (reader, writer):
        answer = await ask(reader, writer, request_)
        assert (answer.id, answer.reason) == (9, reason)
    assert heard("cosigner")[-1][1]["reason"] is reason


@pytest.mark.usefixtures("alone")
async def test_a_ceremony_that_went_wrong_is_over(place):
    async with line(place) as (reader, writer):
        joined = await ask(reader, writer, wire.Invite(1, (GATE, OWN), 2, 2))
        assert isinstance(joined, wire.Joined)
        wrong = await ask(reader, writer, wire.Nonces(2, (b"n" * 32, b"m" * 32)))
        assert wrong.reason is Reason.ORDER
        again = await ask(reader, writer, wire.Nonces(3, (b"n" * 32, joined.nonce)))
        assert again.reason is Reason.ORDER


async def test_commitments_are_bounded_and_of_one_connection(place, three):
    shared = await three.make()
    async with line(place) as (reader, writer):
        made = await ask(reader, writer, wire.Commit(1, shared.public, 10_000))
        assert len(made.commitments) == 64
        for _ in range(9):
            await ask(reader, writer, wire.Commit(1, shared.public, 64))
        first = wire.Sign(2, shared.public, b"m", made.commitments[:1])
        assert (await ask(reader, writer, first)).reason is Reason.NO_NONCE
        mine = (await ask(reader, writer, wire.Commit(3, shared.public, 1))).commitments
        assert (await ask(reader, writer, wire.Commit(3, shared.public, -5))).commitments == ()
    async with line(place) as (reader, writer):
        answer = await ask(reader, writer, wire.Sign(4, shared.public, b"m", mine))
        assert answer.reason is Reason.NO_NONCE
        many = wire.Sign(5, shared.public, b"m", mine * 17)
        assert (await ask(reader, writer, many)).reason is Reason.FAULT


async def test_a_refused_message_uses_its_nonces_up(place, three):
    shared = await three.make()
    async with line(place) as (reader, writer):
        mine = (await ask(reader, writer, wire.Commit(1, shared.public, 1))).commitments
        bad = wire.Sign(2, shared.public, b"transfer everything", mine)
        assert (await ask(reader, writer, bad)).reason is Reason.POLICY
        assert (await ask(reader, writer, bad)).reason is Reason.NO_NONCE


async def test_shares_that_nobody_uses_are_forgotten(place, three, clock, heard):
    shared = await three.make()
    cosigner = place.cosigners["a"]
    await cosigner._tidy()
    assert cosigner.shares.get(shared.public)
    file = place.folder / "a" / shared.public.hex()
    clock.advance(file.stat().st_mtime - clock.now() + 121 * 86400)
    await cosigner._tidy()
    assert not cosigner.shares.get(shared.public)
    assert heard("cosigner")[-1][0] is events.forgotten
    async with line(place) as (reader, writer):
        assert await ask(reader, writer, wire.Hello(1, wire.SUITE, (shared.public,))) == wire.Here(
            1, (shared.public,)
        )
