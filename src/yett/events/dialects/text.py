"""One line of text for people at a terminal."""

import os
from collections.abc import Mapping
from typing import Any

import msgspec

from yett.events.dialects.entry import Unwritable
from yett.events.dialects.native import Native, not_written
from yett.events.pipeline import Record

_COLOURS = {"ERROR": "31", "WARN": "33", "INFO": "32", "DEBUG": "36", "TRACE": "90"}
_SHOWN_FIRST = frozenset({"time", "level", "audit", "component", "msg"})
_LEFT_OUT = frozenset({"code", "node", "seq", "chain"})


def is_terminal(descriptor: int) -> bool:
    """Whether somebody sits there. A closed descriptor is no terminal."""
    return os.isatty(descriptor)


def should_colour(descriptor: int) -> bool:
    """Whether the terminal wants colours; whoever sets NO_COLOR gets none (no-color.org)."""
    return is_terminal(descriptor) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


class Text:
    """Writes records as text, in colours when asked to."""

    def __init__(self, *, colour: bool = False) -> None:
        self._colour = colour
        self._native = Native()

    def lines(self, records: list[Record]) -> bytes:
        """Many records, each with its line break."""
        parts: list[str] = []
        for record in records:
            try:
                parts.append(self.render(msgspec.json.decode(self._native.line(record))))
            except Unwritable as problem:
                not_written(problem)
        return "".join(f"{part}\n" for part in parts).encode()

    def render(self, entry: Mapping[str, Any]) -> str:
        """One stored record."""
        level = str(entry.get("level", ""))
        fields = " ".join(
            f"{self._paint(name, '90')}={_value(value)}"
            for name, value in entry.items()
            if name not in _SHOWN_FIRST and name not in _LEFT_OUT
        )
        moment = str(entry.get("time", "")).replace("T", " ").rstrip("Z")[:23]
        parts = [
            self._paint(moment, "90"),
            self._paint(f"{level:<5}", _COLOURS.get(level, "0")),
            *([self._paint("AUDIT", "35")] if entry.get("audit") else []),
            self._paint(_value(entry.get("component", "")), "1"),
            _printable(str(entry.get("msg", ""))),
            *([fields] if fields else []),
        ]
        return " ".join(parts)

    def _paint(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._colour else text


def _value(value: Any) -> str:
    """A value as one word, or in quotes."""
    if isinstance(value, str):
        safe = _printable(value)
        return safe if safe and not any(mark in safe for mark in ' "=') else f'"{safe}"'
    if isinstance(value, list):
        return "[" + ",".join(_value(each) for each in value) + "]"
    return _printable(msgspec.json.encode(value).decode())


def _printable(text: str) -> str:
    """The text without anything a terminal would act on."""
    return "".join(character if character.isprintable() else f"\\x{ord(character):02x}" for character in text)
