"""Which questions to browsers this node has put into the store, oldest first, so that they stay bounded.

Anybody may ask to be asked. Whoever does so again and again makes room at their own expense first,
then at that of the oldest.
"""


class Shelf:
    """Keys in the order in which they came. It stores nothing itself."""

    def __init__(self, room: int, share: int) -> None:
        """`room` for all together, of which one client gets at most `share`."""
        self.room = room
        self.share = share
        self._items: dict[str, tuple[str, float]] = {}
        self._clients: dict[str, dict[str, None]] = {}

    def __len__(self) -> int:
        return len(self._items)

    def add(self, key: str, client: str, *, expires_at: float, now: float) -> list[str]:
        """Put a key in the last place; the answer is the keys that have to go for it."""
        gone = []
        while self._items:
            oldest, (_, ends) = next(iter(self._items.items()))
            if ends > now and len(self._items) < self.room:
                break
            if ends > now:
                gone.append(oldest)
            self.remove(oldest)
        own = self._clients.get(client, {})
        if len(own) >= self.share:
            gone.append(next(iter(own)))
            self.remove(gone[-1])
        self._items[key] = (client, expires_at)
        self._clients.setdefault(client, {})[key] = None
        return gone

    def remove(self, key: str) -> None:
        """Forget a key; one that is not there, because another node put it down, is no matter."""
        client, _ = self._items.pop(key, ("", 0.0))
        own = self._clients.get(client)
        if own is not None:
            own.pop(key, None)
            if not own:
                del self._clients[client]
