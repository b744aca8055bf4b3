"""Finding the records that a story is told from.

Whoever has a way of their own to look (within a deadline, hiding what a reader may not see) gives it
in place of the log's directory. An id says when it was made (RFC 9562, section 5.7), so only that
part of the log is read.
"""

import datetime
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from yett.events.comparing import Operator
from yett.events.conditions import Condition
from yett.events.explain import why
from yett.events.explain.lives import is_about, makers_of, parent_of, tell_person, tell_session
from yett.events.explain.model import Answer, Entry, PersonStory, Question, SessionStory, Story
from yett.events.explain.requests import ENDED, tell
from yett.events.explain.words.lookup import text_in
from yett.events.query import Query
from yett.events.search import Search

Look = Callable[[Query], Iterable[Entry]]
"""Finds what matches a query, in its order."""
Log = Path | Look

_BEFORE, _AFTER, _LONGEST = 2.0, 60.0, 86_400.0
_MOST_OF_SESSION = 100_000
_MOST_OF_QUESTION = 50_000
_MOST_ADDRESSES = 10
_ADDRESSES_OF = 86_400.0
"""Seconds around an instant in which somebody's addresses are looked for."""
_LOOKED_AT = 2_000
_BACKGROUND = 12
"""How many times farther back is looked for what happened to the person: being disabled, signing out."""


def records_of(log: Log, request: str) -> tuple[list[Entry], int]:
    """The stored records of a request, and how many damaged lines stood among them.

    The first look takes in a minute. A request whose end is not in it is followed further, for a
    day at most. Any other kind of id is looked for in the whole log.
    """
    began = time_of_id(request)
    if began is None:
        return _find(log, request, None, None)
    entries, damaged = _find(log, request, began - _BEFORE, began + _AFTER)
    if any(entry.get("code") == ENDED for entry in entries):
        return entries, damaged
    later, more = _find(log, request, began + _AFTER, began + _LONGEST)
    return entries + later, damaged + more


def story_of(log: Log, request: str) -> Story | None:
    """The story of a request from the stored log; None when the log knows nothing of it."""
    entries, _ = records_of(log, request)
    return tell(request, entries)


def session_of(log: Log, session: str) -> SessionStory | None:
    """The life of a session from the stored log; None when the log knows nothing of it."""
    entries = _naming(log, session)
    if not entries:
        return None
    requests = set(makers_of(session, entries))
    refs = [session]
    parent = parent_of(session, entries)
    if parent:
        above = _naming(log, parent)
        entries += [entry for entry in above if not _names(entry, refs)]
        requests |= makers_of(parent, above)
        refs.append(parent)
    for request in requests:
        entries += [entry for entry in records_of(log, request)[0] if not _names(entry, refs)]
    return tell_session(session, entries)


def person_of(log: Log, user: str, since: float | None, until: float | None) -> PersonStory | None:
    """What a range of the stored log tells of a person; None when it tells nothing."""
    query = Query(user=user, since=since, until=until, is_newest_first=False)
    return tell_person(user, (entry for entry in _search(log, query) if is_about(user, entry)))


def why_not(log: Log, question: Question) -> Answer:
    """Why somebody could not get somewhere, from the stored log."""
    addresses = _addresses_of(log, question)
    entries: list[Entry] = []
    asked: list[Query] = []
    is_cut = False
    for query in _queries(question, addresses):
        for entry in _search(log, query):
            if len(entries) >= _MOST_OF_QUESTION:
                is_cut = True
                break
            if not any(earlier.matches(entry) for earlier in asked):
                entries.append(entry)
        asked.append(query)
    return why.answer(question, entries, addresses=addresses, is_cut=is_cut)


def _queries(question: Question, addresses: tuple[str, ...]) -> Iterator[Query]:
    """What to look for: the person, their addresses, else the place."""
    since, until = question.since, question.until
    if question.user:
        yield Query(user=question.user, since=since - _BACKGROUND * question.within, until=until)
    for address in (question.client_address,) if question.client_address else addresses:
        came = Condition("server.request.client_ip", Operator.IS, address)
        yield Query(where=(came,), since=since, until=until)
    if question.host and not question.user and not question.client_address:
        yield Query(where=(Condition("host", Operator.IS, question.host),), since=since, until=until)


def _addresses_of(log: Log, question: Question) -> tuple[str, ...]:
    """Addresses that a person came from around an instant, the newest first."""
    if not question.user or question.client_address:
        return ()
    query = Query(
        user=question.user,
        since=question.at - _ADDRESSES_OF,
        until=question.at + _ADDRESSES_OF,
        limit=_LOOKED_AT,
    )
    found: dict[str, None] = {}
    for entry in _search(log, query):
        address = text_in(entry, "server.request.client_ip")
        if address:
            found[address] = None
        if len(found) >= _MOST_ADDRESSES:
            break
    return tuple(found)


def _naming(log: Log, session: str) -> list[Entry]:
    """Everything that names a session, its children's beginnings included."""
    began = time_of_id(session)
    since = None if began is None else began - _BEFORE
    own = Query(session=session, since=since, limit=_MOST_OF_SESSION, is_newest_first=False)
    hangs_on = Condition("parent", Operator.IS, session)
    children = Query(where=(hangs_on,), since=since, limit=_MOST_OF_SESSION, is_newest_first=False)
    return [*_search(log, own), *_search(log, children)]


def _names(entry: Entry, refs: list[str]) -> bool:
    return any(entry.get(name) in refs for name in ("session.ref", "parent"))


def _find(log: Log, request: str, since: float | None, until: float | None) -> tuple[list[Entry], int]:
    found = _search(log, Query(request=request, since=since, until=until, is_newest_first=False))
    entries = list(found)
    return entries, found.damaged if isinstance(found, Search) else 0


def _search(log: Log, query: Query) -> Iterable[Entry]:
    return Search(log, query) if isinstance(log, Path) else log(query)


def time_of_id(text: str) -> float | None:
    """When an id was made (RFC 9562, section 5.7), unless it is of another kind or from no sane time."""
    try:
        value = uuid.UUID(text)
    except ValueError:
        return None
    seconds = (value.int >> 80) / 1000.0
    limit = datetime.datetime(9000, 1, 1, tzinfo=datetime.UTC).timestamp()
    return seconds if value.version == 7 and seconds < limit else None
