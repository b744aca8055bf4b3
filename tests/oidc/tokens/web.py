"""The endpoints about tokens over HTTP, with real client authentication and real proofs of possession."""

import hashlib
from dataclasses import dataclass, field, replace

import httpx2
from starlette.applications import Starlette
from tests.oidc.foreign import Signer
from tests.oidc.signing.conftest import ISSUER
from tests.oidc.tokens.conftest import WIKI, Place

from yett.oidc.client_auth import ClientAuth, ClientAuthSettings
from yett.oidc.clients import AuthMethod, Client, Kind
from yett.oidc.dpop import DPoPSettings, Proofs, access_hash
from yett.oidc.mtls import ClientCertificates, MutualTLSSettings
from yett.oidc.tokens import Introspection, Revocation, UserInfo

SECRET = "correct horse"
HASHES = (hashlib.sha256(SECRET.encode()).digest(),)


def client(client_id, method=AuthMethod.BASIC, **more):
    return Client(
        client_id,
        frozenset(),
        frozenset({"openid"}),
        kind=Kind.CONFIGURED,
        auth_method=method,
        secret_hashes=() if method is AuthMethod.NONE else HASHES,
        **more,
    )


@dataclass
class Web:
    """A browser, a client and an API in one."""

    place: Place
    http: httpx2.AsyncClient
    signer: Signer
    state: dict = field(default_factory=dict)
    made: int = 0

    async def post(self, path, form, *, who="wiki", secret=SECRET, **headers):
        return await self.http.post(path, data=form, auth=(who, secret) if who else None, headers=headers)

    def proof(self, token="", **changed):
        self.made += 1
        said = {
            "jti": f"proof-{self.made}",
            "htm": "GET",
            "htu": f"{ISSUER}/oidc/userinfo",
            "iat": int(self.place.clock.now()),
            **({"ath": access_hash(token)} if token else {}),
            **changed,
        }
        return self.signer.sign(said, typ="dpop+jwt", jwk=self.signer.jwk)


def build(place: Place, dpop=None) -> Web:
    """The endpoints of one gateway."""
    place.clients.update(
        {
            "wiki": replace(WIKI, secret_hashes=HASHES),
            "other": client("other"),
            "api": client("api"),
            "guard": client("guard", may_introspect=True),
            "spa": client("spa", AuthMethod.NONE),
        }
    )
    auth = ClientAuth(
        place.clients,
        place.records,
        None,
        ClientCertificates(MutualTLSSettings()),
        ClientAuthSettings(),
        place.clock,
        issuer=ISSUER,
    )
    proofs = Proofs(place.records, dpop or DPoPSettings(), place.clock)
    parts = (
        UserInfo(place.tokens, place.clients, place.people, proofs, issuer=ISSUER),
        Introspection(place.tokens, auth),
        Revocation(place.tokens, auth),
    )
    app = Starlette(routes=[route for part in parts for route in part.routes])
    state: dict = {}

    async def engine(scope, receive, send):
        await app({**scope, "state": dict(state)}, receive, send)

    http = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=engine), base_url=ISSUER)
    return Web(place, http, Signer(), state)
