"""Responses as the engine hands them to a route's steps."""

from tests.proxy.conftest import WIKI, request_for

from yett.net.http import Attempt, Forward, Reply, Upstream
from yett.proxy.steps import Call

BACKEND = Upstream("wiki.internal", 8080)


def ask(method="GET", host=WIKI, *, target="/", is_tls=True, **fields):
    """A request that was let through; `accept_encoding="gzip"` is a field of it."""
    headers = {"Host": host, **{name.replace("_", "-"): value for name, value in fields.items()}}
    return Call(request_for(method, target, headers, is_tls=is_tls), "Wiki", None, None)


def answer(status=200, *, length=-1, **fields):
    """A response head; a field that is a list is there several times."""
    lines = [
        f"{name.replace('_', '-').title()}: {each}".encode("latin-1")
        for name, value in fields.items()
        for each in (value if isinstance(value, list) else [value])
    ]
    return Reply(status, lines, length)


def attempt(**changes):
    return Attempt(**{"number": 1, "forward": Forward(BACKEND), "is_chosen": True, **changes})


def through(reply, *pieces):
    """A body on its way through the filters that a response was given."""
    if reply.filter is None:
        return b"".join(pieces)
    return b"".join([*(reply.filter.feed(piece) for piece in pieces), reply.filter.end()])
