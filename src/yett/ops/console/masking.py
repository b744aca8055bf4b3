"""What a reader sees who may not see whom an entry is about.

Each declared event classes its fields; only what is classed public is left. What no declaration of ours speaks for
(an entry of another system, or of a version of ours that said more) is hidden: nobody has said that it is harmless.
"""

from collections.abc import Mapping
from functools import lru_cache

from yett.events import Sensitivity, catalogue
from yett.events.dialects import Entry

ALWAYS = frozenset({"time", "level", "audit", "component", "code", "node"})
SCOPE = frozenset({"msg", "server.request.id", "trace.id", "session.ref"})
"""What every record of ours may carry besides; none of it says who somebody is."""
_SEALS = frozenset({"chain", "seq"})
"""What only keeps the record whole, and tells a reader nothing."""


def masked(entry: Entry) -> Entry:
    """The entry without what is sensitive."""
    public = _public(str(entry.get("code", "")), len(catalogue.events))
    return {name: value for name, value in entry.items() if name in public}


def hidden(entry: Entry, shown: Mapping[str, object]) -> tuple[str, ...]:
    """The names of what was left out, so that a reader knows that there is something."""
    return tuple(name for name in entry if name not in shown and name not in _SEALS)


def is_public(name: str) -> bool:
    """Whether a field may be asked for by somebody who must not see whom it is about.

    A search tells by its number of hits what an entry holds, so what is hidden cannot be searched for either: a
    field is public only if every event that has it says so.
    """
    if name in ALWAYS or name in SCOPE:
        return True
    classes = {
        field.sensitivity
        for declaration in catalogue.events.values()
        for field in declaration.fields
        if field.name == name
    }
    return classes == {Sensitivity.PUBLIC}


@lru_cache(maxsize=4096)
def _public(code: str, _: int) -> frozenset[str]:
    """The public fields of an event. How many events are declared is asked for, so that a new one is not missed."""
    declaration = catalogue.events.get(code)
    if declaration is None:
        return ALWAYS
    classes = {field.name: field.sensitivity for field in declaration.fields}
    own = {name for name, sensitivity in classes.items() if sensitivity is Sensitivity.PUBLIC}
    return ALWAYS | (SCOPE - classes.keys()) | own
