"""A minimal Python service behind auth_request: who has the cookie gets in.

It does the least such a service can do, and is run the fastest usual way: uvicorn with uvloop and
httptools, no framework, no access log.
"""

import contextlib
import sys
from collections.abc import Iterator

from bench.peers import COOKIE, free_port, pinned

_GOOD = COOKIE.encode()


async def app(scope, _receive, send):
    if scope["type"] != "http":
        return
    status, headers = 401, []
    for name, value in scope["headers"]:
        if name == b"cookie" and _GOOD in value.split(b"; "):
            status, headers = 204, [(b"x-user", b"alice")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


@contextlib.contextmanager
def authority(*, core: int) -> Iterator[tuple[int, int]]:
    """The service on a processor; yields its port and process id."""
    port = free_port()
    program = [sys.executable, "-m", "uvicorn", "--host", "127.0.0.1", "--port", str(port), "--no-access-log"]
    program += ["--http", "httptools", "--loop", "uvloop", "--lifespan", "off", "bench.authority:app"]
    with pinned(program, core=core, port=port) as pid:
        yield port, pid
