"""Telling operators: which rules want a notice, what goes out at once, and what goes into digests.

What must stay true:
  nothing here waits or raises towards whoever tells, whichever thread that is;
  what waits is bounded, and what is dropped is counted and said;
  whatever happens while telling is not told itself: those tasks run in a scope of their own, by which
  the sink knows their records.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial

import msgspec

from yett.events import Declaration, Scope, describe, enter_scope
from yett.kernel import Clock, Supervisor, new_id
from yett.net.http import LookUp
from yett.notify.notices import events, rules
from yett.notify.notices.config import NotifySettings, RuleSettings
from yett.notify.notices.digests import Digests
from yett.notify.notices.model import Health, Notice, Severity, Told, Untold
from yett.notify.notices.receivers import Mails, Receivers
from yett.notify.notices.sink import NoticeSink
from yett.notify.notices.webhooks import Sleep
from yett.store import Records, StoreUnavailable

_TICK = 5.0
_HEALTH_EVERY = 60.0


class Notifier:
    """Tells operators what they asked to be told."""

    def __init__(
        self,
        settings: NotifySettings,
        mails: Mails,
        records: Records,
        tasks: Supervisor,
        clock: Clock,
        *,
        node: str,
        look_up: LookUp | None = None,
        tick: float = _TICK,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._settings = settings
        self._mails = mails
        self._tasks = tasks
        self._clock = clock
        self._node = node
        self._look_up = look_up
        self._every = tick
        self._sleep = sleep
        self._scope = Scope(request_id=new_id())
        self._digests = Digests(records, clock)
        self._receivers = self._make_receivers()
        self._queue: deque[Notice] = deque()
        self._dropped = self._unsaid = 0
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._working: list[asyncio.Task[None]] = []
        self._sent: dict[str, tuple[int, int]] = {}
        self.sink = NoticeSink(self.tell, self._wants, self._is_own, node)
        """To be given to the log, which then tells its records."""

    async def start(self) -> None:
        """Begin to tell."""
        self._loop = asyncio.get_running_loop()
        await self._receivers.start()
        self._working = [
            self._tasks.keep(self._distribute, name="notify.distribute"),
            self._tasks.every(self._every, self._send_digests, name="notify.digests"),
            self._tasks.every(_HEALTH_EVERY, self._check, name="notify.health"),
        ]
        self._wake.set()

    async def stop(self) -> None:
        """Stop telling. What waits for a digest stays in the store; all of it is in the log."""
        self._loop = None
        for task in self._working:
            task.cancel()
        await self._receivers.stop()

    async def apply(self, settings: NotifySettings) -> None:
        """Go by these (checked) settings from now on. What waits already is told as the old ones say."""
        if settings == self._settings:
            return
        old, self._settings = self._receivers, settings
        self._receivers = self._make_receivers()
        self.sink.forget()
        if self._loop is not None:
            await self._receivers.start()
            self._tasks.run(old.finish(), name="notify.finish")

    def tell(self, notice: Notice) -> None:
        """Have operators told of this, if any wants to be. Never waits, never raises; from any thread."""
        settings = self._settings
        if not settings.rule:
            return
        if len(self._queue) >= settings.queue:
            self._dropped += 1
            self._unsaid += 1
            return
        self._queue.append(notice)
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._wake.set)

    async def try_webhook(self, name: str) -> Told | Untold | None:
        """Tell a webhook something harmless; None when there is none of that name."""
        notice = Notice(
            kind="notify.test",
            severity=Severity.INFO,
            text="Test of a webhook",
            id=new_id(),
            at=self._clock.now(),
            node=self._node,
        )
        return await self._receivers.post_test(name, notice)

    def health(self) -> Health:
        """How telling goes; it is put on record as well."""
        found = Health(self._receivers.channels, len(self._queue), self._dropped)
        events.health_checked(
            is_well=found.is_well,
            channels=len(found.channels),
            waiting=found.waiting + sum(channel.waiting for channel in found.channels),
            failed=sum(channel.failed for channel in found.channels),
            dropped=found.dropped + sum(channel.dropped for channel in found.channels),
        )
        return found

    # Who wants what.

    def _make_receivers(self) -> Receivers:
        return Receivers(
            self._settings,
            self._mails,
            self._tasks,
            self._clock,
            self._scope,
            look_up=self._look_up,
            sleep=self._sleep,
        )

    def _wants(self, declaration: Declaration) -> bool:
        return any(
            rules.matches(rule, declaration.code, declaration.level, is_audit=declaration.audit)
            for rule in self._settings.rule
        )

    def _is_own(self, request_id: str) -> bool:
        return request_id == self._scope.request_id

    @property
    def _interval(self) -> float:
        return self._settings.digest_interval.total_seconds()

    # Telling.

    async def _distribute(self) -> None:
        enter_scope(self._scope)
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                await self._take(self._queue.popleft())

    async def _take(self, notice: Notice) -> None:
        level = rules.level_of(notice.severity)
        wanting = [
            rule
            for rule in self._settings.rule
            if rules.matches(rule, notice.kind, level, is_audit=notice.is_audit)
        ]
        if not wanting or (notice.id and not await self._is_first(notice)):
            return
        whole = msgspec.structs.replace(
            notice,
            id=notice.id or new_id(),
            at=notice.at or self._clock.now(),
            node=notice.node or self._node,
        )
        for rule in wanting:
            if rule.digest or not self._may_go_at_once(rule):
                await self._guarded(rule.name, partial(self._digests.add, rule.name, whole, self._interval))
            else:
                self._receivers.tell(rule, whole)

    async def _is_first(self, notice: Notice) -> bool:
        try:
            return await self._digests.is_first(notice)
        except StoreUnavailable as problem:
            events.not_deduplicated(error=describe(problem))
            return True

    def _may_go_at_once(self, rule: RuleSettings) -> bool:
        """Whether a rule may send one more now: a flood of events must not become one of mails."""
        end = rules.window_end(self._clock.now(), self._interval)
        until, count = self._sent.get(rule.name, (end, 0))
        count = count + 1 if until == end else 1
        self._sent[rule.name] = (end, count)
        return count <= self._settings.at_once

    async def _send_digests(self) -> None:
        enter_scope(self._scope)
        self._receivers.say_dropped()
        if self._unsaid:
            count, self._unsaid = self._unsaid, 0
            events.dropped(receiver="all", count=count)
        await self._guarded("", partial(self._digests.save_more, self._interval))
        await asyncio.gather(
            *(self._guarded(rule.name, partial(self._send_digest, rule)) for rule in self._settings.rule)
        )

    async def _send_digest(self, rule: RuleSettings) -> None:
        claimed = await self._digests.claim(rule.name, self._interval)
        if claimed is not None and await self._receivers.tell_digest(rule, claimed.digest):
            await self._digests.settle(claimed)

    async def _check(self) -> None:
        enter_scope(self._scope)
        self.health()

    async def _guarded(self, rule: str, work: Callable[[], Awaitable[None]]) -> None:
        """Work on the store; what it cannot do now comes later or not at all."""
        try:
            await work()
        except StoreUnavailable as problem:
            events.digest_unavailable(rule=rule, error=describe(problem))
