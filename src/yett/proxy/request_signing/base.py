"""What is signed, as text (RFC 9421, section 2.5), and the digest of a body (RFC 9530, section 2)."""

import base64
import hashlib
from collections.abc import Iterable

from yett.proxy.request_signing.config import Algorithm
from yett.proxy.request_signing.model import LABEL

NO_BODY_DIGEST = f"sha-256=:{base64.b64encode(hashlib.sha256().digest()).decode()}:"


def digest_of(body: bytes) -> str:
    """The value of Content-Digest."""
    if not body:
        return NO_BODY_DIGEST
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode('ascii')}:"


def parameters(
    names: Iterable[str], *, created: int, expires: int, key_id: str, alg: Algorithm, nonce: str
) -> str:
    """The covered components and the signature's parameters, as they stand in Signature-Input.

    Neither key ids nor nonces hold quotation marks or backslashes, so nothing has to be escaped.
    """
    covered = " ".join(f'"{name}"' for name in names)
    return (
        f'({covered});created={created};expires={expires};keyid="{key_id}";alg="{alg.value}"'
        f';nonce="{nonce}";tag="{LABEL}"'
    )


def signature_base(components: Iterable[tuple[str, str]], params: str) -> bytes:
    """The text that is signed."""
    lines = [f'"{name}": {value}' for name, value in components]
    return "\n".join((*lines, f'"@signature-params": {params}')).encode("ascii")
