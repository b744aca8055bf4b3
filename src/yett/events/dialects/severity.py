"""How other systems say how grave a record is, as words and as numbers.

They have more steps than we do. What a level cannot say (`critical` is an ERROR, too) is kept beside
it in a field called `severity`, and is what the next one of them is told.
"""

from collections.abc import Mapping
from typing import Any

from yett.events.dialects.entry import Entry, Unreadable

FIELD = "severity"

_WORDS = {
    "trace": "TRACE",
    "debug": "DEBUG",
    "info": "INFO",
    "information": "INFO",
    "informational": "INFO",
    "notice": "INFO",
    "warn": "WARN",
    "warning": "WARN",
    "error": "ERROR",
    "err": "ERROR",
    "exception": "ERROR",
    "critical": "ERROR",
    "crit": "ERROR",
    "fatal": "ERROR",
    "panic": "ERROR",
    "alert": "ERROR",
    "emergency": "ERROR",
    "emerg": "ERROR",
}

NUMBERS: Mapping[str, int] = {"ERROR": 3, "WARN": 4, "INFO": 6, "DEBUG": 7, "TRACE": 7}
"""The severities of RFC 5424 (section 6.2.1) that our levels have."""
_LEVELS = ("ERROR", "ERROR", "ERROR", "ERROR", "WARN", "INFO", "INFO", "DEBUG")


def level_of_word(word: object, own: Mapping[str, str]) -> tuple[str, str | None]:
    """The level that a word means, and the word when the level alone would not bring it back.

    `own` is the word that the dialect has for each level. Raises Unreadable.
    """
    level = _WORDS.get(word.lower()) if isinstance(word, str) else None
    if level is None or not isinstance(word, str):
        raise Unreadable("a level that there is not")
    return level, None if own[level].lower() == word.lower() else word


def word_of(entry: Entry, own: Mapping[str, str]) -> tuple[str, bool]:
    """The word for a record, and whether it is the one that the record has kept."""
    level, kept = entry["level"], entry.get(FIELD)
    if isinstance(kept, str) and _WORDS.get(kept.lower()) == level and own[level].lower() != kept.lower():
        return kept, True
    return own[level], False


def level_of_number(number: object) -> tuple[str, int | None]:
    """The level that a severity of RFC 5424 means, and the number when the level alone would not bring it back."""
    if type(number) is not int or not 0 <= number <= 7:
        raise Unreadable("a severity that there is not")
    level = _LEVELS[number]
    return level, None if NUMBERS[level] == number else number


def number_of(entry: Entry) -> tuple[int, bool]:
    """The severity of a record, and whether it is the one that the record has kept."""
    level: str = entry["level"]
    kept: Any = entry.get(FIELD)
    if type(kept) is int and 0 <= kept <= 7 and _LEVELS[kept] == level and NUMBERS[level] != kept:
        return kept, True
    return NUMBERS[level], False
