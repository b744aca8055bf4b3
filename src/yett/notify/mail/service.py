"""Writing mails and having them sent."""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from yett.kernel import Clock
from yett.notify.mail import events
from yett.notify.mail.addresses import mask, parse_address, parse_sender
from yett.notify.mail.config import MailSettings, SMTPSettings
from yett.notify.mail.message import compose, one_line
from yett.notify.mail.model import (
    Delivered,
    Envelope,
    MailFailure,
    MailKind,
    Undelivered,
)
from yett.notify.mail.relay import Relay, Sleep, Tasks
from yett.notify.mail.rendering import FieldsMissing, Renderer, instant

VerifyLink = Callable[[str], bool]
"""Whether a sign-in link is one that this gateway made: its sealed return address opens."""

_SAID: dict[MailKind, tuple[Callable[..., None], Callable[..., None]]] = {
    MailKind.MAGIC_LINK: (events.magic_link_sent, events.failed),
    MailKind.PASSKEY_CREATED: (events.passkey_created_sent, events.passkey_created_failed),
    MailKind.PASSKEY_REVOKED: (events.passkey_revoked_sent, events.passkey_revoked_failed),
    MailKind.PASSKEY_EXPIRING: (events.passkey_expiring_sent, events.passkey_expiring_failed),
    MailKind.TOTP_CREATED: (events.totp_created_sent, events.totp_created_failed),
    MailKind.TOTP_REVOKED: (events.totp_revoked_sent, events.totp_revoked_failed),
    MailKind.CERTIFICATE_CREATED: (events.certificate_created_sent, events.certificate_created_failed),
    MailKind.CERTIFICATE_REVOKED: (events.certificate_revoked_sent, events.certificate_revoked_failed),
    MailKind.CERTIFICATE_RENEWED: (events.renewal_sent, events.renewal_failed),
    MailKind.TOKEN_CREATED: (events.token_created_sent, events.token_created_failed),
    MailKind.TOKEN_REVOKED: (events.token_revoked_sent, events.token_revoked_failed),
    MailKind.TOKEN_EXPIRED: (events.token_expired_sent, events.token_expired_failed),
    MailKind.TEST: (events.test_sent, events.test_failed),
}
"""What is said of a mail that was sent, and of one that was not; others have the common words."""

_TOO_LATE: dict[MailKind, Callable[..., None]] = {
    MailKind.PASSKEY_EXPIRING: events.passkey_expired_already,
    MailKind.VPN_KEY_EXPIRING: events.vpn_key_expired_already,
}


