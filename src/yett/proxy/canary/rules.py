"""Decide who gets the canary.

Asking beats belonging, belonging beats chance: a header field, then a cookie, then a group, then
the weight. Chance is a hash of who somebody is, so that nobody changes sides from one request to
the next, and whoever has the canary at 5 per cent still has it at 50.
"""

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from yett.proxy.canary.config import Sticky
from yett.proxy.canary.model import CanaryRules, Version

_WORDS = {b"canary": Version.CANARY, b"stable": Version.STABLE}
_PARTS = 1 << 32


@dataclass(frozen=True, slots=True)
class Visitor:
    """What is known about whoever asks; empty is not known."""

    user: str = ""
    session: str = ""
    address: str = ""
    groups: Collection[str] = ()
    header: bytes = b""
    """The value of the field that the rules name."""
    cookie: bytes = b""
    """All their cookies."""


def version_for(rules: CanaryRules, visitor: Visitor, drawn: float) -> Version:
    """The version for one request; `drawn` from [0, 1) decides where nothing else does."""
    if rules.header:
        asked = _WORDS.get(visitor.header.lower())
        if asked is not None:
            return asked
    if rules.cookie:
        for value in _cookies(visitor.cookie, rules.cookie):
            asked = _WORDS.get(value)
            if asked is not None:
                return asked
    if not rules.groups.isdisjoint(visitor.groups):
        return Version.CANARY
    part = drawn if rules.sticky is Sticky.NONE else _part_of(rules, visitor)
    return Version.CANARY if part * 100.0 < rules.weight else Version.STABLE


def _part_of(rules: CanaryRules, visitor: Visitor) -> float:
    """Where in [0, 1) somebody stands, always the same."""
    key = ""
    if rules.sticky is Sticky.USER:
        key = visitor.user
    elif rules.sticky is Sticky.SESSION:
        key = visitor.session
    # Whoever is nobody yet goes by address.
    text = (key or visitor.address).encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(text, digest_size=4, key=hashlib.sha256(rules.seed).digest()).digest()
    return int.from_bytes(digest, "big") / _PARTS


def _cookies(field: bytes, name: bytes) -> Iterator[bytes]:
    for pair in field.split(b";"):
        found, _, value = pair.strip().partition(b"=")
        if found == name:
            yield value
