"""What was read although it was not quite right."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Notice:
    """A printed line and the words in it."""

    line: Callable[..., None]
    words: tuple[str, ...]


def announce(notices: Iterable[Notice]) -> None:
    """Print each notice."""
    for notice in notices:
        notice.line(*notice.words)
