"""What this node has put into the store for strangers, oldest first, so that it stays bounded.

Whoever asks again and again makes room at their own expense first, then at that of the oldest.
"""

from typing import NamedTuple


class _Item(NamedTuple):
    client: str
    size: int
    expires_at: float


class Shelf:
    """Keys in the order in which they came. It stores nothing itself."""

    def __init__(self, room: int, share: int) -> None:
        """`room` for all together, in whatever sizes are counted in; at most `share` keys for one client."""
        self.room = room
        self._share = share
        self._items: dict[str, _Item] = {}
        self._clients: dict[str, dict[str, None]] = {}
        self._taken = 0

    def __len__(self) -> int:
        return len(self._items)

    @property
    def taken(self) -> int:
        """How much of the room is in use."""
        return self._taken

    def add(self, key: str, client: str, *, size: int = 1, expires_at: float, now: float) -> list[str]:
        """Put a key in the last place; the answer is the keys that have to go for it."""
        self.clear(now)
        gone = []
        own = self._clients.get(client, {})
        if len(own) >= self._share:
            gone.append(next(iter(own)))
            self.remove(gone[0])
        while self._items and self._taken + size > self.room:
            oldest = next(iter(self._items))
            gone.append(oldest)
            self.remove(oldest)
        self._items[key] = _Item(client, size, expires_at)
        self._clients.setdefault(client, {})[key] = None
        self._taken += size
        return gone

    def remove(self, key: str) -> None:
        """Forget a key; one that is not there, because another node put it down, is no matter."""
        item = self._items.pop(key, None)
        if item is None:
            return
        self._taken -= item.size
        own = self._clients[item.client]
        del own[key]
        if not own:
            del self._clients[item.client]

    def clear(self, now: float) -> None:
        """Forget what has expired: the store lets go of it by itself."""
        while self._items:
            key, item = next(iter(self._items.items()))
            if item.expires_at > now:
                return
            self.remove(key)
