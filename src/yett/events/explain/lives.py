"""The life of a session, and of a person in a range of time, told from records. Pure: entries in, story out."""

from collections.abc import Iterable

from yett.events.explain.gathering import Addresses, Notes, Places
from yett.events.explain.model import Chapter, Entry, Note, PersonStory, SessionLife, SessionStory, Weight
from yett.events.explain.words.lookup import reason_in, reason_of, text_in

CREATED = "sessions.create.created"
_ENDS = frozenset(
    {"sessions.revoke.revoked", "sessions.expire.expired", "sessions.extend.certificate_expired"}
)
_ELSEWHERE = "sessions.revoke.ended_elsewhere"
_PROOFS = (Chapter.SIGN_IN, Chapter.PROOF)
MOST_SESSIONS = 200


def makers_of(session: str, entries: Iterable[Entry]) -> frozenset[str]:
    """The requests that made a session: what was proven then says who is in it."""
    return frozenset(
        text_in(entry, "server.request.id")
        for entry in entries
        if text_in(entry, "session.ref") == session
        and entry.get("code") in {CREATED, "signin.success.signed_in", "signin.stepup.stepped_up"}
    ) - {""}


def parent_of(session: str, entries: Iterable[Entry]) -> str:
    """The sign-on that a session came from; empty for a sign-on, or where nobody knows."""
    made = (
        text_in(entry, "parent")
        for entry in entries
        if entry.get("code") == CREATED and text_in(entry, "session.ref") == session
    )
    return next((parent for parent in made if parent), "")


def tell_session(session: str, entries: Iterable[Entry]) -> SessionStory | None:
    """The life of a session; None when no record is about it.

    The entries are those that name the session or its sign-on, and those of the requests that
    made either of them, in any order.
    """
    ordered = sorted(entries, key=lambda entry: str(entry["time"]))
    own = [entry for entry in ordered if text_in(entry, "session.ref") == session]
    if not own:
        return None
    parent = parent_of(session, ordered)
    makers = makers_of(session, ordered) | (makers_of(parent, ordered) if parent else frozenset())
    notes, proofs, places, addresses = Notes(), Notes(), Places(), Addresses()
    life = _Life(session)
    children: dict[str, None] = {}
    user = ""
    for entry in ordered:
        is_own = text_in(entry, "session.ref") == session
        if is_own:
            life.add(entry)
            places.add(entry)
            addresses.add(entry)
            notes.add(entry)
            user = user or text_in(entry, "module_key") or text_in(entry, "auth.user_id")
        elif text_in(entry, "parent") == session and entry.get("code") == CREATED:
            children[text_in(entry, "session.ref")] = None
        if text_in(entry, "server.request.id") in makers:
            proofs.add(entry)
    told = life.told()
    return SessionStory(
        session=session,
        user=user,
        type=told.type,
        host=told.host,
        parent=parent,
        children=tuple(children),
        began=told.began,
        ended=told.ended,
        end=told.end,
        how=tuple(
            note.sentence
            for note in proofs.all()
            if note.chapter in _PROOFS and note.weight is not Weight.END
        ),
        client_addresses=addresses.all(),
        reached=places.all(),
        notes=notes.all(),
        left_out=notes.left_out,
    )


def tell_person(user: str, entries: Iterable[Entry]) -> PersonStory | None:
    """What a range of the log tells of a person; None when it tells nothing.

    The entries come in the order of time and may be many: what cannot be kept is counted.
    """
    notes, places, addresses = Notes(), Places(), Addresses()
    lives: dict[str, _Life] = {}
    first = last = ""
    for entry in entries:
        if not is_about(user, entry):
            continue
        last = text_in(entry, "time")
        first = first or last
        addresses.add(entry)
        places.add(entry)
        notes.add(entry)
        session = text_in(entry, "session.ref")
        if session and (session in lives or len(lives) < MOST_SESSIONS):
            lives.setdefault(session, _Life(session)).add(entry)
    if not first:
        return None
    return PersonStory(
        user=user,
        since=first,
        until=last,
        client_addresses=addresses.all(),
        sessions=tuple(life.told() for life in lives.values()),
        reached=places.all(),
        notes=notes.all(),
        left_out=notes.left_out,
    )


def is_about(user: str, entry: Entry) -> bool:
    """Whether a record is about somebody: their own doing, or something of theirs."""
    return entry.get("auth.user_id") == user or entry.get("module_key") == user


def bears_on(note: Note) -> bool:
    """Whether a note can have to do with somebody's not getting somewhere else."""
    return note.weight is not Weight.NEWS or note.chapter is Chapter.PERSON


class _Life:
    """When a session began and ended, as far as records say."""

    def __init__(self, session: str) -> None:
        self._session = session
        self._type = self._host = self._began = self._ended = self._end = ""

    def add(self, entry: Entry) -> None:
        code, time = entry.get("code"), text_in(entry, "time")
        if code == CREATED:
            self._began, self._type = time, text_in(entry, "type")
            self._host = text_in(entry, "host")
        elif code in _ENDS and not self._ended:
            self._ended = time
            reason = reason_in(entry) or "certificate_expired"
            self._end = reason_of(str(code), reason) or reason_of("sessions.revoke", reason) or reason
        elif code == _ELSEWHERE and not self._ended:
            self._ended, self._end = time, "it was ended on another node, whose log says why"

    def told(self) -> SessionLife:
        end = self._end or "no end is recorded: it lives, or ran out, which is recorded only in detail"
        return SessionLife(self._session, self._type, self._host, self._began, self._ended, end)
