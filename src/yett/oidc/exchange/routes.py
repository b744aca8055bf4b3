"""The token endpoint over HTTP: read the request strictly, ask, answer in JSON (RFC 6749, sections 5.1 and 5.2)."""

import math
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yett.net.pages import Fault, plain_problem, read_form
from yett.oidc.client_auth import AuthFault
from yett.oidc.dpop import DPoPFault
from yett.oidc.exchange.grants import TOKEN
from yett.oidc.exchange.model import Error, Given, Refused

_MOST_FIELDS = 32
_HEADERS = {
    "Cache-Control": "no-store",
    "Pragma": "no-cache",
    "X-Content-Type-Options": "nosniff",
    # For programs in browsers; no cookie counts here, so none is asked for.
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "DPoP-Nonce, WWW-Authenticate, Retry-After",
}
_PREFLIGHT = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, DPoP",
    "Access-Control-Max-Age": "600",
}
_LINES = [
    (name.lower().encode("ascii"), value.encode("ascii"))
    for name, value in {**_HEADERS, "Content-Type": "application/json"}.items()
]
_encode = msgspec.json.Encoder().encode


class Exchange(Protocol):
    """Whoever decides."""

    @property
    def is_enabled(self) -> bool: ...
    async def token(
        self, request: Request, form: Mapping[str, str]
    ) -> Given | Refused | AuthFault | DPoPFault: ...


def routes(exchange: Exchange) -> list[Route]:
    """The endpoint."""

    async def token(request: Request) -> Response:
        if not exchange.is_enabled:
            return plain_problem(request, 404)
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=_PREFLIGHT)
        form = await read_form(request, most=_MOST_FIELDS)
        if isinstance(form, Fault):
            return _answer(400, {"error": Error.INVALID_REQUEST.value})
        outcome = await exchange.token(request, form)
        match outcome:
            case Given():
                return _given(outcome)
            case Refused():
                return _refused(outcome)
            case fault:
                answer = fault.response()
                answer.headers.update(_HEADERS)
                return answer

    return [Route(TOKEN, token, methods=["POST", "OPTIONS"])]


def _given(given: Given) -> Response:
    answer = _answer(200, given.members)
    if given.nonce:
        answer.headers["DPoP-Nonce"] = given.nonce
    return answer


def _refused(refused: Refused) -> Response:
    content = {"error": refused.error}
    if refused.description:
        content["error_description"] = refused.description
    answer = _answer(refused.status, content)
    if refused.retry_after > 0:
        answer.headers["Retry-After"] = str(math.ceil(refused.retry_after))
    return answer


def _answer(status: int, content: Mapping[str, Any]) -> Response:
    answer = Response(_encode(content), status)
    answer.raw_headers += _LINES
    return answer
