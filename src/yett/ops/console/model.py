"""Nouns of the console."""

import enum
from dataclasses import dataclass

from yett.events.dialects import Entry
from yett.identity import Person
from yett.sessions import Session


class Way(enum.Enum):
    """How somebody gets to read the log."""

    OPEN = "open"
    AGAIN = "again"
    """They signed in too long ago: a browser left alone is not enough."""
    MORE = "more"
    """They have to prove more."""


class Refused(enum.Enum):
    """Why somebody who is signed in may not read the log."""

    NO_GROUP = "no_group"
    """They are in none of the groups that may."""
    NETWORK = "network"
    """They may, and not from there."""


class Ending(enum.Enum):
    """How a search came to its end."""

    COMPLETE = "complete"
    """Everything in the range was looked through."""
    ENOUGH = "enough"
    """So much was found that no more was counted."""
    DEADLINE = "deadline"
    """Time was up; what lies further back was not looked at."""


class Form(enum.Enum):
    """What a download is written as."""

    JSON = "jsonl"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class Reader:
    """Whoever reads, by this session."""

    session: Session
    person: Person
    is_masked: bool
    """Whether what says who somebody is stays hidden from them."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search brought to light."""

    entries: tuple[tuple[Entry, Entry], ...]
    """Those of one page, newest first: each as its reader may see it, and whole."""
    is_more: bool
    """Whether there are older ones."""
    counts: dict[int, int]
    """How many there were by bucket, the ones of the page among them."""
    total: int
    reached: str
    """How far back it looked: the time of the oldest entry seen; empty when it looked at everything."""
    ending: Ending
    damaged: int
    seconds: float
