"""Regular expressions that operators write, as far as they cannot take long.

The standard library's engine tries one way of matching after the other, and some expressions
have more ways than anybody can wait for: `(a|a)*`, `a?a?a?…`. So an expression is read here
before it is compiled, and the ways are counted: an optional piece has two, an open repetition as
many as the subject has characters, alternatives add up, what stands in a row multiplies, and an
open repetition of something that has more than one way is refused. The subject's length is bounded,
so a bounded number of ways is a bounded time.

Left out on purpose: look-around, back-references, flags, possessive and atomic forms, anchors
other than at both ends (where they change nothing: the whole subject has to match).
"""

import re
from typing import Final

LONGEST_SUBJECT: Final = 512
LONGEST_PATTERN: Final = 512
MOST_WAYS: Final = 8 * (LONGEST_SUBJECT + 1) ** 2
"""Two open repetitions in a row and a few alternatives. An expression made to be as slow as this
allows took 0.16 s to say no; ordinary ones take microseconds."""
_MOST_REPEATS: Final = 1000

_COUNTS = re.compile(r"\{(?:(\d{1,4})(,(\d{0,4}))?|,(\d{1,4}))\}", re.ASCII)
_CLASS = re.compile(r"\[\^?\]?(?:[^\\\[\]]|\\.)*\]")
_SPECIAL = frozenset("*+?{}|()[]^$\\")


class BadPattern(ValueError):
    """The expression is wrong or could take too long; the text says which."""


def compile_pattern(text: str) -> re.Pattern[str]:
    """The expression, for `fullmatch` with subjects of at most LONGEST_SUBJECT characters. Raises BadPattern."""
    if len(text) > LONGEST_PATTERN:
        raise BadPattern(f"is longer than {LONGEST_PATTERN} characters")
    body = text.removeprefix("^")
    if body.endswith("$") and not body.endswith("\\$"):
        body = body[:-1]
    if not body:
        raise BadPattern("is empty")
    reading = _Reading(body)
    ways = reading.alternatives()
    if reading.at < len(body):
        raise BadPattern(f"has a ) without its ( at {reading.at}")
    if ways > MOST_WAYS:
        raise BadPattern("could take too long: it has too many repetitions without a bound")
    try:
        return re.compile(body, re.ASCII)
    except (re.error, OverflowError) as problem:
        raise BadPattern(str(problem)) from problem


class _Reading:
    """One pass over an expression, counting its ways."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self._depth = 0

    def alternatives(self) -> int:
        """The ways of everything up to a closing parenthesis or the end."""
        ways = self._row()
        while self._next() == "|":
            self.at += 1
            ways += self._row()
        return ways

    def _next(self) -> str:
        return self.text[self.at : self.at + 1]

    def _row(self) -> int:
        ways = 1
        while self._next() not in {"", "|", ")"}:
            each = self._piece()
            # Kept small: the number is only compared, and its product could grow beyond all use.
            ways = min(ways * self._repeated(each), MOST_WAYS + 1)
        return ways

    def _piece(self) -> int:
        character = self._next()
        if character == "(":
            return self._group()
        if character == "[":
            found = _CLASS.match(self.text, self.at)
            if found is None:
                raise BadPattern(f"has a [ without its ] at {self.at}")
            if re.search(r"--|&&|\|\||~~", found.group()):
                raise BadPattern("joins sets of characters, which is not offered")
            self.at = found.end()
        elif character == "\\":
            following = self.text[self.at + 1 : self.at + 2]
            if not following or (following.isalnum() and following not in "dDwWsS"):
                raise BadPattern(f"has \\{following}, which is not offered")
            self.at += 2
        elif character in _SPECIAL:
            raise BadPattern(f"has {character} in a place where it means nothing, at {self.at}")
        else:
            self.at += 1
        return 1

    def _group(self) -> int:
        self.at += 1
        if self._next() == "?":
            if self.text[self.at : self.at + 2] != "?:":
                raise BadPattern("has (?…, of which only (?:…) is offered")
            self.at += 2
        self._depth += 1
        if self._depth > 20:
            raise BadPattern("nests groups too deeply")
        ways = self.alternatives()
        if self._next() != ")":
            raise BadPattern("has a ( without its )")
        self._depth -= 1
        self.at += 1
        return ways

    def _repeated(self, ways: int) -> int:
        """The ways of a piece with the repetition that follows it."""
        bounds = self._bounds()
        if bounds is None:
            return ways
        least, most = bounds
        if self._next() == "?":
            self.at += 1
        if self._next() and self._next() in "*+?{":
            raise BadPattern(f"repeats a repetition, at {self.at}")
        if ways > 1 and most is None:
            raise BadPattern("could take too long: it repeats without a bound what can match in several ways")
        lengths = (LONGEST_SUBJECT if most is None else most) - least + 1
        if lengths < 1 or max(least, most or 0) > _MOST_REPEATS:
            raise BadPattern(f"has a bound of repetition that cannot be used, at {self.at}")
        if ways == 1:
            return lengths
        return min(lengths * int(ways ** min(most or 0, 24)), MOST_WAYS + 1)

    def _bounds(self) -> tuple[int, int | None] | None:
        character = self._next()
        simple = {"*": (0, None), "+": (1, None), "?": (0, 1)}.get(character)
        if simple is not None:
            self.at += 1
            return simple
        if character != "{":
            return None
        found = _COUNTS.match(self.text, self.at)
        if found is None:
            raise BadPattern(f"has a {{ that is no repetition, at {self.at}; write \\{{ for the character")
        self.at = found.end()
        least, is_range, most, upto = found.groups()
        if upto is not None:
            return 0, int(upto)
        if not is_range:
            return int(least), int(least)
        return int(least), int(most) if most else None
