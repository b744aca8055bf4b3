"""Requests as the engine hands them to the gate."""

from yett.events import Scope
from yett.net.http import Connection, Request


def ask(
    address="192.0.2.1",
    *,
    method="GET",
    host="app.example",
    path="/",
    length=0,
    chunked=False,
    fields=(),
    upgrade=b"",
):
    """One request head."""
    lines = [b"Host: " + host.encode(), *(f"{name}: {value}".encode() for name, value in fields)]
    return Request(
        Connection(address, 40000, is_tls=True),
        Scope("request-1", "", "", "", address),
        method.encode(),
        path.encode(),
        path,
        host,
        0,
        lines,
        1,
        content_length=length,
        is_chunked=chunked,
        upgrade=upgrade,
    )
