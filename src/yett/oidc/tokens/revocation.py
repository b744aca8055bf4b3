"""The revocation endpoint: tokens that a client gives back (RFC 7009)."""

from collections.abc import Mapping
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yett.net.pages import Fault, read_form
from yett.oidc.client_auth import AuthFault
from yett.oidc.clients import Client
from yett.oidc.tokens.answers import MAX_FORM, MOST_FIELDS, RETRY_AFTER, answer, crossing, empty, preflight
from yett.store import StoreUnavailable

REVOKE = "/oidc/revoke"


class Tokens(Protocol):
    """Whoever ends tokens."""

    async def revoke(self, text: str, *, client_id: str) -> bool: ...


class ClientAuth(Protocol):
    """Whoever tells clients from strangers."""

    async def authenticate(
        self, request: Request, form: Mapping[str, str], *, endpoint: str
    ) -> Client | AuthFault: ...


class Revocation:
    """The endpoint. To a client that proved itself it says the same whatever the token was (section 2.2)."""

    def __init__(self, tokens: Tokens, clients: ClientAuth) -> None:
        self._tokens = tokens
        self._clients = clients
        self.routes = [Route(REVOKE, self._serve, methods=["POST", "OPTIONS"])]

    async def _serve(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            return preflight("POST")
        form = await read_form(request, limit=MAX_FORM, most=MOST_FIELDS)
        if isinstance(form, Fault):
            return answer(form.status, {"error": "invalid_request"})
        client = await self._clients.authenticate(request, form, endpoint=REVOKE)
        if isinstance(client, AuthFault):
            return crossing(client.response())
        text = form.get("token", "")
        if not text:
            return answer(400, {"error": "invalid_request", "error_description": "there is no token"})
        try:
            await self._tokens.revoke(text, client_id=client.client_id)
        except StoreUnavailable:
            return empty(retry_after=RETRY_AFTER)
        return empty()
