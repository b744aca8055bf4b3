"""The started program, and a client that reads its pages, for journeys."""

import asyncio
import contextlib
import html
import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlencode, urlsplit

from tests.ports import free_port

SIGN_IN = "yett.localhost"
APP = "app.yett.localhost"
PASSWORDS = {"alice": "correct horse 7 staple", "bob": "battery 4 horse stable"}

CONFIGURATION = """\
[service]
hostname = "{sign_in}"
port = {port}
network_interface = "127.0.0.1"
head_timeout = "2s"
body_timeout = "3s"
{service}

[cluster]
cluster_path = "{data}"

[telemetry]
format = "json"
{telemetry}

[authn.password]
memory = "8MiB"
passes = 1

{mappings}
"""

MAPPING = """\
[[proxy.mapping]]
app = "{app}"
host = "{host}"
service = "{service}"
groups = {groups}
"""


def with_own_mounts():
    """What a command is put behind to have mounts of its own.

    They exist only for that process, so no right to mount is needed outside. Where the kernel grants
    no such right (root inside a chroot), root's own has to do.
    """
    alone = ("unshare", "-rm")
    if subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        alone = ("unshare", "-m", "--propagation", "unchanged")
    return alone


def until(condition, *, seconds=15.0, what="the condition"):
    """What `condition` answers, as soon as it is something; fails after a while."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        threading.Event().wait(0.02)
    raise AssertionError(f"{what} did not come true within {seconds} seconds")


def run_apart(coroutine):
    """Run it to its end on a loop of its own, in a thread: the browser of other journeys has one running here."""
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(asyncio.run, coroutine).result()


@dataclass
class Gateway:
    """One gateway in a folder of its own. It is started and killed like an operator would."""

    folder: Path
    mappings: str
    service: str = ""
    telemetry: str = ""
    port: int = field(default_factory=free_port)
    heard: str = ""
    wrapper: tuple[str, ...] = ()

    def __post_init__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data = self.folder / "data"
        self.config = self.folder / "yett.toml"
        self.output = self.folder / "stdout.jsonl"
        self.errors = self.folder / "stderr.txt"
        self.process = None
        self.write()

    def write(self, **changes):
        for name, value in changes.items():
            setattr(self, name, value)
        text = CONFIGURATION.format(
            sign_in=SIGN_IN,
            port=self.port,
            data=self.data,
            service=self.service,
            telemetry=self.telemetry,
            mappings=self.mappings,
        )
        draft = self.config.with_suffix(".draft")
        draft.write_text(text)
        draft.replace(self.config)

    @property
    def environment(self):
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        if self.heard:
            environment["YETT_EVENTS_HEARD"] = self.heard
        return environment

    def command(self, *words):
        return [
            *self.wrapper,
            str(Path(sys.executable).with_name("yett")),
            "--config",
            str(self.config),
            *words,
        ]

    def run(self, *words, stdin="", check=True):
        """One command of the command line; its output."""
        done = subprocess.run(
            self.command(*words),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            env=self.environment,
            check=False,
        )
        if check:
            assert done.returncode == 0, done.stdout + done.stderr
        return done if not check else done.stdout

    def people(self):
        for name, groups in (("alice", ("staff",)), ("bob", ())):
            words = [word for group in groups for word in ("--group", group)]
            self.run(
                "users", "add", name, "--display-name", name.title(), "--email", f"{name}@example.org",
                "--password-stdin", *words, stdin=PASSWORDS[name] + "\n",
            )  # fmt: skip

    def start(self, *, wait=True):
        with self.output.open("ab") as out, self.errors.open("ab") as errors:
            self.process = subprocess.Popen(
                self.command("serve"),
                stdout=out,
                stderr=errors,
                env=self.environment,
                stdin=subprocess.DEVNULL,
            )
        if wait:
            until(self.is_ready, what="readiness")
        return self

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(
                f"the gateway ended:\n{self.errors.read_text()}{self.output.read_text()[-2000:]}"
            )
        try:
            return self.fetch("GET", SIGN_IN, "/readyz").status == 200
        except OSError:
            return False

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=40)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=10)

    def records(self):
        """What came out on standard output, parsed; lines that are no JSON are the console's."""
        found = []
        for line in self.output.read_text().splitlines():
            with contextlib.suppress(ValueError):
                found.append(json.loads(line))
        return found

    def connect(self, host, *, timeout=15.0):
        """A TLS connection to the gateway that trusts its own authority and nothing else."""
        context = ssl.create_default_context(cafile=self.data / "pki" / "root.pem")
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=timeout)
        try:
            return context.wrap_socket(raw, server_hostname=host)
        except BaseException:
            raw.close()
            raise

    def fetch(self, method, host, path, *, headers=None, body=None):
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection(host, self.port, timeout=30)
        try:
            connection.sock = self.connect(host)
            connection.request(
                method, path, body=body, headers={"Host": f"{host}:{self.port}", **(headers or {})}
            )
            answer = connection.getresponse()
            return Page(answer.status, list(answer.getheaders()), answer.read())
        finally:
            connection.close()

    def raw(self, data, *, host=APP, timeout=10.0):
        """Send bytes as they are; everything that comes back until the gateway closes or `timeout`."""
        with self.connect(host, timeout=timeout) as connection:
            connection.sendall(data)
            received = b""
            with contextlib.suppress(TimeoutError, ConnectionError, ssl.SSLError):
                while chunk := connection.recv(65536):
                    received += chunk
        return received


