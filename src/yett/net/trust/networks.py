"""Which addresses belong to proxies that are believed."""

import ipaddress
from collections.abc import Iterable

UNIX = "unix"
"""In place of a network: whoever can reach our Unix socket."""

_REMEMBERED = 4096


class BadNetwork(Exception):
    """A text that is no network; it says why."""


class Networks:
    """Whether an address belongs to any of many networks; the cost does not grow with their number."""

    __slots__ = ("_by_length", "_has_unix", "_known")

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._has_unix = False
        self._by_length: dict[tuple[int, int], set[int]] = {}
        self._known: dict[str, bool] = {}
        for text in texts:
            if text == UNIX:
                self._has_unix = True
                continue
            try:
                network = ipaddress.ip_network(text)
            except ValueError as problem:
                raise BadNetwork(str(problem)) from problem
            shift = network.max_prefixlen - network.prefixlen
            places = self._by_length.setdefault((network.version, shift), set())
            places.add(int(network.network_address) >> shift)

    def __contains__(self, address: str) -> bool:
        """Whether the address (empty for a Unix socket) is in one of them; never for what is no address."""
        known = self._known.get(address)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[address] = self._look(address)
        return known

    def _look(self, address: str) -> bool:
        if not address:
            return self._has_unix
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        number, version = int(parsed), parsed.version
        return any(
            number >> shift in places for (each, shift), places in self._by_length.items() if each == version
        )
