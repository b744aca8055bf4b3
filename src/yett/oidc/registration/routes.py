"""Registration over HTTP (RFC 7591, section 3), and looking at one's own (RFC 7592, section 2.1)."""

import json
import math
from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from yett.net.pages import client_address, plain_problem
from yett.oidc.registration.config import Mode
from yett.oidc.registration.model import Fault, Rejected
from yett.oidc.registration.rules import MAX_BODY
from yett.oidc.registration.service import Registrations

REGISTER = "/oidc/register"
_UNCACHED = {"Cache-Control": "no-store", "Pragma": "no-cache", "X-Content-Type-Options": "nosniff"}


class RegistrationEndpoint:
    """The address."""

    def __init__(self, registrations: Registrations, *, issuer: str) -> None:
        self._registrations = registrations
        self._issuer = issuer
        self.routes = [
            Route(REGISTER, self._register, methods=["POST"]),
            Route(REGISTER, self._show, methods=["GET"]),
        ]

    def facts(self) -> dict[str, Any]:
        """What discovery says of it."""
        return {"registration_endpoint": self._issuer + REGISTER} if self._registrations.is_open else {}

    async def _register(self, request: Request) -> Response:
        if not self._registrations.is_open:
            return plain_problem(request, 404)
        document = await _read(request)
        if isinstance(document, Rejected):
            return _refuse(document)
        outcome = await self._registrations.register(document, _bearer(request), client_address(request))
        return _refuse(outcome) if isinstance(outcome, Rejected) else self._answer(201, outcome)

    async def _show(self, request: Request) -> Response:
        if self._registrations.settings.mode is Mode.OFF:
            return plain_problem(request, 404)
        client_id, token = request.query_params.get("client_id", ""), _bearer(request)
        registered = self._registrations.managed(client_id, token) if client_id and token else None
        if registered is None:
            return _refuse(Rejected(Fault.TOKEN, "This takes the token that came with the registration."))
        return self._answer(200, self._registrations.describe(registered))

    def _answer(self, status: int, told: dict[str, Any]) -> Response:
        at = f"{self._issuer}{REGISTER}?{urlencode({'client_id': told['client_id']})}"
        return JSONResponse({**told, "registration_client_uri": at}, status, headers=_UNCACHED)


async def _read(request: Request) -> object | Rejected:
    """The document that was sent."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        return Rejected(Fault.METADATA, "This takes application/json.")
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY:
                return Rejected(Fault.METADATA, "This is too much.")
        document: object = msgspec.json.decode(bytes(body))
        # The strict reader takes the last of several members of one name; another would take the first.
        json.loads(body.decode(), object_pairs_hook=_once)
    except (ClientDisconnect, msgspec.DecodeError, ValueError, RecursionError):
        return Rejected(Fault.METADATA, "This is no JSON.")
    return document


def _once(members: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in members}) != len(members):
        raise ValueError("a member repeats")


def _bearer(request: Request) -> str:
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""


def _refuse(rejected: Rejected) -> Response:
    told = {"error": rejected.fault.value, "error_description": rejected.sentence}
    answer = JSONResponse(told, rejected.fault.status, headers=_UNCACHED)
    if rejected.fault is Fault.TOKEN:
        answer.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    if rejected.retry_after > 0:
        answer.headers["Retry-After"] = str(math.ceil(rejected.retry_after))
    return answer
