"""A token as the store has it, and the entry of its history that a change has still to write."""

from dataclasses import dataclass, field

from yett.tokens.model import HistoryEntry, TokenData


@dataclass(frozen=True, slots=True)
class Stored:
    """What the record of a token holds."""

    data: TokenData
    digest: bytes = field(repr=False)
    """SHA-256 of its secret."""
    is_ended: bool = False
    """It is over; what is left is to write that down and to remove it."""
    unlogged: HistoryEntry | None = None
    """A change that may not stand in the history yet."""
