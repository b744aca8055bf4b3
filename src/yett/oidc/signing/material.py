"""What keys are made of: making, reading, judging them, and signing with them.

Signatures are those of RFC 7518, section 3, and RFC 8037: ECDSA as r and s side by side, not as DER.
"""

import base64
import binascii
import hashlib
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from yett.keys.threshold import Shared
from yett.oidc.signing.model import Algorithm, Flaw

Private = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
Public = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey
Sign = Callable[[bytes], bytes]
Check = Callable[[bytes, bytes], bool]
"""Whether a signature, given first, is one of the data."""

_SHORTEST_RSA = 2048
_LARGEST_FILE = 64 * 1024
_CURVES: Mapping[Algorithm, tuple[ec.EllipticCurve, hashes.HashAlgorithm, int]] = {
    Algorithm.ES256: (ec.SECP256R1(), hashes.SHA256(), 32),
    Algorithm.ES384: (ec.SECP384R1(), hashes.SHA384(), 48),
    Algorithm.ES512: (ec.SECP521R1(), hashes.SHA512(), 66),
}
_MEMBERS = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n"), "OKP": ("crv", "kty", "x")}
_DIGESTS = {
    Algorithm.ES256: hashlib.sha256,
    Algorithm.RS256: hashlib.sha256,
    Algorithm.ES384: hashlib.sha384,
    Algorithm.ES512: hashlib.sha512,
    # Nothing states it for EdDSA; this is the hash that Ed25519 itself uses, and what libraries do.
    Algorithm.EDDSA: hashlib.sha512,
}


def make(algorithm: Algorithm, rsa_bits: int) -> Private:
    """A new key. One for RSA takes a while."""
    if algorithm is Algorithm.RS256:
        return rsa.generate_private_key(public_exponent=65537, key_size=rsa_bits)
    if algorithm is Algorithm.EDDSA:
        return ed25519.Ed25519PrivateKey.generate()
    return ec.generate_private_key(_CURVES[algorithm][0])


def to_pem(key: Private) -> str:
    """The private key as text, not encrypted: whoever keeps it seals it."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode("ascii")


def from_pem(pem: bytes) -> Private | None:
    """The private key in a text; None when there is none, or one of a kind that does not sign here."""
    try:
        key: Any = serialization.load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, Private) else None


def read_file(path: Path) -> Private | Flaw:
    """The key in a file of the operator's."""
    try:
        with path.open("rb") as file:
            pem = file.read(_LARGEST_FILE)
    except OSError:
        return Flaw.ABSENT
    return from_pem(pem) or Flaw.ABSENT


def judge(key: Private) -> Flaw | None:
    """Why a key may not sign; None when it may.

    A number too small, one that repeats itself, or two primes that lie close together come from a source that was
    not random (FIPS 186-5, appendix A.1.1, for the primes).
    """
    if isinstance(key, rsa.RSAPrivateKey):
        return _judge_rsa(key)
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return None if _looks_random(key.private_bytes_raw()) else Flaw.LOW_ENTROPY
    if algorithm_of(key) is None:
        return Flaw.TOO_SHORT if key.key_size < 256 else Flaw.UNKNOWN
    size = (key.key_size + 7) // 8
    scalar = key.private_numbers().private_value
    return None if _looks_random(scalar.to_bytes(size, "big")) else Flaw.LOW_ENTROPY


