"""A thread with a connection, which runs what was queued in groups, one transaction a group.

What must stay true:
  a result leaves only after its transaction was committed;
  an operation either took effect as a whole or raises, and one that fails does not fail its neighbours;
  nothing that goes wrong ends the thread before `close`.
"""

import asyncio
import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from yett.store.database import StoreDamaged, damaged, explain
from yett.store.records import Change, StoreUnavailable

_GROUP = 512
"""Most operations in one transaction, so that the first of a flood does not wait for all of it."""

# After these the same connection is as good as a new one.
_HARMLESS = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CONSTRAINT}


class Group:
    """What one transaction does besides its statements."""

    __slots__ = ("changes", "connection", "is_writing", "revision")

    def __init__(self, connection: sqlite3.Connection, revision: int, *, is_writing: bool) -> None:
        self.connection = connection
        self.is_writing = is_writing
        self.revision = revision
        """The newest version given out."""
        self.changes: list[Change] = []


Operation = Callable[[Group], Any]
"""Runs in the thread. It may raise StoreUnavailable, but only before it changed anything."""


class _Job(NamedTuple):
    operation: Operation
    future: asyncio.Future[Any]


class Worker:
    """Runs operations in the order in which they were submitted."""

    def __init__(
        self,
        path: Path,
        inode: int,
        connect: Callable[[], sqlite3.Connection],
        settle: Callable[[list[Change], StoreUnavailable | None], None],
        *,
        writes: bool,
    ) -> None:
        self._path = path
        self._connect = connect
        self._settle = settle
        """Told on the event loop after each group: what changed, and what went wrong, if anything."""
        self._writes = writes
        self._loop = asyncio.get_running_loop()
        self._jobs: queue.SimpleQueue[list[_Job] | None] = queue.SimpleQueue()
        self._waiting: list[_Job] = []
        """What was submitted in this turn of the loop: it goes to the thread in one piece, and shares a commit."""
        self._connection: sqlite3.Connection | None = None
        self._inode = inode
        """Which file it is: SQLite would go on writing to one that has no name any more."""
        self._revision = 0
        self._ruin: StoreDamaged | None = None
        self.is_closed = False
        self._ended = self._loop.create_future()
        self._thread = threading.Thread(target=self._run, name=f"store-{'write' if writes else 'read'}")
        self._thread.daemon = True

    def start(self) -> None:
        self._thread.start()

    def submit(self, operation: Operation) -> asyncio.Future[Any]:
        """Queue an operation. The future has its result once it is safe, or StoreUnavailable."""
        if self.is_closed:
            raise StoreUnavailable(f"{self._path}: the store is closed")
        future = self._loop.create_future()
        if not self._waiting:
            self._loop.call_soon(self._hand_over)
        self._waiting.append(_Job(operation, future))
        return future

    def refuse(self, ruin: StoreDamaged) -> None:
        """Run nothing more: writing to a damaged file makes it worse."""
        self._ruin = ruin

    async def close(self) -> None:
        """Finish what is queued, then end."""
        if not self.is_closed:
            self.is_closed = True
            self._hand_over()
            self._jobs.put(None)
        await asyncio.shield(self._ended)
        self._thread.join()

    # In the thread.

    def _run(self) -> None:
        while True:
            jobs, is_last = self._gather()
            if jobs:
                self._answer(*self._work(jobs))
            if is_last:
                break
        self._disconnect()
        with contextlib.suppress(RuntimeError):  # the loop is gone, and with it whoever waited
            self._loop.call_soon_threadsafe(self._end)

    def _gather(self) -> tuple[list[_Job], bool]:
        jobs: list[_Job] = []
        more = self._jobs.get()
        while more is not None:
            jobs += more
            if len(jobs) >= _GROUP:
                return jobs, False
            try:
                more = self._jobs.get_nowait()
            except queue.Empty:
                return jobs, False
        return jobs, True

    def _work(self, jobs: list[_Job]) -> tuple[list[tuple[_Job, Any]], list[Change], StoreUnavailable | None]:
        """Run the jobs as one group; when that fails, each as a group of its own."""
        try:
            results, changes = self._transact(jobs)
        except Exception as problem:  # noqa: BLE001 - whatever it is belongs to whoever asked; the thread goes on
            if len(jobs) == 1:
                told = self._translate(problem)
                return [(jobs[0], told)], [], told if isinstance(told, StoreUnavailable) else None
        else:
            return list(zip(jobs, results, strict=True)), changes, None
        answers, changes, trouble = [], [], None
        for job in jobs:
            answer, changed, failure = self._work([job])
            answers += answer
            changes += changed
            trouble = failure or trouble
        return answers, changes, trouble

    def _transact(self, jobs: list[_Job]) -> tuple[list[Any], list[Change]]:
        if self._ruin is not None:
            raise StoreDamaged(*self._ruin.args)
        connection = self._ready()
        connection.execute("BEGIN IMMEDIATE" if self._writes else "BEGIN")
        try:
            group = Group(connection, self._revision, is_writing=self._writes)
            results = []
            for job in jobs:
                try:
                    results.append(job.operation(group))
                except StoreUnavailable as problem:
                    results.append(problem)
            if group.revision != self._revision:
                connection.execute("UPDATE meta SET value = ? WHERE name = 'revision'", (group.revision,))
            connection.execute("COMMIT")
        except BaseException:
            self._roll_back(connection)
            raise
        self._revision = group.revision
        return results, group.changes

    def _roll_back(self, connection: sqlite3.Connection) -> None:
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error:
            # Closing undoes it as well.
            self._disconnect()

    def _ready(self) -> sqlite3.Connection:
        """The connection, made when there is none, on the file that was opened at the start."""
        try:
            inode = self._path.stat().st_ino
        except OSError:
            inode = 0
        if inode != self._inode:
            raise StoreUnavailable(
                f"{self._path}: removed or exchanged while in use; start the gateway again with the right file"
            )
        if self._connection is None:
            connection = self._connect()
            try:
                self._revision = max(self._revision, self._newest(connection))
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _newest(self, connection: sqlite3.Connection) -> int:
        found = connection.execute("SELECT value FROM meta WHERE name = 'revision'").fetchone()
        if found is None:
            # Going on would give out versions a second time.
            raise damaged(self._path, "its newest version is not known")
        return int(found[0])

    def _translate(self, problem: Exception) -> Exception:
        if not isinstance(problem, sqlite3.Error):
            return problem
        told = explain(problem, self._path)
        if getattr(problem, "sqlite_errorcode", 0) & 0xFF not in _HARMLESS:
            self._disconnect()
        return told

    def _disconnect(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def _answer(
        self, answers: list[tuple[_Job, Any]], changes: list[Change], trouble: StoreUnavailable | None
    ) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is gone, and with it whoever waited
            self._loop.call_soon_threadsafe(self._deliver, answers, changes, trouble)

    # On the event loop.

    def _hand_over(self) -> None:
        for begin in range(0, len(self._waiting), _GROUP):
            self._jobs.put(self._waiting[begin : begin + _GROUP])
        self._waiting.clear()

    def _deliver(
        self, answers: list[tuple[_Job, Any]], changes: list[Change], trouble: StoreUnavailable | None
    ) -> None:
        for job, result in answers:
            if job.future.done():
                continue
            if isinstance(result, Exception):
                job.future.set_exception(result)
            else:
                job.future.set_result(result)
        self._settle(changes, trouble)

    def _end(self) -> None:
        if not self._ended.done():
            self._ended.set_result(None)
