"""The introspection endpoint: what a token is worth, for those who are given them (RFC 7662)."""

import math
from collections.abc import Mapping
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yett.net.pages import Fault, read_form
from yett.oidc.client_auth import AuthFault
from yett.oidc.clients import Client
from yett.oidc.tokens import events, texts
from yett.oidc.tokens.answers import MAX_FORM, MOST_FIELDS, RETRY_AFTER, answer
from yett.oidc.tokens.model import Access
from yett.store import StoreUnavailable

INTROSPECT = "/oidc/introspect"
_INACTIVE = {"active": False}


class Tokens(Protocol):
    """Whoever knows what tokens are worth."""

    @property
    def issuer(self) -> str: ...
    async def look(self, text: str) -> Access | None: ...
    async def look_at_refresh(self, text: str) -> Access | None: ...


class ClientAuth(Protocol):
    """Whoever tells clients from strangers."""

    async def authenticate(
        self, request: Request, form: Mapping[str, str], *, endpoint: str
    ) -> Client | AuthFault: ...


class Introspection:
    """The endpoint."""

    def __init__(self, tokens: Tokens, clients: ClientAuth) -> None:
        self._tokens = tokens
        self._clients = clients
        self.routes = [Route(INTROSPECT, self._serve, methods=["POST"])]

    async def _serve(self, request: Request) -> Response:
        form = await read_form(request, limit=MAX_FORM, most=MOST_FIELDS)
        if isinstance(form, Fault):
            return answer(form.status, {"error": "invalid_request"}, crosses=False)
        client = await self._clients.authenticate(request, form, endpoint=INTROSPECT)
        if isinstance(client, AuthFault):
            return client.response()
        if client.is_public:
            # Anybody can say that they are a public client, and could try tokens (RFC 7662, section 2.1).
            content = {"error": "invalid_client", "error_description": "the client has to prove itself"}
            return answer(401, content, headers={"WWW-Authenticate": "Basic"}, crosses=False)
        text = form.get("token", "")
        if not text:
            content = {"error": "invalid_request", "error_description": "there is no token"}
            return answer(400, content, crosses=False)
        try:
            return answer(200, await self._worth(client, text), crosses=False)
        except StoreUnavailable:
            return answer(503, {}, headers={"Retry-After": f"{RETRY_AFTER:.0f}"}, crosses=False)

    async def _worth(self, client: Client, text: str) -> Mapping[str, Any]:
        is_refresh = texts.is_refresh(text)
        look = self._tokens.look_at_refresh if is_refresh else self._tokens.look
        access = await look(text)
        if access is not None and not may_see(client, access):
            events.introspection_refused(client=client.label, issued_to=access.basis.client_id[:80])
            access = None
        kind = "none" if access is None else "refresh_token" if access.is_refresh else "access_token"
        events.introspected(client=client.label, active=access is not None, type=kind)
        return _INACTIVE if access is None else described(access, self._tokens.issuer)


def may_see(client: Client, access: Access) -> bool:
    """Whether a client may know about a token: its own, one that is meant for it, or any when it serves others."""
    if access.basis.client_id == client.client_id or client.may_introspect:
        return True
    return not access.is_refresh and access.audience == client.client_id


def described(access: Access, issuer: str) -> dict[str, Any]:
    """What is told about a token that is good (RFC 7662, section 2.2; RFC 9449, section 6.2; RFC 8705, section 3.2)."""
    basis = access.basis
    known = {
        "active": True,
        "iss": issuer,
        "client_id": basis.client_id,
        "sub": basis.user or basis.client_id,
        "username": basis.user,
        "scope": basis.scope,
        "aud": access.audience,
        "token_type": "" if access.is_refresh else basis.confirmation.token_type,
        "iat": math.floor(access.issued_at),
        "exp": math.floor(access.expires_at),
        "jti": access.jti,
        "cnf": dict(basis.confirmation.claim),
        "sid": basis.sign_on_ref,
        "auth_time": int(basis.auth_time),
        "amr": list(basis.methods),
        "acr": basis.assurance.value if basis.user else "",
    }
    return {name: value for name, value in known.items() if value}