def _judge_rsa(key: rsa.RSAPrivateKey) -> Flaw | None:
    numbers = key.private_numbers()
    if key.key_size < _SHORTEST_RSA:
        return Flaw.TOO_SHORT
    primes = (numbers.p, numbers.q)
    is_close = abs(numbers.p - numbers.q) <= 1 << (key.key_size // 2 - 100)
    is_regular = not all(_looks_random(each.to_bytes((each.bit_length() + 7) // 8, "big")) for each in primes)
    return Flaw.LOW_ENTROPY if is_close or is_regular or numbers.public_numbers.e < 65537 else None


def _looks_random(raw: bytes) -> bool:
    """Whether bytes could come from a random source: of 32 such bytes 30 differ, and fewer than 20 never do."""
    return len(set(raw)) >= min(len(raw), 32) * 5 // 8 and math.log2(int.from_bytes(raw, "big") + 1) > 128


def algorithm_of(key: Private | Public) -> Algorithm | None:
    """What a key signs with; None for curves that no algorithm here uses."""
    if isinstance(key, (rsa.RSAPrivateKey, rsa.RSAPublicKey)):
        return Algorithm.RS256
    if isinstance(key, (ed25519.Ed25519PrivateKey, ed25519.Ed25519PublicKey)):
        return Algorithm.EDDSA
    return next((each for each, curve in _CURVES.items() if curve[0].name == key.curve.name), None)


def jwk_of(key: Public, algorithm: Algorithm) -> dict[str, str]:
    """The public key as a JSON Web Key (RFC 7517, section 4; RFC 7518, section 6)."""
    members: dict[str, str]
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        members = {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}
    elif isinstance(key, ed25519.Ed25519PublicKey):
        members = {"kty": "OKP", "crv": "Ed25519", "x": base64url(key.public_bytes_raw())}
    else:
        point, size = key.public_numbers(), _CURVES[algorithm][2]
        x, y = (base64url(each.to_bytes(size, "big")) for each in (point.x, point.y))
        members = {"kty": "EC", "crv": f"P-{key.curve.key_size}", "x": x, "y": y}
    return {**members, "kid": thumbprint(members), "alg": algorithm.value, "use": "sig"}


def shared_jwk(shared: Shared) -> dict[str, str]:
    """The same of a key that was made together."""
    return jwk_of(ed25519.Ed25519PublicKey.from_public_bytes(shared.public), Algorithm.EDDSA)


def thumbprint(jwk: Mapping[str, str]) -> str:
    """SHA-256 of a key's required members in order (RFC 7638, section 3)."""
    members = ",".join(f'"{name}":"{jwk[name]}"' for name in _MEMBERS[jwk["kty"]])
    return base64url(hashlib.sha256(f"{{{members}}}".encode()).digest())


def public_of(jwk: Mapping[str, str], algorithm: Algorithm) -> Public:
    """The public key of a JSON Web Key of ours. Raises ValueError for what is none."""
    try:
        if algorithm is Algorithm.RS256:
            return rsa.RSAPublicNumbers(_integer(jwk["e"]), _integer(jwk["n"])).public_key()
        if algorithm is Algorithm.EDDSA:
            return ed25519.Ed25519PublicKey.from_public_bytes(unbase64url(jwk["x"]))
        curve = _CURVES[algorithm][0]
        return ec.EllipticCurvePublicNumbers(_integer(jwk["x"]), _integer(jwk["y"]), curve).public_key()
    except (KeyError, UnsupportedAlgorithm) as wrong:
        raise ValueError("no public key") from wrong


def signer(key: Private, algorithm: Algorithm) -> Sign:
    """What signs with a key."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign
    if isinstance(key, rsa.RSAPrivateKey):
        sign_rsa, sha256, pkcs1 = key.sign, hashes.SHA256(), padding.PKCS1v15()
        return lambda data: sign_rsa(data, pkcs1, sha256)
    sign, (_, digest, size) = key.sign, _CURVES[algorithm]
    ecdsa = ec.ECDSA(digest)

    def sign_ec(data: bytes) -> bytes:
        r, s = decode_dss_signature(sign(data, ecdsa))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")

    return sign_ec


def checker(key: Public, algorithm: Algorithm) -> Check:
    """What checks signatures of a key, and of its one algorithm."""

    def check(signature: bytes, data: bytes) -> bool:
        try:
            if isinstance(key, ed25519.Ed25519PublicKey):
                key.verify(signature, data)
            elif isinstance(key, rsa.RSAPublicKey):
                key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
            else:
                _, digest, size = _CURVES[algorithm]
                if len(signature) != 2 * size:
                    return False
                r, s = (int.from_bytes(part, "big") for part in (signature[:size], signature[size:]))
                key.verify(encode_dss_signature(r, s), data, ec.ECDSA(digest))
        except InvalidSignature:
            return False
        return True

    return check


def half_hash(text: str, algorithm: str) -> str:
    """`at_hash` and `c_hash`: the left half of a text's hash (OpenID Connect Core, sections 3.1.3.6 and 3.3.2.11)."""
    digest = _DIGESTS[Algorithm(algorithm)](text.encode("ascii", "replace")).digest()
    return base64url(digest[: len(digest) // 2])


_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def base64url(raw: bytes) -> str:
    """Base64url without padding (RFC 7515, section 2)."""
    return binascii.b2a_base64(raw, newline=False).translate(_URL_SAFE).rstrip(b"=").decode("ascii")


def unbase64url(text: str) -> bytes:
    """The bytes behind it. Raises ValueError unless it is spelt in the one canonical way."""
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if base64url(raw) != text:
        raise ValueError("not canonical base64url")
    return raw


def _number(value: int) -> str:
    return base64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _integer(text: str) -> int:
    return int.from_bytes(unbase64url(text), "big")
