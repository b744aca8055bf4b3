"""Those who are told: a line for each, worked through by a task of its own, and what is said of the outcome.

One that hangs holds up nobody else; one for whom too much waits loses the newest, which is counted.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from yett.events import Scope, enter_scope
from yett.kernel import Clock, Supervisor
from yett.net.http import LookUp
from yett.notify.mail import MailKind, mask
from yett.notify.notices import events, rules
from yett.notify.notices.config import NotifySettings, RuleSettings
from yett.notify.notices.model import Channel, Digest, Notice, Told, Untold
from yett.notify.notices.webhooks import Courier, Sleep

_MAIL = "mail"

Work = Callable[[], Awaitable[str]]
"""Tells one thing to one receiver, and answers what went wrong; empty for nothing."""


class Mails(Protocol):
    """Whoever sends mails."""

    async def send(
        self, kind: MailKind, to: str, *, language: str = "", fields: Mapping[str, str] | None = None
    ) -> bool: ...


class _Line:
    """What one receiver is still to be told."""

    def __init__(self, name: str, limit: int) -> None:
        self.channel = Channel(name)
        self.unsaid = 0
        """How many were dropped since that was last said."""
        self._limit = limit
        self._waiting: deque[Work] = deque()
        self._wake = asyncio.Event()
        self._is_last = False

    def add(self, work: Work) -> None:
        if len(self._waiting) >= self._limit:
            self.channel.dropped += 1
            self.unsaid += 1
            return
        self._waiting.append(work)
        self.channel.waiting = len(self._waiting)
        self._wake.set()

    def close(self) -> None:
        """End when nothing waits any more."""
        self._is_last = True
        self._wake.set()

    def give_up(self) -> None:
        """Forget what waits, and end.

        Cancelling alone is not enough: up to Python 3.11 `asyncio.wait_for`, which mail goes through,
        loses a cancellation that comes together with the result.
        """
        self._waiting.clear()
        self.close()

    async def run(self) -> None:
        channel = self.channel
        while self._waiting or not self._is_last:
            if not self._waiting:
                self._wake.clear()
                await self._wake.wait()
                continue
            work = self._waiting.popleft()
            channel.waiting = len(self._waiting)
            channel.last_problem = await work()
            if channel.last_problem:
                channel.failed += 1
            else:
                channel.told += 1


class Receivers:
    """Everybody whom the settings name. Start before use."""

    def __init__(
        self,
        settings: NotifySettings,
        mails: Mails,
        tasks: Supervisor,
        clock: Clock,
        scope: Scope,
        *,
        look_up: LookUp | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._mails = mails
        self._tasks = tasks
        self._scope = scope
        self._couriers = {
            webhook.name: Courier(webhook, settings, tasks, clock, look_up=look_up, sleep=sleep)
            for webhook in settings.webhook
        }
        self._mail = _Line(_MAIL, settings.queue)
        self._lines = {name: _Line(f"webhook {name}", settings.queue) for name in self._couriers}
        self._working: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to tell."""
        for courier in self._couriers.values():
            await courier.start()
        self._working = [
            self._tasks.keep(self._in_scope(line.run), name=f"notify.{line.channel.name}")
            for line in self._all
        ]

    async def stop(self) -> None:
        """Stop at once; what waits is in the log."""
        for line in self._all:
            line.give_up()
        for task in self._working:
            task.cancel()
        for courier in self._couriers.values():
            await courier.stop()

    async def finish(self) -> None:
        """Tell what waits, then stop."""
        for line in self._all:
            line.close()
        await asyncio.gather(*self._working, return_exceptions=True)
        await self.stop()

    @property
    def channels(self) -> tuple[Channel, ...]:
        """How it goes, by receiver."""
        return tuple(line.channel for line in self._all)

    @property
    def _all(self) -> tuple[_Line, ...]:
        return (self._mail, *self._lines.values())

    def say_dropped(self) -> None:
        """Put on record what was dropped since the last time."""
        for line in self._all:
            if line.unsaid:
                count, line.unsaid = line.unsaid, 0
                events.dropped(receiver=line.channel.name, count=count)

    # At once.

    def tell(self, rule: RuleSettings, notice: Notice) -> None:
        """Have everybody told whom the rule names."""
        fields = rules.mail_of(notice, rule.name)
        for address in rule.mail:
            self._mail.add(self._mailing(rule.name, address, notice.kind, fields))
        for name in rule.webhooks:
            self._lines[name].add(self._posting(rule.name, name, notice))

    async def post_test(self, name: str, notice: Notice) -> Told | Untold | None:
        """Tell one webhook, past its line; None when there is none of that name."""
        courier = self._couriers.get(name)
        if courier is None:
            return None
        post = rules.post_of(notice, "test", is_personal=courier.is_personal)
        outcome = await courier.post(rules.encode({**post, "type": "test"}))
        _say_posted("test", name, notice.kind, outcome)
        return outcome

    def _mailing(self, rule: str, address: str, kind: str, fields: Mapping[str, str]) -> Work:
        async def work() -> str:
            if await self._mails.send(MailKind.NOTICE, address, fields=fields):
                return ""
            events.email_failed(rule=rule, email=mask(address), notice=kind)
            return "a mail was not sent"

        return work

    def _posting(self, rule: str, name: str, notice: Notice) -> Work:
        courier = self._couriers[name]
        body = rules.encode(rules.post_of(notice, rule, is_personal=courier.is_personal))

        async def work() -> str:
            return _say_posted(rule, name, notice.kind, await courier.post(body))

        return work

    # Digests.

    async def tell_digest(self, rule: RuleSettings, digest: Digest) -> bool:
        """Tell everybody whom the rule names; whether anybody was reached."""
        told = await asyncio.gather(
            *(self._mail_digest(address, digest) for address in rule.mail),
            *(self._post_digest(name, digest) for name in rule.webhooks),
        )
        return any(told)

    async def _mail_digest(self, address: str, digest: Digest) -> bool:
        is_sent = await self._mails.send(MailKind.DIGEST, address, fields=rules.mail_of_digest(digest))
        if not is_sent:
            events.digest_email_failed(rule=digest.rule, email=mask(address), count=digest.count)
        return is_sent

    async def _post_digest(self, name: str, digest: Digest) -> bool:
        courier = self._couriers[name]
        outcome = await courier.post(
            rules.encode(rules.post_of_digest(digest, is_personal=courier.is_personal))
        )
        if isinstance(outcome, Untold):
            events.digest_webhook_failed(
                rule=digest.rule,
                webhook=name,
                count=digest.count,
                reason=outcome.reason,
                status=outcome.status,
                attempts=outcome.attempts,
                error=outcome.detail,
            )
            return False
        return True

    def _in_scope(self, work: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            enter_scope(self._scope)
            await work()

        return run


def _say_posted(rule: str, name: str, kind: str, outcome: Told | Untold) -> str:
    if isinstance(outcome, Told):
        events.webhook_ok(webhook=name, status=outcome.status, attempts=outcome.attempts)
        return ""
    events.webhook_failed(
        rule=rule,
        webhook=name,
        notice=kind,
        reason=outcome.reason,
        status=outcome.status,
        attempts=outcome.attempts,
        error=outcome.detail,
    )
    return outcome.reason.value
