"""Applications that were not written here, and what they need to find the gateway on this machine."""

import json
import os
import select
import socket
import subprocess
import sys
from pathlib import Path

import pytest

MODULES = Path(sys.executable).parent.parent / "peers" / "npm" / "node_modules"
_PROGRAM = Path(__file__).parent / "peers" / "openid_client.mjs"


class Refused(Exception):
    """A program got an error for an answer; its arguments are the error and the status."""


class OpenIDClient:
    """npm's openid-client in a process of its own; `app.do("ask", …)`."""

    def __init__(self, gateway, issuer, metadata, **more):
        wish = {"modules": str(MODULES), "issuer": issuer, "metadata": metadata, **more}
        self.process = subprocess.Popen(
            ["node", str(_PROGRAM), json.dumps(wish)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={
                **os.environ,
                "NODE_EXTRA_CA_CERTS": str(gateway.data / "pki" / "root.pem"),
                "NODE_OPTIONS": "",
            },
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(timeout=10)
        self.process.stdout.close()

    def start(self, what, **more):
        """Begin something that takes another's part in between."""
        self.process.stdin.write(json.dumps({"do": what, **more}) + "\n")
        self.process.stdin.flush()

    def end(self):
        ready, _, _ = select.select([self.process.stdout], [], [], 40)
        assert ready, "the program says nothing"
        line = self.process.stdout.readline()
        assert line, "the program ended"
        answer = json.loads(line)
        if "error" in answer:
            raise Refused(answer["error"], answer.get("status"))
        return answer["ok"]

    def do(self, what, **more):
        self.start(what, **more)
        return self.end()


@pytest.fixture(scope="module")
def names_of_this_machine():
    """Every name below .localhost is this machine (RFC 6761, section 6.3), whatever the C library thinks."""
    look_up = socket.getaddrinfo

    def here(host, *more, **named):
        name = host.decode() if isinstance(host, bytes) else host
        return look_up("127.0.0.1" if name and name.endswith(".localhost") else host, *more, **named)

    patch = pytest.MonkeyPatch()
    patch.setattr(socket, "getaddrinfo", here)
    yield
    patch.undo()
