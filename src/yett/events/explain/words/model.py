"""What the tables of words are made of."""

from collections.abc import Mapping
from typing import NamedTuple

from yett.events.explain.model import Chapter, Weight


class Said(NamedTuple):
    """What an event means to somebody who asks why.

    The sentence has no full stop, and may name fields of the record: `{app}`.
    """

    chapter: Chapter
    weight: Weight
    sentence: str


Reasons = Mapping[str, Mapping[str, str]]
"""What the machine's words for reasons mean, as the end of a sentence, by the beginning of an event's code."""

Sentences = Mapping[str, Said]
"""By code."""


def end(chapter: Chapter, sentence: str) -> Said:
    """It is why a request, or a sign-in, went no further."""
    return Said(chapter, Weight.END, sentence)


def trouble(chapter: Chapter, sentence: str) -> Said:
    """It contributed to that."""
    return Said(chapter, Weight.TROUBLE, sentence)


def news(chapter: Chapter, sentence: str) -> Said:
    """It happened."""
    return Said(chapter, Weight.NEWS, sentence)
