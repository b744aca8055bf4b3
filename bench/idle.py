"""What a thousand people who are connected and do nothing cost in memory."""

import contextlib
import socket

from bench.gateway import Running
from bench.load import family, resident
from bench.peers import HOST
from bench.report import Results

CONNECTIONS = 1000
GOAL_MB = 150


def measure(gateway: Running) -> Results:
    """Resident memory with that many keep-alive connections, each of which has had one answer."""
    before = resident(family(gateway.pid))
    request = f"GET /small/page HTTP/1.1\r\nHost: {HOST}\r\nCookie: {gateway.cookie}\r\n\r\n".encode()
    with contextlib.ExitStack() as stack:
        for _ in range(CONNECTIONS):
            connection = stack.enter_context(
                socket.create_connection(("127.0.0.1", gateway.port), timeout=10)
            )
            connection.sendall(request)
            answer = b""
            while len(answer.partition(b"\r\n\r\n")[2]) < 1024:
                piece = connection.recv(65_536)
                if not piece:
                    raise RuntimeError("an idle connection was closed")
                answer += piece
        after = resident(family(gateway.pid))
    each = (after - before) * 1024 / CONNECTIONS
    print(
        f"\nmemory: {after:.0f} MB with {CONNECTIONS} idle connections, {before:.0f} MB without: {each:.1f} KiB each"
    )
    return {
        f"memory with {CONNECTIONS} idle connections": {
            "ours": round(after, 1), "peer": GOAL_MB, "ratio": round(after / GOAL_MB, 3), "unit": "MB",
            "goal": GOAL_MB, "bound": "≤",
        }
    }  # fmt: skip
