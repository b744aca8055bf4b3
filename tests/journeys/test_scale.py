"""Very large bodies at constant memory, and thousands of connections that stay open."""

import asyncio
import contextlib
import re
import resource
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from tests.journeys.firehose import Check, megabyte
from tests.journeys.gateway import APP, MAPPING, Gateway, Visitor, run_apart, until
from tests.ports import free_port
from websockets.asyncio.client import connect

MEGABYTES = 5 * 1024
CHAT = "chat.yett.localhost"
WEBSOCKETS = 2_000


@pytest.fixture(scope="module", autouse=True)
def enough_files():
    """This process holds the clients' ends; the gateway sees to its own limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture(scope="module")
def service():
    """Starts one of the services; the answer is its port."""
    running = []

    def start(kind):
        port = free_port()
        running.append(
            subprocess.Popen([sys.executable, str(Path(__file__).with_name("firehose.py")), kind, str(port)])
        )
        until(lambda: is_listening(port))
        return port

    yield start
    for process in running:
        process.kill()
        process.wait(10)


def is_listening(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@pytest.fixture(scope="module")
def scaled(tmp_path_factory, heard_folder, service):
    """A gateway before both services, and somebody who is signed in at both."""
    mappings = "".join(
        MAPPING.format(app=app, host=host, service=f"http://127.0.0.1:{service(kind)}", groups='["staff"]')
        for app, host, kind in (("Files", APP, "bodies"), ("Chat", CHAT, "websockets"))
    )
    limit = '\n[protection.size]\nmax_body = "6GiB"\n'
    gateway = Gateway(tmp_path_factory.mktemp("scaled"), mappings + limit, heard=heard_folder)
    gateway.people()
    gateway.start()
    visitor = Visitor(gateway)
    visitor.sign_in("alice", path="/0")
    visitor.get("/", CHAT)
    yield gateway, visitor
    gateway.stop()


def cookie(visitor, host):
    return "; ".join(f"{name}={value}" for name, value in visitor.cookies[host].items())


def most_memory(gateway):
    """The most memory that the gateway ever held, in MiB."""
    status = Path(f"/proc/{gateway.process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024


def test_five_gigabytes_go_down_and_up_unchanged_at_constant_memory(scaled):
    gateway, visitor = scaled
    before = most_memory(gateway)
    asked = f"Host: {APP}\r\nCookie: {cookie(visitor, APP)}\r\n"

    with gateway.connect(APP, timeout=60) as connection:
        connection.sendall(f"GET /{MEGABYTES} HTTP/1.1\r\n{asked}\r\n".encode())
        received = b""
        while b"\r\n\r\n" not in received:
            received += connection.recv(65536)
        head, _, first = received.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        assert f"content-length: {MEGABYTES << 20}".encode() in head.lower()
        check = Check()
        check.feed(first)
        buffer = memoryview(bytearray(1 << 18))
        while check.size < MEGABYTES << 20 and (size := connection.recv_into(buffer)):
            check.feed(buffer[:size])
        assert (check.size, check.is_right) == (MEGABYTES << 20, True)

        connection.sendall(f"PUT /all HTTP/1.1\r\n{asked}Content-Length: {MEGABYTES << 20}\r\n\r\n".encode())
        for number in range(MEGABYTES):
            connection.sendall(megabyte(number))
        answer = b""
        while not answer.endswith(b" 1") and (piece := connection.recv(65536)):
            answer += piece
        assert answer.endswith(f"\r\n\r\n{MEGABYTES << 20} 1".encode())

    assert most_memory(gateway) - before < 64


async def open_websocket(gateway, visitor, context, gathering):
    async with gathering:
        connection = await connect(
            f"wss://{CHAT}:{gateway.port}/",
            host="127.0.0.1",
            ssl=context,
            additional_headers={"Cookie": cookie(visitor, CHAT)},
            compression=None,
            ping_interval=None,
            open_timeout=60,
        )
        await connection.send("first")
        assert await connection.recv() == "first"
        return connection


async def open_websockets(gateway, visitor, count):
    """That many, fifty at a time: their handshakes are work for two cores."""
    context = ssl.create_default_context(cafile=gateway.data / "pki" / "root.pem")
    gathering = asyncio.Semaphore(50)
    return await asyncio.gather(*(open_websocket(gateway, visitor, context, gathering) for _ in range(count)))


async def echo(connection, message):
    await connection.send(message)
    return await connection.recv()


def in_progress(gateway):
    return int(re.search(r"requests in progress\W+(\d+)", gateway.run("admin", "status"))[1])


def test_two_thousand_websockets_each_get_their_own_messages_back(scaled):
    gateway, visitor = scaled

    async def journey():
        connections = await open_websockets(gateway, visitor, WEBSOCKETS)
        for turn in range(3):
            sent = [f"{turn} to {number} " * 50 for number in range(WEBSOCKETS)]
            received = await asyncio.gather(*map(echo, connections, sent))
            assert received == sent
        await asyncio.gather(*(connection.close() for connection in connections))

    run_apart(journey())
    until(lambda: in_progress(gateway) == 0, what="the end of every tunnel")


def reloads(gateway):
    return gateway.output.read_text().count("Config reload successful")


def test_five_hundred_websockets_live_through_reloads_and_new_certificates(scaled):
    gateway, visitor = scaled

    def serial():
        with gateway.connect(CHAT) as connection:
            return connection.getpeercert()["serialNumber"]

    async def journey():
        connections = await open_websockets(gateway, visitor, 500)
        first = serial()
        for turn in range(3):
            gateway.write(mappings=gateway.mappings.replace(f'"Files{turn or ""}"', f'"Files{turn + 1}"'))
            await asyncio.to_thread(until, lambda count=turn + 1: reloads(gateway) >= count, seconds=30)
            await asyncio.to_thread(gateway.run, "admin", "certificates", "renew")
            sent = [f"{turn} to {number}" for number in range(500)]
            assert await asyncio.gather(*map(echo, connections, sent)) == sent
        assert serial() != first
        await asyncio.gather(*(connection.close() for connection in connections))

    run_apart(journey())
