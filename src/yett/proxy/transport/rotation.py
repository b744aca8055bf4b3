"""Taking over authorities, certificates and keys for upstreams when their files change."""

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path

from yett.events import describe
from yett.kernel import Supervisor
from yett.proxy.transport import events
from yett.proxy.transport.outfitting import BadTransport, Wishes, check_files, files_of

_Stamp = tuple[int, int, int]
_Files = tuple[str, str, str]


class Rotation:
    """Looks at the files of all mappings and pools; `renew` is told which of them have changed.

    Files that belong together are taken over together, or not at all.
    """

    def __init__(
        self, renew: Callable[[frozenset[_Files]], None], tasks: Supervisor, *, look_every: float = 5.0
    ) -> None:
        self._renew = renew
        self._tasks = tasks
        self._look_every = look_every
        self._sets: frozenset[_Files] = frozenset()
        self._seen: dict[str, _Stamp] = {}
        self._broken: frozenset[_Files] = frozenset()
        """Those that changed into something useless, so that connections go by what they held before."""
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to look at the files regularly."""
        self._task = self._tasks.every(self._look_every, self.look, name="proxy.ca_rotation")

    async def stop(self) -> None:
        """Stop looking at the files."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def follow(self, wishes: Iterable[Wishes]) -> None:
        """Look at the files of these settings from now on; they are good, or would not be here."""
        self._sets = frozenset(files for files in map(files_of, wishes) if any(files))
        # What changed together with the settings has to be read anew as well.
        await self.look()

    async def look(self) -> None:
        """Take over what has changed since the last look, unless it cannot be used."""
        paths = {path for files in self._sets for path in files if path}
        stamps = await asyncio.to_thread(_stamps, paths)
        changed = frozenset(path for path in paths if self._seen.get(path, stamps[path]) != stamps[path])
        self._seen = stamps
        if not changed:
            return
        good, broken = set(), set()
        for files in self._sets:
            if changed.isdisjoint(files) and files not in self._broken:
                continue
            try:
                await asyncio.to_thread(check_files, *files)
            except BadTransport as problem:
                broken.add(files)
                events.not_rotated(files=_names(files), error=describe(problem))
            else:
                good.add(files)
        self._broken = frozenset(broken)
        if good:
            self._renew(frozenset(good))
            events.rotated(files=tuple(sorted({name for files in good for name in _names(files)})))


def _names(files: _Files) -> tuple[str, ...]:
    return tuple(path for path in files if path)


def _stamps(paths: Iterable[str]) -> dict[str, _Stamp]:
    """What changes when a file does."""
    found = {}
    for path in paths:
        try:
            about = Path(path).stat()
        except OSError:
            found[path] = (0, 0, 0)
        else:
            found[path] = (about.st_ino, about.st_mtime_ns, about.st_size)
    return found
