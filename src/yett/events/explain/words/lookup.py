"""From a record to words."""

import re
from typing import Any

from yett.events.declare import catalogue
from yett.events.explain.model import Cause, Entry, Note
from yett.events.explain.words import gate, lives, methods, providers, signing_in
from yett.events.explain.words.model import Reasons, Said, Sentences

REASON_FIELDS = ("reason", "failure", "refusal", "why", "blocked_by", "cause")
"""Fields that say why; the first that a record has counts."""

_REASONS: Reasons = {**gate.REASONS, **methods.REASONS, **lives.REASONS, **providers.REASONS}
_SENTENCES: Sentences = {
    **gate.SENTENCES,
    **signing_in.SENTENCES,
    **lives.SENTENCES,
    **providers.SENTENCES,
}
_FIELD = re.compile(r"\{([a-z_0-9.]+)\}")
_LONGEST = 200


def said_of(code: str) -> Said | None:
    """What an event of this code means; None for one that has nothing to do with why."""
    return _SENTENCES.get(code)


def reason_of(code: str, value: str) -> str:
    """What a reason means in an event of this code; empty for one that nobody has words for.

    Words are gathered by the beginning of codes; the longest that knows the reason is the one.
    """
    family = code
    while family:
        words = _REASONS.get(family)
        if words is not None and value in words:
            return words[value]
        family = family.rpartition(".")[0]
    return ""


def reason_in(entry: Entry) -> str:
    """The machine's word for why, as a record has it; empty where it has none."""
    return next((value for name in REASON_FIELDS if isinstance(value := entry.get(name), str)), "")


def filled(sentence: str, entry: Entry) -> str:
    """A sentence with the values of a record in place of the names of fields."""
    return _FIELD.sub(lambda found: _shown(entry.get(found[1])), sentence)


def sentence_of(said: Said, entry: Entry) -> str:
    """The whole sentence about a record, with its reason, and with the groups where they decided."""
    text = filled(said.sentence, entry)
    value = reason_in(entry)
    why = reason_of(str(entry.get("code", "")), value) or _shown(value)
    if value and why:
        text += f": {why}"
    if "groups_needed" in entry and value == "no_group":
        text += f" (needed: {_shown(entry['groups_needed'])}; held: {_shown(entry.get('groups_held'))})"
    return f"{text}."


def cause_of(entry: Entry) -> Cause | None:
    """Why something went no further, by one record; None when the record does not speak of trouble."""
    code = str(entry.get("code", ""))
    said = said_of(code)
    if said is None or not said.weight:
        return None
    return Cause(
        said.chapter, said.weight, code, reason_in(entry), sentence_of(said, entry), advice_for(code)
    )


def note_of(entry: Entry) -> Note | None:
    """One record in words; None when it has nothing to tell of a session or a person."""
    code = str(entry.get("code", ""))
    said = said_of(code)
    if said is None:
        return None
    time = str(entry.get("time", ""))
    return Note(
        time=time,
        until=time,
        times=1,
        level=str(entry.get("level", "")),
        chapter=said.chapter,
        weight=said.weight,
        code=code,
        reason=reason_in(entry),
        sentence=sentence_of(said, entry),
        request=text_in(entry, "server.request.id"),
        session=text_in(entry, "session.ref"),
        client_address=text_in(entry, "server.request.client_ip"),
        host=text_in(entry, "host"),
        path=text_in(entry, "server.request.path"),
    )


def advice_for(code: str) -> str:
    """What the event's declaration tells the operator, on one line; empty for one that is not declared here."""
    declared = catalogue.events.get(code)
    return " ".join(declared.advice.split()) if declared is not None else ""


def text_in(entry: Entry, name: str) -> str:
    """The text of a field; empty without one."""
    value = entry.get(name)
    return value if isinstance(value, str) else ""


def _shown(value: Any) -> str:
    """A value inside a sentence. What was written by strangers is cut to a length that leaves it one."""
    if value is None or value == "":
        return "?"
    if isinstance(value, (list, tuple)):
        text = ", ".join(str(each) for each in value[:50]) or "none"
    elif isinstance(value, float):
        text = f"{value:g}"
    else:
        text = str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
