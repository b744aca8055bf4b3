"""The nouns of DNS discovery."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DiscoveryRules:
    """A host name each of whose addresses is a backend."""

    hostname: str
    port: int
    refresh: float = 30.0
    is_tls: bool = False
    """Whether to speak TLS, with certificates for the host name."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The addresses a name has now; none for a name without addresses."""

    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unresolved:
    """The question got no answer."""

    problem: str
