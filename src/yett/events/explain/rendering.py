"""Stories as text for a terminal. What was written by strangers cannot command it."""

from collections.abc import Iterable

from yett.events.explain.model import (
    Answer,
    Chapter,
    Finding,
    Note,
    PersonStory,
    Reached,
    SessionStory,
    Story,
)

_MOST_STORIES = 5
_HEADINGS = (
    ("Sign-ins and what came before them", (Chapter.SIGN_IN, Chapter.PROOF)),
    ("Waits and locks", (Chapter.LOCK,)),
    (
        "Refused, or in trouble",
        (Chapter.GUARD, Chapter.ROUTE, Chapter.ACCESS, Chapter.LIMIT, Chapter.UPSTREAM, Chapter.ENGINE),
    ),
    ("Sessions", (Chapter.SESSION,)),
    ("What they sign in with", (Chapter.DEVICE,)),
    ("What the directory said", (Chapter.PERSON,)),
)


def render(story: Story) -> str:
    """The story of a request."""
    asked = " ".join(part for part in (story.method, story.host + story.path) if part)
    decided_by = story.decided_by
    facts = [
        ("asked for", asked),
        ("from", story.client_address),
        ("by", story.user or "nobody who had signed in"),
        ("session", story.session),
        ("app", story.app),
        ("route", story.route if story.route != story.app else ""),
        ("decision", _decision(story)),
        ("groups needed", ", ".join(story.groups_needed)),
        ("groups held", ", ".join(story.groups_held) or ("none" if story.groups_needed else "")),
        ("upstream", story.upstream),
        ("answer", _answer(story)),
        ("in short", story.sentence),
        ("what to do", decided_by.advice if decided_by is not None else ""),
    ]
    head = [f"Request {story.request}, {story.began}", *_facts(facts)]
    body = [
        f"  {line.after * 1000:>10.3f} ms  {line.level:<5} {'AUDIT ' if line.is_audit else ''}"
        f"{_safe(line.code)}: {_safe(line.message)}{' (' + _safe(line.details) + ')' if line.details else ''}"
        for line in story.lines
    ]
    return "\n".join([*head, "", *body])


def render_session(story: SessionStory) -> str:
    """The life of a session."""
    facts = [
        ("of", story.user),
        ("kind", story.type),
        ("for", story.host),
        ("from sign-on", story.parent),
        ("began", story.began or "before what is kept of the log"),
        ("ended", story.ended),
        ("how it ended", story.end),
        ("addresses", ", ".join(story.client_addresses)),
        ("led to", ", ".join(story.children)),
    ]
    parts = [
        [f"Session {_safe(story.session)}", *_facts(facts)],
        ["How its person signed in", *(f"  {_safe(text)}" for text in story.how)] if story.how else [],
        _places(story.reached),
        _notes("What happened", story.notes, story.left_out, with_session=False),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part)


def render_person(story: PersonStory) -> str:
    """What a range of the log tells of a person."""
    head = [
        f"{_safe(story.user)}, from {story.since} to {story.until}",
        *_facts([("addresses", ", ".join(story.client_addresses))]),
    ]
    sessions = [
        f"  {life.session}  {_safe(life.type or 'session'):<14} {_safe(life.host)}  {life.began or '(began before)'}"
        f"{' to ' + life.ended if life.ended else ''}: {_safe(life.end)}"
        for life in story.sessions
    ]
    parts = [head, _places(story.reached), ["Sessions of theirs", *sessions] if sessions else []]
    parts += [_notes(heading, story.of(*chapters), 0) for heading, chapters in _HEADINGS]
    if story.left_out:
        parts.append([f"{story.left_out} more records are left out; ask for a shorter time."])
    return "\n\n".join("\n".join(part) for part in parts if part)


def render_answer(answer: Answer) -> str:
    """Why somebody could not get somewhere, with the requests' stories below."""
    parts = [[_safe(answer.conclusion)]]
    if answer.findings:
        parts.append(["What kept them away", *map(_finding, answer.findings)])
    if answer.passed:
        parts.append(["What did get through", *map(_finding, answer.passed[:10])])
    parts.append(_notes("What else happened to them", answer.background, 0))
    if answer.next_steps:
        parts.append(["Next", *(f"  - {_safe(step)}" for step in answer.next_steps)])
    if answer.is_cut:
        parts.append(["There was more in the log than was looked at; make --within shorter."])
    stories = [finding.story for finding in answer.findings if finding.story is not None]
    parts += [[render(story)] for story in stories[:_MOST_STORIES]]
    return "\n\n".join("\n".join(part) for part in parts if part)


def _finding(finding: Finding) -> str:
    request = f" [{finding.story.request}]" if finding.story is not None else ""
    return f"  {finding.time} ({finding.closeness.value}) {_safe(finding.sentence)}{request}"


def _facts(facts: Iterable[tuple[str, str]]) -> list[str]:
    return [f"  {name:<14} {_safe(value)}" for name, value in facts if value]


def _places(reached: tuple[Reached, ...]) -> list[str]:
    if not reached:
        return []
    lines = [
        f"  {_safe(place.host or 'elsewhere')} ({_safe(place.app or 'no application')}): {place.requests} requests, "
        f"{place.refused} not let through, {place.failed} failed; {place.first} to {place.last}"
        for place in reached
    ]
    return ["Reached", *lines]


def _notes(heading: str, notes: tuple[Note, ...], left_out: int, *, with_session: bool = True) -> list[str]:
    if not notes:
        return []
    lines = []
    for note in notes:
        times = f" ({note.times} times until {note.until})" if note.times > 1 else ""
        where = f" {note.host}{note.path}" if note.path else ""
        session = (
            f" [session {note.session}]"
            if with_session and note.session and note.chapter is Chapter.SESSION
            else ""
        )
        request = f" [{note.request}]" if note.request and note.weight else ""
        lines.append(f"  {note.time} {note.level:<5} {_safe(note.sentence + where)}{times}{session}{request}")
    if left_out:
        lines.append(f"  {left_out} more are left out.")
    return [heading, *lines]


def _decision(story: Story) -> str:
    by = f" by rule {story.rule}" if story.rule else ""
    why = f": {story.reason}" if story.reason else ""
    return f"{story.decision}{by}{why}"


def _answer(story: Story) -> str:
    if not story.is_ended:
        return "not finished, as far as the log knows"
    took = f" after {story.duration_ms:g} ms" if story.duration_ms is not None else ""
    return f"{story.status if story.status is not None else 'none'}{took}"


def _safe(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)
