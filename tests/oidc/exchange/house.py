"""A provider in memory with everything that the token endpoint rests on, all of it real; people are a table."""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import httpx2
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from tests.authn.x509.making import root
from tests.oidc.foreign import Signer
from tests.signin.conftest import ADA, Breakable, People

from yett.authn.device_code import Approval, DeviceCodes, DeviceCodeSettings
from yett.kernel import FrozenClock, Supervisor
from yett.keys import MasterKey, Sealer
from yett.net.fetching import Fetched
from yett.net.pages import SIGN_ON_COOKIE, http_error
from yett.oidc import Minting, OIDCSettings, Provider
from yett.oidc.client_auth import ClientAuth, ClientAuthSettings
from yett.oidc.clients import AuthMethod, Client, Clients, Consent, GrantType, Kind, TLSIdentity
from yett.oidc.device import KIND, DeviceGrant, DeviceGrantSettings
from yett.oidc.device import routes as device_routes
from yett.oidc.dpop import DPoPSettings, Proofs
from yett.oidc.exchange import Exchange, ExchangeSettings, Grants, routes
from yett.oidc.jose import Published
from yett.oidc.mtls import ClientCertificates, MutualTLSSettings, thumbprint
from yett.oidc.signing import Algorithm, Signing, SigningSettings
from yett.oidc.tokens import Tokens, TokenSettings
from yett.sessions import Sessions, SessionSettings, SessionType
from yett.store import MemoryRecords

ISSUER = "https://login.example.test"
URL = f"{ISSUER}/oidc/token"
CALLBACK = "https://shop.example.net/callback"
SECRET = "3Vn7qk0ZrPq1xTn6yL2wB8uD4sC9eH5j"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
SCOPES = frozenset({"openid", "email", "offline_access", "read", "write"})
OWN = root("CN=Own").issue("CN=own")
KEY = Signer(number=0, key_id="k1")
EVERY = frozenset(GrantType)


def client(client_id, method=AuthMethod.BASIC, **more):
    secrets = (hashlib.sha256(SECRET.encode()).digest(),) if "client_secret" in method.value else ()
    known = {
        "redirect_uris": frozenset({CALLBACK}),
        "scopes": SCOPES,
        "grants": EVERY,
        "consent": Consent.IMPLICIT,
    }
    known |= {"kind": Kind.CONFIGURED, "auth_method": method, "secret_hashes": secrets, **more}
    return Client(client_id, **known)


CLIENTS = (
    client("shop"),
    client("rival"),
    client("app", AuthMethod.NONE),
    client("bound", must_bind=True),
    client("signed", AuthMethod.PRIVATE_KEY, keys=(KEY.jwk,)),
    client(
        "mtls",
        AuthMethod.SELF_SIGNED_TLS,
        tls=TLSIdentity(thumbprints=frozenset({thumbprint(OWN.der)})),
        must_bind=True,
    ),
    client("strict", AuthMethod.PRIVATE_KEY, keys=(KEY.jwk,), must_push=True, must_bind=True),
    client("coder", grants=frozenset({GrantType.CODE})),
)


class Elsewhere:
    """Other servers: what stands at which address."""

    def __init__(self):
        self.documents = {}

    async def get(self, url, *, most):
        body = json.dumps(self.documents[url]).encode()
        assert len(body) < most
        return Fetched(200, {}, body)


