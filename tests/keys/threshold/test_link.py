import asyncio

import msgspec
import pytest
from tests.keys.threshold.conftest import GATEWAY, master, until
from tests.ports import free_port

from yett.keys.threshold import Identity, events, wire
from yett.keys.threshold.identity import Party
from yett.keys.threshold.link import Away, Declined, Link


@pytest.fixture
async def link(place, tasks, heard):  # noqa: ARG001 - what is said is to be heard from the start
    made = []

    def make(name="a", *, certificate_of="a", port=0, timeout=1.0):
        address = f"127.0.0.1:{port or place.cosigners[name].at}"
        party = Party(Identity(master(certificate_of)).certificate)
        made.append(Link(name, address, party, Identity(GATEWAY), timeout))
        tasks.keep(made[-1].keep, name="link")
        return made[-1]

    yield make
    for each in made:
        each.close()


async def test_a_line_is_opened_and_opened_again(place, link, heard):
    cosigner = await place.cosigner("a")
    line = link()
    await until(lambda: line.is_up)
    assert line.seconds > 0
    await cosigner.stop()
    await until(lambda: not line.is_up)
    with pytest.raises(Away):
        await line.ask(wire.Hello(0, wire.SUITE), wire.Here)
    await place.cosigner("a", port=cosigner.at)
    await until(lambda: line.is_up)
    said = [event.__name__ for event, _ in heard("threshold")]
    assert said == ["cosigner_connected", "cosigner_away", "cosigner_connected"]


async def silent(reader, writer):
    await reader.read()
    writer.transport.abort()


async def rude(_, writer):
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    writer.close()


@pytest.mark.parametrize("kind", ["nobody", "another certificate", "silent", "other words", "other suite"])
async def test_why_there_is_none_is_said_once(place, link, heard, kind):
    port, certificate_of = free_port(), "a"
    server = None
    match kind:
        case "another certificate":
            port, certificate_of = (await place.cosigner("a")).at, "b"
        case "silent":
            server = await asyncio.start_server(silent, "127.0.0.1", port)
        case "other words":
            server = await asyncio.start_server(rude, "127.0.0.1", port)
        case "other suite":
            crooked = await place.cosigner("a", crooked=True)
            crooked.bend = lambda request, _: wire.Refused(request.id, wire.Reason.SUITE)
            port = crooked.at
    line = link(certificate_of=certificate_of, port=port, timeout=0.2)
    await until(lambda: heard("threshold"))
    with pytest.raises((Away, TimeoutError, Declined)):
        await line.ask(wire.Hello(0, wire.SUITE), wire.Here)
    await asyncio.sleep(0.5)
    assert [event for event, _ in heard("threshold")] == [events.cosigner_away]
    assert not line.is_up
    if server is not None:
        server.close()


async def test_answers_find_their_questions_whatever_the_order(place, link):
    crooked = await place.cosigner("a", crooked=True)
    line = link()
    await until(lambda: line.is_up)
    kept = []

    def hold_back(_, answer):
        kept.append(answer)
        return None if len(kept) < 3 else answer

    crooked.bend = hold_back
    questions = [
        asyncio.get_running_loop().create_task(
            line.ask(wire.Hello(0, wire.SUITE, (bytes([number]) * 32,)), wire.Here)
        )
        for number in range(3)
    ]
    assert (await questions[2]).missing == (b"\x02" * 32,)
    for question in questions[:2]:
        with pytest.raises(TimeoutError):
            await question
    # What nobody waits for any more is dropped, and an answer to something else is none.
    crooked.bend = lambda _, answer: wire.Joined(answer.id, b"n" * 32)
    with pytest.raises(Away, match="something else"):
        await line.ask(wire.Hello(0, wire.SUITE), wire.Here)
    crooked.bend = lambda _, answer: msgspec.structs.replace(answer, id=answer.id + 100)
    with pytest.raises(TimeoutError):
        await line.ask(wire.Hello(0, wire.SUITE), wire.Here)


async def test_commitments_are_fetched_ahead_and_given_once(place, three):
    shared = await three.make()
    line = three.links[0]
    taken = [await line.commitment(shared.public) for _ in range(100)]
    assert len({each.hiding for each in taken}) == 100
    many = await asyncio.gather(*(line.commitment(shared.public) for _ in range(20)))
    assert len({each.hiding for each in (*taken, *many)}) == 120
    with pytest.raises(Declined, match="no_share"):
        await line.commitment(b"k" * 32)
    assert place.cosigners["a"].shares.get(shared.public)
