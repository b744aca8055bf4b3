"""A client's certificate in a field that a trusted proxy wrote. Pure functions.

Three forms are in use, and no text is two of them: PEM with percent-escapes (nginx's
$ssl_client_escaped_cert), a byte sequence between colons (RFC 9440) and bare base64 of the DER
(HAProxy's ssl_c_der).
"""

import base64
import binascii
import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote_to_bytes

from cryptography import x509

from yett.net.trust.model import CertificateProblem

MOST_BYTES: Final = 16 * 1024
"""Bytes of the field; certificates that people have are a tenth of that."""

_BEGIN: Final = b"-----BEGIN"
_PEM: Final = re.compile(rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*")
_SPACE: Final = re.compile(rb"\s+")


def certificate_of(values: Sequence[bytes]) -> bytes | CertificateProblem:
    """The certificate (DER) in the fields of the name; empty when the proxy says that there is none."""
    if sum(map(len, values)) > MOST_BYTES:
        return CertificateProblem.OVERSIZED
    if len(values) > 1:
        return CertificateProblem.SEVERAL
    value = values[0].strip(b" \t") if values else b""
    if not value:
        return b""
    der = _decoded(value)
    if isinstance(der, CertificateProblem):
        return der
    try:
        x509.load_der_x509_certificate(der)
    except (ValueError, TypeError):
        return CertificateProblem.NOT_A_CERTIFICATE
    return der


def _decoded(value: bytes) -> bytes | CertificateProblem:
    if value.startswith((_BEGIN, b"%2D", b"%2d")):
        text = unquote_to_bytes(value)
        match = _PEM.fullmatch(text)
        der = _unarmoured(_SPACE.sub(b"", match[1])) if match is not None else None
        return CertificateProblem.NOT_PEM if der is None else der
    if value.startswith(b":"):
        if len(value) < 2 or not value.endswith(b":"):
            return CertificateProblem.NOT_DECODED
        value = value[1:-1]
    der = _unarmoured(value)
    return CertificateProblem.NOT_DECODED if der is None else der


def _unarmoured(text: bytes) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True) or None
    except binascii.Error:
        return None


def field_for(der: bytes) -> bytes:
    """The line that hands a certificate on (RFC 9440, section 2.1), with its line end."""
    return b"Client-Cert: :" + base64.b64encode(der) + b":\r\n"
