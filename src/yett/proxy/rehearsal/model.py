"""Nouns of rehearsing a request."""

import enum
from dataclasses import dataclass, field


class Turn(enum.Enum):
    """What a step does with a request."""

    PASSES = "passes"
    REFUSED = "refused"
    ASKED = "asked"
    """Its sender has to do something first: sign in, prove more, compute."""
    OFF = "off"
    """There is nothing to check, by the settings in force."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one step would say."""

    name: str
    turn: Turn
    sentence: str
    reason: str = ""
    """The machine's word for why."""
    status: int = 0
    """Of the answer that the step would give; 0 when it gives none."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that nobody sends."""

    url: str
    method: str = "GET"
    user: str = ""
    """Whose session it would show; empty for nobody."""
    client_address: str = ""
    headers: tuple[str, ...] = ()
    body_size: int = 0
    at: float | None = None
    """The instant that hours are judged by, in seconds since the epoch; None for now."""


@dataclass(slots=True)
class Rehearsed:
    """What would become of it."""

    steps: list[Step] = field(default_factory=list)
    host: str = ""
    path: str = ""
    app: str = ""
    rule: str = ""

    @property
    def turn(self) -> Turn:
        """What becomes of it as a whole."""
        turns = {step.turn for step in self.steps}
        return next((turn for turn in (Turn.REFUSED, Turn.ASKED) if turn in turns), Turn.PASSES)

    @property
    def decided_by(self) -> Step | None:
        """The first step that does what becomes of it; None when all let it through."""
        turn = self.turn
        return None if turn is Turn.PASSES else next(step for step in self.steps if step.turn is turn)

    @property
    def status(self) -> int:
        """Of the first answer that such a request would get from the gateway itself; 0 when it goes through."""
        return next((step.status for step in self.steps if step.status), 0)
