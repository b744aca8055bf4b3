"""Nouns of signing keys."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from yett import keys


class Algorithm(enum.Enum):
    """How a token is signed (RFC 7518, section 3.1; RFC 8037, section 3.1)."""

    ES256 = "ES256"
    ES384 = "ES384"
    ES512 = "ES512"
    RS256 = "RS256"
    EDDSA = "EdDSA"
    """With Ed25519."""


class Flaw(enum.Enum):
    """Why a key may not sign."""

    ABSENT = "absent"
    """No file, none that may be read, or no key in it."""
    UNKNOWN = "unknown_kind"
    TOO_SHORT = "too_short"
    LOW_ENTROPY = "low_entropy"
    DOUBLE = "double"
    """Another file holds a key for the same algorithm."""


class NoKey(keys.NoKey):
    """There is nothing to sign with."""

    def __init__(self, algorithm: str, *, is_initial: bool) -> None:
        super().__init__(0, is_initial=is_initial)
        self.algorithm = algorithm

    def __str__(self) -> str:
        return f"there is no key for {self.algorithm}"


class InFile(Exception):
    """The operator has this key in a file, from where it would be back at once."""

    def __str__(self) -> str:
        return "it is in a file; take that out of oidc.signing.key_files first"


@dataclass(frozen=True, slots=True)
class Key:
    """One key as every node knows it."""

    kid: str
    """Its thumbprint (RFC 7638)."""
    algorithm: Algorithm
    public: Mapping[str, str] = field(hash=False)
    """The public half as a JSON Web Key."""
    made_at: float
    use_from: float
    """When it begins to sign; published before that."""
    sealed: str = field(default="", repr=False)
    """The private half, which only nodes with the cluster key can open; empty for a key of the operator's files."""
    retired_at: float = 0.0
    """When it stopped signing; 0 while it has not."""
    needed_until: float = 0.0
    """Something that it signed lasts at most until then."""

    @property
    def is_operators(self) -> bool:
        """Whether its private half lies in a file of the operator's."""
        return not self.sealed


@dataclass(frozen=True, slots=True)
class Making:
    """A key that is wanted."""

    algorithm: Algorithm
    use_from: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What the keys should be."""

    keys: tuple[Key, ...]
    making: tuple[Making, ...]
