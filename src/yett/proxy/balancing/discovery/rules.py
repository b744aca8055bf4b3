"""What a new answer changes."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Changes:
    """Addresses that came and went, in order."""

    added: tuple[str, ...]
    removed: tuple[str, ...]


def compare(known: Iterable[str], found: Iterable[str]) -> Changes:
    """What to do so that `known` becomes `found`. An empty answer is no reason to remove anybody."""
    before, after = set(known), set(found)
    if not after:
        return Changes((), ())
    return Changes(tuple(sorted(after - before)), tuple(sorted(before - after)))
