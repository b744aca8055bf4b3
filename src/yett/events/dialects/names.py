"""Names of fields, ours and another system's, so that each way back leads to where one came from."""

from collections.abc import Iterable, Mapping
from typing import Any

from yett.events.dialects.entry import Entry, Unreadable
from yett.events.dialects.reading import DEEPEST, HEAD, flattened

OWN = "yett."
"""Stands before a name of ours that means something else over there."""
_EVENT = "event."
"""Stands before a name of theirs that every record of ours has already, as with our own events."""


class Names:
    """A table of two columns. A name in neither is the same on both sides."""

    def __init__(
        self,
        ours_to_theirs: Mapping[str, str],
        *,
        understood: Mapping[str, str] | None = None,
        reserved: Iterable[str] = (),
    ) -> None:
        """`understood` are further names of theirs (of older versions, say) and what they are with us.

        `reserved` are names of theirs that the dialect treats itself.
        """
        self._outward = dict(ours_to_theirs)
        self._inward = {theirs: ours for ours, theirs in ours_to_theirs.items()} | dict(understood or {})
        self._taken = frozenset((*self._inward, *reserved, *HEAD))

    def outward(self, name: str) -> str:
        """What a field of ours is called there."""
        known = self._outward.get(name)
        if known is not None:
            return known
        return OWN + name if name in self._taken or name.startswith(OWN) else name

    def inward(self, name: str) -> str:
        """What a field of theirs is called here."""
        known = self._inward.get(name)
        if known is not None:
            return known
        if name.startswith(OWN):
            return name[len(OWN) :]
        return _EVENT + name if name in HEAD else name


def put(entry: Entry, name: str, value: Any) -> None:
    """Set a field that must not be there yet: a line that says a thing twice cannot be trusted with either."""
    if name in entry:
        raise Unreadable("two fields of one name")
    entry[name] = value


def nested(flat: Mapping[str, Any], roots: tuple[str, ...]) -> dict[str, Any]:
    """The values with those below a root put into an object again, where `flattened` would undo it exactly."""
    out: dict[str, Any] = {}
    below: dict[str, dict[str, Any]] = {}
    for name, value in flat.items():
        root, dot, _ = name.partition(".")
        if dot and root in roots:
            below.setdefault(root, {})[name] = value
        else:
            out[name] = value
    for root, values in below.items():
        tree = _tree(root, values) if root not in out else None
        out.update(values if tree is None else {root: tree})
    return out


def _tree(root: str, values: Mapping[str, Any]) -> Any:
    tree: dict[str, Any] = {}
    for name, value in values.items():
        place, *path = name.split(".")[1:]
        if len(path) > DEEPEST:
            return None
        inside = tree
        for step in path:
            inside = inside.setdefault(place, {})
            if not isinstance(inside, dict):
                return None
            place = step
        if place in inside or isinstance(value, dict):
            return None
        inside[place] = value
    tree = {name: _listed(value) for name, value in tree.items()}
    try:
        return tree if flattened({root: tree}) == values else None
    except Unreadable:
        return None


def _listed(value: Any) -> Any:
    """Objects whose names are 0, 1, 2 … as the lists that they were."""
    if not isinstance(value, dict):
        return value
    inside = {name: _listed(each) for name, each in value.items()}
    if inside and list(inside) == [str(place) for place in range(len(inside))]:
        return list(inside.values())
    return inside
