"""What the log can tell of a request, a session or a person, and why somebody did not get somewhere.

Everything here is a plain value: made from entries by pure functions, drawn as text, JSON or a page
by whoever shows it. Text is empty, and numbers None, where nothing is known.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Entry = Mapping[str, Any]


class Chapter(enum.Enum):
    """What a record is about, in the order of a request's way."""

    ENGINE = "engine"
    """Reading the request, and carrying it out."""
    GUARD = "guard"
    ROUTE = "route"
    SESSION = "session"
    SIGN_IN = "sign_in"
    LOCK = "lock"
    """Waits and locks after too many tries."""
    ACCESS = "access"
    PROOF = "proof"
    """More proof, or a newer one, of who somebody is."""
    LIMIT = "limit"
    UPSTREAM = "upstream"
    DEVICE = "device"
    """What somebody signs in with: passkeys, authenticators."""
    PERSON = "person"
    """What the directory says."""


class Weight(enum.IntEnum):
    """How much a record has to do with somebody's not getting where they wanted."""

    NEWS = 0
    """Nothing: something happened."""
    TROUBLE = 1
    """It contributed, or explains what did."""
    END = 2
    """It is why the request, or the sign-in, went no further."""


class Decision(enum.Enum):
    """What became of a request."""

    ALLOWED = "allowed"
    DENIED = "denied"
    UNDECIDED = "undecided"
    """No rule was asked."""


@dataclass(frozen=True, slots=True)
class Line:
    """One record of a request."""

    after: float
    """Seconds since the first record."""
    time: str
    level: str
    is_audit: bool
    code: str
    message: str
    details: str


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something went no further, or what contributed to that, in words."""

    chapter: Chapter
    weight: Weight
    code: str
    """The event that says so; empty where it is concluded from the request's end."""
    reason: str
    """The machine's word for it, as the record has it."""
    sentence: str
    advice: str
    """What the event's declaration tells the operator."""


@dataclass(frozen=True, slots=True)
class Story:
    """What is known of one request."""

    request: str
    began: str
    user: str
    session: str
    client_address: str
    method: str
    host: str
    path: str
    app: str
    route: str
    rule: str
    decision: str
    """A value of `Decision`."""
    reason: str
    groups_needed: tuple[str, ...]
    groups_held: tuple[str, ...]
    upstream: str
    status: int | None
    duration_ms: float | None
    is_ended: bool
    """Whether the answer was sent completely, as far as the log knows."""
    lines: tuple[Line, ...]
    sentence: str
    """What became of it and why, in one sentence."""
    causes: tuple[Cause, ...]
    """Everything that speaks of trouble, in the order of time."""
    decided_by: Cause | None
    """The one of them that decided; None when nothing kept the request from its end."""

    @property
    def is_refused(self) -> bool:
        """Whether it did not get to where it wanted to go."""
        return self.decided_by is not None and self.decided_by.weight is Weight.END


@dataclass(frozen=True, slots=True)
class Note:
    """One thing in the life of a session or a person, in words."""

    time: str
    until: str
    """When it was said last, where it was several times in a row; else the same as `time`."""
    times: int
    level: str
    chapter: Chapter
    weight: Weight
    code: str
    reason: str
    sentence: str
    request: str
    session: str
    client_address: str
    host: str
    path: str


@dataclass(frozen=True, slots=True)
class Reached:
    """What was asked of one application, or of one host without."""

    host: str
    app: str
    requests: int
    refused: int
    """Requests that no rule let through."""
    failed: int
    """Requests that were let through and answered with 500 and above."""
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class SessionStory:
    """The life of one session."""

    session: str
    user: str
    type: str
    host: str
    parent: str
    """The sign-on that it came from; its end is the end of this one."""
    children: tuple[str, ...]
    began: str
    ended: str
    """Empty while it lives, or when it ran out without a record."""
    end: str
    """How it ended, in words."""
    how: tuple[str, ...]
    """How its person proved who they are, in words, in the order of time."""
    client_addresses: tuple[str, ...]
    reached: tuple[Reached, ...]
    notes: tuple[Note, ...]
    left_out: int
    """Notes that are too many to be told."""


@dataclass(frozen=True, slots=True)
class SessionLife:
    """One session among those of a person."""

    session: str
    type: str
    host: str
    began: str
    ended: str
    end: str


@dataclass(frozen=True, slots=True)
class PersonStory:
    """What a range of the log tells of one person."""

    user: str
    since: str
    until: str
    """The first and the last record."""
    client_addresses: tuple[str, ...]
    sessions: tuple[SessionLife, ...]
    reached: tuple[Reached, ...]
    notes: tuple[Note, ...]
    left_out: int

    def of(self, *chapters: Chapter) -> tuple[Note, ...]:
        """The notes of some chapters."""
        return tuple(note for note in self.notes if note.chapter in chapters)


@dataclass(frozen=True, slots=True)
class Question:
    """Why could somebody not get somewhere? What is empty is not known. Instants are seconds since the epoch."""

    at: float
    within: float
    user: str = ""
    host: str = ""
    path: str = ""
    client_address: str = ""

    @property
    def since(self) -> float:
        return self.at - self.within

    @property
    def until(self) -> float:
        return self.at + self.within


class Closeness(enum.Enum):
    """How well a finding answers the question, best first."""

    EXACT = "exact"
    """This person (or address), this place."""
    PERHAPS = "perhaps"
    """This place, by somebody who was not signed in, from an address of this person."""
    NEAR = "near"
    """This person elsewhere, or another path of the place."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One request, or one thing that happened, that answers the question."""

    time: str
    closeness: Closeness
    sentence: str
    cause: Cause | None
    story: Story | None
    """The request's story; None for what happened outside of any."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Why somebody could not get somewhere."""

    question: Question
    conclusion: str
    findings: tuple[Finding, ...]
    """What kept them from it, the best first."""
    passed: tuple[Finding, ...]
    """Requests to that very place that did get through."""
    background: tuple[Note, ...]
    """What else happened to the person around that time, and bears on it."""
    next_steps: tuple[str, ...]
    is_cut: bool = False
    """Whether there was more in the log than was looked at."""
