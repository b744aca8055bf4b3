"""Who somebody is on the line between a gateway and its co-signers: an Ed25519 key in a certificate of its own.

No authority vouches for these certificates. Operators carry them from one machine to the other, and each side trusts
exactly those it was given. The certificate follows from the cluster key alone: it is the same on every node, and a
restart does not change it.
"""

import datetime
import hashlib
import os
import ssl
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.x509.oid import NameOID
from nacl.bindings import crypto_sign_ed25519_pk_to_curve25519, crypto_sign_ed25519_sk_to_curve25519
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from yett.keys.master import MasterKey
from yett.keys.signing import signing_key

_CONTEXT = "threshold/identity"
_SINCE = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
_UNTIL = datetime.datetime(9999, 12, 31, 23, 59, 59, tzinfo=datetime.UTC)
"""A certificate without an end, as RFC 5280, section 4.1.2.5, has it written."""
_LARGEST = 16 * 1024


class Party:
    """Somebody whose certificate an operator named."""

    __slots__ = ("certificate", "public")

    def __init__(self, certificate: bytes) -> None:
        found = x509.load_der_x509_certificate(certificate).public_key()
        if not isinstance(found, Ed25519PublicKey):
            raise ValueError("not the certificate of a gateway or co-signer")  # noqa: TRY004 - the file is wrong
        self.certificate = certificate
        """As DER."""
        self.public = found.public_bytes_raw()


def read_party(path: Path) -> Party:
    """The one whose certificate is in a file. Raises OSError and ValueError."""
    with path.open("rb") as file:
        text = file.read(_LARGEST)
    found = x509.load_pem_x509_certificates(text)
    if len(found) != 1:
        raise ValueError("there is more than one certificate in it")
    return Party(found[0].public_bytes(serialization.Encoding.DER))


class Identity:
    """One's own: signs, and opens what is sealed for it."""

    def __init__(self, master: MasterKey) -> None:
        self._private = signing_key(master, _CONTEXT, 0)
        raw = self._private.private_bytes_raw()
        self.public = self._private.public_key().public_bytes_raw()
        self._box = SealedBox(PrivateKey(crypto_sign_ed25519_sk_to_curve25519(raw + self.public)))
        self.certificate = self._certify()
        """As DER."""

    @property
    def pem(self) -> str:
        """The certificate as operators carry it."""
        return ssl.DER_cert_to_PEM_cert(self.certificate)

    def sign(self, data: bytes) -> bytes:
        """The signature (RFC 8032)."""
        return self._private.sign(data)

    def open(self, sealed: bytes) -> bytes | None:
        """What somebody sealed for this one; None for anything else."""
        try:
            return bytes(self._box.decrypt(sealed))
        except (CryptoError, ValueError):
            return None

    def context(self, trusted: Sequence[Party], *, is_server: bool) -> ssl.SSLContext:
        """TLS in which both sides show a certificate, and only these are trusted.

        A certificate that one of those would have signed is not one of those: compare what `shown` says.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if is_server else ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_REQUIRED
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_verify_locations(cadata=b"".join(each.certificate for each in trusted))
        self._show(context)
        return context

    def _show(self, context: ssl.SSLContext) -> None:
        key = self._private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        # OpenSSL wants a file. One in memory leaves no copy of the key on a disk.
        file = os.memfd_create("yett-identity", os.MFD_CLOEXEC)
        try:
            os.write(file, key + self.pem.encode("ascii"))
            context.load_cert_chain(f"/proc/self/fd/{file}")
        finally:
            os.close(file)

    def _certify(self) -> bytes:
        digest = hashlib.sha256(self.public).digest()
        # The name tells certificates apart for OpenSSL, which looks trusted ones up by it.
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"yett {digest[:8].hex()}")])
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._private.public_key())
            .serial_number(int.from_bytes(digest[:16], "big") >> 1)
            .not_valid_before(_SINCE)
            .not_valid_after(_UNTIL)
            .sign(self._private, None)
            .public_bytes(serialization.Encoding.DER)
        )


def shown(tls: ssl.SSLObject | None) -> bytes:
    """The certificate that the other side showed, as DER; empty for none."""
    return (tls.getpeercert(binary_form=True) or b"") if tls is not None else b""


def is_signed(public: bytes, signature: bytes, data: bytes) -> bool:
    """Whether a signature is one of that key's."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def sealed_for(public: bytes, data: bytes) -> bytes:
    """Something that only the one with that key can open. Raises ValueError for a key that is none."""
    try:
        return bytes(SealedBox(PublicKey(crypto_sign_ed25519_pk_to_curve25519(public))).encrypt(data))
    except CryptoError as wrong:
        raise ValueError("no public key") from wrong
