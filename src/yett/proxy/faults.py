"""Why what was shown to us proves nothing."""

import enum


class HeaderFault(enum.Enum):
    """Why identity headers prove nothing."""

    MALFORMED = "malformed"
    """Something is missing, or is not what it should be."""
    UNKNOWN_KEY = "unknown_key"
    SIGNATURE = "signature"
    """Not what the key signed for this host."""
    NOT_YET = "not_yet"
    EXPIRED = "expired"


class KeyProblem(enum.Enum):
    """Why nobody was given a public key."""

    MALFORMED = "malformed"
    UNKNOWN = "unknown"
