"""Certificates, stores and patience for the tests of this room."""

import asyncio
import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from yett.pki.names import general_name
from yett.store import MemoryRecords, StoreUnavailable

DAY = 86_400.0


@dataclass(frozen=True)
class Made:
    """A self-signed certificate and its key."""

    chain: bytes
    key: bytes
    certificate: x509.Certificate


def make(
    *names: str,
    now: float = 1_800_000_000.0,
    begins: float = -DAY,
    ends: float = 30 * DAY,
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | None = None,
) -> Made:
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, (names or ("nobody",))[0][:64])])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.datetime.fromtimestamp(int(now + begins), datetime.UTC))
        .not_valid_after(datetime.datetime.fromtimestamp(int(now + ends), datetime.UTC))
        .public_key(key.public_key())
    )
    if names:
        alternatives = x509.SubjectAlternativeName([general_name(name) for name in names])
        builder = builder.add_extension(alternatives, critical=False)
    certificate = builder.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Made(certificate.public_bytes(Encoding.PEM), private, certificate)


class Failing:
    """Records that refuse to write certain keys for as long as they are told to."""

    def __init__(self, records: MemoryRecords) -> None:
        self._records = records
        self.refused: set[str] = set()

    def __getattr__(self, name: str) -> object:
        return getattr(self._records, name)

    async def put(self, key: str, value: bytes, **options: object) -> int:
        if any(part in key for part in self.refused):
            raise StoreUnavailable("the disk is full")
        return await self._records.put(key, value, **options)

    async def get(self, key: str) -> object:
        if key in self.refused:
            raise StoreUnavailable("the disk is gone")
        return await self._records.get(key)


async def until(condition: Callable[[], object], within: float = 5.0) -> None:
    """Wait for a condition that background work brings about."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.002)


def names_of(said: Iterable[tuple[object, object]]) -> list[str]:
    """The names of events, in the order they were said."""
    return [getattr(emitter, "__name__", "") for emitter, _ in said]
