"""The tokens of the store as this node knows them, found without waiting.

What must stay true:
  a token that was buried is not taken in again, however late the news of it comes;
  a token is good only while every token above it is: whoever looks goes up to the one without a parent,
  so that nothing depends on children having been deleted in time.
"""

import heapq
import hmac
import math
from collections.abc import Callable, Iterator
from hashlib import sha256

from yett.identity import Person
from yett.tokens import rules
from yett.tokens.model import TokenData, Use
from yett.tokens.stored import Stored
from yett.tokens.text import LENGTH

REMEMBER_BURIED = 900.0
"""Seconds for which a token that ended is refused outright: longer than any news is late."""
REMEMBER_UNKNOWN = 2.0
_MOST_UNKNOWN = 4096
_FEW = 1000
DEEPEST = 64
"""Tokens above one another: each service that calls the next through another proxy adds one."""
_NOBODY = sha256(b"").digest()
NEVER = math.inf


class Entry:
    """One token, what it is proven with, and when it was used last."""

    __slots__ = ("data", "digest", "expires", "is_checked", "person", "stored", "use", "version")

    def __init__(self, stored: Stored, version: int) -> None:
        self.use: Use | None = None
        self.update(stored, version)

    def update(self, stored: Stored, version: int) -> None:
        """Take over what was written."""
        self.stored = stored
        self.version = version
        self.data: TokenData = stored.data
        self.digest = stored.digest
        self.expires = NEVER if stored.data.expires is None else stored.data.expires
        self.person: Person | None = None
        self.is_checked = False
        """Whether `person` is who the directory had when it was found that the token is theirs."""


