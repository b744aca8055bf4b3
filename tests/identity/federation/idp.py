"""A small provider over TLS that does what it is told, good or bad; and a relying party that goes to it."""

import base64
import hashlib
import json
import urllib.parse
from dataclasses import dataclass, field
from typing import Any

from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import serialize_compact
from tests.net.fetching.peer import Peer

from yett.identity.federation.checking import _Registry
from yett.identity.federation.config import FederationSettings, ProviderSettings
from yett.identity.federation.model import Answer
from yett.identity.federation.service import Federation
from yett.keys import MasterKey
from yett.net.fetching import Fetcher, FetchingSettings

HOST = "idp.example"
ORIGIN = "https://login.example.test:8443"
ADDRESS = "192.0.2.7"
BROWSER = "a browser"
CLIENT, SECRET = "the gateway", "a secret: of +theirs"
MAKERS = {
    "ES256": lambda: ECKey.generate_key("P-256", {"kid": "ec"}),
    "RS256": lambda: RSAKey.generate_key(2048, {"kid": "rsa"}),
    "EdDSA": lambda: OKPKey.generate_key("Ed25519", {"kid": "ed"}),
}


def half(text, name="sha256"):
    digest = hashlib.new(name, text.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def sign(header, claims, key):
    raw = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    return serialize_compact(header, raw, key, registry=_Registry((header["alg"],)))


def reply(status=200, body=None, **headers):
    raw = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(raw)}\r\n{lines}\r\n".encode() + raw


@dataclass
class Asked:
    """One request that came."""

    method: str
    path: str
    headers: dict[str, str]
    form: dict[str, str]


