"""What counts as the same password: the OpaqueString profile (RFC 8265, section 4.2).

The same letters typed on two machines may arrive as different code points; after this they are
the same bytes. Case and width stay as typed.
"""

import unicodedata

_REFUSED = frozenset({"Cc", "Cs", "Cn", "Co"})
"""Controls, surrogates, unassigned and private characters, which no password can have (RFC 8264, section 4.3)."""


def prepare(password: str, *, max_length: int) -> bytes | None:
    """The bytes to hash; None for an empty, overlong or impossible password."""
    # Normalising joins at most four characters into one of at least two bytes, so whatever is
    # refused here would be too long afterwards; this bounds the work before any is done.
    if not password or len(password) > 3 * max_length:
        return None
    if not password.isascii():
        spaced = "".join(" " if unicodedata.category(letter) == "Zs" else letter for letter in password)
        password = unicodedata.normalize("NFC", spaced)
    if any(unicodedata.category(letter) in _REFUSED for letter in password):
        return None
    prepared = password.encode()
    return prepared if len(prepared) <= max_length else None