@dataclass
class House:
    """Everything a test may turn."""

    exchange: Exchange
    provider: Provider
    tokens: Tokens
    signing: Signing
    codes: DeviceCodes
    devices: DeviceGrant
    sessions: Sessions
    people: People
    records: Breakable
    clock: FrozenClock
    elsewhere: Elsewhere
    proofs: Proofs
    http: httpx2.AsyncClient
    state: dict
    parts: list = field(default_factory=list)
    made: int = 0

    async def sign_on(self, name="ada"):
        issued = await self.sessions.create(
            SessionType.SIGN_ON, name, audience="login.example.test", metadata={"amr": "pwd"}
        )
        self.http.cookies.set(SIGN_ON_COOKIE, issued.token, domain="login.example.test")
        return issued.session

    async def code(self, client_id="shop", scope="openid email", **more):
        """A code for somebody who has just signed in, or was before."""
        if SIGN_ON_COOKIE not in self.http.cookies:
            await self.sign_on()
        asked = {
            "response_type": "code", "client_id": client_id, "redirect_uri": CALLBACK, "scope": scope,
            "state": "s" * 22, "code_challenge": CHALLENGE, "code_challenge_method": "S256", "nonce": "n-0S6", **more,
        }  # fmt: skip
        answer = await self.http.get("/oidc/authorize", params=asked)
        query = parse_qs(urlsplit(answer.headers["location"]).query)
        assert "code" in query, query
        return query["code"][0]

    async def ask(self, grant, *, client="shop", secret=SECRET, dpop=None, headers=None, **form):
        """A request of a client with a secret, or of a public one; None leaves a field out."""
        form = {"grant_type": getattr(grant, "value", grant), **form}
        form = {name: value for name, value in form.items() if value is not None}
        is_public = client in {"app", "mtls"}
        auth = None if is_public or client is None else (client, secret)
        if is_public:
            form.setdefault("client_id", client)
        sent = {"DPoP": dpop} if dpop else {}
        return await self.http.post("/oidc/token", data=form, auth=auth, headers={**sent, **(headers or {})})

    async def redeem(self, code, *, client="shop", **changed):
        form = {"code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER, **changed}
        return await self.ask(GrantType.CODE, client=client, **form)

    async def refresh(self, text, **more):
        return await self.ask(GrantType.REFRESH, refresh_token=text, **more)

    def proof(self, signer=KEY, **changed):
        self.made += 1
        claims = {"jti": f"p-{self.made}", "htm": "POST", "htu": URL, "iat": self.clock.now(), **changed}
        return signer.sign(claims, typ="dpop+jwt", jwk={**signer.jwk})

    def shows(self, made):
        """The next requests come over a connection with this certificate."""
        self.state["certificate"] = made.der

    async def confirm(self, codes, session):
        """Somebody types the code and says yes."""
        found = await self.codes.find(codes["user_code"], ADA, "192.0.2.1")
        approval = Approval("ada", session.ref, session.created_at, session.ends_at)
        return await self.codes.complete(found.ref, approval, is_approved=True, person=ADA)

    async def stop(self):
        for part in self.parts:
            await part.stop()


async def build(clock, *, settings=ExchangeSettings(), clients=CLIENTS, programs=()):  # noqa: B008 - it is frozen
    """A house with these clients."""
    records, tasks, master, people = (
        Breakable(MemoryRecords(clock)),
        Supervisor(),
        MasterKey(bytes(32)),
        People(ADA),
    )
    sessions = Sessions(records, SessionSettings(), clock, tasks)
    await sessions.start()
    signing = Signing(
        records, master, SigningSettings(algorithms=(Algorithm.ES256,)), clock, tasks, issuer=ISSUER
    )
    await signing.start()
    provider = Provider(records, sessions, people, OIDCSettings(), clock, issuer=ISSUER)
    for each in clients:
        provider.clients[each.client_id] = each
    tokens = Tokens(
        records, signing, master, provider.clients, sessions, people, TokenSettings(), tasks, clock
    )
    await tokens.start()
    sessions.ended.connect(tokens.told)
    provider.on_reuse = tokens.revoke_family
    provider.is_begun = tokens.is_begun
    codes = DeviceCodes(records, Sealer(master, "codes"), DeviceCodeSettings(enabled=True), clock)
    minting = Minting(master, OIDCSettings(), clock, issuer=ISSUER)
    devices = DeviceGrant(codes, minting, sessions, people, DeviceGrantSettings(client=programs), clock)
    codes.join(KIND, devices)
    devices.find_clients(provider.clients.get)
    elsewhere = Elsewhere()
    exchange, auth, proofs = exchange_of(
        records, people, provider, tokens, devices, settings, clock, elsewhere=elsewhere
    )
    app = Starlette(
        routes=[
            *provider.routes,
            *routes(exchange),
            *device_routes(devices, issuer=ISSUER, auth=auth),
        ],
        exception_handlers={HTTPException: http_error},
    )
    state = {"client_address": "192.0.2.7"}

    async def as_engine(scope, receive, send):
        scope["state"] = dict(state)
        await app(scope, receive, send)

    http = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=as_engine), base_url=ISSUER)
    house = House(
        exchange, provider, tokens, signing, codes, devices, sessions, people, records, clock, elsewhere, proofs,
        http, state,
    )  # fmt: skip
    house.parts = [tokens, signing, sessions, tasks]
    return house


def exchange_of(
    records, people, provider, tokens, devices, settings, clock, *, elsewhere=None, has_clients=True
):
    """The endpoint, and what tells clients and keys from strangers."""
    published = Published(elsewhere or Elsewhere(), clock)
    clients = Clients() if provider is None else provider.clients
    auth = ClientAuth(
        clients,
        records,
        published,
        ClientCertificates(MutualTLSSettings()),
        ClientAuthSettings(),
        clock,
        issuer=ISSUER,
    )
    proofs = Proofs(records, DPoPSettings(), clock)
    grants = Grants(provider, tokens, devices, people, records, published, settings, clock, issuer=ISSUER)
    exchange = Exchange(auth, proofs, grants, settings, clock, issuer=ISSUER, has_clients=lambda: has_clients)
    return exchange, auth, proofs


def claims_of(token):
    """What a token of ours says, unchecked."""
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
