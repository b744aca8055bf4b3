"""The device grant over HTTP: read the request strictly, ask the grant, answer in JSON."""

import math
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from yett.authn.device_code import Codes, Origin
from yett.net.pages import Fault as FormFault
from yett.net.pages import client_address, plain_problem, read_form
from yett.oidc.client_auth import AuthFault
from yett.oidc.clients import Client
from yett.oidc.device.model import Fault, Refused

DEVICE_AUTHORIZATION = "/oidc/device_authorization"
VERIFICATION = "/device"
"""Where people type the code."""
_UNCACHED = {"Cache-Control": "no-store", "Pragma": "no-cache", "X-Content-Type-Options": "nosniff"}


class Grant(Protocol):
    """The part of the grant that is reached from here."""

    @property
    def is_enabled(self) -> bool: ...
    async def authorize(self, fields: Mapping[str, str], origin: Origin) -> Codes | Refused: ...
    def is_program(self, client_id: str) -> bool: ...
    async def authorize_client(
        self, client: Client, fields: Mapping[str, str], origin: Origin
    ) -> Codes | Refused: ...


class ClientAuth(Protocol):
    """Who tells which client a request comes from."""

    async def authenticate(
        self, request: Request, form: Mapping[str, str], *, endpoint: str
    ) -> Client | AuthFault: ...


def routes(grant: Grant, *, issuer: str, auth: ClientAuth | None = None) -> list[Route]:
    """Where codes are asked for; the token endpoint has the rest. `issuer` is the origin of the sign-in host.

    `auth` tells which client of the provider asks; without it only the programs of the settings may.
    """

    async def authorize(request: Request) -> Response:
        if not grant.is_enabled:
            return plain_problem(request, 404)
        form = await read_form(request)
        if isinstance(form, FormFault):
            return _refuse(Refused(Fault.INVALID_REQUEST))
        agent = request.headers.get("user-agent", "")[:200]
        origin = Origin(client_address(request), agent)
        if auth is None or grant.is_program(form.get("client_id", "")):
            outcome = await grant.authorize(form, origin)
        else:
            client = await auth.authenticate(request, form, endpoint=DEVICE_AUTHORIZATION)
            if isinstance(client, AuthFault):
                return client.response()
            outcome = await grant.authorize_client(client, form, origin)
        return _refuse(outcome) if isinstance(outcome, Refused) else _codes(outcome, issuer)

    return [Route(DEVICE_AUTHORIZATION, authorize, methods=["POST"])]


def _codes(codes: Codes, issuer: str) -> Response:
    at = f"{issuer}{VERIFICATION}"
    return _answer(
        200,
        {
            "device_code": codes.device_code,
            "user_code": codes.user_code,
            "verification_uri": at,
            "verification_uri_complete": f"{at}?{urlencode({'user_code': codes.user_code})}",
            "expires_in": codes.expires_in,
            "interval": codes.interval,
        },
    )


def _refuse(refused: Refused) -> Response:
    if refused.retry_after <= 0:
        return _answer(refused.fault.status, {"error": refused.fault.value})
    answer = _answer(429, {"error": refused.fault.value})
    answer.headers["Retry-After"] = str(math.ceil(refused.retry_after))
    return answer


def _answer(status: int, content: Mapping[str, Any]) -> Response:
    return JSONResponse(content, status, headers=_UNCACHED)
