"""The nouns of the size limit."""

import enum
import re
from dataclasses import dataclass


class Reason(enum.Enum):
    """Why a request was blocked."""

    TOO_LARGE = "too_large"


@dataclass(frozen=True, slots=True)
class Exemption:
    """One exception, ready to be matched. What is empty matches everything."""

    name: str
    limit: int
    host: str
    methods: frozenset[bytes]
    path: str
    """Without a slash at the end."""
    pattern: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class Skipped:
    """An exception that cannot be used."""

    name: str
    problem: str
    is_pattern: bool
