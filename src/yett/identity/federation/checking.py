"""Checking what a provider signed: the signature here, the claims in `rules`.

A token says which key and which algorithm it was signed with, and is not believed about either: the
algorithm has to be on the operator's list, and the key has to be one of the provider's for just that.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key
from joserfc.jws import JWSRegistry, deserialize_compact, extract_compact

from yett.identity.federation import rules
from yett.identity.federation.model import Reason
from yett.net.fetching import parse_object

Key = ECKey | OKPKey | RSAKey

_SMALLEST_RSA: Final = 2048
_LARGEST_RSA: Final = 8192
MOST_KEYS: Final = 100
_CURVES: Final = {
    "ES256": "P-256",
    "ES384": "P-384",
    "ES512": "P-521",
    "EdDSA": "Ed25519",
    "Ed25519": "Ed25519",
}


class _Registry(JWSRegistry):
    """The algorithms of one provider; that one of them has a newer name is no news to an operator."""

    max_header_length = 8 * 1024
    max_payload_length = rules.MAX_TOKEN

    def __init__(self, algorithms: Sequence[str]) -> None:
        super().__init__(algorithms=algorithms, strict_check_header=False)

    def get_alg(self, name: str) -> Any:
        if not self.allowed or name not in self.allowed or name not in self.algorithms:
            raise UnsupportedAlgorithmError("not an allowed algorithm")
        return self.algorithms[name]


@dataclass(frozen=True, slots=True)
class Keys:
    """The public keys of a provider that can be used."""

    keys: tuple[Key, ...]
    unusable: int = 0
    """How many there were besides."""

    def find(self, key_id: str | None, algorithm: str) -> tuple[Key, ...]:
        """The keys that may have made a signature; without an id all that fit, where those are few."""
        fitting = [key for key in self.keys if _fits(key, algorithm)]
        if key_id is None:
            return tuple(fitting) if len(fitting) == 1 else ()
        return tuple(key for key in fitting if key.kid == key_id)


def read_keys(document: Mapping[str, Any]) -> Keys | None:
    """The keys of a set (RFC 7517, 5); None for what is no set. Members that cannot be used are left out."""
    members = document.get("keys")
    if not isinstance(members, list) or len(members) > MOST_KEYS:
        return None
    usable = [key for member in members if (key := _key(member)) is not None]
    return Keys(tuple(usable), len(members) - len(usable))


def _key(member: Any) -> Key | None:
    if not isinstance(member, dict) or member.get("kty") not in {"RSA", "EC", "OKP"}:
        return None
    if member.get("use", "sig") != "sig" or "verify" not in rules.texts(member.get("key_ops", ["verify"])):
        return None
    if not isinstance(member.get("kid", ""), str) or "d" in member:
        # Who publishes a private key has given it to everybody.
        return None
    try:
        if member["kty"] == "RSA" and not _SMALLEST_RSA <= _bits(member["n"]) <= _LARGEST_RSA:
            return None
        key = import_key(member)
    except (JoseError, ValueError, TypeError, KeyError, OverflowError, binascii.Error):
        return None
    return key if isinstance(key, (ECKey, OKPKey, RSAKey)) else None


def _bits(number: str) -> int:
    """How long a number is that stands in a key (RFC 7518, 2)."""
    return int.from_bytes(base64.urlsafe_b64decode(number + "=" * (-len(number) % 4)), "big").bit_length()


def _fits(key: Key, algorithm: str) -> bool:
    named = key.get("alg") if "alg" in key.dict_value else None
    if named not in {None, algorithm} and {named, algorithm} != {"EdDSA", "Ed25519"}:
        return False
    if algorithm[:2] in {"RS", "PS"}:
        return isinstance(key, RSAKey)
    return isinstance(key, (ECKey, OKPKey)) and key.curve_name == _CURVES.get(algorithm)


@dataclass(frozen=True, slots=True)
class Opened:
    """A token whose parts could be read; nothing of it is to be believed yet."""

    text: str
    algorithm: str
    key_id: str | None


def open_token(text: str, algorithms: Iterable[str]) -> Opened | Reason:
    """Which key and algorithm a token names, where that may be."""
    if len(text) > rules.MAX_TOKEN:
        return Reason.TOO_LONG
    if text.count(".") != 2 or not text.isascii():
        return Reason.NO_JWT
    try:
        header = extract_compact(text.encode("ascii"), registry=_Registry(tuple(algorithms))).headers()
    except (JoseError, ValueError, TypeError, KeyError, RecursionError, binascii.Error):
        return Reason.NO_JWT
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in tuple(algorithms):
        return Reason.ALGORITHM
    if "crit" in header or header.get("b64", True) is not True or not isinstance(key_id, (str, type(None))):
        return Reason.NO_JWT
    return Opened(text, algorithm, key_id)


def verify(opened: Opened, keys: Iterable[Key]) -> Mapping[str, Any] | Reason:
    """The claims of a token that one of these keys signed."""
    registry = _Registry((opened.algorithm,))
    for key in keys:
        try:
            signed = deserialize_compact(
                opened.text.encode("ascii"), key, algorithms=[opened.algorithm], registry=registry
            )
        except (JoseError, ValueError, TypeError, KeyError, RecursionError, binascii.Error):
            continue
        claims = parse_object(bytes(signed.payload or b""))
        return Reason.NO_JWT if claims is None else claims
    return Reason.SIGNATURE
