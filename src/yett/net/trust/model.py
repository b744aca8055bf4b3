"""The nouns of believing a proxy."""

import enum
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hop:
    """Somebody on the way of a request."""

    address: str
    port: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """What a trusted proxy says of a request."""

    client: Hop | None = None
    """Who asked; None when nobody is named."""
    proxies: tuple[str, ...] = ()
    """The trusted proxies between the client and the one that is connected to us, in that order."""
    is_tls: bool | None = None
    """Whether the client spoke TLS; None when that is not said."""
    host: str = ""
    """The host (and port) that the client asked for; empty when that is not said."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """Fields that cannot be read in one way only; the text says why."""

    problem: str


class CertificateProblem(enum.Enum):
    """Why a field with a certificate was not believed."""

    OVERSIZED = "oversized"
    NOT_PEM = "not_pem"
    NOT_DECODED = "not_decoded"
    NOT_A_CERTIFICATE = "not_a_certificate"
    SEVERAL = "several"
