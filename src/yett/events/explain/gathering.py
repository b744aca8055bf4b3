"""What sessions and people have in common: notes that are not endless, and what was reached."""

from dataclasses import replace

from yett.events.explain.model import Chapter, Entry, Note, Reached
from yett.events.explain.requests import ENDED, OWN_APPS
from yett.events.explain.words import note_of

MOST_NOTES = 500
MOST_PLACES = 100
MOST_ADDRESSES = 50
_FAILED = 500


class Notes:
    """Takes records in the order of time, and keeps of them what can be told.

    The same thing said several times in a row is one note. The first and the newest are kept when
    there are too many.
    """

    def __init__(self) -> None:
        self._notes: list[Note] = []
        self.left_out = 0

    def add(self, entry: Entry) -> Note | None:
        """Take a record in; the note it makes."""
        note = note_of(entry)
        if note is None:
            return None
        last = self._notes[-1] if self._notes else None
        if last is not None and _is_same(last, note):
            self._notes[-1] = replace(last, times=last.times + 1, until=note.time)
        else:
            self._notes.append(note)
            if len(self._notes) > MOST_NOTES:
                self.left_out += self._notes.pop(MOST_NOTES // 2).times
        return note

    def all(self) -> tuple[Note, ...]:
        """Every note that was kept."""
        return tuple(self._notes)


def _is_same(one: Note, other: Note) -> bool:
    # A request is one of several like it; a refusal is worth its own id only where it differs.
    return (one.code, one.sentence, one.session, one.client_address, one.host) == (
        other.code,
        other.sentence,
        other.session,
        other.client_address,
        other.host,
    ) and one.chapter is not Chapter.SESSION


class Places:
    """Counts requests by the application, or the host, that they were for."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, str], Reached] = {}

    def add(self, entry: Entry) -> None:
        """Take the record of a request's end in; others do not matter."""
        if entry.get("code") != ENDED:
            return
        time, host, app = (str(entry.get(name) or "") for name in ("time", "host", "app"))
        is_let_through = bool(entry.get("rule")) or app in OWN_APPS
        status = entry.get("status")
        key = (host, app)
        known = self._places.get(key)
        if known is None:
            if len(self._places) >= MOST_PLACES:
                key = ("", "")
            known = self._places.get(key) or Reached(key[0], key[1], 0, 0, 0, time, time)
        self._places[key] = replace(
            known,
            requests=known.requests + 1,
            refused=known.refused + (not is_let_through),
            failed=known.failed + (is_let_through and isinstance(status, int) and status >= _FAILED),
            first=min(known.first, time),
            last=max(known.last, time),
        )

    def all(self) -> tuple[Reached, ...]:
        """Every place, the busiest first; what was too much stands under no name."""
        return tuple(sorted(self._places.values(), key=lambda place: -place.requests))


class Addresses:
    """Client addresses, each once, in the order of their first use."""

    def __init__(self) -> None:
        self._found: dict[str, None] = {}

    def add(self, entry: Entry) -> None:
        """Take the address of a record in."""
        address = entry.get("server.request.client_ip")
        if isinstance(address, str) and address and len(self._found) < MOST_ADDRESSES:
            self._found[address] = None

    def all(self) -> tuple[str, ...]:
        """The addresses."""
        return tuple(self._found)
