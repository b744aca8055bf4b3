"""Text of strangers, made harmless to look at.

What stands in the log was partly chosen by whoever wanted to get in: paths, names, user agents. Escaping is the
template's; here is what is left of the danger: characters that cannot be seen, that turn the direction of what
follows, or that a person takes for a line break or an end.
"""

import unicodedata

LONGEST = 2000
"""Characters of one value that are shown."""
_PICTURES = 0x2400


def visible(text: str, *, longest: int = LONGEST) -> str:
    """The text with everything that has no shape of its own spelt out."""
    shown = text if len(text) <= longest else text[:longest]
    if not shown.isprintable():
        shown = "".join(each if each.isprintable() else _spelt(each) for each in shown)
    # Marks that pile up on one letter would cover the lines above and below.
    if not shown.isascii():
        shown = _unpiled(shown)
    return shown if len(text) <= longest else f"{shown}… ({len(text) - longest} more)"


def _spelt(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(_PICTURES + code)
    return "␡" if code == 0x7F else f"⟨U+{code:04X}⟩"


def _unpiled(text: str) -> str:
    found: list[str] = []
    marks = 0
    for each in text:
        marks = marks + 1 if unicodedata.category(each) in {"Mn", "Me"} else 0
        found.append(each if marks <= 2 else f"⟨U+{ord(each):04X}⟩")
    return "".join(found)
