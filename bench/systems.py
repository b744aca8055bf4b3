"""What is compared with what."""

import contextlib
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import apache, peers
from bench.authority import authority
from bench.gateway import GUARDS, SHAPED, Running, yett
from bench.load import System, family
from bench.peers import COOKIE, HOST

NGINX = "nginx proxy_pass"
LOGGED = "nginx proxy_pass, JSON access log"
ASKING_NGINX = "nginx auth_request to nginx"
ASKING_PYTHON = "nginx auth_request to uvicorn"
APACHE = "Apache mod_auth_openidc"
YETT = "Yett"
GUARDED = "Yett, every guard on"
SHAPED_YETT = "Yett, retry and rewriting"

GOALS = {NGINX: 0.85, ASKING_NGINX: 1.5, ASKING_PYTHON: 3.0, APACHE: 4.0}
"""At 1 KiB without TLS, how many requests Yett should take for one that the peer takes."""


@dataclass(frozen=True)
class Everything:
    """Everything that was started."""

    plain: dict[str, System]
    secure: dict[str, System]
    gateway: Running


@contextlib.contextmanager
def everything(folder: Path, *, core: int, load_core: int) -> Iterator[Everything]:
    """Start what is measured on one processor, and the origin on the other."""
    with contextlib.ExitStack() as stack:
        start = stack.enter_context
        origin, _ = start(peers.nginx(peers.ORIGIN, folder / "origin", core=load_core))
        plain: dict[str, System] = {}
        secure: dict[str, System] = {}

        def add(name: str, port: int, cookie: str, *pids: int, tls: bool = False) -> None:
            headers = {"Cookie": cookie} if cookie else {}
            url = f"http{'s' if tls else ''}://127.0.0.1:{port}"
            system = System(name, url, HOST, functools.partial(_families, pids), headers)
            (secure if tls else plain)[name] = system

        for name, body, cookie in (
            (NGINX, peers.PLAIN, ""),
            (LOGGED, peers.LOGGED, ""),
            (ASKING_NGINX, peers.AUTHORISED, COOKIE),
        ):
            port, pid = start(peers.nginx(body, folder / f"nginx{len(plain)}", core=core, origin=origin))
            add(name, port, cookie, pid)
        auth, auth_pid = start(authority(core=core))
        port, pid = start(
            peers.nginx(peers.DELEGATED, folder / "delegated", core=core, origin=origin, auth=auth)
        )
        add(ASKING_PYTHON, port, COOKIE, pid, auth_pid)
        port, pid, cookie = start(apache.apache(folder / "apache", core=core, origin=origin))
        add(APACHE, port, cookie, pid)
        port, pid = start(peers.nginx(peers.SECURE, folder / "secure", core=core, origin=origin))
        add(NGINX, port, "", pid, tls=True)

        gateway = start(yett(folder / "yett", core=core, origin=origin))
        add(YETT, gateway.port, gateway.cookie, gateway.pid)
        guarded = start(yett(folder / "guarded", core=core, origin=origin, more=GUARDS))
        add(GUARDED, guarded.port, guarded.cookie, guarded.pid)
        shaped = start(yett(folder / "shaped", core=core, origin=origin, more=SHAPED))
        add(SHAPED_YETT, shaped.port, shaped.cookie, shaped.pid)
        hidden = start(yett(folder / "hidden", core=core, origin=origin, tls=True))
        add(YETT, hidden.port, hidden.cookie, hidden.pid, tls=True)
        yield Everything(plain, secure, gateway)


def _families(pids: tuple[int, ...]) -> list[int]:
    return [each for pid in pids for each in family(pid)]
