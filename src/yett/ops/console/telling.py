"""Stories as their pages draw them: facts, a verdict, and what happened when."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from yett.events import catalogue
from yett.events.explain import Cause, Note, PersonStory, Reached, SessionStory, Story, Weight
from yett.ops.console.form import Asked, seconds_of
from yett.ops.console.showing import Value, story_at
from yett.ops.console.visible import visible

LENGTH = 1000
"""Width of the drawing that shows how long each step took."""
MOST_STEPS = 1000
"""More of one request than anybody reads, and than a page should hold."""
_LEAST = 4
_CLASSES: Mapping[Weight, str] = {Weight.NEWS: "news", Weight.TROUBLE: "trouble", Weight.END: "end"}


@dataclass(frozen=True, slots=True)
class Step:
    """One record of a request."""

    after: str
    took: str
    """Until the next one; empty for the last."""
    x: int
    width: int
    level: str
    is_audit: bool
    message: str
    code: str
    details: str
    advice: str


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing in the life of a session or a person."""

    day: str
    clock: str
    until: str
    times: int
    weight: str
    chapter: str
    sentence: str
    request: str
    """Where its story is told."""
    place: str


def request(story: Story) -> dict[str, Any]:
    """One request."""
    asked = " ".join(part for part in (story.method, story.host + story.path) if part)
    held = ", ".join(story.groups_held) or ("none" if story.groups_needed else "")
    facts = _facts(
        ("who", "auth.user_id", story.user),
        ("asked for", "", asked),
        ("from", "server.request.client_ip", story.client_address),
        ("session", "session.ref", story.session),
        ("application", "", story.app),
        ("route", "", story.route if story.route != story.app else ""),
        ("decision", "", _decision(story)),
        ("groups needed", "", ", ".join(story.groups_needed)),
        ("groups held", "", held),
        ("upstream", "", story.upstream),
        ("answer", "", _answer(story)),
    )
    return {
        "id": visible(story.request, longest=200),
        "day": _day(story.began),
        "began": _clock(story.began),
        "sentence": visible(story.sentence),
        "is_refused": story.is_refused,
        "facts": facts,
        "causes": [_cause(each, is_it=each is story.decided_by) for each in story.causes],
        "steps": _steps(story),
        "left_out": max(len(story.lines) - MOST_STEPS, 0),
        "length": LENGTH,
        "records": Asked(request=story.request, range="all").address(),
    }


def session(story: SessionStory) -> dict[str, Any]:
    """One session."""
    facts = _facts(
        ("who", "auth.user_id", story.user),
        ("kind", "", story.type),
        ("for", "", story.host),
        ("sign-on", "session.ref", story.parent),
        ("began", "", _moment(story.began) or "before what is kept of the log"),
        ("ended", "", _moment(story.ended)),
        ("how it ended", "", story.end),
        ("addresses", "", ", ".join(story.client_addresses)),
    )
    return {
        "kind": "Session",
        "id": visible(story.session, longest=200),
        "span": "",
        "facts": facts,
        "how": [visible(each) for each in story.how],
        "sessions": [(each, story_at("session.ref", each), "") for each in story.children],
        "sessions_heading": "Sessions that hang on it",
        "reached": _reached(story.reached),
        "notes": _notes(story.notes),
        "left_out": story.left_out,
        "records": Asked(session=story.session, range="all").address(),
    }


def person(story: PersonStory) -> dict[str, Any]:
    """One person."""
    facts = _facts(("addresses", "", ", ".join(story.client_addresses)))
    lives = [
        (
            each.session,
            story_at("session.ref", each.session),
            ", ".join(part for part in (each.type, each.host, _moment(each.began), each.end) if part),
        )
        for each in story.sessions
    ]
    return {
        "kind": "Person",
        "id": visible(story.user, longest=200),
        "span": f"{_moment(story.since)} to {_moment(story.until)}",
        "facts": facts,
        "how": [],
        "sessions": [(each, href, visible(words)) for each, href, words in lives],
        "sessions_heading": "Sessions",
        "reached": _reached(story.reached),
        "notes": _notes(story.notes),
        "left_out": story.left_out,
        "records": Asked(user=story.user, range="7d").address(),
    }


