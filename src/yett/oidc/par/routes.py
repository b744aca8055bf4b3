"""POST /oidc/par: who pushes, what is pushed, and the reference to it."""

from collections.abc import Mapping
from typing import Protocol
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from yett.events import describe
from yett.kernel import Clock
from yett.net.pages import MAX_FORM, Fault, client_address, plain_problem, read_form
from yett.oidc import rules
from yett.oidc.clients import Client, Clients, Kind
from yett.oidc.config import OIDCSettings
from yett.oidc.dpop import DPoPFault, Proof
from yett.oidc.model import Asked, Reason, SentBack, Shown
from yett.oidc.par import events
from yett.oidc.par.shelf import Shelf
from yett.oidc.rates import Rates
from yett.store import StoreUnavailable

PAR = "/oidc/par"
_MOST_FIELDS = 40
_PROOFS = frozenset({"client_secret", "client_assertion", "client_assertion_type"})
"""What a client proves itself with; nothing of it is kept."""
_UNCACHED = {"Cache-Control": "no-store", "Pragma": "no-cache", "X-Content-Type-Options": "nosniff"}


class AuthFault(Protocol):
    """Why somebody is no client."""

    @property
    def error(self) -> str: ...
    def response(self) -> Response: ...


class ClientAuth(Protocol):
    """Whoever tells clients from others."""

    async def authenticate(
        self, request: Request, form: Mapping[str, str], *, endpoint: str
    ) -> Client | AuthFault: ...


class Proofs(Protocol):
    """Whoever checks DPoP proofs."""

    async def check(self, request: Request, *, url: str) -> Proof | DPoPFault | None: ...


class PushedRequests:
    """The endpoint. A request is judged when it is pushed, and again when its person comes."""

    def __init__(
        self,
        shelf: Shelf,
        clients: Clients,
        auth: ClientAuth,
        rates: Rates,
        settings: OIDCSettings,
        clock: Clock,
        *,
        issuer: str,
        proofs: Proofs,
    ) -> None:
        self._shelf = shelf
        self._clients = clients
        self._auth = auth
        self._rates = rates
        self._settings = settings
        self._clock = clock
        self._proofs = proofs
        self._url = issuer + PAR
        self.routes = [Route(PAR, self._push, methods=["POST"])]

    def apply(self, settings: OIDCSettings) -> None:
        """Use other settings from now on; what is pushed keeps the time it has."""
        self._settings = settings

    async def _push(self, request: Request) -> Response:
        if not self._settings.enabled:
            return plain_problem(request, 404)
        form = await read_form(request, most=_MOST_FIELDS)
        if isinstance(form, Fault):
            if form is Fault.TOO_LARGE:
                events.too_large(client_address=client_address(request), limit=MAX_FORM)
            return _error(form.status, "invalid_request")
        client = await self._auth.authenticate(request, form, endpoint=PAR)
        if not isinstance(client, Client):
            events.auth_failed(client_address=client_address(request), error=client.error)
            return client.response()
        if client.kind is Kind.INTERNAL:
            return _error(400, "unauthorized_client")
        # A client that proves who it is pushes for all its people from one address. Strangers can prove that, too.
        is_counted = client.is_public or client.kind is Kind.REGISTERED
        wait = self._rates.take(client, client_address(request)) if is_counted else 0.0
        if wait:
            return _error(429, "temporarily_unavailable", {"Retry-After": str(int(wait) + 1)})
        return await self._keep(request, client, form)

    async def _keep(self, request: Request, client: Client, form: Mapping[str, str]) -> Response:
        # A parameter without a value counts as one that was left out (RFC 6749, section 3.1).
        fields = {name: value for name, value in form.items() if value and name not in _PROOFS}
        if fields.setdefault("client_id", client.client_id) != client.client_id:
            return self._refuse(client, Reason.UNKNOWN_CLIENT, "invalid_request")
        if "request_uri" in fields:
            # A reference to a reference (RFC 9126, section 2.1).
            return self._refuse(client, Reason.REQUEST_ADDRESS, "invalid_request")
        # One that comes with a proof is tied to its key (RFC 9449, section 10.1).
        proof = await self._proofs.check(request, url=self._url)
        if isinstance(proof, DPoPFault):
            return proof.response()
        if proof is not None and fields.setdefault("dpop_jkt", proof.jkt) != proof.jkt:
            return self._refuse(client, Reason.JKT, "invalid_dpop_proof")
        match rules.read_request(tuple(fields.items()), self._clients, is_pushed=True):
            case Shown(reason=reason) | SentBack(reason=reason):
                return self._refuse(client, reason, rules.error_for(reason))
            case Asked():
                answer = await self._put(client, fields)
        if proof is not None and proof.nonce:
            answer.headers["DPoP-Nonce"] = proof.nonce
        return answer

    async def _put(self, client: Client, fields: Mapping[str, str]) -> Response:
        lifetime = self._settings.request_lifetime.total_seconds()
        try:
            reference = await self._shelf.put(
                client.client_id, urlencode(fields), now=self._clock.now(), lifetime=lifetime
            )
        except (StoreUnavailable, OSError) as problem:
            events.not_generated(client=client.label, error=describe(problem))
            return _error(503, "temporarily_unavailable", {"Retry-After": "5"})
        events.created(client=client.label, seconds=lifetime)
        return JSONResponse({"request_uri": reference, "expires_in": int(lifetime)}, 201, headers=_UNCACHED)

    @staticmethod
    def _refuse(client: Client, reason: Reason, error: str) -> Response:
        events.refused(client=client.label, reason=reason)
        return _error(400, error, description=reason.value)


def _error(
    status: int, error: str, headers: Mapping[str, str] | None = None, *, description: str = ""
) -> Response:
    more = {"error_description": description} if description else {}
    return JSONResponse({"error": error, **more}, status, headers={**_UNCACHED, **(headers or {})})
