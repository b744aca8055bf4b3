import asyncio
import contextlib
import socket

import pytest
from tests.ports import free_port

from yett.net.http.reaching import connected, race, reach


@pytest.fixture
def listen():
    """`listen(address)` listens on a port of that address, or with `port` on that port."""
    with contextlib.ExitStack() as open_until_the_end:

        def start(address, port=None, backlog=16):
            sock = open_until_the_end.enter_context(socket.socket())
            sock.bind((address, port or free_port()))
            sock.listen(backlog)
            return sock.getsockname()[1]

        yield start


@pytest.fixture
def deaf():
    """An address and port at which connecting hangs: nobody accepts, and the line is full."""
    with contextlib.ExitStack() as open_until_the_end:
        sock = open_until_the_end.enter_context(socket.socket())
        sock.bind(("127.0.0.9", free_port()))
        sock.listen(0)
        for _ in range(3):
            waiting = open_until_the_end.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(sock.getsockname())
        yield sock.getsockname()


async def peer(addresses, port):
    with await reach(addresses, port) as sock:
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        return sock.getpeername()[0]


async def test_the_first_address_that_answers_is_taken(listen):
    port = listen("127.0.0.1")
    assert await peer(("127.0.0.1",), port) == "127.0.0.1"
    assert await peer(("127.0.0.2", "::1", "127.0.0.1"), port) == "127.0.0.1"
    listen("127.0.0.2", port)
    assert await peer(("127.0.0.2", "127.0.0.1"), port) == "127.0.0.2"


async def test_an_address_that_hangs_does_not_hold_up_the_next(listen, deaf):
    address, port = deaf
    listen("127.0.0.1", port)
    async with asyncio.timeout(5):
        assert await peer((address, address, "127.0.0.1"), port) == "127.0.0.1"


async def test_when_all_fail_the_first_says_why(listen):
    port = listen("127.0.0.1")
    with pytest.raises(ConnectionRefusedError):
        await reach(("127.0.0.2", "127.0.0.3"), port)
    with pytest.raises(ConnectionRefusedError):
        await reach(("127.0.0.2",), port)
    with pytest.raises(OSError, match="no address"):
        await reach((), port)


async def test_who_gives_up_leaves_nothing_open(deaf):
    address, port = deaf
    task = asyncio.get_running_loop().create_task(reach((address, address), port))
    done, _ = await asyncio.wait({task}, timeout=0.01)
    assert not done
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_unix_socket_is_connected_to_as_well(tmp_path):
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as there:
        there.bind(path)
        there.listen()
        (await connected(socket.AF_UNIX, path)).close()
        with pytest.raises(FileNotFoundError):
            await connected(socket.AF_UNIX, path + "x")


async def test_of_several_that_answer_the_others_are_undone():
    undone, free = [], asyncio.Event()

    async def wait():
        await free.wait()
        return "slow"

    async def go():
        free.set()
        return "quick"

    given = await race([wait, go], undone.append)
    assert sorted([given, *undone]) == ["quick", "slow"]


async def test_what_is_no_trouble_with_an_address_ends_the_race():
    async def refuse():
        raise LookupError("for good")

    async def fail():
        raise ConnectionRefusedError

    tried = []

    async def later():
        tried.append("later")

    with pytest.raises(LookupError):
        await race([fail, refuse, later], tried.append)
    assert tried == []
