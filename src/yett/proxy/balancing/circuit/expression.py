"""Trip rules in words: `error_rate > 0.3 && latency_p99 > 2`.

    rule   = and { "||" and }
    and    = not { "&&" not }
    not    = "!" not | "(" rule ")" | value compare value
    value  = number | name

Precedence is that of C. Names are shares between 0 and 1 (`error_rate`, `network_error_rate`), seconds
(`latency_p50`, `latency_p95`, `latency_p99`) and a count (`requests`). A rule is compiled once into
nested functions; nothing is ever handed to Python's own evaluation.
"""

import operator
import re
from collections.abc import Callable
from typing import NamedTuple

from yett.proxy.balancing.circuit.window import Window

Rule = Callable[[Window], bool]
_Value = Callable[[Window], float]

LONGEST = 500
_DEEPEST = 32
_TOKEN = re.compile(
    r"\s*(?:(?P<number>[0-9]+(?:\.[0-9]+)?)(?![A-Za-z0-9_.])|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<mark>&&|\|\||<=|>=|==|!=|<|>|!|\(|\)))",
    re.ASCII,
)
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


class ExpressionInvalid(Exception):
    """The text is no rule; the message says where and why."""


class ExpressionUnknown(Exception):
    """A value that the rule asks for is not known now."""


class _Token(NamedTuple):
    kind: str
    text: str
    place: int


def compile_expression(text: str) -> Rule:
    """The rule that the text stands for. Raises ExpressionInvalid; the rule may raise ExpressionUnknown."""
    if len(text) > LONGEST:
        raise ExpressionInvalid(f"a rule has at most {LONGEST} characters")
    parser = _Parser(_tokens(text))
    rule = parser.either(0)
    if parser.next.kind != "end":
        raise parser.unexpected('"&&", "||" or the end')
    return rule


def _tokens(text: str) -> list[_Token]:
    tokens = []
    place, end = 0, len(text.rstrip())
    while place < end:
        found = _TOKEN.match(text, place)
        if found is None:
            raise ExpressionInvalid(f"nothing readable at character {place + 1}")
        kind = str(found.lastgroup)
        tokens.append(_Token(kind, found[kind], found.start(kind)))
        place = found.end()
    tokens.append(_Token("end", "the end", end))
    return tokens


def _quantile(share: float, name: str) -> _Value:
    def value(window: Window) -> float:
        found = window.quantile(share)
        if found is None:
            raise ExpressionUnknown(f"{name} is not known: no answer in the window")
        return found

    return value


_NAMES: dict[str, _Value] = {
    "error_rate": lambda window: window.error_ratio,
    "network_error_rate": lambda window: window.network_ratio,
    "requests": lambda window: float(window.requests),
    "latency_p50": _quantile(0.50, "latency_p50"),
    "latency_p95": _quantile(0.95, "latency_p95"),
    "latency_p99": _quantile(0.99, "latency_p99"),
}


class _Parser:
    """One method per line of the grammar above."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = iter(tokens)
        self.next = next(self._tokens)

    def either(self, depth: int) -> Rule:
        if depth > _DEEPEST:
            raise ExpressionInvalid(f"a rule nests at most {_DEEPEST} deep")
        parts = [self._both(depth)]
        while self.next.text == "||":
            self._advance()
            parts.append(self._both(depth))
        return parts[0] if len(parts) == 1 else lambda window: any(part(window) for part in parts)

    def unexpected(self, wanted: str) -> ExpressionInvalid:
        where = "" if self.next.kind == "end" else f" at character {self.next.place + 1}"
        return ExpressionInvalid(f"expected {wanted}, not {self.next.text}{where}")

    def _both(self, depth: int) -> Rule:
        parts = [self._not(depth)]
        while self.next.text == "&&":
            self._advance()
            parts.append(self._not(depth))
        return parts[0] if len(parts) == 1 else lambda window: all(part(window) for part in parts)

    def _not(self, depth: int) -> Rule:
        if self.next.text == "!":
            self._advance()
            if depth > _DEEPEST:
                raise ExpressionInvalid(f"a rule nests at most {_DEEPEST} deep")
            inner = self._not(depth + 1)
            return lambda window: not inner(window)
        if self.next.text == "(":
            self._advance()
            inner = self.either(depth + 1)
            if self.next.text != ")":
                raise self.unexpected('")"')
            self._advance()
            return inner
        left = self._value()
        compare = _COMPARE.get(self.next.text)
        if compare is None:
            raise self.unexpected("a comparison")
        self._advance()
        right = self._value()
        return lambda window: compare(left(window), right(window))

    def _value(self) -> _Value:
        token = self.next
        if token.kind == "number":
            self._advance()
            number = float(token.text)
            return lambda _window: number
        if token.kind != "name":
            raise self.unexpected("a number or a name")
        value = _NAMES.get(token.text)
        if value is None:
            raise ExpressionInvalid(f"{token.text} is none of {', '.join(_NAMES)}")
        self._advance()
        return value

    def _advance(self) -> _Token:
        token = self.next
        self.next = next(self._tokens, token)
        return token
