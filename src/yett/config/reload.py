"""Putting changed settings in force while the gateway runs.

A reload is: read, check, compare, swap one immutable snapshot, tell the owners. Whatever goes
wrong before the swap leaves the last good snapshot in force; what goes wrong after it is the
owner's, and the swap stands.

What must stay true:
  one reload runs at a time;
  a key that needs a restart keeps its value until there is one, and the mixture is checked again;
  the watching task never ends because of what is in a file.
"""

import asyncio
import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from yett.config import events
from yett.config.load import Check, Loaded
from yett.config.mistakes import ConfigInvalid, Mistake, Stage
from yett.config.owners import Apply, ApplyBlocking, Owners, Tasks, in_thread
from yett.config.show import Change, Row, diff, flatten, hold
from yett.config.snapshot import Snapshot
from yett.config.sources import digest_of, gather
from yett.config.watch import FolderWatch, Seen, Signature, signature

_LOOK_EVERY = 5.0
"""Seconds between looks at the files themselves, for file systems that report no changes."""
_CALM = 0.1
"""Seconds without a change after which a burst is over."""
_LONGEST_BURST = 0.5
_TIMEOUT = timedelta(seconds=5)


class Result(enum.Enum):
    """How a reload ended."""

    CHANGED = "changed"
    """New values are in force, or wait for a restart."""
    UNCHANGED = "unchanged"
    """Every setting has the value it had."""
    REFUSED = "refused"
    """The configuration has mistakes; the previous one stays."""
    MISSING = "missing"
    """There is nothing to read; the previous one stays."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a reload did."""

    result: Result
    changes: tuple[Change, ...] = ()
    held: tuple[Change, ...] = ()
    """Changes that wait for a restart."""
    mistakes: tuple[Mistake, ...] = ()
    failed_owners: tuple[str, ...] = ()