def _facts(*facts: tuple[str, str, str]) -> list[Value]:
    """Those that are known: what each is called, the field it comes from, and its value."""
    return [
        Value(name, visible(value), narrow=_narrow(field, value), story=story_at(field, value))
        for name, field, value in facts
        if value
    ]


def _narrow(field: str, value: str) -> str:
    return Asked(where=(f"{field}={value}",), range="24h").address() if field and value.isprintable() else ""


def _cause(cause: Cause, *, is_it: bool) -> dict[str, Any]:
    return {
        "sentence": visible(cause.sentence),
        "advice": " ".join(cause.advice.split()),
        "weight": _CLASSES[cause.weight],
        "is_it": is_it,
        "code": visible(cause.code, longest=200),
    }


def _steps(story: Story) -> list[Step]:
    """Each record as a bar that begins when it was said and ends when the next one was."""
    offsets = [max(line.after, 0.0) for line in story.lines]
    total = max(offsets[-1], (story.duration_ms or 0.0) / 1000, 1e-6)
    steps = []
    for place, line in enumerate(story.lines[:MOST_STEPS]):
        begin = min(offsets[place], total)
        end = offsets[place + 1] if place + 1 < len(offsets) else begin
        declaration = catalogue.events.get(line.code)
        x = min(round(LENGTH * begin / total), LENGTH - _LEAST)
        steps.append(
            Step(
                after=_milliseconds(begin),
                took=_milliseconds(end - begin) if end > begin else "",
                x=x,
                width=max(min(round(LENGTH * (end - begin) / total), LENGTH - x), _LEAST),
                level=visible(line.level, longest=12),
                is_audit=line.is_audit,
                message=visible(line.message),
                code=visible(line.code, longest=200),
                details=visible(line.details),
                advice=" ".join(declaration.advice.split()) if declaration is not None else "",
            )
        )
    return steps


def _milliseconds(seconds: float) -> str:
    if seconds >= 10:
        return f"{seconds:.1f} s"
    return f"{seconds * 1000:.1f} ms"


def _reached(places: Iterable[Reached]) -> list[dict[str, Any]]:
    return [
        {
            "host": visible(each.host or "elsewhere", longest=200),
            "app": visible(each.app, longest=200),
            "requests": each.requests,
            "refused": each.refused,
            "failed": each.failed,
            "span": f"{_moment(each.first)} to {_moment(each.last)}",
        }
        for each in places
    ]


def _notes(notes: Iterable[Note]) -> list[Happened]:
    return [
        Happened(
            day=_day(note.time),
            clock=_clock(note.time),
            until=_moment(note.until) if note.times > 1 else "",
            times=note.times,
            weight=_CLASSES[note.weight],
            chapter=note.chapter.value.replace("_", "-"),
            sentence=visible(note.sentence),
            request=story_at("server.request.id", note.request),
            place=visible(
                " · ".join(part for part in (note.client_address, note.host + note.path) if part), longest=300
            ),
        )
        for note in notes
    ]


def _decision(story: Story) -> str:
    by = f" by rule {story.rule}" if story.rule else ""
    return f"{story.decision}{by}" if story.decision != "undecided" else ""


def _answer(story: Story) -> str:
    if not story.is_ended:
        return "not finished, as far as the log knows"
    took = f" after {story.duration_ms:g} ms" if story.duration_ms is not None else ""
    return f"{story.status if story.status is not None else 'none'}{took}"


def _moment(stamp: str) -> str:
    """An instant of the log in words; a stamp that is none as it is."""
    return (
        f"{_day(stamp)}, {_clock(stamp)[:8]}" if seconds_of(stamp) is not None else visible(stamp, longest=40)
    )


def _day(stamp: str) -> str:
    return visible(stamp[:10], longest=10)


def _clock(stamp: str) -> str:
    return visible(stamp[11:23], longest=12)
