import asyncio
import contextlib
import socket
import ssl

import pytest

from yett.net.ldap.stream import Stream


@contextlib.asynccontextmanager
async def pair():
    """A stream and the socket at its other end."""
    near, far = socket.socketpair()
    for each in (near, far):
        each.setblocking(False)
    stream = await Stream.open(near, None, "")
    try:
        yield stream, far
    finally:
        stream.abort()
        far.close()


async def send(far, data):
    await asyncio.get_running_loop().sock_sendall(far, data)


async def test_what_comes_in_is_waited_for_and_kept_until_it_is_used():
    async with pair() as (stream, far):
        await send(far, b"one")
        assert await stream.more()
        await send(far, b"two")
        assert await stream.more()
        assert stream.received == b"onetwo"


async def test_the_end_is_seen_also_while_waiting():
    async with pair() as (stream, far):
        far.close()
        assert not await stream.more()
        assert stream.is_over
        with pytest.raises(ConnectionError):
            await stream.write(b"x")


async def test_more_than_may_wait_is_read_when_it_is_asked_for():
    async with pair() as (stream, far):
        sending = asyncio.gather(send(far, bytes(2_000_000)))
        while len(stream.received) < 2_000_000:
            assert await stream.more()
        await sending


async def test_what_arrives_before_tls_begins_is_refused():
    near, far = socket.socketpair()
    near.setblocking(False)
    far.sendall(b"an answer of somebody who stands between")
    with contextlib.closing(far), pytest.raises(ConnectionError):
        await Stream.open(near, ssl.create_default_context(), "127.0.0.1")


async def test_a_handshake_that_is_given_up_leaves_nothing_open():
    near, far = socket.socketpair()
    near.setblocking(False)
    with contextlib.closing(far):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await Stream.open(near, ssl.create_default_context(), "127.0.0.1")
        far.setblocking(False)
        with contextlib.suppress(ConnectionResetError):
            async with asyncio.timeout(5):
                while await asyncio.get_running_loop().sock_recv(far, 65_536):
                    pass


async def test_closing_does_not_wait_for_a_peer_that_does_not_read():
    async with pair() as (stream, _):
        stream._transport.write(bytes(10_000_000))
        await stream.close()
        assert stream._transport.is_closing()