class Reloader:
    """Holds the settings in force and replaces them.

    `load` reads the configuration anew; it is called in a thread. `current` is what the gateway
    was started with.
    """

    def __init__(
        self,
        load: Callable[[], Loaded],
        current: Loaded,
        *,
        source: Path,
        tasks: Tasks,
        checks: Sequence[Check] = (),
        grace: timedelta = timedelta(seconds=1),
    ) -> None:
        self._load = load
        self._current = current
        self._source = source
        self._tasks = tasks
        self._checks = tuple(checks)
        self._owners = Owners(tasks, grace=grace)
        self._lock = asyncio.Lock()
        self._rows: tuple[Row, ...] | None = None
        self._held: tuple[Change, ...] = ()
        self._watch: FolderWatch | None = None
        self._watching: asyncio.Task[None] | None = None
        self._seen: Signature | None = None
        self._refused_digest: str | None = None
        self._is_deleted = False

    @property
    def current(self) -> Loaded:
        """What is in force. Read it anew each time: it is swapped as a whole."""
        return self._current

    @property
    def snapshot(self) -> Snapshot:
        """The settings in force."""
        return self._current.snapshot

    @property
    def waiting_for_restart(self) -> tuple[Change, ...]:
        """Changes that are in the files and not in force."""
        return self._held

    def rows(self) -> tuple[Row, ...]:
        """The settings in force as text, secrets masked; worked out once for each state."""
        if self._rows is None:
            self._rows = flatten(self._current.snapshot, self._current.provenance)
        return self._rows

    def subscribe(
        self, name: str, apply: Apply, *, sections: tuple[type[Any], ...] = (), timeout: timedelta = _TIMEOUT
    ) -> None:
        """Have `apply(old, new)` awaited after each swap, or only when one of `sections` differs.

        Owners are told in the order in which they subscribed. One that takes longer than `timeout`
        is cancelled.
        """
        self._owners.add(name, apply, sections, timeout)

    def subscribe_blocking(
        self,
        name: str,
        apply: ApplyBlocking,
        *,
        sections: tuple[type[Any], ...] = (),
        timeout: timedelta = _TIMEOUT,
    ) -> None:
        """The same for a plain function. It runs in a thread, which is left behind after `timeout`."""
        self._owners.add(name, in_thread(apply), sections, timeout, is_blocking=True)

    # Watching.

    async def start(self) -> None:
        """Begin to watch the files. The gateway runs without that if it is not possible."""
        watch = FolderWatch(self._source)
        try:
            watch.open()
        except (OSError, RuntimeError) as problem:
            watch.close()
            events.watch_failed(problem)
            return
        self._watch = watch
        self._watching = self._tasks.keep(self._follow, name="config.watch")
        events.watch_started()

    async def stop(self) -> None:
        """Stop watching; a reload in progress is finished first."""
        watch, watching = self._watch, self._watching
        if watch is None or watching is None:
            return
        self._watch = self._watching = None
        async with self._lock:
            watching.cancel()
        await asyncio.wait({watching})
        watch.close()
        events.watch_stopped()

    async def _follow(self) -> None:
        is_burst = False
        while (watch := self._watch) is not None:
            await self._look(is_burst=is_burst)
            seen = await watch.wait(_LOOK_EVERY)
            if seen is Seen.STOPPED:
                return
            is_burst = seen is Seen.CHANGED and await self._is_burst(watch)
            watch.renew()

    async def _is_burst(self, watch: FolderWatch) -> bool:
        """Wait until nothing happens any more, so that many changes cost one reload."""
        loop = asyncio.get_running_loop()
        end = loop.time() + _LONGEST_BURST
        rounds = 0
        while loop.time() < end and await watch.wait(_CALM) is Seen.CHANGED:
            rounds += 1
        return rounds > 0

    async def _look(self, *, is_burst: bool) -> None:
        """Reload when the files say something else than at the last look."""
        seen = await asyncio.to_thread(signature, self._source)
        if seen == self._seen:
            return
        async with self._lock:
            self._seen = seen
            digest = await asyncio.to_thread(self._digest)
            if digest is None:
                self._note_deleted()
                return
            if self._is_deleted:
                self._is_deleted = False
                events.file_restored()
            if digest == self._refused_digest:
                events.still_invalid()
                return
            if digest == self._current.digest and self._refused_digest is None:
                return
            events.file_changed()
            if is_burst:
                events.burst_combined()
            await self._reload(digest)

    def _digest(self) -> str | None:
        try:
            return digest_of(gather(self._source))
        except ConfigInvalid as problem:
            # What cannot be read is a state of its own, told once.
            return None if problem.stage is Stage.MISSING else str(problem)

    def _note_deleted(self) -> None:
        if not self._is_deleted:
            self._is_deleted = True
            events.file_deleted()

    # Reloading.

    async def read(self) -> Loaded:
        """What the files say now, without putting it in force. Raises ConfigInvalid."""
        return await asyncio.to_thread(self._load)

    async def reload_now(self) -> Outcome:
        """Read the configuration now, even if it was refused before."""
        async with self._lock:
            self._seen = await asyncio.to_thread(signature, self._source)
            return await self._reload(await asyncio.to_thread(self._digest))

    async def _reload(self, digest: str | None) -> Outcome:
        old = self._current
        try:
            loaded = await asyncio.to_thread(self._load)
            loaded, held = self._mix(old, loaded)
        except ConfigInvalid as problem:
            return self._refuse(problem, digest)
        except Exception as problem:  # noqa: BLE001 - a check that fails must cost the reload, not the gateway
            mistake = Mistake("", "", f"could not be checked: {type(problem).__name__}: {problem}")
            return self._refuse(ConfigInvalid([mistake]), digest)
        self._refused_digest = None
        self._held = held
        changes = diff(old.snapshot, loaded.snapshot)
        if not changes and not held:
            self._swap(loaded)
            events.nothing_changed()
            return Outcome(Result.UNCHANGED)
        events.changes_detected()
        for change in changes:
            events.setting_changed(change.key, change.before or "unset", change.after or "unset")
        for change in held:
            events.restart_needed(change.key, change.before or "unset")
        self._swap(loaded)
        failed = await self._owners.tell(old.snapshot, loaded.snapshot) if changes else ()
        events.reloaded()
        return Outcome(Result.CHANGED, changes, held, failed_owners=failed)

    def _mix(self, old: Loaded, new: Loaded) -> tuple[Loaded, tuple[Change, ...]]:
        """The new settings, with those that need a restart as they were."""
        try:
            snapshot, held = hold(old.snapshot, new.snapshot)
        except ValueError as problem:
            mistake = Mistake("", "", str(problem), "some of the changes need a restart")
            raise ConfigInvalid([mistake]) from problem
        if not held:
            return replace(new, snapshot=snapshot), ()
        mistakes = [mistake for check in self._checks for mistake in check(snapshot)]
        if mistakes:
            keys = ", ".join(change.key for change in held)
            hint = f"without a restart this cannot take effect, because {keys} cannot change"
            raise ConfigInvalid([replace(mistake, hint=mistake.hint or hint) for mistake in mistakes])
        provenance = dict(new.provenance)
        for change in held:
            provenance[change.key] = old.provenance.get(change.key, "default")
        return replace(new, snapshot=snapshot, provenance=provenance), held

    def _swap(self, loaded: Loaded) -> None:
        self._current = loaded
        self._rows = None
        events.cache_invalidated()

    def _refuse(self, problem: ConfigInvalid, digest: str | None) -> Outcome:
        match problem.stage:
            case Stage.MISSING:
                events.file_missing()
            case Stage.PARSING:
                events.parse_failure()
            case Stage.CHECKING:
                events.validation_failure()
        for mistake in problem.mistakes:
            events.mistake(mistake)
        events.reload_failed()
        if problem.stage is Stage.MISSING:
            return Outcome(Result.MISSING, mistakes=problem.mistakes)
        self._refused_digest = digest
        return Outcome(Result.REFUSED, mistakes=problem.mistakes)
