"""Makers of authenticators: an authority, and devices whose attestation it signs."""

import datetime
import hashlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from tests.authn.passkey.authenticator import Authenticator

AAGUID_OID = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")
MODEL = bytes(range(16))


def _name(common, unit=None):
    parts = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Maker"),
        x509.NameAttribute(NameOID.COMMON_NAME, common),
    ]
    if unit is not None:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit))
    return x509.Name(parts)


class Maker:
    """An authority of a maker, and what it certifies."""

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = _name("Root")
        self.root = self._sign(self.name, self.key.public_key(), ca=True)
        self.pem = self.root.public_bytes(Encoding.PEM)

    def _sign(self, subject, public, *, ca, model=None, critical=False, days=(1, 30)):
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=days[0]))
            .not_valid_after(now + datetime.timedelta(days=days[1]))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if model is not None:
            extension = x509.UnrecognizedExtension(AAGUID_OID, model)
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(self.key, hashes.SHA256())

    def certify(self, public, *, unit="Authenticator Attestation", model=MODEL, **more):
        named = None if model is None else b"\x04\x10" + model
        return self._sign(_name("Batch", unit), public, ca=more.pop("ca", False), model=named, **more)


class Made(Authenticator):
    """A device that its maker attests, in packed or U2F form."""

    def by(self, maker, *, fmt="packed", aaguid=MODEL, **certificate):
        self.fmt, self.aaguid = fmt, aaguid
        self.batch = ec.generate_private_key(ec.SECP256R1())
        self.certificate = maker.certify(self.batch.public_key(), **certificate)
        return self

    def statement(self, data, client):
        if self.fmt == "packed":
            signed = data + client
            more = {"alg": -7}
        else:
            numbers = self.key.private.public_key().public_numbers()
            point = b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
            signed = b"\x00" + hashlib.sha256(self.rp_id.encode()).digest() + client + self.id + point
            more = {}
        signature = self.batch.sign(signed, ec.ECDSA(hashes.SHA256()))
        return {"sig": signature, "x5c": [self.certificate.public_bytes(Encoding.DER)], **more}


class SelfMade(Authenticator):
    """A device that attests itself with the key of its passkey."""

    def statement(self, data, client):
        return {"alg": self.key.algorithm, "sig": self.key.sign(data + client)}
