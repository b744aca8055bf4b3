"""The nouns of looking names up."""

import enum
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Server:
    """A name server."""

    address: str
    port: int
    tls_name: str = ""
    """The name in its certificate, or its address; empty for plain DNS."""

    def __str__(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{'tls://' if self.tls_name else ''}{host}:{self.port}"


class Trouble(enum.Enum):
    """Why there is no address."""

    NOT_A_NAME = "not a host name"
    NO_ADDRESS = "the name has no address"
    NO_ANSWER = "no name server answered"
    NOT_VALIDATED = "the answer was not validated"


@dataclass(frozen=True, slots=True)
class Found:
    """The addresses of a name, in the order they are to be tried."""

    addresses: tuple[str, ...]
    is_validated: bool = False
    """Whether every name server that was asked vouches for it."""


@dataclass(frozen=True, slots=True)
class Missing:
    """There is no address to be had."""

    trouble: Trouble


@dataclass(frozen=True, slots=True)
class Answered:
    """What a name server said about one type of record."""

    addresses: tuple[str, ...]
    """None for a name without such records."""
    ttl: float
    is_validated: bool
    is_signed: bool = False
    """Whether there were signatures, validated or not."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A name server gave no use of an answer."""

    detail: str
    is_server_failure: bool = False
