"""Which public keys count, and whether a token was signed with one.

What must stay true: no symmetric key is ever a key here, so that nothing public can be taken for a
secret; the key says which algorithms go with it, whatever the token's header says; private members
are refused, not ignored, because who sends them has lost the key.
"""

import base64
import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from yett.oidc.jose.model import Unproven
from yett.oidc.jose.reading import decode

ALGORITHMS: Final = ("ES256", "EdDSA", "Ed25519", "PS256", "RS256")
"""All that is ever accepted. `Ed25519` is the name that RFC 9864 gave to what everybody calls `EdDSA`."""
_MOST_KEYS: Final = 50
_MOST_MEMBER: Final = 1400
"""Characters of a member: the modulus of 8192 bits takes 1366."""
_MEMBERS: Final = {
    "EC": ("crv", "kty", "x", "y"),
    "OKP": ("crv", "kty", "x"),
    "RSA": ("e", "kty", "n"),
}
"""What makes a key, in the order of RFC 7638, section 3.2."""
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})
_CURVES: Final = {"EC": "P-256", "OKP": "Ed25519"}
_FITTING: Final = {
    "EC": frozenset({"ES256"}),
    "OKP": frozenset({"EdDSA", "Ed25519"}),
    "RSA": frozenset({"PS256", "RS256"}),
}
# The library warns whoever uses the older of the two names; they are one algorithm for this curve.
_LIBRARY_NAMES: Final = {"EdDSA": "Ed25519"}
_REGISTRY: Final = JWSRegistry(algorithms=ALGORITHMS)
_UNUSABLE: Final = (
    JoseError,
    ValueError,
    TypeError,
    KeyError,
    OverflowError,
    UnsupportedAlgorithm,
    InternalError,
)
"""What the libraries raise over keys and signatures that somebody has made badly."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key to check signatures with."""

    key: ECKey | OKPKey | RSAKey
    thumbprint: str
    """RFC 7638 with SHA-256, in base64url."""
    algorithms: frozenset[str]
    key_id: str = ""
    certificates: tuple[str, ...] = field(default=(), repr=False)
    """Its `x5c`, the first of which is its own; not looked into here."""


def import_public(jwk: object) -> PublicKey | None:
    """The key that a JSON Web Key is (RFC 7517); None when it is none that counts."""
    if not isinstance(jwk, Mapping) or not _PRIVATE.isdisjoint(jwk):
        return None
    kind = jwk.get("kty")
    if not isinstance(kind, str) or kind not in _MEMBERS or not _may_verify(jwk):
        return None
    members = tuple(jwk.get(name) for name in _MEMBERS[kind])
    if not all(isinstance(each, str) and len(each) <= _MOST_MEMBER for each in members):
        return None
    made = _made(kind, members)
    if made is None:
        return None
    key, thumbprint = made
    named = jwk.get("alg")
    algorithms = (
        _FITTING[kind] if named is None else _FITTING[kind] & {named if isinstance(named, str) else ""}
    )
    key_id = jwk.get("kid", "")
    if not algorithms or not isinstance(key_id, str):
        return None
    return PublicKey(key, thumbprint, algorithms, key_id, _chain(jwk.get("x5c")))


def _may_verify(jwk: Mapping[Any, Any]) -> bool:
    """Whether its owner meant it for signatures (RFC 7517, sections 4.2 and 4.3)."""
    operations = jwk.get("key_ops")
    return jwk.get("use", "sig") == "sig" and (
        operations is None or (isinstance(operations, (list, tuple)) and "verify" in operations)
    )


def _chain(x5c: object) -> tuple[str, ...]:
    if not isinstance(x5c, (list, tuple)) or not all(isinstance(each, str) for each in x5c):
        return ()
    return tuple(x5c[:8])


# Whoever proves a key with each request has one key; importing it takes as long as the check itself.
@lru_cache(maxsize=4096)
def _made(kind: str, members: tuple[str, ...]) -> tuple[ECKey | OKPKey | RSAKey, str] | None:
    named = dict(zip(_MEMBERS[kind], members, strict=True))
    if kind in _CURVES and named["crv"] != _CURVES[kind]:
        return None
    raw = {
        name: decode(text.encode("utf-8", "replace")) or b""
        for name, text in named.items()
        if name in {"e", "n", "x", "y"}
    }
    if not _has_proper_size(kind, raw):
        return None
    try:
        key = _imported(kind, named)
        # The key is built when it is first asked for; a point that is not on its curve is told then.
        key.public_key  # noqa: B018 - see above
    except _UNUSABLE:
        return None
    canonical = json.dumps(named, separators=(",", ":"), sort_keys=True).encode()
    return key, _base64url(hashlib.sha256(canonical).digest())


def _imported(kind: str, named: dict[str, str]) -> ECKey | OKPKey | RSAKey:
    match kind:
        case "EC":
            return ECKey.import_key(dict(named))
        case "OKP":
            return OKPKey.import_key(dict(named))
        case _:
            return RSAKey.import_key(dict(named))


def _has_proper_size(kind: str, raw: Mapping[str, bytes]) -> bool:
    """Coordinates of full length (RFC 7518, section 6.2.1.2), moduli neither weak nor a burden."""
    if kind != "RSA":
        return all(len(each) == 32 for each in raw.values())
    exponent, modulus = (int.from_bytes(raw[name], "big") for name in ("e", "n"))
    # The work of a check grows with the exponent, and nearly everybody's is 65537.
    return 2048 <= modulus.bit_length() <= 8192 and exponent % 2 == 1 and 2 < exponent <= 65537


def is_signed_by(token: Unproven, key: PublicKey, allowed: Collection[str] = ALGORITHMS) -> bool:
    """Whether the key made the signature, with an algorithm that is allowed and its own."""
    if token.algorithm not in allowed or token.algorithm not in key.algorithms:
        return False
    try:
        algorithm = _REGISTRY.get_alg(_LIBRARY_NAMES.get(token.algorithm, token.algorithm))
        algorithm.check_key(key.key)
        return algorithm.verify(token.signed, token.signature, key.key)
    except _UNUSABLE:
        return False


def read_keys(document: object) -> tuple[PublicKey, ...]:
    """The keys of a JWK set that count (RFC 7517, section 5: others are passed over)."""
    keys = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(keys, list):
        return ()
    found = (import_public(each) for each in keys[:_MOST_KEYS])
    return tuple(each for each in found if each is not None)


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
