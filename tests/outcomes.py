"""What a documented log entry asks for: its outcomes, and which messages satisfy each.

Pure functions over the entries of `catalogue/events.jsonl`. One entry may list several outcomes;
each is an event of its own whose message starts with the words documented for it.
"""

import re
from dataclasses import dataclass
from typing import Any

_LISTED = re.compile(r"(?:Comma list of outcomes|Slash-joined variants): (.+?)\.(?= [A-Z]|$)")
_REMARK = re.compile(r"Remark: (.+?)\.(?= [A-Z]|$)")
_GROUP = re.compile(r"\S+/\S+")
_NAMED_PLACE = re.compile(r"<[a-z_]+>|\{[a-z_]+\}|%[sv]")
_ANY_PLACE = re.compile(r"<[a-z_]+>|\{[a-z_]+\}|%[sv]|\bN/M\b|\bN\b|\bXs\b")
_DESCRIBED = ("Dynamic message: the text is set at run time", "Description, not wording")

UNLEVELLED = frozenset({"console", "stderr"})
"""Components of lines that are printed, not recorded."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One outcome of one entry. An entry whose wording is not given takes any message."""

    words: str
    patterns: tuple[re.Pattern[str], ...]

    def reach(self, message: str) -> int:
        """How much of the message the documented words cover; -1 when they do not fit."""
        if not self.patterns:
            return 0
        return max(
            (found.end() for pattern in self.patterns if (found := pattern.match(message))), default=-1
        )


def outcomes(entry: dict[str, Any]) -> tuple[Outcome, ...]:
    """Every outcome an entry documents, in its order."""
    note = entry.get("note", "")
    if entry["message"].startswith("(dynamic ") or any(mark in note for mark in _DESCRIBED):
        return (Outcome(entry["message"], ()),)
    is_place = _ANY_PLACE if "laceholder" in note or entry["component"] in UNLEVELLED else _NAMED_PLACE
    remark = _REMARK.search(note)
    return tuple(
        Outcome(words, tuple(_pattern(form, is_place) for form in _forms(words, remark)))
        for words in wordings(entry)
    )


def wordings(entry: dict[str, Any]) -> tuple[str, ...]:
    """The documented words of each outcome."""
    alternatives = tuple(entry.get("alternatives", ()))
    found = _LISTED.search(entry.get("note", ""))
    listed = (
        tuple(_completed(piece, entry["message"]) for piece in found.group(1).split("; ")) if found else ()
    )
    if alternatives and listed:
        # The slash inside one of the alternatives is itself spelt out in the note.
        return tuple(words for each in alternatives for words in (listed if _GROUP.search(each) else (each,)))
    return alternatives or listed or (entry["message"],)


def _completed(piece: str, message: str) -> str:
    """A variant as a whole message: notes sometimes list only the words that vary."""
    group = _GROUP.search(message)
    if group is None or piece.lower() in _clauses(message):
        return piece
    head, tail = message[: group.start()].strip(), message[group.end() :].strip()
    is_whole = piece.lower().startswith(head.lower()) if head else piece.lower().endswith(tail.lower())
    if is_whole:
        return piece
    for word in group.group().split("/"):
        if word.lower() in piece.lower().split():
            return f"{head} {word} {tail}".strip()
    return piece


def _clauses(message: str) -> set[str]:
    """What a message that is a list says one after the other, in lower case, a slash spelt out."""
    pieces = message.lower().split(", ")
    groups = [(piece, _GROUP.search(piece)) for piece in pieces if len(pieces) > 1]
    return {
        piece if group is None else f"{piece[: group.start()]}{word}{piece[group.end() :]}"
        for piece, group in groups
        for word in (group.group().split("/") if group is not None else ("",))
    }


def _forms(words: str, remark: re.Match[str] | None) -> tuple[str, ...]:
    """The words, and the words without what the note calls a remark."""
    if remark is None:
        return (words,)
    return tuple(dict.fromkeys((words, words.replace(f" ({remark.group(1)})", "").strip())))


def _pattern(form: str, place: re.Pattern[str]) -> re.Pattern[str]:
    """A message that starts with the form. Places hold any value, or stand empty.

    What comes behind a place is left out freely when three words stand before it. Only the case
    of the first letter is free. The words end where a word ends.
    """
    form = form.removesuffix("...").strip()
    pieces = place.split(form)
    if len(pieces) == 1 or not any(re.search(r"\w\w", piece) for piece in pieces):
        return re.compile(_any_case(re.escape(form)) + r"(?!\w)")
    literals = [re.escape(piece.strip(' "():')) for piece in pieces]
    if len(pieces[0].split()) >= 3:
        del literals[1:]
    body = ".{0,30}?".join(literals).removesuffix(".{0,30}?")
    return re.compile(_any_case(body) + r"(?!\w)")


def _any_case(body: str) -> str:
    return f"[{body[0].lower()}{body[0].upper()}]{body[1:]}" if body[0].isalpha() else body


def fits(entry: dict[str, Any], component: str, level: str, *, audit: bool) -> bool:
    """Whether an event belongs where the entry stands, its message aside."""
    documented = entry["component"]
    if documented in UNLEVELLED or bool(entry["audit"]) is not audit or level not in entry["levels"]:
        return False
    if documented.endswith(".*"):
        return component == documented[:-2] or component.startswith(documented[:-1])
    # The reference gives one component for everything about Kubernetes.
    return component == documented or (documented == "k8s" and component.startswith("k8s."))