@dataclass
class IdP:
    """What it says by itself is right; whatever is set changes it."""

    clock: Any
    context: Any
    host: str = HOST
    algorithm: str = "ES256"
    claims: dict[str, Any] = field(default_factory=dict)
    """More claims of ID tokens, or others; None leaves one out."""
    header: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    described: dict[str, Any] = field(default_factory=dict)
    tokens: dict[str, Any] = field(default_factory=dict)
    traded: dict[str, Any] = field(default_factory=dict)
    """More members of what is given for tokens of the gateway, or others; None leaves one out."""
    answers: dict[str, Any] = field(default_factory=dict)
    """By path: whole answers in place of the right ones, bytes or a function of the request."""
    asked: list[Asked] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    pushed: dict[str, dict[str, str]] = field(default_factory=dict)
    refresh_tokens: set[str] = field(default_factory=set)
    revoked: list[str] = field(default_factory=list)
    is_bound: bool = False
    is_active: bool = True
    key: Any = None
    published: list[Any] | None = None
    id_token: Any = None
    """A function of the claims that makes another ID token."""

    def __post_init__(self):
        self.key = self.key or MAKERS[self.algorithm]()

    async def __aenter__(self):
        self._peer = Peer(self._answer, self.context)
        await self._peer.__aenter__()
        self.issuer = f"https://{self.host}:{self._peer.port}"
        return self

    async def __aexit__(self, *_):
        await self._peer.__aexit__()

    def settings(self, name="acme", **more):
        return ProviderSettings(
            name=name, **{"issuer": self.issuer, "client_id": CLIENT, "client_secret": SECRET, **more}
        )

    # As servers see it.

    def _answer(self, raw):
        head, _, body = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        method, target, _ = first.split(" ")
        headers = {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in lines}
        asked = Asked(method, target.partition("?")[0], headers, dict(urllib.parse.parse_qsl(body.decode())))
        self.asked.append(asked)
        given = self.answers.get(asked.path)
        if given is not None:
            said = given(asked) if callable(given) else given
            if said != b"":
                return said
        return {
            "/.well-known/openid-configuration": self._describe,
            "/jwks": self._keys,
            "/token": self._token,
            "/userinfo": self._userinfo,
            "/par": self._par,
            "/revoke": self._revoke,
            "/introspect": lambda _: reply(body={"active": self.is_active}),
        }.get(asked.path, lambda _: reply(404))(asked)

    def _describe(self, _):
        document = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize?tenant=1",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "revocation_endpoint": f"{self.issuer}/revoke",
            "introspection_endpoint": f"{self.issuer}/introspect",
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "dpop_signing_alg_values_supported": ["ES256"],
            **self.described,
        }
        return reply(body={name: value for name, value in document.items() if value is not None})

    def _keys(self, _):
        keys = [self.key.as_dict(private=False)] if self.published is None else self.published
        return reply(body={"keys": keys})

    def _par(self, asked):
        uri = f"urn:ietf:params:oauth:request_uri:{len(self.pushed)}"
        self.pushed[uri] = asked.form
        return reply(201, {"request_uri": uri, "expires_in": 60})

    def _token(self, asked):
        form = asked.form
        if form["grant_type"].startswith("urn:"):
            return self._trade()
        if form["grant_type"] == "refresh_token":
            if form["refresh_token"] not in self.refresh_tokens:
                return reply(400, {"error": "invalid_grant"})
            self.refresh_tokens.discard(form["refresh_token"])
            return self._give({}, "")
        wanted = self.codes.pop(form.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest())
        if (
            wanted is None
            or wanted["redirect_uri"] != form["redirect_uri"]
            or wanted["code_challenge"] != challenge.rstrip(b"=").decode()
        ):
            return reply(400, {"error": "invalid_grant"})
        return self._give(wanted, form["code"])

    def _trade(self):
        answer = {
            "access_token": f"traded.{len(self.asked)}",
            "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "token_type": "Bearer",
            "expires_in": 300,
            **self.traded,
        }
        return reply(body={name: value for name, value in answer.items() if value is not None})

    def _give(self, wanted, code):
        now = int(self.clock.now())
        access, refresh = f"access.{len(self.asked)}", f"refresh.{len(self.asked)}"
        self.refresh_tokens.add(refresh)
        claims = {
            "iss": self.issuer,
            "sub": "ada-at-idp",
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "auth_time": now,
            "at_hash": half(access),
            "nonce": wanted.get("nonce"),
            **({"c_hash": half(code)} if code else {}),
            **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        made = (
            self.id_token(claims)
            if self.id_token is not None
            else sign({"alg": self.algorithm, "kid": self.key.kid, **self.header}, claims, self.key)
        )
        answer = {
            "access_token": access,
            "token_type": "DPoP" if self.is_bound else "Bearer",
            "expires_in": 300,
            "id_token": made,
            "refresh_token": refresh,
            **self.tokens,
        }
        return reply(body={name: value for name, value in answer.items() if value is not None})

    def _userinfo(self, asked):
        if not asked.headers.get("authorization", "").startswith(("Bearer access.", "DPoP access.")):
            return reply(401)
        return reply(body={"sub": "ada-at-idp", **self.userinfo})

    def _revoke(self, asked):
        self.revoked.append(asked.form["token"])
        self.refresh_tokens.discard(asked.form["token"])
        return reply(200)

    def count(self, path):
        return sum(each.path == path for each in self.asked)

    # As browsers see it.

    def visit(self, url, **more):
        """Somebody signs in there: the answer that the browser brings back."""
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
        if "request_uri" in query:
            query = self.pushed[query["request_uri"]]
        code = f"code.{len(self.codes)}.{query['state'][:8]}"
        self.codes[code] = query
        return Answer(**{"state": query["state"], "code": code, "issuer": self.issuer, **more})


class Lookup:
    """Every name leads to this machine, but for those that are said to lead elsewhere."""

    def __init__(self):
        self.elsewhere = {}

    async def __call__(self, host):
        return self.elsewhere.get(host, ("127.0.0.1",))


def fetcher_for(authority, lookup=None):
    return Fetcher(FetchingSettings(allow=("127.0.0.0/8",), ca_file=authority.file), lookup or Lookup())


class House:
    """A relying party with everything it needs, and its providers."""

    def __init__(self, authority, records, tasks, clock):
        self.records, self.tasks, self.clock = records, tasks, clock
        self.lookup = Lookup()
        self.fetcher = fetcher_for(authority, self.lookup)
        self.master = MasterKey(bytes(32))
        self.federation = None

    def use(self, *providers, **more):
        settings = FederationSettings(provider=providers, **more)
        if self.federation is None:
            self.federation = Federation(
                settings, self.fetcher, self.records, self.master, self.tasks, self.clock, origin=ORIGIN
            )
        self.federation.apply(settings)
        return self.federation

    async def leave(self, name="acme", **more):
        return await self.federation.begin(
            name, **{"browser": BROWSER, "to": "/wanted", "client_address": ADDRESS, **more}
        )

    async def come(self, answer, name="acme", *, browser=BROWSER):
        return await self.federation.arrive(name, answer, browser=browser, client_address=ADDRESS)

    async def trip(self, idp, name="acme", *, is_again=False, **answer):
        """There and back."""
        begun = await self.leave(name, is_again=is_again)
        return await self.come(idp.visit(begun.url, **answer), name)
