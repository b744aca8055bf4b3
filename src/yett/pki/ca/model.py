"""What the authority hands out."""

from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding


class AuthorityUnavailable(Exception):
    """The authority cannot sign now; the text says why and what to do about it."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A certificate just signed, and the way up to (but without) the root."""

    certificate: x509.Certificate
    intermediates: tuple[x509.Certificate, ...]

    @property
    def chain_pem(self) -> bytes:
        """What a server sends: the certificate first, each other after the one it signed."""
        return b"".join(c.public_bytes(Encoding.PEM) for c in (self.certificate, *self.intermediates))
