"""Links of people who are gone, where the next who has their name would inherit them.

An entry of the users file has nothing but its name. So when it goes, what leads to it goes with it: otherwise
the account at a provider of somebody who left would be a way in for whoever is called so years later.
"""

from typing import Final, Protocol

from yett.identity.federation.links import Links
from yett.identity.model import Person, PersonChanged
from yett.kernel import Supervisor
from yett.store import StoreUnavailable

_LOOK_EVERY: Final = 600.0
_PATIENCE: Final = 6
"""In how many looks somebody has to be missing who was not told gone: a start may lack its users file for once."""


class Directory(Protocol):
    """Who people are, now."""

    def person(self, name: str) -> Person | None: ...


class Forgetting:
    """Ends such links, at once and after a start; again until the store takes it."""

    def __init__(self, links: Links, directory: Directory, tasks: Supervisor) -> None:
        self._links = links
        self._directory = directory
        self._tasks = tasks
        self._gone: set[str] = set()
        self._missed: dict[str, int] = {}

    async def start(self) -> None:
        """Look now, for those who went meanwhile, and now and then."""
        self._tasks.every(_LOOK_EVERY, self.look, name="identity.federation.forgetting", at_once=True)

    def told(self, change: PersonChanged) -> None:
        """Somebody is gone: whoever comes next by that name is another, even a moment later."""
        if change.person is None:
            self._gone.add(change.name)
            self._tasks.run(self._end(change.name), name="identity.federation.forget")

    async def look(self) -> None:
        """End what leads to people who are not there."""
        try:
            names = await self._links.names() | self._gone
            missing = {name for name in names if self._directory.person(name) is None}
            self._missed = {name: self._missed.get(name, 0) + 1 for name in missing}
            for name in names:
                if name in self._gone or self._missed.get(name, 0) >= _PATIENCE:
                    await self._links.forget(name)
                    self._gone.discard(name)
        except StoreUnavailable:
            # The next look goes on with it.
            return

    async def _end(self, name: str) -> None:
        try:
            await self._links.forget(name)
        except StoreUnavailable:
            return
        self._gone.discard(name)
