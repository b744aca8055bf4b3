"""Clients of every kind, and a small application that says which one asked."""

import hashlib
import json
from dataclasses import dataclass, field

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from tests.authn.x509.making import root
from tests.oidc.foreign import Signer
from tests.signin.conftest import Breakable

from yett.kernel import FrozenClock
from yett.net.fetching import Fetched
from yett.net.pages import read_form
from yett.oidc.client_auth import AuthFault, ClientAuth, ClientAuthSettings
from yett.oidc.clients import AuthMethod, Client, Clients, Kind, TLSIdentity
from yett.oidc.jose import Published
from yett.oidc.mtls import ClientCertificates, MutualTLSSettings, thumbprint
from yett.store import MemoryRecords

ISSUER = "https://login.example.test"
ENDPOINT = "/oidc/par"
SECRET = "correct horse: 100% + staple"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
CA = root()
SHOWN = CA.issue("CN=mtls")
OWN = root("CN=Own").issue("CN=own")
KEY, PUBLISHED_KEY = Signer(number=0, key_id="k1"), Signer(number=1, key_id="p1")


def hashed(*secrets):
    return tuple(hashlib.sha256(secret.encode()).digest() for secret in secrets)


def client(client_id, method, **more):
    return Client(client_id, frozenset(), frozenset({"read"}), Kind.CONFIGURED, auth_method=method, **more)


ALL = (
    client("basic", AuthMethod.BASIC, secret_hashes=hashed(SECRET, "the next one")),
    client("post", AuthMethod.POST, secret_hashes=hashed(SECRET)),
    client("signed", AuthMethod.PRIVATE_KEY, keys=(KEY.jwk,)),
    client("published", AuthMethod.PRIVATE_KEY, keys_uri="https://client.example.test/jwks"),
    client("strict", AuthMethod.PRIVATE_KEY, keys=(Signer("rsa").jwk,), must_push=True, must_bind=True),
    client("keyless", AuthMethod.PRIVATE_KEY),
    client("mtls", AuthMethod.TLS, tls=TLSIdentity(subject_dn="CN=mtls")),
    client("own", AuthMethod.SELF_SIGNED_TLS, tls=TLSIdentity(thumbprints=frozenset({thumbprint(OWN.der)}))),
    client("public", AuthMethod.NONE),
    Client("wiki.example.test", frozenset(), frozenset(), Kind.INTERNAL),
)


class Server:
    """Where one client publishes its keys."""

    def __init__(self):
        self.keys = [PUBLISHED_KEY.jwk]
        self.asked = 0

    async def get(self, url, *, most):
        self.asked += 1
        assert (url, most) == ("https://client.example.test/jwks", 64 * 1024)
        return Fetched(200, {}, json.dumps({"keys": self.keys}).encode())


@dataclass
class Place:
    """Everything a test may turn."""

    auth: ClientAuth
    clients: Clients
    records: Breakable
    clock: FrozenClock
    server: Server
    http: httpx2.AsyncClient
    state: dict = field(default_factory=dict)
    made: int = 0

    def shows(self, made):
        """The next requests come over a connection with this certificate."""
        self.state["certificate"] = made.der

    def assertion(self, client_id="signed", signer=KEY, algorithm="", header=None, **changed):
        """A proper one; None leaves a claim out."""
        self.made += 1
        now = self.clock.now()
        claims = {"iss": client_id, "sub": client_id, "aud": ISSUER, "jti": f"a-{self.made}", "iat": now}
        claims = {
            name: value for name, value in {**claims, "exp": now + 60, **changed}.items() if value is not None
        }
        return signer.sign(claims, algorithm, **(header or {}))

    async def signed(self, text, **form):
        form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": text, **form}
        return await self.ask(**{name: value for name, value in form.items() if value is not None})

    async def ask(self, *, basic=None, authorization=(), **form):
        headers = [("Authorization", value) for value in authorization]
        return await self.http.post(ENDPOINT, data={"x": "1", **form}, auth=basic, headers=headers)


@pytest.fixture
async def place(clock, tmp_path):
    (tmp_path / "ca.pem").write_bytes(CA.pem)
    records, server, clients = Breakable(MemoryRecords(clock)), Server(), Clients()
    for each in ALL:
        clients[each.client_id] = each
    auth = ClientAuth(
        clients,
        records,
        Published(server, clock),
        ClientCertificates(MutualTLSSettings(authorities=tmp_path / "ca.pem")),
        ClientAuthSettings(),
        clock,
        issuer=ISSUER,
    )

    async def answer(request):
        outcome = await auth.authenticate(request, await read_form(request), endpoint=ENDPOINT)
        if isinstance(outcome, AuthFault):
            return outcome.response()
        return JSONResponse({"client": outcome.client_id})

    app = Starlette(routes=[Route(ENDPOINT, answer, methods=["POST"])])
    state = {"client_address": "192.0.2.7"}

    async def as_engine(scope, receive, send):
        scope["state"] = dict(state)
        await app(scope, receive, send)

    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=as_engine), base_url=ISSUER) as http:
        yield Place(auth, clients, records, clock, server, http, state)
