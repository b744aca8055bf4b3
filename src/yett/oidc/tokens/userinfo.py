"""The userinfo endpoint: what a client may hear of a person (OpenID Connect Core, section 5.3).

Tokens are shown as RFC 6750, RFC 9449, section 7, and RFC 8705, section 3, have it.
"""

import hmac
from typing import NamedTuple, Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yett.net.pages import Fault, client_certificate, read_form
from yett.oidc.client_auth import algorithms_for
from yett.oidc.dpop import ALGORITHMS, DPoPFault, Proof
from yett.oidc.mtls import thumbprint
from yett.oidc.tokens import claims, events
from yett.oidc.tokens.answers import MAX_FORM, MOST_FIELDS, answer, crossing, preflight
from yett.oidc.tokens.model import Access, Unserved
from yett.oidc.tokens.standing import Clients, Directory

USERINFO = "/oidc/userinfo"

_FAULTS = {
    Unserved.SEVERAL: (400, "invalid_request", "the token has to come in exactly one way"),
    Unserved.SCOPE: (403, "insufficient_scope", "the token is not for hearing about a person"),
}
_INVALID = (401, "invalid_token", "the token is unknown, over, or was not shown as it has to be")


class Tokens(Protocol):
    """Whoever knows what tokens are worth."""

    async def look(self, text: str) -> Access | None: ...


class Proofs(Protocol):
    """Whoever checks proofs of possession."""

    async def check(
        self, request: Request, *, url: str, access_token: str, jkt: str, algorithms: tuple[str, ...]
    ) -> Proof | DPoPFault | None: ...


class Shown(NamedTuple):
    """A token as it came."""

    text: str
    is_proven: bool
    """Whether it came as a DPoP token (RFC 9449, section 7.1)."""

    def __repr__(self) -> str:
        return f"Shown(text=…, is_proven={self.is_proven})"


class UserInfo:
    """The endpoint."""

    def __init__(
        self, tokens: Tokens, clients: Clients, directory: Directory, proofs: Proofs, *, issuer: str
    ) -> None:
        self._tokens = tokens
        self._clients = clients
        self._directory = directory
        self._proofs = proofs
        self._url = f"{issuer}{USERINFO}"
        self.routes = [Route(USERINFO, self._serve, methods=["GET", "POST", "OPTIONS"])]

    async def _serve(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            return preflight("GET, POST")
        shown = await read_token(request)
        if isinstance(shown, Unserved):
            return _refuse(shown)
        access = await self._tokens.look(shown.text)
        if access is None or access.is_refresh:
            return _refuse(Unserved.INVALID, is_proven=shown.is_proven)
        proof = await self._prove(request, shown, access)
        if isinstance(proof, Unserved):
            return _refuse(proof, is_proven=shown.is_proven)
        if isinstance(proof, DPoPFault):
            events.userinfo_token_invalid(reason=Unserved.UNPROVEN)
            return crossing(proof.response(is_resource=True))
        return self._tell(access, proof)

    def _tell(self, access: Access, proof: Proof | None) -> Response:
        basis = access.basis
        client = basis.client_id[:80]
        if not basis.user or claims.OPENID not in basis.scope.split(" "):
            events.userinfo_scope(client=client)
            return _refuse(Unserved.SCOPE)
        person = self._directory.person(basis.user)
        if person is None or person.is_disabled:
            events.userinfo_user_unknown(user=basis.user, client=client)
            return _refuse(Unserved.USER)
        told = claims.about(person, basis.scope, claims.asked_for(basis.claims, "userinfo"))
        events.userinfo_served(user=person.name, client=client, claims=tuple(sorted(told)))
        headers = {"DPoP-Nonce": proof.nonce} if proof is not None and proof.nonce else {}
        return answer(200, {"sub": person.name, **told}, headers=headers)

    async def _prove(
        self, request: Request, shown: Shown, access: Access
    ) -> Proof | DPoPFault | Unserved | None:
        """Whether the token came with what it is bound to (RFC 9449, section 7.1; RFC 8705, section 3)."""
        bound = access.basis.confirmation
        if bool(bound.jkt) is not shown.is_proven:
            # Also a token that is bound to nothing must not pass for one that is.
            return Unserved.UNPROVEN
        certificate = client_certificate(request) if bound.x5t else b""
        if bound.x5t and not (certificate and hmac.compare_digest(thumbprint(certificate), bound.x5t)):
            return Unserved.UNPROVEN
        if not bound.jkt:
            return None
        client = self._clients.get(access.basis.client_id)
        if client is None:
            return Unserved.INVALID
        proof = await self._proofs.check(
            request,
            url=self._url,
            access_token=shown.text,
            jkt=bound.jkt,
            algorithms=algorithms_for(client),
        )
        if isinstance(proof, Proof) and not hmac.compare_digest(proof.jkt, bound.jkt):
            return Unserved.UNPROVEN
        return Unserved.UNPROVEN if proof is None else proof


async def read_token(request: Request) -> Shown | Unserved:
    """The token of a request: in the header, or in the body of a form, never in the address (RFC 6750, section 2)."""
    fields = request.headers.getlist("authorization")
    form = await _read_body(request)
    if len(fields) > 1 or (fields and form):
        return Unserved.SEVERAL
    if form:
        return Shown(form, is_proven=False)
    scheme, _, text = (fields[0] if fields else "").partition(" ")
    is_proven = scheme.lower() == "dpop"
    if not (is_proven or scheme.lower() == "bearer") or not text.strip():
        return Unserved.ABSENT
    return Shown(text.strip(), is_proven)


async def _read_body(request: Request) -> str:
    """The token in a form; empty without one, or when the body is no proper form."""
    if request.method != "POST":
        return ""
    form = await read_form(request, limit=MAX_FORM, most=MOST_FIELDS)
    return "" if isinstance(form, Fault) else form.get("access_token", "")


def _refuse(reason: Unserved, *, is_proven: bool = False) -> Response:
    status, error, sentence = _FAULTS.get(reason, _INVALID)
    if reason not in {Unserved.SCOPE, Unserved.USER}:
        events.userinfo_token_invalid(reason=reason)
    schemes = {"Bearer": 'Bearer realm="userinfo"', "DPoP": f'DPoP algs="{" ".join(ALGORITHMS)}"'}
    if reason is Unserved.ABSENT:
        # Who did not try to prove anything is only told how (RFC 6750, section 3.1).
        return answer(401, {}, headers={"WWW-Authenticate": ", ".join(schemes.values())})
    scope = f', scope="{claims.OPENID}"' if reason is Unserved.SCOPE else ""
    challenge = f'{schemes["DPoP" if is_proven else "Bearer"]}, error="{error}"{scope}'
    content = {"error": error, "error_description": sentence}
    return answer(status, content, headers={"WWW-Authenticate": challenge})
