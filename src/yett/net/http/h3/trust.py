"""Certificates, ours and the upstream's, as QUIC's handshake wants them (RFC 9001), and what its failures mean.

The same authorities are trusted as for TLS over TCP: those of `ca_file`, or the system's. aioquic checks dates, chain
and name, and would trust a list of authorities of its own if it were told of none.
"""

import re
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from aioquic.quic.configuration import QuicConfiguration
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID

from yett.net.http.channel import ConnectFailed
from yett.net.http.h3.connection import ALPN
from yett.net.http.h3.flow import CONNECTION_WINDOW, WINDOW
from yett.net.http.model import Failure

UNFIT: Final = 0x100 + 43
"""The end of a connection whose certificate is of no use (RFC 9001, 4.8; RFC 8446, 6.2)."""
IN_HANDSHAKE: Final = 0x06
"""CRYPTO: the frames that a handshake is made of (RFC 9000, 19.6)."""
_REFUSED_CERTIFICATES: Final = frozenset({42, 43, 44, 45, 46, 48})
_NO_COMMON_PROTOCOL: Final = 120
_KEY: Final = re.compile(rb"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?-----END \1-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Whom we trust, and who we are."""

    authorities: bytes | None
    """Certificates in PEM; None for those of the system."""
    cafile: str | None
    capath: str | None
    certificates: tuple[x509.Certificate, ...] = ()
    """Ours, with its chain behind it; none to show none."""
    key: Any = None


def load(ca_file: str, cert_file: str, key_file: str) -> Credentials:
    """Read what an upstream's files hold. Raises OSError for files that cannot be used."""
    try:
        authorities, cafile, capath = _authorities(ca_file)
        if not cert_file:
            return Credentials(authorities, cafile, capath)
        data = Path(cert_file).read_bytes()
        certificates = tuple(x509.load_pem_x509_certificates(data))
        found = _KEY.search(Path(key_file).read_bytes() if key_file else data)
        if found is None:
            raise OSError("no key")
        key = load_pem_private_key(found[0] + b"\n", None)
        if _public(key) != _public_of(certificates[0]):
            raise OSError("the key is another certificate's")
    except (ValueError, TypeError) as problem:
        # A key with a password is a TypeError.
        raise OSError("not what TLS needs") from problem
    return Credentials(authorities, cafile, capath, certificates, key)


def _authorities(ca_file: str) -> tuple[bytes | None, str | None, str | None]:
    if ca_file:
        found = x509.load_pem_x509_certificates(Path(ca_file).read_bytes())
        return b"".join(each.public_bytes(Encoding.PEM) for each in found), None, None
    paths = ssl.get_default_verify_paths()
    if not paths.cafile and not paths.capath:
        # Told of none, aioquic would trust those that a package brings along.
        return b"", None, None
    return None, paths.cafile, paths.capath


def _public(key: Any) -> bytes:
    encoded: bytes = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return encoded


def _public_of(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def configure(credentials: Credentials, server_name: str, patience: float) -> QuicConfiguration:
    """What a connection to that name needs; it ends after so many seconds of silence."""
    return QuicConfiguration(
        is_client=True,
        alpn_protocols=[ALPN],
        server_name=server_name,
        verify_mode=ssl.CERT_REQUIRED,
        cadata=credentials.authorities,
        cafile=credentials.cafile,
        capath=credentials.capath,
        certificate=credentials.certificates[0] if credentials.certificates else None,
        certificate_chain=list(credentials.certificates[1:]),
        private_key=credentials.key,
        idle_timeout=patience,
        max_data=CONNECTION_WINDOW,
        max_stream_data=WINDOW,
    )


def unfit(certificate: x509.Certificate | None) -> str:
    """Why a certificate is none for a server, whoever issued it (RFC 5280, 4.2.1.12); empty for one that is."""
    if certificate is None:
        return "there is none"
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return ""
    fitting = {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
    return "" if fitting & set(usage) else "it is not for servers"


def failure_of(code: int, frame_type: int | None, reason: str, *, is_ours: bool) -> ConnectFailed:
    """What the end of a connection says about why it did not come to be (RFC 9000, 20; RFC 9001, 4.8).

    The upstream's own words are not repeated.
    """
    if frame_type is None or not 0x100 <= code < 0x200:
        # Codes of HTTP/3 look like alerts of TLS, but have no type of frame.
        return ConnectFailed(Failure.CONNECT_FAILED, f"the upstream ended the connection ({code:#x})")
    alert = code - 0x100
    if is_ours and alert in _REFUSED_CERTIFICATES:
        return ConnectFailed(Failure.TLS, f"certificate refused: {reason}")
    if alert == _NO_COMMON_PROTOCOL:
        return ConnectFailed(Failure.CONNECT_FAILED, "the upstream does not speak HTTP/3")
    return ConnectFailed(Failure.TLS, f"TLS failed: alert {alert}")