@dataclass
class Page:
    status: int
    headers: list
    body: bytes

    def header(self, name):
        return next((value for key, value in self.headers if key.lower() == name), "")

    @property
    def text(self):
        return html.unescape(re.sub(r"<[^>]+>", " ", self.body.decode()))

    @property
    def request_id(self):
        return re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", self.text)[0]


class Visitor:
    """Somebody with a browser that runs no scripts: keeps cookies by host, follows, fills in the form."""

    NAVIGATION: ClassVar = {
        "Accept": "text/html",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Site": "same-origin",
    }

    def __init__(self, gateway, *, app_host=APP, sign_in_host=SIGN_IN):
        self.gateway = gateway
        self.app_host, self.sign_in_host = app_host, sign_in_host
        self.cookies = {}
        self.at = (app_host, "/")

    def go(self, method, host, path, *, form=None, headers=None):
        """One request and whatever it redirects to."""
        for _ in range(12):
            sent = {**self.NAVIGATION, **(headers or {})}
            jar = self.cookies.setdefault(host, {})
            if jar:
                sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in jar.items())
            if form is not None:
                sent["Content-Type"] = "application/x-www-form-urlencoded"
                sent["Origin"] = f"https://{host}:{self.gateway.port}"
            page = self.gateway.fetch(
                method, host, path, headers=sent, body=urlencode(form) if form is not None else None
            )
            for name, value in page.headers:
                if name.lower() == "set-cookie":
                    key, _, rest = value.partition("=")
                    if "max-age=0" in value.lower():
                        jar.pop(key, None)
                    else:
                        jar[key] = rest.partition(";")[0]
            self.at = (host, path)
            location = page.header("location")
            refresh = re.search(rb'http-equiv="refresh" content="0; url=([^"]+)"', page.body)
            if not location and refresh:
                location = html.unescape(refresh[1].decode())
            if not location:
                return page
            parts = urlsplit(location)
            host = parts.hostname or host
            path = parts.path + (f"?{parts.query}" if parts.query else "")
            method, form = "GET", None
        raise AssertionError("redirected in circles")

    def get(self, path="/", host="", **more):
        return self.go("GET", host or self.app_host, path, **more)

    def is_out(self, path="/"):
        """Whether the application is not what comes."""
        page = self.get(path)
        return page.status != 200 or self.at[0] == self.sign_in_host

    def sign_in(self, name, password=None, path="/"):
        """Ask for a page, fill in the sign-in form that comes, and return where that ends."""
        page = self.get(path)
        assert self.at[0] == self.sign_in_host, page.text
        fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.body.decode()))
        fields = {key: html.unescape(value) for key, value in fields.items()}
        fields |= {"name": name, "password": PASSWORDS[name] if password is None else password}
        action = re.search(rb'<form class="fields" method="post" action="([^"]+)"', page.body)[1].decode()
        return self.go("POST", self.sign_in_host, html.unescape(action), form=fields)
