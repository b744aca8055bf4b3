"""The families of the store as this node knows them, found without waiting.

What must stay true: a family whose grave was seen is not taken in again, however late older news of it come; an
access token is found for exactly as long as its family lists it.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace

from yett.oidc.tokens.model import Family, Issued


class Entry:
    """One place in the store. Without a family it is a grave."""

    __slots__ = ("family", "is_over", "place", "version")

    def __init__(self, place: str) -> None:
        self.place = place
        self.version = 0
        self.family: Family | None = None
        self.is_over = False
        """Whether somebody ended it here, whatever the store still says."""


class Mirror:
    """Every family by its place, its handle, its access tokens, its user and its session."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._by_ref: dict[str, Entry] = {}
        self._by_digest: dict[str, tuple[Entry, Issued]] = {}
        self._by_user: dict[str, dict[str, Entry]] = {}
        self._by_session: dict[str, dict[str, Entry]] = {}
        self.gone: Callable[[str, Collection[str]], object] | None = None
        """Told of access tokens that their family does not list any more: whose, and their `jti`."""

    # Finding.

    def at(self, place: str) -> Entry | None:
        """What is known of a place."""
        return self._entries.get(place)

    def by_ref(self, ref: str) -> Entry | None:
        """The family with this handle."""
        return self._by_ref.get(ref)

    def by_digest(self, digest: str) -> tuple[Family, Issued] | None:
        """The access token of a digest, and its family."""
        found = self._by_digest.get(digest)
        if found is None or found[0].family is None:
            return None
        return found[0].family, found[1]

    def of_user(self, user: str) -> list[Family]:
        """Every family of one person."""
        return _families(self._by_user.get(user, {}))

    def of_session(self, ref: str) -> list[Family]:
        """Every family that was granted in one session."""
        return _families(self._by_session.get(ref, {}))

    def __iter__(self) -> Iterator[Family]:
        return iter(_families(self._entries))

    def __len__(self) -> int:
        return len(self._by_ref)

    # Changing.

    def take_in(self, place: str, family: Family | None, version: int) -> None:
        """Know what the store has; None is a grave. Older news change nothing."""
        entry = self._entries.get(place)
        if entry is None:
            entry = self._entries[place] = Entry(place)
        if version <= entry.version:
            return
        entry.version = version
        self._put(entry, None if entry.is_over else family)

    def has_seen(self, place: str, version: int) -> bool:
        """Whether what the store has there is known, or newer things are."""
        entry = self._entries.get(place)
        return entry is not None and version <= entry.version

    def kill(self, place: str) -> None:
        """Know a family no more, though the store still has it, or is only about to."""
        entry = self._entries.get(place)
        if entry is None:
            entry = self._entries[place] = Entry(place)
        entry.is_over = True
        self._put(entry, None)

    def knows(self, place: str) -> bool:
        """Whether there is a family that nobody ended."""
        entry = self._entries.get(place)
        return entry is not None and entry.family is not None

    def strike(self, place: str, digest: str) -> None:
        """Know one access token no more, as `kill` does a family."""
        entry = self._entries.get(place)
        if entry is not None and entry.family is not None:
            self._put(entry, without(entry.family, digest))

    def drop(self, place: str) -> None:
        """The store has nothing there any more."""
        entry = self._entries.pop(place, None)
        if entry is not None:
            self._put(entry, None)

    def keep_only(self, places: set[str], since: set[str]) -> None:
        """Forget what was known before the store was listed (`since`) and is not in it."""
        for place in since - places:
            self.drop(place)

    @property
    def places(self) -> set[str]:
        """Every place of which something is known."""
        return set(self._entries)

    def _put(self, entry: Entry, family: Family | None) -> None:
        before = entry.family
        self._unlist(entry)
        entry.family = family
        self._list(entry)
        if self.gone is None or before is None:
            return
        left = set() if family is None else {each.jti for each in family.access}
        gone = {each.jti for each in before.access} - left
        if gone:
            self.gone(before.user, gone)

    def _list(self, entry: Entry) -> None:
        family = entry.family
        if family is None:
            return
        self._by_ref[family.ref] = entry
        self._by_user.setdefault(family.user, {})[entry.place] = entry
        if family.sign_on_ref:
            self._by_session.setdefault(family.sign_on_ref, {})[entry.place] = entry
        for issued in family.access:
            self._by_digest[issued.digest] = (entry, issued)

    def _unlist(self, entry: Entry) -> None:
        family = entry.family
        if family is None:
            return
        if self._by_ref.get(family.ref) is entry:
            del self._by_ref[family.ref]
        _discard(self._by_user, family.user, entry.place)
        _discard(self._by_session, family.sign_on_ref, entry.place)
        for issued in family.access:
            self._by_digest.pop(issued.digest, None)


def without(family: Family, digest: str) -> Family:
    """The family but for one access token."""
    return replace(family, access=tuple(each for each in family.access if each.digest != digest))


def _families(entries: dict[str, Entry]) -> list[Family]:
    return [entry.family for entry in entries.values() if entry.family is not None]


def _discard(index: dict[str, dict[str, Entry]], name: str, place: str) -> None:
    entries = index.get(name)
    if entries is not None:
        entries.pop(place, None)
        if not entries:
            del index[name]
