"""Telling people about their passkeys by mail, in their language."""

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Protocol

from yett.authn.passkey.model import GATEWAY, Passkey
from yett.identity import Person
from yett.kernel import Clock, Supervisor
from yett.notify import MailKind
from yett.store import StoreUnavailable


class Mailer(Protocol):
    """Sends mails; it never raises, and says in the log what went wrong."""

    @property
    def is_configured(self) -> bool: ...
    async def send(
        self, kind: MailKind, to: str, *, language: str = "", fields: Mapping[str, str] | None = None
    ) -> bool: ...


class Languages(Protocol):
    """The language that mail to a person is written in."""

    async def language(self, user: str) -> str | None: ...


class People(Protocol):
    """Who people are."""

    def person(self, name: str) -> Person | None: ...


class Letters:
    """Mails about passkeys. Without a mail server, or an address, none are written."""

    def __init__(
        self, mailer: Mailer, people: People, languages: Languages, tasks: Supervisor, clock: Clock
    ) -> None:
        self._mailer = mailer
        self._people = people
        self._languages = languages
        self._tasks = tasks
        self._clock = clock

    @property
    def is_possible(self) -> bool:
        """Whether there is a mail server."""
        return self._mailer.is_configured

    def created(self, user: str, passkey: Passkey) -> None:
        """Tell somebody that they have a new passkey. The mail goes out by itself."""
        fields = {"name": passkey.device, "at": self._at(passkey.created_at), "by": user}
        self._post(MailKind.PASSKEY_CREATED, user, fields)

    def revoked(self, user: str, passkey: Passkey, reason: str, by: str = GATEWAY) -> None:
        """Tell somebody that a passkey of theirs is gone, and why."""
        fields = {"name": passkey.device, "at": self._at(self._clock.now()), "by": by, "reason": reason}
        self._post(MailKind.PASSKEY_REVOKED, user, fields)

    async def expiring(self, user: str, passkey: Passkey) -> bool:
        """Tell somebody when their passkey runs out; whether the mail went out."""
        if passkey.expires_at is None:
            return False
        fields = {"name": passkey.device, "expires_at": self._at(passkey.expires_at)}
        return await self._send(MailKind.PASSKEY_EXPIRING, user, fields)

    def _post(self, kind: MailKind, user: str, fields: Mapping[str, str]) -> None:
        if self.is_possible:
            self._tasks.run(self._send(kind, user, fields), name=f"authn.passkey.{kind.value}")

    async def _send(self, kind: MailKind, user: str, fields: Mapping[str, str]) -> bool:
        person = self._people.person(user)
        if person is None or not person.email or not self.is_possible:
            return False
        language = None
        with contextlib.suppress(StoreUnavailable):
            language = await self._languages.language(user)
        return await self._mailer.send(kind, person.email, language=language or "", fields=fields)

    @staticmethod
    def _at(instant: float) -> str:
        return datetime.fromtimestamp(instant, UTC).isoformat(timespec="seconds")
