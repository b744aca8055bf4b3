"""Nouns of belongings."""

import enum
from dataclasses import dataclass

BELONGS_TO = "belongs_to"
"""Under this name a datum says whose it is."""
GONE_AT = "gone_at"
"""Under this name a datum says since when its person is known to be gone."""


class Fate(enum.Enum):
    """What becomes of a datum."""

    STAYS = "stays"
    IS_LEFT = "is_left"
    """Its person is gone, which is noted now."""
    IS_BACK = "is_back"
    """Its person was gone, and is there again."""
    GOES = "goes"
    """Its person is gone for so long that it is wiped."""


class Why(enum.Enum):
    """Why something was wiped."""

    TIME = "time"
    """Its person did not come back in `identity.forget_after`."""
    REPLACED = "replaced"
    """Whoever has the name now has set up something of their own in its place."""
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Left:
    """Something whose person is gone."""

    user: str
    module: str
    belongs_to: str
    """The entry of whoever it was made for; empty when it does not say."""
    gone_at: float | None
    """None as long as nobody has noted it."""
