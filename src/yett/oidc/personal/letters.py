"""Telling people about their tokens by mail, in their language."""

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Protocol

from yett.identity import Person
from yett.kernel import Clock, Supervisor
from yett.notify import MailKind
from yett.oidc.personal.model import PersonalToken
from yett.store import StoreUnavailable


class Mailer(Protocol):
    """Sends mails; it never raises, and says in the log what went wrong."""

    @property
    def is_configured(self) -> bool: ...
    async def send(
        self, kind: MailKind, to: str, *, language: str = "", fields: Mapping[str, str] | None = None
    ) -> bool: ...
    async def token_ended(
        self, user: str, to: str, *, language: str = "", fields: Mapping[str, str]
    ) -> bool: ...


class Languages(Protocol):
    """The language that mail to a person is written in."""

    async def language(self, user: str) -> str | None: ...


class Letters:
    """Mails about tokens. Without a mail server, or an address, none are written."""

    def __init__(self, mailer: Mailer, languages: Languages, tasks: Supervisor, clock: Clock) -> None:
        self._mailer = mailer
        self._languages = languages
        self._tasks = tasks
        self._clock = clock

    def created(self, person: Person, token: PersonalToken) -> None:
        """Tell somebody that there is a new token of theirs. The mail goes out by itself."""
        fields = {**_named(token), "at": _at(token.created_at)}
        self._post(MailKind.TOKEN_CREATED, person, fields)

    def revoked(self, person: Person, token: PersonalToken, by: str) -> None:
        """Tell somebody that a token of theirs is worth nothing any more."""
        fields = {**_named(token), "at": _at(self._clock.now()), "by": by}
        self._post(MailKind.TOKEN_REVOKED, person, fields)

    async def expiring(self, person: Person, token: PersonalToken) -> bool:
        """Tell somebody when a token of theirs ends; whether the mail went out."""
        to = self._address(person)
        return bool(to) and await self._mailer.send(
            MailKind.TOKEN_EXPIRING, to, language=await self._language(person.name), fields=_named(token)
        )

    async def ended(self, user: str, person: Person | None, token: PersonalToken) -> None:
        """Put on record that a token ended by itself, and tell its owner if there still is one."""
        to = "" if person is None or person.is_disabled else self._address(person)
        language = await self._language(user) if to else ""
        await self._mailer.token_ended(user, to, language=language, fields=_named(token))

    def _post(self, kind: MailKind, person: Person, fields: Mapping[str, str]) -> None:
        if self._address(person):
            self._tasks.run(self._send(kind, person, fields), name=f"oidc.personal.{kind.value}")

    async def _send(self, kind: MailKind, person: Person, fields: Mapping[str, str]) -> None:
        language = await self._language(person.name)
        await self._mailer.send(kind, person.email, language=language, fields=fields)

    def _address(self, person: Person) -> str:
        return person.email if self._mailer.is_configured else ""

    async def _language(self, user: str) -> str:
        with contextlib.suppress(StoreUnavailable):
            return await self._languages.language(user) or ""
        return ""


def _named(token: PersonalToken) -> dict[str, str]:
    return {"name": token.name, "expires_at": _at(token.expires_at)}


def _at(instant: float) -> str:
    return datetime.fromtimestamp(instant, UTC).isoformat(timespec="seconds")
