"""The sessions of the store as this node knows them, found without waiting.

What must stay true:
  a token that was buried is not taken in again, however late the news of it comes;
  a session may be known under two tokens while it is regenerated, and is gone with the last.
"""

import heapq
from collections.abc import Iterator
from dataclasses import replace

from yett.sessions import rules
from yett.sessions.model import PROVING, Session

REMEMBER_BURIED = 900.0
"""Seconds for which an ended session's token is refused outright: longer than any news is late."""

REMEMBER_UNKNOWN = 2.0
"""Seconds for which the store is not asked again about a token that it did not know."""
_MOST_UNKNOWN = 4096

NEVER = float("inf")


class Entry:
    """One token's session, and what this node has seen of it since it was last written down."""

    __slots__ = ("audience", "digest", "due", "expires_at", "proves", "seen", "session", "version")

    def __init__(self, digest: str, session: Session, version: int, extend_every: float) -> None:
        self.digest = digest
        self.audience = session.audience
        self.proves = session.type in PROVING
        self.seen = session.last_activity
        self.due = session.last_activity + extend_every if rules.slides(session.type) else NEVER
        """When its use is next worth writing down."""
        self.update(session, version)

    def update(self, session: Session, version: int) -> None:
        """Take over what was written."""
        self.session = session
        self.version = version
        self.expires_at = session.expires_at

    def as_seen(self) -> Session:
        """The session with its use up to now."""
        if self.seen <= self.session.last_activity:
            return self.session
        return replace(self.session, last_activity=self.seen)

    @property
    def is_unsaved(self) -> bool:
        """Whether it was used since that was last written down."""
        return self.due != NEVER and self.seen > self.session.last_activity


class Mirror:
    """Every live session by its token's digest, its ref, its owner and its parent."""

    def __init__(self) -> None:
        self.extend_every = 60.0
        """Seconds between two times that the use of one session is written down."""
        self.entries: dict[str, Entry] = {}
        self.unsaved: list[Entry] = []
        """Entries whose use is due to be written down."""
        self._by_ref: dict[str, list[Entry]] = {}
        self._by_owner: dict[str, dict[str, None]] = {}
        self._by_parent: dict[str, dict[str, None]] = {}
        self._buried: dict[str, float] = {}
        self._buried_refs: dict[str, float] = {}
        self._unknown: dict[str, float] = {}
        self._looks: list[tuple[float, str]] = []
        """A heap of when to look at which entry next; one look for each."""

    # Finding.

    def by_ref(self, ref: str) -> Entry | None:
        """The session with this handle, under its newest token."""
        found = self._by_ref.get(ref)
        return found[-1] if found else None

    def of_owner(self, module_key: str) -> list[Entry]:
        """Every session of one owner."""
        return [self._by_ref[ref][-1] for ref in self._by_owner.get(module_key, ())]

    def children(self, ref: str) -> list[Entry]:
        """Every session that hangs on this one."""
        return [self._by_ref[child][-1] for child in self._by_parent.get(ref, ())]

    def all(self) -> list[Entry]:
        """Every session once."""
        return [found[-1] for found in self._by_ref.values()]

    def __len__(self) -> int:
        return len(self._by_ref)

    def has_owner(self, module_key: str) -> bool:
        """Whether the owner has any session."""
        return module_key in self._by_owner

    # Changing.

    def adopt(self, digest: str, session: Session, version: int) -> Entry | None:
        """Take in what the store has; None when the token or the session is buried.

        Older news about a known token changes nothing.
        """
        if digest in self._buried or session.ref in self._buried_refs:
            return None
        self._unknown.pop(digest, None)
        entry = self.entries.get(digest)
        if entry is not None:
            if version > entry.version:
                entry.update(session, version)
            return entry
        entry = self.entries[digest] = Entry(digest, session, version, self.extend_every)
        self._by_ref.setdefault(session.ref, []).append(entry)
        self._by_owner.setdefault(session.module_key, {})[session.ref] = None
        if session.parent:
            self._by_parent.setdefault(session.parent, {})[session.ref] = None
        heapq.heappush(self._looks, (session.expires_at, digest))
        return entry

    def bury(self, digest: str, now: float) -> Entry | None:
        """Forget a token for good; the entry it had. The session lives on under another token, if it has one."""
        _dig(self._buried, digest, now)
        entry = self.entries.pop(digest, None)
        if entry is None:
            return None
        session = entry.session
        found = self._by_ref[session.ref]
        found.remove(entry)
        if not found:
            del self._by_ref[session.ref]
            _discard(self._by_owner, session.module_key, session.ref)
            if session.parent:
                _discard(self._by_parent, session.parent, session.ref)
        return entry

    def bury_session(self, ref: str, now: float) -> list[Entry]:
        """Forget a session under all its tokens for good; the entries it had."""
        _dig(self._buried_refs, ref, now)
        entries = list(self._by_ref.get(ref, ()))
        for entry in entries:
            self.bury(entry.digest, now)
        return entries

    def is_buried(self, digest: str) -> bool:
        """Whether the token was ended lately."""
        return digest in self._buried

    def is_session_buried(self, ref: str) -> bool:
        """Whether the session was ended lately."""
        return ref in self._buried_refs

    def miss(self, digest: str, now: float) -> None:
        """The store does not know the token. What is taken in later is known from then on."""
        if len(self._unknown) >= _MOST_UNKNOWN:
            # Noted in the order of time: the oldest goes.
            del self._unknown[next(iter(self._unknown))]
        self._unknown.pop(digest, None)
        self._unknown[digest] = now + REMEMBER_UNKNOWN

    def is_unknown(self, digest: str, now: float) -> bool:
        """Whether the store did not know the token a moment ago."""
        until = self._unknown.get(digest)
        return until is not None and now < until

    # Time.

    def run_out(self, now: float, margin: float) -> Iterator[Entry]:
        """Entries that have expired. Use that was not written down yet is, `margin` seconds before."""
        looks = self._looks
        while looks and looks[0][0] <= now + margin:
            _, digest = heapq.heappop(looks)
            entry = self.entries.get(digest)
            if entry is None:
                continue
            if entry.expires_at <= now:
                yield entry
                continue
            if entry.expires_at > now + margin:
                heapq.heappush(looks, (entry.expires_at, digest))
                continue
            if entry.is_unsaved:
                self.unsaved.append(entry)
            # Looked at again when it has really expired: the heap is asked `margin` ahead.
            heapq.heappush(looks, (entry.expires_at + margin, digest))

    def forget_buried(self, now: float) -> None:
        """Let go of what was buried long ago, and of what was unknown."""
        for graves in (self._buried, self._buried_refs, self._unknown):
            # Graves are dug in the order of time, so the oldest come first.
            old = []
            for name, until in graves.items():
                if until > now:
                    break
                old.append(name)
            for name in old:
                del graves[name]


def _dig(graves: dict[str, float], name: str, now: float) -> None:
    # Taken out first, so that the order stays that of time.
    graves.pop(name, None)
    graves[name] = now + REMEMBER_BURIED


def _discard(index: dict[str, dict[str, None]], key: str, ref: str) -> None:
    refs = index.get(key)
    if refs is not None:
        refs.pop(ref, None)
        if not refs:
            del index[key]
