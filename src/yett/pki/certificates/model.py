"""Certificates as the manager keeps and shows them."""

import enum
from dataclasses import dataclass, field

DEFAULT = ""
"""The name under which the default certificate is kept."""

MAX_CERTIFICATE_PEM = 256 * 1024
MAX_KEY_PEM = 32 * 1024
MAX_CHAIN = 10


class Source(enum.Enum):
    """Where a certificate came from."""

    STATIC = "static"
    """Files named in the settings; kept on this node only."""
    AUTOTLS = "autotls"
    ACME = "acme"
    MANUAL = "manual"


class Reason(enum.Enum):
    """Why a certificate was refused."""

    TOO_LARGE = "too_large"
    CHAIN_TOO_LONG = "chain_too_long"
    UNREADABLE = "unreadable"
    WEAK_KEY = "weak_key"
    KEY_MISMATCH = "key_mismatch"
    NAME_INVALID = "name_invalid"
    NAME_MISMATCH = "name_mismatch"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    NOT_PRIVATE = "not_private"
    STORE = "store"


@dataclass(frozen=True, slots=True)
class Refused:
    """The certificate was not taken; whatever was there before still is."""

    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """A certificate chain and its key, understood."""

    chain_pem: bytes
    key_pem: bytes = field(repr=False)
    names: tuple[str, ...]
    serial: str
    issuer: str
    fingerprint: str
    """SHA-256 of chain and key, so that a chain sent differently counts as another certificate."""
    not_before: float
    not_after: float


@dataclass(frozen=True, slots=True)
class Installed:
    """A certificate in its place. Immutable: a newer one is another object."""

    name: str
    source: Source
    certificate: Parsed
    version: int
    """Of its record; 0 when it is kept on this node only."""


@dataclass(frozen=True, slots=True)
class Changed:
    """Something else is shown for a name from now on; None when nothing of its own is."""

    name: str
    installed: Installed | None
