"""Nouns of request signing."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass

LABEL = "yett"
"""What our signature is called among others, and the tag inside it."""
OURS = frozenset({b"content-digest", b"signature", b"signature-input"})
"""Fields that a client's copy of must not reach the service, lest it be taken for ours."""
DERIVED = ("@method", "@authority", "@path", "@query")
REQUIRED = (*DERIVED, "content-digest")
"""What every signature of ours covers; identity headers besides, where the request has any."""


class Fault(enum.Enum):
    """Why a request's signature proves nothing."""

    MALFORMED = "malformed"
    """There is no signature of ours, or it is not as we write it."""
    NOT_COVERED = "not_covered"
    """It leaves out something that ours cover, or an identity header that the request has."""
    MISSING_FIELD = "missing_field"
    """It covers a field that the request does not have."""
    UNKNOWN_KEY = "unknown_key"
    ALGORITHM = "algorithm"
    """The key is for another algorithm."""
    SIGNATURE = "signature"
    """Not what the key signed."""
    DIGEST = "digest"
    """The body that was shown is another one."""
    NOT_YET = "not_yet"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Message:
    """A request as a service saw it."""

    method: str
    authority: str
    path: str
    query: str
    """With its question mark; a lone one for none (RFC 9421, section 2.2.7)."""
    fields: Mapping[str, str]
    """By lower case name; the values of several fields of one name are joined with ", "."""
    body: bytes | None = None
    """None when it was not shown: then its digest is believed."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A signature that holds, and what it says."""

    key_id: str
    created: int
    expires: int
    nonce: str
    """The id of the request, as in the gateway's log."""
    covered: tuple[str, ...]
