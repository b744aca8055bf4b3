"""Structured data of RFC 5424 (section 6.3), as text and as values."""

import re

from yett.events.dialects.entry import Unreadable

MOST_ELEMENTS = 32
MOST_PARAMETERS = 1000
LONGEST_NAME = 32
"""SD-NAME, section 6.3."""

NAME = re.compile(r"[!#-<>-\\^-~]{1,32}", re.ASCII)
"""SD-NAME: printable ASCII but for `=`, space, `]` and `"`."""

_PARAMETER = re.compile(r' ([!#-<>-\\^-~]{1,32})="((?:[^"\\\]]++|\\.)*+)"', re.ASCII | re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\\]])')
_SPECIAL = re.compile(r'["\\\]]')

Element = tuple[str, list[tuple[str, str]]]


def element(name: str, parameters: list[tuple[str, str]]) -> str:
    """One SD-ELEMENT. Names are checked by whoever calls."""
    inside = "".join(f' {key}="{_escaped(value)}"' for key, value in parameters)
    return f"[{name}{inside}]"


def _escaped(value: str) -> str:
    """Quotes, backslashes and closing brackets have a backslash before them (section 6.3.3)."""
    return _SPECIAL.sub(r"\\\g<0>", value) if _SPECIAL.search(value) else value


def parsed(text: str) -> tuple[list[Element], int]:
    """The elements that a text begins with, and where what follows them begins. Raises Unreadable."""
    if text.startswith("-"):
        return [], 1
    elements: list[Element] = []
    names: set[str] = set()
    at, count = 0, 0
    while text.startswith("[", at):
        match = NAME.match(text, at + 1)
        if match is None:
            raise Unreadable("structured data without a name")
        name, at = match[0], match.end()
        parameters: list[tuple[str, str]] = []
        while (found := _PARAMETER.match(text, at)) is not None and len(parameters) <= MOST_PARAMETERS:
            # A backslash before any other character is one itself (section 6.3.3).
            parameters.append((found[1], _ESCAPED.sub(r"\1", found[2]) if "\\" in found[2] else found[2]))
            at = found.end()
        if not text.startswith("]", at):
            raise Unreadable("structured data that does not end")
        if name in names:
            raise Unreadable("two elements of one name")
        at += 1
        names.add(name)
        elements.append((name, parameters))
        count += len(parameters)
        if len(elements) > MOST_ELEMENTS or count > MOST_PARAMETERS:
            raise Unreadable("too much structured data")
    if not elements:
        raise Unreadable("no structured data")
    return elements, at
