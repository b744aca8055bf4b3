"""What the tests of the certification profiles have in common: a gateway, its clients, and somebody with a browser."""

import base64
import hashlib
import json
import re
import secrets
import time
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jws, jwt
from joserfc.jwk import ECKey, KeySet
from tests.journeys.gateway import PASSWORDS, SIGN_IN, until
from tests.journeys.test_oidc_provider import Person, hidden

SECRET = "Nq7Zt3Xr9Lw5Ek1Jd8Gs2Vb6Yh4Pm0Cf"
CALLBACK = "https://suite.example.net/test/a/yett/callback"
AFTER = "https://suite.example.net/test/a/yett/post_logout_redirect"
_TYPES = {"Content-Type": "application/x-www-form-urlencoded"}


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Suite:
    """The provider under test as a client sees it."""

    def __init__(self, gateway, key, receiver):
        self.gateway = gateway
        self.issuer = f"https://{SIGN_IN}:{gateway.port}"
        self.key = key
        self.receiver = receiver
        self.metadata = json.loads(self.fetch("/.well-known/openid-configuration").body)

    def fetch(self, address, method="GET", headers=None, body=None):
        parts = urlsplit(address)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        return self.gateway.fetch(method, SIGN_IN, path, headers=headers, body=body)

    def post(self, address, form, **headers):
        page = self.fetch(address, "POST", {**_TYPES, **headers}, urlencode(form))
        return page, json.loads(page.body or b"{}")

    @property
    def keys(self):
        return KeySet.import_key_set(json.loads(self.fetch(self.metadata["jwks_uri"]).body))

    def person(self, name="alice"):
        return Person(self.gateway, name)

    def client(self, client_id="basic", **more):
        return TestClient(self, client_id, **more)

    def user_info(self, token, method="GET", *, in_body=False, **headers):
        held = {} if in_body else {"Authorization": f"Bearer {token}"}
        body = urlencode({"access_token": token}) if in_body else None
        kind = _TYPES if in_body else {}
        return self.fetch(self.metadata["userinfo_endpoint"], method, {**held, **kind, **headers}, body)


