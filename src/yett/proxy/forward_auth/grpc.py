"""gRPC as far as one question with one answer needs it (the HTTP/2 mapping of gRPC), as an ASGI application.

A client has to be answered with status 200 and `grpc-status` behind the body, whatever went wrong;
where there is no body, both stand in one head ("Trailers-Only").
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from yett.net.trust import Networks
from yett.proxy.forward_auth.dialects.envoy import read_check, write_check
from yett.proxy.forward_auth.model import Asked, Malformed
from yett.proxy.forward_auth.protobuf import Undecodable
from yett.proxy.forward_auth.told import Told

_OK, _INVALID_ARGUMENT, _EXHAUSTED, _UNIMPLEMENTED = 0, 3, 8, 12
_PREFIX = 5
"""Bytes before a message: whether it is compressed, and its length."""

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Answering = Callable[[Asked | Malformed, Mapping[str, str]], Awaitable[Told]]


class Fault(Exception):
    """What ends a call without an answer."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class Checks:
    """The service `envoy.service.auth.v3.Authorization`."""

    MOST = 1 << 20
    """Bytes of a question; Envoy sends the body of a request along only if it is told to."""

    def __init__(self, answer: Answering, trusted: Callable[[], Networks]) -> None:
        self._answer = answer
        self._trusted = trusted

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        kind = dict(scope["headers"]).get(b"content-type", b"").partition(b";")[0].strip()
        if scope["method"] != "POST" or kind not in {b"application/grpc", b"application/grpc+proto"}:
            await send({"type": "http.response.start", "status": 415, "headers": [(b"allow", b"POST")]})
            await send({"type": "http.response.body", "body": b""})
            return
        try:
            check = read_check(_message(await _body(receive)), self._trusted())
            told = await self._answer(check.asked, check.extensions)
        except Undecodable as problem:
            await _end(send, _INVALID_ARGUMENT, str(problem))
        except Fault as problem:
            await _end(send, problem.status, problem.text)
        else:
            await _respond(send, write_check(told))


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Fault(_INVALID_ARGUMENT, "the message does not end")
        body += bytes(message.get("body", b""))
        if len(body) > Checks.MOST + _PREFIX:
            raise Fault(_EXHAUSTED, "the message is too large")
        if not message.get("more_body", False):
            return body


def _message(body: bytes) -> bytes:
    """The one message of a call."""
    if len(body) < _PREFIX or int.from_bytes(body[1:_PREFIX], "big") != len(body) - _PREFIX:
        raise Fault(_INVALID_ARGUMENT, "not exactly one message")
    if body[0]:
        raise Fault(_UNIMPLEMENTED, "compressed messages are not understood")
    return body[_PREFIX:]


async def _respond(send: Send, message: bytes) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-type", b"application/grpc")],
            "trailers": True,
        }
    )
    framed = b"\0" + len(message).to_bytes(4, "big") + message
    await send({"type": "http.response.body", "body": framed})
    await send({"type": "http.response.trailers", "headers": [(b"grpc-status", b"%d" % _OK)]})


async def _end(send: Send, status: int, text: str) -> None:
    headers = [
        (b"content-type", b"application/grpc"),
        (b"grpc-status", b"%d" % status),
        (b"grpc-message", text.encode("ascii", "replace")),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