class Mirror:
    """Every token by its key, its user, its parent and its session."""

    def __init__(
        self,
        person_of: Callable[[str], Person | None],
        is_session_live: Callable[[str], bool] | None = None,
    ) -> None:
        self.entries: dict[str, Entry] = {}
        self._person_of = person_of
        self._is_session_live = is_session_live
        self._by_user: dict[str, dict[str, None]] = {}
        self._by_parent: dict[str, dict[str, None]] = {}
        self._by_session: dict[str, dict[str, None]] = {}
        self._buried: dict[str, float] = {}
        self._buried_sessions: dict[str, float] = {}
        self._unknown: dict[str, float] = {}
        self._looks: list[tuple[float, str]] = []
        """A heap of when to look at which token next. One that was re-dated may have several looks."""

    # Finding.

    def proven(self, text: str) -> Entry | None:
        """The token whose key and secret a text has, whether or not it is good."""
        if len(text) != LENGTH or text[:3] != "gt-" or text[25] != ".":
            return None
        entry = self.entries.get(text[3:25])
        # An unknown key costs the same: that there is a token of that key is nobody's business.
        known = _NOBODY if entry is None else entry.digest
        is_right = hmac.compare_digest(sha256(text[26:].encode("ascii", "replace")).digest(), known)
        return entry if is_right else None

    def is_good(self, entry: Entry, now: float) -> bool:
        """Whether a token is not over, nor any that it was made with, and its user still who they were."""
        if now >= entry.expires:
            return False
        data = entry.data
        person = self._person_of(data.username)
        if not entry.is_checked or person is not entry.person:
            if not rules.is_of(data, person):
                return False
            entry.person, entry.is_checked = person, True
        for _ in range(DEEPEST):
            if data.session_ref and not self._has_session(data.session_ref):
                return False
            if not data.parent:
                return True
            above = self.entries.get(data.parent)
            # One that may do more than the one above it was to end when that was changed.
            if above is None or now >= above.expires or not data.scopes <= above.data.scopes:
                return False
            data = above.data
        return False

    def _has_session(self, ref: str) -> bool:
        return self._is_session_live is None or self._is_session_live(ref)

    def is_left(self, data: TokenData) -> bool:
        """Whether what a token rests on is gone, so that it can never be good again."""
        if data.session_ref and not self._has_session(data.session_ref):
            return True
        above = self.entries.get(data.parent)
        return bool(data.parent) and (above is None or not data.scopes <= above.data.scopes)

    def of_user(self, username: str) -> list[Entry]:
        """Every token of one user."""
        return [self.entries[key] for key in self._by_user.get(username, ())]

    def count_of(self, username: str) -> int:
        """How many tokens a user has."""
        return len(self._by_user.get(username, ()))

    def of_session(self, ref: str) -> list[Entry]:
        """Every token that hangs on a session."""
        return [self.entries[key] for key in self._by_session.get(ref, ())]

    def children(self, key: str) -> list[Entry]:
        """The tokens that were made with this one."""
        return [self.entries[child] for child in self._by_parent.get(key, ())]

    def below(self, key: str) -> list[Entry]:
        """Every token that ends with this one, the deepest first."""
        found: list[Entry] = []
        level = self.children(key)
        while level and len(found) <= len(self.entries):
            found += level
            level = [child for entry in level for child in self.children(entry.data.key)]
        found.reverse()
        return found

    def users(self) -> list[str]:
        """Everybody who has a token."""
        return list(self._by_user)

    def sessions(self) -> list[str]:
        """Every session that a token hangs on."""
        return list(self._by_session)

    def __iter__(self) -> Iterator[Entry]:
        return iter(list(self.entries.values()))

    def __len__(self) -> int:
        return len(self.entries)

    # Changing.

    def adopt(self, stored: Stored, version: int) -> Entry | None:
        """Take in what the store has; None when the token has ended. Older news changes nothing."""
        data = stored.data
        if stored.is_ended or data.key in self._buried or data.session_ref in self._buried_sessions:
            return None
        self._unknown.pop(data.key, None)
        entry = self.entries.get(data.key)
        if entry is not None:
            if version > entry.version:
                before = entry.expires
                entry.update(stored, version)
                if entry.expires < before:
                    heapq.heappush(self._looks, (entry.expires, data.key))
            return entry
        entry = self.entries[data.key] = Entry(stored, version)
        heapq.heappush(self._looks, (entry.expires, data.key))
        self._by_user.setdefault(data.username, {})[data.key] = None
        if data.parent:
            self._by_parent.setdefault(data.parent, {})[data.key] = None
        if data.session_ref:
            self._by_session.setdefault(data.session_ref, {})[data.key] = None
        return entry

    def bury(self, key: str, now: float) -> Entry | None:
        """Forget a token for good; the entry it had."""
        _dig(self._buried, key, now)
        entry = self.entries.pop(key, None)
        if entry is None:
            return None
        data = entry.data
        _discard(self._by_user, data.username, key)
        _discard(self._by_parent, data.parent, key)
        _discard(self._by_session, data.session_ref, key)
        return entry

    def bury_session(self, ref: str, now: float) -> None:
        """Let nothing hang on this session any more."""
        _dig(self._buried_sessions, ref, now)

    def is_buried(self, key: str) -> bool:
        """Whether the token ended lately."""
        return key in self._buried

    def miss(self, key: str, now: float) -> None:
        """The store does not know the token."""
        if len(self._unknown) >= _MOST_UNKNOWN:
            del self._unknown[next(iter(self._unknown))]
        self._unknown.pop(key, None)
        self._unknown[key] = now + REMEMBER_UNKNOWN

    def is_unknown(self, key: str, now: float) -> bool:
        """Whether the store did not know the token a moment ago."""
        until = self._unknown.get(key)
        return until is not None and now < until

    def run_out(self, now: float, most: int) -> list[Entry]:
        """Tokens whose time is over, as many as are wanted at once; each is found again until it is buried."""
        found: dict[str, Entry] = {}
        looks = self._looks
        while looks and looks[0][0] <= now and len(found) < most:
            _, key = heapq.heappop(looks)
            entry = self.entries.get(key)
            if entry is None:
                continue
            if entry.expires <= now:
                found[key] = entry
            else:
                heapq.heappush(looks, (entry.expires, key))
        for key, entry in found.items():
            heapq.heappush(looks, (entry.expires, key))
        return list(found.values())

    def forget_buried(self, now: float) -> None:
        """Let go of what was buried long ago, and of what was unknown."""
        for graves in (self._buried, self._buried_sessions, self._unknown):
            # Graves are dug in the order of time, so the oldest come first.
            old = []
            for name, until in graves.items():
                if until > now:
                    break
                old.append(name)
            for name in old:
                del graves[name]
        if len(self._looks) > 2 * len(self.entries) + _FEW:
            # Looks at tokens that ended early stay until their time; most of them would be such.
            self._looks = [(entry.expires, key) for key, entry in self.entries.items()]
            heapq.heapify(self._looks)


def _dig(graves: dict[str, float], name: str, now: float) -> None:
    # Taken out first, so that the order stays that of time.
    graves.pop(name, None)
    graves[name] = now + REMEMBER_BURIED


def _discard(index: dict[str, dict[str, None]], name: str, key: str) -> None:
    keys = index.get(name)
    if keys is not None:
        keys.pop(key, None)
        if not keys:
            del index[name]
