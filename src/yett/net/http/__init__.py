"""The HTTP engine: it asks a `Gate` once per request and then moves bytes.

Read `model` (the seam), `head`, `chunked` and `trailers` (what is let in), `engine` and `channel`
(how the two sides of a request see one another), `exchange` (what joins them) and `planned` with
`attempt` (the same for requests that may be sent again), `server`, `upstream` and `pool` (the
sides in HTTP/1.1), `h2` and `h3` (the same in HTTP/2 and HTTP/3), `listener` (the front).
"""

from yett.net.http.channel import ConnectFailed
from yett.net.http.dialing import Dialer, LookUp, Told, introduction_of, make_context
from yett.net.http.imagined import Unimaginable, imagine
from yett.net.http.limits import Limits
from yett.net.http.listener import HTTPServer, remember_server_name
from yett.net.http.model import (
    FAILURE_STATUS,
    REFUSAL_STATUS,
    Admission,
    Again,
    Answer,
    ASGIApp,
    Attempt,
    BodyFilter,
    BrokenBody,
    Connection,
    Decision,
    Failure,
    Forward,
    Gate,
    Outcome,
    Plan,
    Refusal,
    Reply,
    Request,
    Serve,
    Upstream,
)
from yett.net.http.sender import Sender, Sent

__all__ = [
    "FAILURE_STATUS",
    "REFUSAL_STATUS",
    "ASGIApp",
    "Admission",
    "Again",
    "Answer",
    "Attempt",
    "BodyFilter",
    "BrokenBody",
    "ConnectFailed",
    "Connection",
    "Decision",
    "Dialer",
    "Failure",
    "Forward",
    "Gate",
    "HTTPServer",
    "Limits",
    "LookUp",
    "Outcome",
    "Plan",
    "Refusal",
    "Reply",
    "Request",
    "Sender",
    "Sent",
    "Serve",
    "Told",
    "Unimaginable",
    "Upstream",
    "imagine",
    "introduction_of",
    "make_context",
    "remember_server_name",
]
