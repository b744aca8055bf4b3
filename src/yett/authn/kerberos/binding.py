"""What a token is bound to: the certificate of the TLS connection (tls-server-end-point, RFC 5929, section 4)."""

import hashlib
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

_PREFIX = b"tls-server-end-point:"


@lru_cache(maxsize=8)
def end_point(chain: bytes) -> bytes:
    """The binding of the first certificate in a PEM chain; empty when it has none."""
    try:
        certificate = x509.load_pem_x509_certificate(chain)
        algorithm = certificate.signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm):
        return b""
    if algorithm is None:
        # Signatures without a hash of their own (Ed25519) have no such binding (RFC 5929, section 4.1).
        return b""
    name = "sha256" if algorithm.name in {"md5", "sha1"} else algorithm.name
    return _PREFIX + hashlib.new(name, certificate.public_bytes(Encoding.DER)).digest()
