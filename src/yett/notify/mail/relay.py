"""Handing messages to the mail server, on few connections that are kept for a while.

What must stay true:
  no more connections than allowed, no more mails under way than allowed, none for longer than allowed;
  a login and a message go over a connection only after its TLS is as the settings want it;
  a connection on which anything went wrong is closed, so that no answer is taken for that to another mail;
  what the log is told of a refusal holds no part of the message: servers quote links that they dislike.
"""

import asyncio
import re
import ssl
import time
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPException,
    SMTPNotSupported,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)

from yett.notify.mail import events
from yett.notify.mail.config import Security, SMTPSettings
from yett.notify.mail.message import one_line
from yett.notify.mail.model import Delivered, Envelope, MailFailure, Undelivered

_SWEEP_EVERY = 5.0
_ENHANCED = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}(?= |$)")

Sleep = Callable[[float], Awaitable[Any]]


class Tasks(Protocol):
    """Whoever keeps the sweep going."""

    def every(
        self, seconds: float, work: Callable[[], Awaitable[None]], *, name: str, at_once: bool = False
    ) -> asyncio.Task[None]: ...


class Relay:
    """The way to the mail server."""

    def __init__(
        self, settings: SMTPSettings, tasks: Tasks, *, host: str, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._settings = settings
        self._tasks = tasks
        self._host = host
        self._sleep = sleep
        self._places = asyncio.Semaphore(settings.connections)
        self._idle: deque[tuple[float, SMTP]] = deque()
        self._sweeping: asyncio.Task[None] | None = None
        self._is_stopped = False
        self.under_way = 0
        """Mails that are waiting or being sent."""

    async def start(self) -> None:
        """Close idle connections in time from now on."""
        self._sweeping = self._tasks.every(_SWEEP_EVERY, self._sweep, name="mail.idle")

    async def stop(self) -> None:
        """Close what is idle; what is under way ends by itself, and its connections with it."""
        self._is_stopped = True
        if self._sweeping is not None:
            self._sweeping.cancel()
        while self._idle:
            self._idle.popleft()[1].close()

    async def deliver(self, envelope: Envelope) -> Delivered | Undelivered:
        """Hand it over, trying again while the server is only busy or out of reach. Never raises."""
        settings = self._settings
        if self.under_way >= settings.queue:
            return Undelivered(MailFailure.BUSY, "too many mails are under way")
        self.under_way += 1
        last = Undelivered(MailFailure.TIMEOUT, "no place for it in time")
        try:
            async with asyncio.timeout(settings.patience.total_seconds()):
                for attempt in range(1, settings.attempts + 1):
                    if attempt > 1:
                        await self._sleep(pause_before(attempt, settings.retry_pause.total_seconds()))
                    async with self._places:
                        problem = await self._offer(envelope)
                    if problem is None:
                        return Delivered(attempt)
                    last = Undelivered(problem.reason, problem.detail, attempt, problem.is_passing)
                    if not last.is_passing:
                        break
        except TimeoutError:
            pass
        finally:
            self.under_way -= 1
        return last

    async def _offer(self, envelope: Envelope) -> Undelivered | None:
        """Once, but twice where a kept connection turns out to be closed: that says nothing about the mail."""
        while self._idle:
            client = self._idle.pop()[1]
            if client.is_connected:
                problem = await self._send(client, envelope)
                if problem is None or problem.reason is not MailFailure.DISCONNECTED:
                    return problem
        try:
            client = await self._connect()
        except Exception as problem:
            found = _judge(problem)
            if found is None:
                raise
            return found
        return await self._send(client, envelope)

    async def _send(self, client: SMTP, envelope: Envelope) -> Undelivered | None:
        """One transaction; the connection is kept if all went well."""
        options = ["SMTPUTF8", "BODY=8BITMIME"] if envelope.is_utf8 else []
        is_content_shown = False
        is_clean = False
        try:
            if envelope.is_utf8 and not client.supports_extension("smtputf8"):
                return Undelivered(MailFailure.UNSUPPORTED, "the server takes no addresses beyond ASCII")
            encoding = "utf-8" if envelope.is_utf8 else "ascii"
            await client.mail(envelope.sender, options=options, encoding=encoding)
            await client.rcpt(envelope.recipient, encoding=encoding)
            is_content_shown = True
            await client.data(envelope.data)
            is_clean = True
        except Exception as problem:
            found = _judge(problem, is_content_shown=is_content_shown)
            if found is None:
                raise
            return found
        else:
            return None
        finally:
            if is_clean and not self._is_stopped:
                self._idle.append((time.monotonic(), client))
            else:
                client.close()

    async def _connect(self) -> SMTP:
        """A connection that is ready for a message. Raises what `_judge` knows."""
        settings = self._settings
        try:
            return await self._open(is_verified=True)
        except (OSError, SMTPException) as problem:
            fault = _certificate_fault(problem)
            if fault is None or not settings.skip_tls_verify:
                raise
            is_starttls = settings.security is Security.STARTTLS
            say = events.starttls_unverified if is_starttls else events.tls_unverified
            say(address=f"{settings.host}:{settings.port}", error=fault.verify_message)
        return await self._open(is_verified=False)

    async def _open(self, *, is_verified: bool) -> SMTP:
        settings = self._settings
        context = None
        if settings.security is not Security.NONE:
            # Reading the authorities takes milliseconds that others should not wait.
            context = await asyncio.to_thread(make_context, settings.ca_file, is_verified=is_verified)
        client = SMTP(
            hostname=settings.host,
            port=settings.port,
            timeout=settings.timeout.total_seconds(),
            local_hostname=self._host or None,
            use_tls=settings.security is Security.SSL,
            start_tls=settings.security is Security.STARTTLS,
            tls_context=context,
        )
        try:
            await client.connect()
            await client.ehlo()
            if settings.username:
                await client.login(settings.username, settings.password)
        except BaseException:
            client.close()
            raise
        return client

    async def _sweep(self) -> None:
        oldest = time.monotonic() - self._settings.idle_timeout.total_seconds()
        while self._idle and self._idle[0][0] <= oldest:
            self._idle.popleft()[1].close()


def make_context(ca_file: Path | None, *, is_verified: bool) -> ssl.SSLContext:
    """What TLS to the server needs. Raises OSError when the authorities cannot be read."""
    context = ssl.create_default_context(cafile=str(ca_file) if ca_file is not None else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not is_verified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def pause_before(attempt: int, first: float) -> float:
    """Seconds to wait before an attempt (from the second one on)."""
    return float(first * 3 ** (attempt - 2))


def _certificate_fault(problem: BaseException) -> ssl.SSLCertVerificationError | None:
    """The certificate error at the root of a failure, if that is what it was."""
    seen: BaseException | None = problem
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return seen
        seen = seen.__cause__
    return None


def _judge(problem: Exception, *, is_content_shown: bool = False) -> Undelivered | None:
    """What a failure means; None for one that nobody expected."""
    fault = _certificate_fault(problem)
    if fault is not None:
        return Undelivered(MailFailure.CERTIFICATE, one_line(fault.verify_message)[:200])
    match problem:
        case SMTPNotSupported():
            return Undelivered(MailFailure.UNSUPPORTED, one_line(str(problem))[:200])
        case SMTPResponseException(code=code, message=message):
            is_passing = code == 421 or 400 <= code < 500
            reason = (
                MailFailure.LOGIN if isinstance(problem, SMTPAuthenticationError) else MailFailure.REFUSED
            )
            return Undelivered(
                MailFailure.DEFERRED if is_passing else reason,
                reply(code, message, is_content_shown=is_content_shown),
                is_passing=is_passing,
            )
        case SMTPTimeoutError() | TimeoutError():
            return Undelivered(MailFailure.TIMEOUT, "the server did not answer in time", is_passing=True)
        case SMTPServerDisconnected() if not isinstance(problem, SMTPConnectError):
            return Undelivered(MailFailure.DISCONNECTED, "the server closed the connection", is_passing=True)
        case ssl.SSLError():
            return Undelivered(MailFailure.TLS, one_line(problem.reason or "TLS failed")[:200])
        case SMTPConnectError() if isinstance(problem.__cause__, ssl.SSLError):
            return Undelivered(MailFailure.TLS, one_line(problem.__cause__.reason or "TLS failed")[:200])
        case FileNotFoundError() | PermissionError() | IsADirectoryError():
            # Of a connection these come wrapped.
            return Undelivered(MailFailure.TLS, "smtp.ca_file cannot be read")
        case ValueError():
            # The name of the server, as far as names can be told to be wrong without asking anybody.
            return Undelivered(MailFailure.UNREACHABLE, "smtp.host is not a host name")
        case SMTPConnectError() | OSError():
            return Undelivered(MailFailure.UNREACHABLE, "no connection to the server", is_passing=True)
        case SMTPException():
            return Undelivered(MailFailure.UNSUPPORTED, one_line(str(problem))[:200])
        case _:
            return None


def reply(code: int, message: str, *, is_content_shown: bool) -> str:
    """What a server said, as the log may know it: no addresses, and of what it says of a message the codes only."""
    text = one_line(message)
    if is_content_shown:
        enhanced = _ENHANCED.match(text)
        return f"{code} {enhanced[0]}" if enhanced else str(code)
    # Word by word: a pattern would go over a long word again from each of its letters.
    words = " ".join("…" if "@" in word else word for word in text.split())
    return f"{code} {words}"[:200]
