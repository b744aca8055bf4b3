"""Codes that people read in one place and type in another.

Consonants only, as RFC 8628, section 6.1, proposes: no vowel makes a word of a code, and no letter
looks like a digit. What is typed may have small letters, spaces and dashes.
"""

import secrets
from collections.abc import Callable

CONSONANTS = "BCDFGHJKLMNPQRSTVWXZ"
DIGITS = "0123456789"
MAX_TYPED = 64
"""Characters of anything that is looked at as a code."""

Random = Callable[[int], bytes]

# Mail programs and telephones make finer spaces and dashes of plain ones.
_DROPPED = str.maketrans("", "", " -\u00a0\u2009\u202f\u2010\u2011\u2013\u2014")


def draw(alphabet: str, length: int, random: Random = secrets.token_bytes) -> str:
    """A code of letters that are all equally likely. OSError when there is no randomness to be had."""
    # A byte beyond the last multiple would make the first letters likelier.
    limit = 256 - 256 % len(alphabet)
    code = ""
    while len(code) < length:
        code += "".join(alphabet[byte % len(alphabet)] for byte in random(2 * length) if byte < limit)
    return code[:length]


def grouped(code: str, size: int) -> str:
    """The code as it is shown: in groups, with dashes between them."""
    return "-".join(code[start : start + size] for start in range(0, len(code), size))


def fold(typed: str) -> str | None:
    """What was meant by what was typed; None when no code looks like that.

    Only ASCII is folded: the capital of some other letters (the long s) is an ASCII letter.
    """
    if len(typed) > MAX_TYPED:
        return None
    plain = typed.translate(_DROPPED).strip()
    return plain.upper() if plain and plain.isascii() else None
