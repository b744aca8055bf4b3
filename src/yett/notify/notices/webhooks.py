"""Posting to webhooks.

What must stay true:
  a connection is made only to an address that was looked at, so that a name which changes its
  address in between leads nowhere else;
  no redirect is followed;
  neither the address nor the key of a webhook gets into the log, since both may be secrets.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from yett import __version__
from yett.events import current_scope
from yett.kernel import Clock, Supervisor, new_id
from yett.net.http import Connection, Failure, Forward, Limits, LookUp, Request, Sender, Sent, Upstream
from yett.notify.notices import rules
from yett.notify.notices.config import NotifySettings, WebhookSettings
from yett.notify.notices.model import Told, Untold, WebhookFailure

Sleep = Callable[[float], Awaitable[Any]]


class Guard:
    """Looks up the host of a webhook, and lets through what may be reached."""

    def __init__(self, look_up: LookUp | None, *, allow_private: bool) -> None:
        self._look_up = look_up
        self._allow_private = allow_private
        self.has_refused = False
        """Whether the last host was known and had no address that may be reached."""

    async def __call__(self, host: str) -> Sequence[str]:
        """The addresses that may be tried. Raises OSError when there are none."""
        self.has_refused = False
        found = await self._look_up(host) if self._look_up is not None else ()
        if not found:
            asked = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
            found = tuple(dict.fromkeys(str(address[0]) for *_, address in asked))
        allowed = found if self._allow_private else tuple(filter(rules.is_public, found))
        if not allowed:
            self.has_refused = True
            raise OSError("no address that may be reached")
        return allowed


class Courier:
    """Posts to one webhook. Start before use; one post at a time."""

    def __init__(
        self,
        webhook: WebhookSettings,
        settings: NotifySettings,
        tasks: Supervisor,
        clock: Clock,
        *,
        look_up: LookUp | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._webhook = webhook
        self._settings = settings
        self._clock = clock
        self._sleep = sleep
        self._guard = Guard(look_up, allow_private=webhook.allow_private)
        # Our own fields begin with the prefix that clients may not use.
        self._sender = Sender(Limits(private_prefix=b""), tasks)
        self._sender.look_up_with(self._guard)
        self._one_at_a_time = asyncio.Lock()

    async def start(self) -> None:
        """Look after connections from now on."""
        await self._sender.start()

    async def stop(self) -> None:
        """Close what is idle."""
        await self._sender.stop()

    @property
    def is_personal(self) -> bool:
        """Whether it may be told about people."""
        return self._webhook.personal

    async def post(self, body: bytes) -> Told | Untold:
        """Post it, again when that may help. Never raises for what the network does."""
        delivery = new_id()
        outcome: Told | Untold
        async with self._one_at_a_time:
            for attempt in range(1, self._settings.retries + 2):
                if attempt > 1:
                    first = self._settings.retry_pause.total_seconds()
                    await self._sleep(rules.pause_before(attempt - 1, first))
                sent = await self._once(body, delivery)
                outcome, is_passing = judge(sent, attempt, has_refused=self._guard.has_refused)
                if not is_passing:
                    break
        return outcome

    async def _once(self, body: bytes, delivery: str) -> Sent:
        webhook = self._webhook
        parts = urlsplit(webhook.url)
        host = (parts.hostname or "").lower()
        is_tls = parts.scheme == "https"
        port = parts.port or (443 if is_tls else 80)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._guard.has_refused = False
        lines = (
            f"Host: {parts.netloc}",
            "Content-Type: application/json",
            f"User-Agent: yett/{__version__}",
            f"X-Yett-Delivery: {delivery}",
            # The time is part of what is signed, so each attempt has a signature of its own.
            f"X-Yett-Signature: {rules.signature(webhook.secret, int(self._clock.now()), body)}",
        )
        timeout = self._settings.timeout.total_seconds()
        upstream = Upstream(
            host,
            port,
            tls_name=host if is_tls else "",
            ca_file=str(webhook.ca_file or ""),
            connect_timeout=timeout,
            response_timeout=timeout,
        )
        request = Request(
            connection=Connection("", 0, is_tls),
            scope=current_scope(),
            method=b"POST",
            target=target.encode("ascii"),
            path=parts.path or "/",
            host=host if ":" not in host else f"[{host}]",
            port=parts.port or 0,
            lines=[line.encode("ascii") for line in lines],
            minor_version=1,
        )
        return await self._sender.send(request, Forward(upstream), body, timeout=timeout)


def judge(sent: Sent, attempt: int, *, has_refused: bool) -> tuple[Told | Untold, bool]:
    """What became of one attempt, and whether another may go better."""
    if sent.status:
        if 200 <= sent.status < 300:
            return Told(sent.status, attempt), False
        if sent.status >= 500:
            return Untold(WebhookFailure.FAILED, attempt, sent.status), True
        is_redirect = 300 <= sent.status < 400
        reason = WebhookFailure.REDIRECTED if is_redirect else WebhookFailure.REFUSED
        return Untold(reason, attempt, sent.status), False
    if has_refused:
        return Untold(WebhookFailure.PRIVATE_ADDRESS, attempt, detail="no address that may be reached"), False
    if sent.failure is Failure.TLS:
        return Untold(WebhookFailure.TLS, attempt, detail=sent.detail), False
    timeouts = {Failure.CONNECT_TIMEOUT, Failure.RESPONSE_TIMEOUT}
    reason = WebhookFailure.TIMEOUT if sent.failure in timeouts else WebhookFailure.UNREACHABLE
    return Untold(reason, attempt, detail=sent.detail), True
