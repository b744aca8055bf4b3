"""Which certificates are accepted, and which one is shown for a name.

Values in, verdict out: no clock, store or log.
"""

import hashlib
from collections.abc import Mapping

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from yett.pki.certificates.model import (
    DEFAULT,
    MAX_CERTIFICATE_PEM,
    MAX_CHAIN,
    MAX_KEY_PEM,
    Installed,
    Parsed,
    Reason,
    Refused,
)
from yett.pki.names import covers, names_in, normal, wildcard_over

_BEGIN = b"-----BEGIN CERTIFICATE-----"
_UNREADABLE = (
    ValueError,  # PEM or DER that is none; a wrong type of PEM
    TypeError,  # an encrypted key
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
_SMALLEST_RSA = 2048


def parse(chain_pem: bytes, key_pem: bytes) -> Parsed | Refused:
    """Understand a chain (leaf first) and the leaf's key, within limits."""
    if len(chain_pem) > MAX_CERTIFICATE_PEM:
        return Refused(Reason.TOO_LARGE, f"certificates of {len(chain_pem)} bytes")
    if len(key_pem) > MAX_KEY_PEM:
        return Refused(Reason.TOO_LARGE, f"a key of {len(key_pem)} bytes")
    # Counted before parsing, so that a long chain costs nothing.
    if chain_pem.count(_BEGIN) > MAX_CHAIN:
        return Refused(Reason.CHAIN_TOO_LONG, f"more than {MAX_CHAIN} certificates")
    try:
        chain = x509.load_pem_x509_certificates(chain_pem)
        names = names_in(chain[0])
        public = chain[0].public_key()
    except _UNREADABLE as problem:
        return Refused(Reason.UNREADABLE, f"the certificate cannot be parsed ({type(problem).__name__})")
    try:
        private = load_pem_private_key(key_pem, None)
    except _UNREADABLE as problem:
        # What the parser says is left out: it is about a private key.
        return Refused(Reason.UNREADABLE, f"the key cannot be parsed ({type(problem).__name__})")
    if isinstance(public, rsa.RSAPublicKey) and public.key_size < _SMALLEST_RSA:
        return Refused(Reason.WEAK_KEY, f"an RSA key of {public.key_size} bits")
    if not isinstance(public, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey, ed25519.Ed25519PublicKey)):
        return Refused(Reason.WEAK_KEY, "a kind of key that servers do not use")
    if private.public_key() != public:
        return Refused(Reason.KEY_MISMATCH, "the key is not that of the first certificate")
    leaf = chain[0]
    return Parsed(
        chain_pem=chain_pem,
        key_pem=key_pem,
        names=names,
        serial=f"{leaf.serial_number:x}",
        issuer=leaf.issuer.rfc4514_string(),
        fingerprint=hashlib.sha256(chain_pem + b"\0" + key_pem).hexdigest(),
        not_before=leaf.not_valid_before_utc.timestamp(),
        not_after=leaf.not_valid_after_utc.timestamp(),
    )


def judge(parsed: Parsed, name: str, *, now: float) -> Refused | None:
    """Whether a certificate may stand for a name (`DEFAULT` for any) at this time; None when it may."""
    if name != DEFAULT and not any(covers(pattern, name) for pattern in parsed.names):
        return Refused(Reason.NAME_MISMATCH, "it is for " + (", ".join(parsed.names[:5]) or "no name"))
    if parsed.not_after <= now:
        return Refused(Reason.EXPIRED, "it has expired")
    if parsed.not_before > now:
        return Refused(Reason.NOT_YET_VALID, "it is not valid yet")
    return None


def select(table: Mapping[str, Installed], server_name: str | None) -> Installed | None:
    """What to show somebody who asks for this name: exactly it, the wildcard over it, or the default."""
    name = normal(server_name) if server_name else None
    if name is not None:
        found = table.get(name)
        if found is not None:
            return found
        wildcard = wildcard_over(name)
        if wildcard is not None and (found := table.get(wildcard)) is not None:
            return found
    return table.get(DEFAULT)
