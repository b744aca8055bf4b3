"""The HTTP/1.1 engine: it asks a `Gate` once per request and then moves bytes.

Read `model` (the seam), `head` and `chunked` (what is let in), `server` and `exchange` (the two
sides of a request), `upstream` and `pool`, `listener` (the front).
"""

from yett.net.http.limits import Limits
from yett.net.http.listener import HTTPServer, remember_server_name
from yett.net.http.model import (
    FAILURE_STATUS,
    REFUSAL_STATUS,
    Answer,
    ASGIApp,
    Connection,
    Decision,
    Failure,
    Forward,
    Gate,
    Outcome,
    Refusal,
    Request,
    Serve,
    Upstream,
)

__all__ = [
    "FAILURE_STATUS",
    "REFUSAL_STATUS",
    "ASGIApp",
    "Answer",
    "Connection",
    "Decision",
    "Failure",
    "Forward",
    "Gate",
    "HTTPServer",
    "Limits",
    "Outcome",
    "Refusal",
    "Request",
    "Serve",
    "Upstream",
    "remember_server_name",
]
