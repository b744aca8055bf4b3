"""Whose a datum is, and what becomes of it: values in, verdict out.

What must stay true: whatever a datum says, it is somebody's only if it names the entry that has the
name now. What does not name any is nobody's.
"""

from collections.abc import Mapping
from typing import Any

from yett.identity.belongings.model import BELONGS_TO, GONE_AT, Fate
from yett.identity.model import Person

Datum = Mapping[str, Any]


def is_theirs(datum: Datum, person: Person | None) -> bool:
    """Whether a datum was made for this very person."""
    return person is not None and datum.get(BELONGS_TO) == person.entry


def opened(datum: Datum) -> dict[str, Any]:
    """The datum as its module wrote it."""
    return {key: value for key, value in datum.items() if key not in {BELONGS_TO, GONE_AT}}


def made_for(person: Person, datum: Datum) -> dict[str, Any]:
    """What a module wrote, as this person's."""
    return {**opened(datum), BELONGS_TO: person.entry}


def gone_since(datum: Datum) -> float | None:
    """Since when a datum says that its person is gone."""
    at = datum.get(GONE_AT)
    return float(at) if isinstance(at, (int, float)) and not isinstance(at, bool) else None


def fate(datum: Datum, person: Person | None, *, now: float, forget_after: float) -> Fate:
    """What becomes of a datum, now that `person` has the name."""
    since = gone_since(datum)
    if is_theirs(datum, person):
        return Fate.STAYS if since is None else Fate.IS_BACK
    if forget_after <= 0:
        return Fate.GOES
    # Noted by a clock that was ahead, it would stay for as much longer.
    if since is None or not since <= now:
        return Fate.IS_LEFT
    return Fate.GOES if now - since >= forget_after else Fate.STAYS


def noted(datum: Datum, verdict: Fate, *, now: float) -> dict[str, Any]:
    """The datum as it is kept after that verdict."""
    if verdict is Fate.IS_LEFT:
        return {**datum, GONE_AT: now}
    return {key: value for key, value in datum.items() if key != GONE_AT}
