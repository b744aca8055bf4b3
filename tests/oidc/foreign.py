"""Keys and signed JSON of others, good and bad. Nothing here is ours but the reading of it."""

import base64
import hashlib
import hmac
import json

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

_MADE = {}
_ALGORITHMS = {"ec": "ES256", "ed": "Ed25519", "rsa": "RS256"}


def text_of(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def part(value):
    return text_of(value if isinstance(value, bytes) else json.dumps(value).encode())


class Signer:
    """Somebody with a key. Keys are made once for a kind and number: those of RSA take long."""

    def __init__(self, kind="ec", number=0, key_id=""):
        self.kind, self.key_id = kind, key_id
        self.key = _MADE.get((kind, number)) or _MADE.setdefault((kind, number), _make(kind))
        self.algorithm = _ALGORITHMS[kind]

    @property
    def jwk(self):
        named = {"kid": self.key_id} if self.key_id else {}
        return {**self.key.as_dict(private=False), **named}

    @property
    def thumbprint(self):
        return self.key.thumbprint()

    def sign(self, claims, algorithm="", **header):
        """A token. Of the header, None leaves a member out."""
        made = algorithm or self.algorithm
        said = {"alg": made, **({"kid": self.key_id} if self.key_id else {}), **header}
        said = {name: value for name, value in said.items() if value is not None}
        signed = f"{part(said)}.{part(claims)}"
        known = jws.JWSRegistry.algorithms["Ed25519" if made == "EdDSA" else made]
        return f"{signed}.{text_of(known.sign(signed.encode(), self.key))}"


def _make(kind):
    if kind == "ec":
        key = ec.generate_private_key(ec.SECP256R1())
        return ECKey(key, key)
    if kind == "ed":
        key = ed25519.Ed25519PrivateKey.generate()
        return OKPKey(key, key)
    key = rsa.generate_private_key(65537, 2048)
    return RSAKey(key, key)


def unsigned(claims, **header):
    """A token without a signature, that says so."""
    return f"{part({'alg': 'none', **header})}.{part(claims)}."


def hmac_signed(claims, secret, **header):
    """A token signed with something public as if it were a secret."""
    signed = f"{part({'alg': 'HS256', **header})}.{part(claims)}"
    return f"{signed}.{text_of(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"
