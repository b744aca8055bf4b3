"""Yett as it is run, for measuring: its own program, one processor, somebody signed in."""

import contextlib
import http.client
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.journeys.gateway import Page, Visitor

from bench.peers import free_port, wait_for

HOST = "app.bench.localhost"

_CONFIGURATION = """
[service]
hostname = "bench.localhost"
port = {port}
network_interface = "127.0.0.1"
tls = false
[cluster]
cluster_path = "{data}"
[telemetry]
format = "json"
[[proxy.mapping]]
app = "bench"
host = "app.bench.localhost"
service = "http://127.0.0.1:{origin}"
groups = ["staff"]
"""


@dataclass(frozen=True)
class Running:
    """A gateway under measurement, and the cookie of somebody who may enter."""

    port: int
    pid: int
    cookie: str


@contextlib.contextmanager
def yett(folder: Path, *, core: int, origin: int) -> Iterator[Running]:
    """Yett on a processor, in front of the origin."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    config = folder / "yett.toml"
    config.write_text(_CONFIGURATION.format(port=port, data=folder / "data", origin=origin))
    program = [str(Path(sys.executable).with_name("yett")), "--config", str(config)]
    subprocess.run(
        [*program, "users", "add", "alice", "--group", "staff", "--password-stdin"],
        input="correct horse 7 staple\n", text=True, check=True, capture_output=True,
    )  # fmt: skip
    with (folder / "stdout").open("wb") as out:
        process = subprocess.Popen(
            ["taskset", "-c", str(core), *program, "serve"], stdout=out, stderr=subprocess.STDOUT,
            env={**os.environ},
        )  # fmt: skip
    try:
        wait_for(port, process)
        yield Running(port, process.pid, _cookie(port))
    finally:
        process.terminate()
        process.wait(timeout=40)


@dataclass
class _Plain:
    """The gateway as a visitor of the journeys sees it, without TLS."""

    port: int

    def fetch(self, method, host, path, *, headers=None, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body=body, headers={"Host": host, **(headers or {})})
            answer = connection.getresponse()
            return Page(answer.status, list(answer.getheaders()), answer.read())
        finally:
            connection.close()


def _cookie(port: int) -> str:
    visitor = Visitor(_Plain(port), app_host=HOST, sign_in_host="bench.localhost")
    page = visitor.sign_in("alice", "correct horse 7 staple")
    if page.status != 200:
        raise RuntimeError(f"signing in answered {page.status}: {page.text}")
    return "; ".join(f"{name}={value}" for name, value in visitor.cookies[HOST].items())
