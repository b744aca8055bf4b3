"""Why somebody could not get somewhere: what the log around an instant says. Pure: entries in, answer out."""

from collections.abc import Iterable, Sequence

from yett.events.explain.lives import bears_on, is_about
from yett.events.explain.model import Answer, Closeness, Entry, Finding, Note, Question, Story, Weight
from yett.events.explain.requests import tell
from yett.events.explain.words import note_of
from yett.events.explain.words.lookup import text_in
from yett.events.query import seconds_of

MOST_FINDINGS = 50
_ORDER = {closeness: place for place, closeness in enumerate(Closeness)}


def answer(
    question: Question, entries: Iterable[Entry], *, addresses: Iterable[str] = (), is_cut: bool = False
) -> Answer:
    """What the entries say about a question.

    `addresses` are those the person is known to have come from: who was not signed in yet is
    recognised by them. Such findings say "perhaps", since an address is not a person.
    """
    known = frozenset(addresses)
    requests: dict[str, list[Entry]] = {}
    loose: list[Entry] = []
    for entry in entries:
        request = text_in(entry, "server.request.id")
        requests.setdefault(request, []).append(entry) if request else loose.append(entry)
    found: list[Finding] = []
    passed: list[Finding] = []
    background: list[Note] = []
    for request, records in requests.items():
        story = tell(request, records)
        closeness = None if story is None else _closeness(question, story, known, records)
        if story is None or closeness is None or not _is_within(question, story.began):
            background += _background(question, records)
            continue
        finding = Finding(story.began, closeness, _sentence(story), story.decided_by, story)
        if story.is_refused:
            found.append(finding)
        elif closeness is Closeness.EXACT:
            passed.append(finding)
        background += _background(question, records)
    background += _background(question, loose)
    found.sort(key=lambda each: (_ORDER[each.closeness], _distance(question, each.time)))
    passed.sort(key=lambda each: _distance(question, each.time))
    notes = tuple(sorted(background, key=lambda note: note.time))[-MOST_FINDINGS:]
    return Answer(
        question,
        _conclusion(question, found, passed, notes),
        tuple(found[:MOST_FINDINGS]),
        tuple(passed[:MOST_FINDINGS]),
        notes,
        _next_steps(question, found, passed),
        is_cut,
    )


def _is_within(question: Question, time: str) -> bool:
    return question.since <= seconds_of(time) < question.until


def _distance(question: Question, time: str) -> float:
    return abs(seconds_of(time) - question.at)


def _closeness(
    question: Question, story: Story, known: frozenset[str], records: Sequence[Entry]
) -> Closeness | None:
    """How well a request answers the question; None when it has nothing to do with it."""
    is_there = not question.host or story.host == question.host
    is_path = is_there and _is_below(story.path, question.path)
    by_address = bool(question.client_address) and story.client_address == question.client_address
    is_theirs = not question.user or story.user == question.user
    # In a half-finished sign-in the person is known to some records only.
    is_theirs = is_theirs or any(is_about(question.user, entry) for entry in records)
    if question.client_address and not by_address:
        return None
    if is_theirs:
        return Closeness.EXACT if is_path else Closeness.NEAR
    if is_there and not story.user and (by_address or story.client_address in known):
        return Closeness.PERHAPS
    return None


def _is_below(path: str, prefix: str) -> bool:
    wanted = prefix.rstrip("/")
    return not wanted or path == wanted or path.startswith(wanted + "/")


def _sentence(story: Story) -> str:
    who = story.user or f"somebody at {story.client_address or 'an unknown address'}"
    what = f"{story.method} {story.host}{story.path}".strip() or "something"
    return f"{who} asked for {what}. {story.sentence}"


def _background(question: Question, records: Iterable[Entry]) -> list[Note]:
    """What records say of the person besides requests: that they were disabled, that a session ended."""
    if not question.user:
        return []
    notes = (note_of(entry) for entry in records if is_about(question.user, entry))
    return [note for note in notes if note is not None and bears_on(note) and not _is_request(note)]


def _is_request(note: Note) -> bool:
    """Whether the note is about a request, which has a story of its own."""
    return bool(note.request) and note.weight is Weight.END and bool(note.host)


def _conclusion(
    question: Question, found: Sequence[Finding], passed: Sequence[Finding], notes: Sequence[Note]
) -> str:
    who = question.user or question.client_address or "anybody"
    where = question.host + question.path or "anything"
    exact = [each for each in found if each.closeness is Closeness.EXACT]
    if exact:
        times = f" ({len(exact)} times in all)" if len(exact) > 1 else ""
        return f"{exact[0].sentence}{times}"
    perhaps = [each for each in found if each.closeness is Closeness.PERHAPS]
    if perhaps:
        return f"{who} was not signed in, as far as the log knows. From an address of theirs: {perhaps[0].sentence}"
    if passed:
        return (
            f"{who} did get through to {where}: {len(passed)} requests were let through and none was refused. "
            f"{passed[0].sentence}"
        )
    trouble = [note for note in notes if note.weight is not Weight.NEWS]
    if trouble:
        return f"No request of {who} for {where} is recorded. Before that: {trouble[-1].sentence}"
    if found:
        return f"No request of {who} for {where} is recorded. Nearby: {found[0].sentence}"
    return f"Nothing is recorded of {who} and {where} in that time."


def _next_steps(question: Question, found: Sequence[Finding], passed: Sequence[Finding]) -> tuple[str, ...]:
    steps: list[str] = []
    advice = next((each.cause.advice for each in found if each.cause and each.cause.advice), "")
    if advice:
        steps.append(advice)
    if not found and not passed:
        steps += [
            (
                "A request that reaches the gateway leaves an `http.access` record, whatever becomes of it. Without "
                "one it was not read: look at names and addresses (DNS, a proxy in front), at the certificate, and for "
                "`listener.http.error` records at that time (--level debug shows failed TLS handshakes)."
            ),
            (
                "Records are kept on the node that answered, for as long as telemetry.retention says; and detail "
                "below telemetry.log_level is not recorded at all."
            ),
            "Widen the search: --within 1h, or leave --url out.",
        ]
    if question.user or question.host:
        user = f" --user {question.user}" if question.user else ""
        url = f" --url https://{question.host}{question.path or '/'}" if question.host else ""
        if url:
            steps.append(f"What would happen now, and by which rule: yett admin access test{user}{url}")
    if question.user:
        steps.append(f"Everything the log tells of them: yett explain {question.user}")
    return tuple(steps)