class TestClient:
    """One client of the suite. A flow begins with `ask`, and `redeem` ends it."""

    __test__ = False

    def __init__(self, suite, client_id, *, method="client_secret_basic", dpop=None):
        self.suite, self.client_id, self.method = suite, client_id, method
        self.dpop = dpop
        self.verifier = self.nonce = self.state = ""

    def request(self, *, pkce=False, **changed):
        self.nonce, self.state = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": CALLBACK,
            "scope": "openid",
            "state": self.state,
            "nonce": self.nonce,
        }
        self.verifier = secrets.token_urlsafe(48) if pkce else ""
        if pkce:
            digest = hashlib.sha256(self.verifier.encode()).digest()
            asked |= {"code_challenge": encoded(digest), "code_challenge_method": "S256"}
        return {name: value for name, value in {**asked, **changed}.items() if value is not None}

    def ask(self, person, *, by_post=False, **changed):
        """Send the browser to the authorization endpoint; the answer at the redirect URI, or the page it stays on."""
        return self.send(person, self.request(**changed), by_post=by_post)

    def send(self, person, request, *, by_post=False):
        before = len(person.gateway.arrived)
        if by_post:
            page = person.go("POST", SIGN_IN, "/oidc/authorize", form=request)
        else:
            page = person.get(f"/oidc/authorize?{urlencode(request)}", SIGN_IN)
        if b'name="password"' in page.body:
            page = self.sign_in(person, page)
        return answer_of(person) if len(person.gateway.arrived) > before else page

    def sign_in(self, person, page):
        action = re.search(rb'<form[^>]*method="post" action="([^"]+)"', page.body)[1].decode()
        form = hidden(page) | {"password": PASSWORDS[person.name]}
        if b'name="name"' in page.body:
            form["name"] = person.name
        return person.go("POST", SIGN_IN, action.replace("&amp;", "&"), form=form)

    def redeem(self, answer, **changed):
        """The token endpoint's answer to a code: status and members."""
        assert answer.get("state", "") == self.state
        form = {"grant_type": "authorization_code", "code": answer["code"], "redirect_uri": CALLBACK}
        if self.verifier:
            form["code_verifier"] = self.verifier
        return self.token({name: value for name, value in {**form, **changed}.items() if value is not None})

    def token(self, form, **headers):
        page, members = self.call("token_endpoint", form, **headers)
        assert page.header("cache-control") == "no-store"
        return page.status, members

    def call(self, endpoint, form, *, audience=None, proof=None, **headers):
        """An endpoint that wants to know who asks."""
        address = self.suite.metadata[endpoint]
        if self.method == "client_secret_basic":
            pair = base64.b64encode(f"{self.client_id}:{SECRET}".encode()).decode()
            headers["Authorization"] = f"Basic {pair}"
        elif self.method == "client_secret_post":
            form = {**form, "client_id": self.client_id, "client_secret": SECRET}
        else:
            form = {
                **form,
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                "client_assertion": self.assertion(audience),
            }
        if self.dpop is not None and proof != "":
            headers["DPoP"] = proof or self.proof("POST", address)
        return self.suite.post(address, form, **headers)

    def assertion(self, audience=None, **changed):
        now = int(time.time())
        claims = {
            "iss": self.client_id, "sub": self.client_id, "aud": audience or self.suite.issuer,
            "jti": secrets.token_urlsafe(12), "iat": now, "exp": now + 60, **changed,
        }  # fmt: skip
        return jwt.encode({"alg": "ES256", "kid": "suite"}, claims, self.suite.key)

    def proof(self, method, address, *, token="", key=None, header=None, **changed):
        key = key or self.dpop
        claims = {
            "jti": secrets.token_urlsafe(12), "htm": method, "htu": address.partition("?")[0], "iat": int(time.time()),
        }  # fmt: skip
        if token:
            claims["ath"] = encoded(hashlib.sha256(token.encode()).digest())
        claims = {name: value for name, value in {**claims, **changed}.items() if value is not None}
        head = {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.as_dict(private=False), **(header or {})}
        return jws.serialize_compact(head, json.dumps(claims).encode(), key, algorithms=["ES256"])

    def resource(self, token, **changed):
        """The user info endpoint with a bound token; its status and members."""
        address = self.suite.metadata["userinfo_endpoint"]
        proof = self.proof("GET", address, token=token, **changed)
        page = self.suite.fetch(address, headers={"Authorization": f"DPoP {token}", "DPoP": proof})
        return page.status, json.loads(page.body or b"{}")

    def identity(self, tokens, *, algorithms=("RS256", "ES256", "EdDSA")):
        """The claims of the ID token, checked as section 3.1.3.7 says."""
        found = jwt.decode(tokens["id_token"], self.suite.keys, algorithms=list(algorithms))
        claims, now = found.claims, time.time()
        assert claims["iss"] == self.suite.issuer
        assert claims["aud"] in (self.client_id, [self.client_id])
        assert claims.get("azp", self.client_id) == self.client_id
        assert claims["exp"] > now
        assert now - 60 < claims["iat"] <= now + 1
        assert 0 < len(claims["sub"]) <= 255
        if "at_hash" in claims:
            half = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]
            assert claims["at_hash"] == encoded(half)
        return claims

    def flow(self, person, **changed):
        """A whole flow; tokens and the claims of the ID token."""
        answer = self.ask(person, **changed)
        assert isinstance(answer, dict), answer.text
        assert "code" in answer, answer
        status, tokens = self.redeem(answer)
        assert status == 200, tokens
        return tokens, self.identity(tokens)


def answer_of(person):
    """What came to the redirect URI last."""
    _, host, path = person.gateway.arrived[-1]
    parts = urlsplit(path)
    assert f"https://{host}{parts.path}" == CALLBACK
    return {name: value for name, (value,) in parse_qs(parts.query, keep_blank_values=True).items()}


def wait_past(instant):
    """Until it is later than that, by whole seconds."""
    until(lambda: int(time.time()) > instant, what="the next second")


def new_key():
    return ECKey.generate_key("P-256")
