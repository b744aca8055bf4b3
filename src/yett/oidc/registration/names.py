"""Whether the name that a client gives itself may be shown to people who are asked to trust it.

What is refused could be taken for another text than it is: by what is invisible, runs backwards or is piled up, by
letters of several scripts that look alike (Unicode Technical Standard 39, section 5.2), and by looking like a name that
is somebody else's.
"""

import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass

MAX_NAME = 60
_PUNCTUATION = frozenset(" .,'&+()/-_:!")
_MOST_MARKS = 2
"""Accents on one letter."""
_TOGETHER = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
)
"""Scripts that are written together (UTS 39, "highly restrictive")."""
_LOOKS_LIKE = str.maketrans(
    {
        **dict(zip("аеорсухіјѕһԁԛԝпгткмвнзб", "aeopcyxijshdqwnrtkmbhe6", strict=True)),
        **dict(zip("αοριντυκχηγβ", "aopivtukxnyb", strict=True)),
        **dict(zip("0135479|", "olesatgl", strict=True)),
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
        "ł": "l",
        "ø": "o",
        "đ": "d",
    }
)
"""Letters by the Latin ones that they are taken for; not all there are, but those of everyday fonts."""


def proper_name(text: str) -> str:
    """The name as it is kept and shown; empty when it is none."""
    name = " ".join(unicodedata.normalize("NFKC", text).split())
    if not 0 < len(name) <= MAX_NAME or not any(each.isalnum() for each in name) or "://" in name:
        return ""
    # How many more marks there may be: none but on a letter.
    room = 0
    for each in name:
        kind = unicodedata.category(each)
        if kind in {"Mn", "Mc"}:
            room -= 1
        else:
            room = _MOST_MARKS if kind[0] == "L" else 0
        is_mark = kind in {"Mn", "Mc"} and room >= 0
        if not (is_mark or each in _PUNCTUATION or kind[0] == "L" or kind == "Nd"):
            return ""
    return name if _is_of_one_script(name) else ""


def _is_of_one_script(name: str) -> bool:
    scripts = {
        unicodedata.name(each, "UNKNOWN LETTER").split(" ", 1)[0]
        for each in name
        if unicodedata.category(each)[0] == "L"
    }
    return len(scripts) <= 1 or any(scripts <= each for each in _TOGETHER)


def skeleton(name: str) -> str:
    """What people take a name for who do not look closely: names with the same one could be mistaken."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    letters = (each for each in plain.translate(_LOOKS_LIKE) if each.isalnum())
    # What looks alike once more after that: a capital I is an l, and two letters can be one.
    return "".join(letters).replace("i", "l").replace("rn", "m").replace("vv", "w")


@dataclass(frozen=True, slots=True)
class Place:
    """An application behind the gateway, whose name is its own."""

    name: str
    host: str
    """The host that people open, or "*." and a name for every host one label above it."""

    def has(self, hosts: Collection[str]) -> bool:
        """Whether all of these are its host, so that whoever sends people there is the application."""
        if self.host.startswith("*."):
            return all(host.partition(".")[2] == self.host[2:] for host in hosts)
        return all(host == self.host for host in hosts)


def elsewhere(places: Iterable[Place], hosts: Collection[str]) -> list[str]:
    """The names, and hosts, of the applications that a client which sends people to these hosts is not."""
    others = (place for place in places if not place.has(hosts))
    return [text for place in others for text in (place.name, place.host.removeprefix("*."))]


def is_taken(name: str, taken: Iterable[str]) -> bool:
    """Whether a name could be mistaken for one of these, or for something that contains it whole."""
    own = skeleton(name)
    return any(own == other or (len(other) > 3 and other in own) for other in map(skeleton, taken) if other)
