"""Decide what coding a client would like best (RFC 9110, 12.5.3).

A field that breaks the grammar is not guessed at: such a client gets the response as it is, which
everybody can read.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

_MEMBER = re.compile(
    rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:[ \t]*;[ \t]*[qQ]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?"
)
_ALIASES = {b"x-gzip": b"gzip", b"x-compress": b"compress"}
"""Old names (RFC 9110, 8.4.1)."""
_LONGEST = 256
"""Longer than any client's list."""


@lru_cache(maxsize=256)
def weights(accepted: bytes) -> dict[bytes, int] | None:
    """The weight of each coding in thousandths, as stated; None when the field is malformed.

    The answer is shared: read it, never change it.
    """
    if len(accepted) > _LONGEST:
        return None
    found: dict[bytes, int] = {}
    for member in accepted.split(b","):
        member = member.strip(b" \t")  # noqa: PLW2901 - the same member
        if not member:
            continue
        match = _MEMBER.fullmatch(member)
        if match is None:
            return None
        name = match[1].lower()
        # What is named twice counts as the client likes it least.
        name = _ALIASES.get(name, name)
        found[name] = min(found.get(name, 1000), round(float(match[2] or 1) * 1000))
    return found


def accepts(accepted: bytes, coding: bytes) -> bool:
    """Whether the client takes that coding."""
    stated = weights(accepted)
    return stated is not None and stated.get(coding, stated.get(b"*", 0)) > 0


def preferred(accepted: bytes, offered: Iterable[bytes]) -> bytes:
    """The offered coding that the client likes best, the earlier of equals; empty when it is to have none.

    A client that likes the response as it is better than any coding gets it so.
    """
    stated = weights(accepted)
    if stated is None:
        return b""
    any_other = stated.get(b"*", 0)
    best, most = b"", stated.get(b"identity", 0)
    for coding in offered:
        weight = stated.get(coding, any_other)
        if weight and (weight > most or (weight == most and not best)):
            best, most = coding, weight
    return best
