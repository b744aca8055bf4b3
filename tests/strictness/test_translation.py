"""HTTP/1.1 in, HTTP/2 out: nothing that a client says in lines becomes something else in frames.

Behind each row goes one more request on the same connection, which has to arrive as one of its own.
"""

import asyncio
import contextlib
import itertools
import random  # noqa: TID251 - seeded, so that a failure can be repeated

import pytest
from tests.net.http.conftest import eventually
from tests.strictness.case import SENTINEL
from tests.strictness.recorder import TAG
from tests.strictness.stage import ForwardingGate, statuses_in
from tests.strictness.streams import StreamRecorder
from tests.strictness.translation import CASES, Sent

from yett.net.http import HTTPServer, Limits, Upstream


@pytest.fixture(scope="module")
async def stage():
    """Our engine in front of a recording upstream of HTTP/2: the port of the one, and the other."""
    recorder = await StreamRecorder().start()
    server = HTTPServer(ForwardingGate(Upstream("127.0.0.1", recorder.port, protocol="h2")), Limits())
    (port,) = await server.start("127.0.0.1")
    yield port, recorder
    await server.drain(0)
    await recorder.stop()


def own(heard, port):
    """A request without the fields that the gateway adds, each of which has to be there once."""
    fields = list(heard.fields)
    added = [
        (TAG.lower(), b"%d" % port),
        (b"te", b"trailers"),
        (b"x-forwarded-for", b"127.0.0.1"),
        (b"x-forwarded-proto", b"http"),
    ]
    if b":authority" in heard.pseudo:
        added.append((b"x-forwarded-host", heard.pseudo[b":authority"]))
    for each in added:
        assert fields.count(each) == 1
        fields.remove(each)
    return Sent(tuple(sorted(heard.pseudo.items())), tuple(fields), heard.body, tuple(heard.trailers))


async def say(port, recorder, data, cuts):
    """Send bytes in pieces, and read until the gateway closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    here = writer.get_extra_info("sockname")[1]
    recorder.taken(here)
    try:
        for start, end in itertools.pairwise([0, *sorted(cuts), len(data)]):
            writer.write(data[start:end])
            for _ in range(3 if cuts else 0):
                await asyncio.sleep(0)
        async with asyncio.timeout(5):
            received = await reader.read()
    finally:
        writer.transport.abort()
    return statuses_in(received), [own(heard, here) for heard in recorder.taken(here)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("pieces", [0, 4], ids=["whole", "in pieces"])
async def test_it_has_one_reading(stage, case, pieces):
    port, recorder = stage
    data = case.sent + SENTINEL
    cuts = random.Random(case.name).sample(range(1, len(data)), pieces)
    statuses, upstream = await say(port, recorder, data, cuts)

    sentinel = Sent(
        ((b":authority", b"a.example"), (b":method", b"GET"), (b":path", b"/sentinel"), (b":scheme", b"http"))
    )
    assert upstream == [*case.upstream, sentinel]
    assert statuses == [204] * len(upstream)
    assert not recorder.broken
    assert not recorder.cut


@pytest.mark.parametrize(
    "rest", [b"Content-Length: 6\r\n\r\nhello", b"Transfer-Encoding: chunked\r\n\r\n6\r\nhello"]
)
async def test_what_is_not_whole_is_cut_and_never_ended(stage, rest):
    port, recorder = stage
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    here = writer.get_extra_info("sockname")[1]
    writer.write(b"POST / HTTP/1.1\r\nHost: a.example\r\n" + rest)
    await eventually(lambda: recorder.begun)
    writer.write_eof()
    with contextlib.suppress(ConnectionError):
        assert await reader.read() == b""
    writer.close()
    await eventually(lambda: recorder.cut)
    assert recorder.cut.pop() == 8
    assert recorder.taken(here) == []
    assert not recorder.broken


def test_there_are_many_rows_and_each_has_a_name_of_its_own():
    assert len(CASES) >= 70
    assert len({case.name for case in CASES}) == len(CASES)
