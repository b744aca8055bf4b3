"""A software authenticator and its browser: what they send, right by default and wrong on request."""

import base64
import dataclasses
import hashlib
import json
import secrets

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

UP, UV, BE, BS, AT, ED = 1, 4, 8, 16, 64, 128
_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def text(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def raw(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Key:
    """A key of one algorithm."""

    def __init__(self, algorithm=-7):
        self.algorithm = algorithm
        self.private = {
            -7: lambda: ec.generate_private_key(ec.SECP256R1()),
            -8: ed25519.Ed25519PrivateKey.generate,
            -257: lambda: _RSA,
        }[algorithm]()

    @property
    def cose(self):
        public = self.private.public_key()
        if self.algorithm == -7:
            numbers = public.public_numbers()
            return {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        if self.algorithm == -8:
            return {1: 1, 3: -8, -1: 6, -2: public.public_bytes_raw()}
        numbers = public.public_numbers()
        return {1: 3, 3: -257, -1: numbers.n.to_bytes(256, "big"), -2: numbers.e.to_bytes(3, "big")}

    def sign(self, data):
        if self.algorithm == -7:
            return self.private.sign(data, ec.ECDSA(hashes.SHA256()))
        if self.algorithm == -8:
            return self.private.sign(data)
        return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())


@dataclasses.dataclass
class Authenticator:
    """One device with one passkey. Its fields are what it sends; a test changes what it wants wrong."""

    origin: str = "https://login.example.test:8443"
    rp_id: str = "login.example.test"
    flags: int = UP | UV
    count: int = 0
    step: int = 1
    key: Key = dataclasses.field(default_factory=Key)
    id: bytes = dataclasses.field(default_factory=lambda: secrets.token_bytes(32))
    aaguid: bytes = bytes(16)
    handle: str = ""
    client: dict = dataclasses.field(default_factory=dict)
    """Put over what the browser says; None takes a member away."""
    fmt: str = "none"
    extensions: bytes = b""

    def client_data(self, kind, challenge):
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        said = {name: value for name, value in (said | self.client).items() if value is not None}
        return json.dumps(said, separators=(",", ":")).encode()

    def head(self, more=0):
        flags = self.flags | more | (ED if self.extensions else 0)
        return hashlib.sha256(self.rp_id.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def attested(self):
        size = len(self.id).to_bytes(2, "big")
        return self.aaguid + size + self.id + cbor2.dumps(self.key.cose)

    def statement(self, _data, _client):
        return {}

    def create(self, options, **wrong):
        """The answer to a question for a new passkey."""
        self.handle = options["user"]["id"]
        client = self.client_data("webauthn.create", options["challenge"])
        data = self.head(AT) + self.attested() + self.extensions
        statement = self.statement(data, hashlib.sha256(client).digest())
        attestation = cbor2.dumps({"fmt": self.fmt, "attStmt": statement, "authData": data})
        answer = self._answer(
            clientDataJSON=text(client), attestationObject=text(attestation), transports=["internal", "mind"]
        )
        return _with(answer, wrong)

    def get(self, options, **wrong):
        """The answer to a question for a passkey."""
        self.count += self.step
        client = self.client_data("webauthn.get", options["challenge"])
        data = self.head() + self.extensions
        signature = self.key.sign(data + hashlib.sha256(client).digest())
        answer = self._answer(
            clientDataJSON=text(client),
            authenticatorData=text(data),
            signature=text(signature),
            userHandle=self.handle,
        )
        return _with(answer, wrong)

    def _answer(self, **response):
        return {"id": text(self.id), "rawId": text(self.id), "type": "public-key", "response": response}


def _with(answer, wrong):
    for name, value in wrong.items():
        place = answer if name in answer else answer["response"]
        place[name] = value(place.get(name)) if callable(value) else value
    return answer