class Mailer:
    """Sends mails to people. Without a mail server it sends none, and says so for each."""

    def __init__(
        self,
        smtp: SMTPSettings,
        mail: MailSettings,
        tasks: Tasks,
        clock: Clock,
        *,
        host: str,
        verify_link: VerifyLink | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._tasks = tasks
        self._clock = clock
        self._host = host
        self._sleep = sleep
        self._verify_link = verify_link
        self._is_started = False
        self._use(smtp, mail)

    def _use(self, smtp: SMTPSettings, mail: MailSettings) -> None:
        self._settings = (smtp, mail)
        self._sender = parse_sender(smtp.sender) if smtp.host else None
        self._relay = Relay(smtp, self._tasks, host=self._host, sleep=self._sleep)
        self._renderer = Renderer(mail, self._host)

    async def start(self) -> None:
        """Keep connections for a while from now on."""
        self._is_started = True
        await self._relay.start()

    async def stop(self) -> None:
        """Close what is idle."""
        self._is_started = False
        await self._relay.stop()

    async def apply(self, smtp: SMTPSettings, mail: MailSettings) -> None:
        """Go by these (checked) settings from now on; mails under way go by the old ones."""
        if (smtp, mail) == self._settings:
            return
        old, was_started = self._relay, self._is_started
        self._use(smtp, mail)
        if was_started:
            await self._relay.start()
        await old.stop()

    def verify_links_with(self, verify: VerifyLink) -> None:
        """Ask this whether a sign-in link is ours. Until it is said whom to ask, none is sent."""
        self._verify_link = verify

    @property
    def is_configured(self) -> bool:
        """Whether there is a mail server."""
        return self._sender is not None

    async def send(
        self, kind: MailKind, to: str, *, language: str = "", fields: Mapping[str, str] | None = None
    ) -> bool:
        """Whether the mail server took it; what went wrong is in the log already. Never raises.

        It returns when that is settled, which may take as long as `smtp.patience`: whoever must not
        keep a visitor waiting, or must not show by the time it takes that there is somebody to write
        to, runs it as a task.
        """
        return isinstance(await self.deliver(kind, to, language=language, fields=fields), Delivered)

    async def deliver(
        self, kind: MailKind, to: str, *, language: str = "", fields: Mapping[str, str] | None = None
    ) -> Delivered | Undelivered | None:
        """The same, and why; None for a mail that should not be sent, and was not."""
        given = fields or {}
        masked = mask(to)
        if self._is_unwanted(kind, given, masked):
            return None
        # Writing one takes milliseconds that requests should not wait.
        made = await asyncio.to_thread(self._write, kind, to, language, given)
        outcome = made if isinstance(made, Undelivered) else await self._relay.deliver(made)
        say_sent, say_failed = _SAID.get(kind, (events.sent, events.failed))
        if isinstance(outcome, Delivered) and isinstance(made, Envelope):
            say_sent(kind=kind, email=masked, message_id=made.message_id, attempts=outcome.attempts)
        elif isinstance(outcome, Undelivered):
            say_failed(
                kind=kind,
                email=masked,
                reason=outcome.reason,
                attempts=outcome.attempts,
                error=outcome.detail,
            )
        return outcome

    async def token_ended(self, user: str, to: str, *, language: str = "", fields: Mapping[str, str]) -> bool:
        """A personal access token ended by itself: put that on record, and tell its owner."""
        events.token_expired(user=user, token=one_line(fields.get("name", ""))[:200])
        return bool(to) and await self.send(MailKind.TOKEN_EXPIRED, to, language=language, fields=fields)

    def _is_unwanted(self, kind: MailKind, fields: Mapping[str, str], masked: str) -> bool:
        too_late = _TOO_LATE.get(kind)
        ends = instant(fields.get("expires_at", ""))
        if too_late is not None and ends is not None and ends.timestamp() <= self._clock.now():
            too_late(email=masked)
            return True
        if kind is MailKind.MAGIC_LINK and not self._is_ours(fields.get("link", "")):
            events.magic_link_blocked(email=masked)
            return True
        return False

    def _is_ours(self, link: str) -> bool:
        """Whether a sign-in link may be mailed: it leads to this gateway, and the gateway sealed it."""
        return (
            self._verify_link is not None
            and link.startswith("https://")
            and link.isascii()
            and link.isprintable()
            and " " not in link
            and self._verify_link(link)
        )

    def _write(
        self, kind: MailKind, to: str, language: str, fields: Mapping[str, str]
    ) -> Envelope | Undelivered:
        sender, recipient = self._sender, parse_address(to)
        if sender is None:
            return Undelivered(MailFailure.NOT_CONFIGURED, "smtp.host is not set")
        if recipient is None:
            return Undelivered(MailFailure.BAD_ADDRESS, "that is no plain mail address")
        now = self._clock.now()
        given = dict(fields)
        if kind is MailKind.TEST:
            given.setdefault("at", datetime.fromtimestamp(now, UTC).isoformat())
        try:
            rendered = self._renderer.render(kind, language, given)
        except FieldsMissing as problem:
            return Undelivered(MailFailure.BAD_FIELDS, f"without {problem}")
        if rendered.problem:
            if kind is MailKind.DIGEST:
                events.digest_rendered_plainly(error=rendered.problem)
            else:
                events.rendered_plainly(kind=kind, error=rendered.problem)
        message_id = f"{secrets.token_hex(16)}@{self._host}"
        return compose(rendered, sender, recipient, message_id=message_id, now=now)
