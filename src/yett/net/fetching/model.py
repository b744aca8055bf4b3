"""What comes of asking another server."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn


class FetchFailed(Exception):
    """Nothing was fetched. The text says why, in our own words: it holds no address and no secret."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A whole answer. Whether its status is a good one is for the caller to say."""

    status: int
    headers: Mapping[str, str]
    """Values by lower-case name; those of a name that came more than once are joined by ", "."""
    body: bytes

    def expect(self, status: int = 200) -> "Fetched":
        """The answer itself, if it has that status. Raises FetchFailed."""
        if self.status != status:
            raise FetchFailed(f"the answer has status {self.status}")
        return self

    def json(self) -> dict[str, Any]:
        """The body as one JSON object. Raises FetchFailed."""
        value = parse_object(self.body)
        if value is None:
            raise FetchFailed("the answer is not JSON as it should be")
        return value


def parse_object(raw: bytes) -> dict[str, Any] | None:
    """One JSON object that has each key once; None for everything else.

    Of a key that comes twice, two readers may take different ones; `NaN` is no JSON.
    """
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError
    return value


def _refuse(_: str) -> NoReturn:
    raise ValueError
