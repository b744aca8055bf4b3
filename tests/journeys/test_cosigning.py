"""Signing keys that no machine holds whole: set up, signed with by a quorum, machines that go and come back."""

import base64
import html
import json
import re
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from tests.journeys.cosigner_program import CosignerProgram
from tests.journeys.gateway import APP, MAPPING, SIGN_IN, Gateway, Visitor, until

SECRET = "3Vn7qk0ZrPq1xTn6yL2wB8uD4sC9eH5j"
SETTINGS = f"""\
[oidc.signing]
algorithms = ["EdDSA"]

[[oidc.client]]
id = "robot"
secret = "{SECRET}"
grants = ["client_credentials"]
scopes = ["read"]

[threshold]
timeout = "1s"
"""


def unbase64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Place:
    """A gateway and its co-signers."""

    def __init__(self, folder, names, heard="", *, mappings=""):
        self._mappings = mappings
        self.gateway = Gateway(folder / "gateway", "", heard=heard)
        issuer = f"https://{SIGN_IN}:{self.gateway.port}"
        self.cosigners = [CosignerProgram(folder, name, issuer=issuer, heard=heard) for name in names]
        self.certificate = self.gateway.run("threshold", "certificate")
        for each in self.cosigners:
            each.write(gateway=self.certificate, peers=[peer for peer in self.cosigners if peer is not each])
        self.write(self.cosigners)

    def write(self, cosigners):
        self.gateway.write(mappings=SETTINGS + "".join(each.settings for each in cosigners) + self._mappings)

    def start(self):
        for each in self.cosigners:
            each.start()
        self.gateway.people()
        self.gateway.start()
        return self

    def stop(self):
        self.gateway.stop()
        for each in self.cosigners:
            each.stop()

    def ask(self):
        who = base64.b64encode(f"robot:{SECRET}".encode()).decode()
        return self.gateway.fetch(
            "POST",
            SIGN_IN,
            "/oidc/token",
            body=urlencode({"grant_type": "client_credentials", "scope": "read"}),
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Authorization": f"Basic {who}",
            },
        )

    def token(self):
        page = self.ask()
        assert page.status == 200, page.body
        return json.loads(page.body)["access_token"]

    def keys(self):
        page = self.gateway.fetch("GET", SIGN_IN, "/oidc/jwks")
        return {each["kid"]: each for each in json.loads(page.body)["keys"]}

    def checked(self, token):
        """The claims of a token, checked as any application would; whose key that was."""
        head, payload, signature = token.split(".")
        kid = json.loads(unbase64url(head))["kid"]
        key = self.keys()[kid]
        assert (key["kty"], key["crv"]) == ("OKP", "Ed25519")
        public = Ed25519PublicKey.from_public_bytes(unbase64url(key["x"]))
        public.verify(unbase64url(signature), f"{head}.{payload}".encode())
        return json.loads(unbase64url(payload)), kid

    def said(self, message):
        return [record for record in self.gateway.records() if record.get("msg") == message]


@pytest.fixture(scope="module")
def place(tmp_path_factory, heard_folder, upstream):
    mapping = MAPPING.format(
        app="Wiki", host=APP, service=f"http://127.0.0.1:{upstream.port}", groups='["staff"]'
    )
    made = Place(
        tmp_path_factory.mktemp("cosigning"),
        ["vault-a", "vault-b"],
        heard_folder,
        mappings=f"{mapping}[proxy.mapping.bearer]\n",
    )
    yield made.start()
    made.stop()


def test_a_quorum_signs_and_nobody_has_the_key(place):
    claims, kid = place.checked(place.token())
    assert claims["iss"] == f"https://{SIGN_IN}:{place.gateway.port}"
    (active,) = place.said("Threshold signing active")
    assert (active["kid"], active["quorum"], active["participants"]) == (kid, 2, 3)
    assert place.said("Threshold share persisted to KV")[0]["key"] == kid
    for each in place.cosigners:
        assert each.said("Share of a key kept")[0]["key"] == kid
        (share,) = each.shares.iterdir()
        assert share.stat().st_mode & 0o777 == 0o600
    # One of the two put its share to the token, and has it on its own record.
    until(
        lambda: any(
            (record["typ"], record["key"]) == ("at+jwt", kid)
            for each in place.cosigners
            for record in each.said("Share of a signature given")
        ),
        what="the co-signer's own record",
    )


def test_so_are_the_tokens_of_applications_behind_the_gateway(place):
    page = Visitor(place.gateway).sign_in("alice", path="/")
    said = json.loads(html.unescape(re.search(rb"<pre>(.*)</pre>", page.body, re.DOTALL)[1].decode()))
    sent = {name.lower(): value for name, value in said["headers"]}["authorization"]
    claims, kid = place.checked(sent.removeprefix("Bearer "))
    assert (claims["sub"], claims["aud"]) == ("alice", "Wiki")
    # No key that follows from the cluster key is good for anything.
    assert set(place.keys()) == {kid}


def test_one_may_be_missing_and_no_more(place):
    first, second = place.cosigners
    first.stop()
    until(lambda: place.said("Threshold signing degraded"), what="degraded")
    place.checked(place.token())
    second.stop()
    until(lambda: place.said("Threshold signing unavailable"), what="unavailable")
    page = place.ask()
    assert page.status == 503, page.body
    until(lambda: place.said("Threshold signer unhealthy"), what="the warning")
    until(lambda: place.said("All signing attempts failed"), what="the error")
    before = len(place.said("Threshold signing ready"))
    first.start()
    second.start()
    until(lambda: len(place.said("Threshold signing ready")) > before, what="ready again")
    place.checked(place.token())


def test_what_the_operator_sees(place):
    text = place.gateway.run("admin", "threshold", "status")
    assert "vault-a" in text
    assert "vault-b" in text
    assert "here" in text
    keys = json.loads(place.gateway.run("--json", "admin", "oidc", "keys", "list"))
    assert [key["algorithm"] for key in keys] == ["EdDSA"]
