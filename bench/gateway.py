"""Yett as it is run, for measuring: its own program, one processor, somebody signed in."""

import contextlib
import http.client
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mmdb_writer import MMDBWriter
from netaddr import IPSet
from tests.journeys.gateway import Page, Visitor

from bench.peers import HOST, free_port, unchecked, wait_for

_CONFIGURATION = """
[service]
hostname = "bench.localhost"
port = {port}
network_interface = "127.0.0.1"
tls = {tls}
[cluster]
cluster_path = "{data}"
[telemetry]
format = "json"
[[proxy.mapping]]
app = "bench"
host = "{host}"
service = "http://127.0.0.1:{origin}"
groups = ["staff"]
"""

SHAPED = """
rewrite_host = true
[proxy.mapping.request_headers]
set = ["X-Zone: inside"]
[proxy.mapping.response_headers]
remove = ["Server"]
[proxy.mapping.retry]
attempts = 2
"""
"""More for the mapping: requests may be sent again, links and header fields are rewritten."""

GUARDS = """
[protection.rate]
exempt = []
requests = 10_000_000
period = "1s"
burst = 10_000_000
[[protection.rate.entity]]
name = "reports"
host = "{host}"
path = "/reports"
requests = 100
[[protection.size.exception]]
name = "uploads"
host = "{host}"
path = "/uploads"
max_body = "1GiB"
[protection.geo]
enabled = true
bypass_private = false
geo_database = "{folder}/countries.mmdb"
geo_asn_database = "{folder}/networks.mmdb"
deny_asns = [64496, 64497]
deny_countries = ["AQ", "BV"]
allow_countries = ["AT", "DE", "FR"]
[protection.time]
enabled = true
[[protection.time.window]]
name = "always"
groups = ["staff"]
[[protection.time.window]]
name = "everybody"
start = "00:00"
end = "24:00"
[protection.cors]
allowed_origins = ["https://one.example.org", "https://two.example.org"]
"""
"""Every guard on, with rules that each request has to be looked at for, and that let it pass."""


@dataclass(frozen=True)
class Running:
    """A gateway under measurement, and the cookie of somebody who may enter."""

    port: int
    pid: int
    cookie: str


@contextlib.contextmanager
def yett(
    folder: Path, *, core: int, origin: int, tls: bool = False, more: str = "", **environment: str
) -> Iterator[Running]:
    """Yett on a processor, in front of the origin."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    config = folder / "yett.toml"
    text = _CONFIGURATION.format(
        port=port, data=folder / "data", origin=origin, host=HOST, tls=str(tls).lower()
    )
    config.write_text(text + more.format(host=HOST, folder=folder, origin=origin))
    if "mmdb" in more:
        _write_places(folder)
    program = [str(Path(sys.executable).with_name("yett")), "--config", str(config)]
    subprocess.run(
        [*program, "users", "add", "alice", "--group", "staff", "--password-stdin"],
        input="correct horse 7 staple\n", text=True, check=True, capture_output=True,
    )  # fmt: skip
    with (folder / "stdout").open("wb") as out:
        process = subprocess.Popen(
            ["taskset", "-c", str(core), *program, "serve"], stdout=out, stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
        )  # fmt: skip
    try:
        try:
            wait_for(port, process)
            running = Running(port, process.pid, _cookie(port, is_tls=tls))
        except Exception as problem:
            # Whatever went wrong, what the program itself said about it is worth more; nothing is hidden.
            raise RuntimeError(f"{problem}\n{(folder / 'stdout').read_text()[-2000:]}") from problem
        yield running
    finally:
        process.terminate()
        process.wait(timeout=40)


def _write_places(folder: Path) -> None:
    """Databases that know where this machine is."""
    for name, place in (
        ("countries", {"country": {"iso_code": "AT"}}),
        ("networks", {"autonomous_system_number": 64500, "autonomous_system_organization": "bench"}),
    ):
        writer = MMDBWriter(ip_version=4, database_type="bench")
        writer.insert_network(IPSet(["127.0.0.0/8"]), place)
        writer.to_db_file(str(folder / f"{name}.mmdb"))


@dataclass
class Door:
    """The gateway as a visitor of the journeys sees it."""

    port: int
    is_tls: bool

    def fetch(self, method, host, path, *, headers=None, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        if self.is_tls:
            connection.connect()
            connection.sock = unchecked().wrap_socket(connection.sock, server_hostname=host)
        try:
            connection.request(method, path, body=body, headers={"Host": host, **(headers or {})})
            answer = connection.getresponse()
            return Page(answer.status, list(answer.getheaders()), answer.read())
        finally:
            connection.close()


def _cookie(port: int, *, is_tls: bool) -> str:
    visitor = Visitor(Door(port, is_tls), app_host=HOST, sign_in_host="bench.localhost")
    page = visitor.sign_in("alice", "correct horse 7 staple")
    if page.status != 200:
        raise RuntimeError(f"signing in answered {page.status}: {page.text}")
    return "; ".join(f"{name}={value}" for name, value in visitor.cookies[HOST].items())
