"""Changing one's own password, and what that does to sessions.

What must stay true: whoever guesses the old one waits as at the sign-in; of several changes at once one
is made; afterwards no session is left that somebody got with the old one, also if the gateway was not
running at that moment.
"""

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Protocol

from yett.authn.password import Reason, Rejected
from yett.events import describe
from yett.identity import LocalUser, PasswordChanged, Person
from yett.kernel import Clock, Supervisor
from yett.notify import MailKind
from yett.sessions import Issued, Session
from yett.signin.forms import Notice
from yett.signin.password_page import NewPassword
from yett.signin.profile import events, rules
from yett.signin.profile.model import Owner
from yett.signin.proving import PasswordDoor
from yett.store import StoreUnavailable

_WRONG = Notice("The old password is not right.", "Mind capital letters, and try again.", marks=True)
_THROTTLED = Notice("Too many wrong passwords.", "Wait a while before you try again.")
_BUSY = Notice("Too many people are signing in.", "Wait a few seconds, then try again.")
_FAILED = Notice("This does not work at the moment.", "The fault is on our side. Your password is as it was.")
_HEADING = "Your password was not changed."
_GENERAL = "Choose another one that is longer and was not used before."


class LocalPasswords(Protocol):
    """Changes passwords of people of the users file."""

    async def change(self, name: str, old: str, new: str, *, now: float) -> NewPassword: ...


class LDAPPasswords(Protocol):
    """Changes passwords of people of LDAP."""

    async def change(self, name: str, old: str, new: str) -> NewPassword: ...


class Users(Protocol):
    """The users file."""

    name: str

    def get(self, name: str) -> LocalUser | None: ...
    def list(self) -> Iterable[LocalUser]: ...


class Sessions(Protocol):
    """The part of the session service that is needed here."""

    def live(self, module_key: str | None = None) -> list[Session]: ...
    async def revoke(self, ref: str) -> bool: ...
    async def annotate(self, ref: str, metadata: dict[str, str]) -> Session | None: ...
    async def regenerate(self, token: str) -> Issued | None: ...


class Mailer(Protocol):
    """Whoever sends mail to people."""

    async def send(self, kind: MailKind, to: str, *, language: str = "", fields: dict[str, str]) -> bool: ...


class Languages(Protocol):
    """The language that a person's mail is written in."""

    async def language(self, user: str) -> str | None: ...


class OwnPassword:
    """Changes the password of whoever knows it."""

    def __init__(
        self,
        door: PasswordDoor,
        local: LocalPasswords,
        users: Users,
        sessions: Sessions,
        mailer: Mailer,
        languages: Languages,
        clock: Clock,
        tasks: Supervisor,
        *,
        ldap: LDAPPasswords | None = None,
        ldap_source: str = "",
    ) -> None:
        """`ldap` changes passwords of those whom the directory has from `ldap_source`."""
        self._door = door
        self._local = local
        self._users = users
        self._sessions = sessions
        self._mailer = mailer
        self._languages = languages
        self._clock = clock
        self._tasks = tasks
        self._ldap = ldap
        self._ldap_source = ldap_source

    def is_offered(self, person: Person) -> bool:
        """Whether the person has a password that can be changed here."""
        if person.source == self._users.name:
            user = self._users.get(person.name)
            return user is not None and bool(user.password_hash)
        return self._ldap is not None and person.source == self._ldap_source

    async def change(self, owner: Owner, old: str, new: str) -> Issued | Notice:
        """Change it and end every other session; this one goes on under a new token.

        Or what to tell the person, and nothing is changed.
        """
        person = owner.person
        if not self.is_offered(person):
            return _FAILED
        verdict = await self._door.verify(person.name, old)
        if isinstance(verdict, Rejected):
            return _NOTICES.get(verdict.reason, _WRONG)
        now = math.floor(self._clock.now() * 1000) / 1000
        # Before the change: whoever hears of that ends all sessions that do not know of it.
        if not await self._mark(owner, now):
            return _FAILED
        changed = await self._replace(person, old, new, now)
        if not changed.is_changed:
            return Notice(_HEADING, changed.sentence or _GENERAL, marks=True)
        issued = await self._sessions.regenerate(owner.token)
        if issued is None:
            await self._sessions.revoke(owner.session.ref)
        await self._end_others(owner)
        if person.email:
            self._tasks.run(self._write(person, now), name=f"signin.profile.mail.{person.name}")
        return issued or Notice("Your password is changed.", "Sign in with the new one.", is_good=True)

    async def _replace(self, person: Person, old: str, new: str, now: float) -> NewPassword:
        if self._ldap is not None and person.source == self._ldap_source:
            return await self._ldap.change(person.name, old, new)
        return await self._local.change(person.name, old, new, now=now)

    async def _mark(self, owner: Owner, now: float) -> bool:
        """Write into this session that it knows the password of now; whether that worked."""
        try:
            marked = await self._sessions.annotate(owner.session.ref, {rules.PASSWORD_AT: repr(now)})
        except StoreUnavailable as problem:
            events.session_not_marked(user=owner.person.name, error=describe(problem))
            return False
        return marked is not None

    async def _end_others(self, owner: Owner) -> None:
        """End the others, and the sessions at applications that hang on this one: they come again by themselves."""
        others = [each for each in self._sessions.live(owner.person.name) if each.ref != owner.session.ref]
        count = sum([await self._sessions.revoke(each.ref) for each in others])
        events.ended_with_password(user=owner.person.name, sessions=count)

    async def _write(self, person: Person, now: float) -> None:
        try:
            language = await self._languages.language(person.name)
        except StoreUnavailable:
            language = None
        at = datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds")
        await self._mailer.send(
            MailKind.PASSWORD_CHANGED, person.email, language=language or "", fields={"at": at}
        )


_NOTICES = {Reason.THROTTLED: _THROTTLED, Reason.BUSY: _BUSY, Reason.FAILED: _FAILED}


def status_of(notice: Notice) -> int:
    """The HTTP status that goes with what a person is told."""
    return {_THROTTLED: 429, _BUSY: 503, _FAILED: 503}.get(notice, 422)


class PasswordChanges:
    """Ends sessions from before a password was changed, whoever changed it: its owner, or `yett users passwd`."""

    def __init__(self, users: Users, sessions: Sessions, tasks: Supervisor) -> None:
        self._users = users
        self._sessions = sessions
        self._tasks = tasks

    async def start(self) -> None:
        """End those of people whose password was changed while nobody was looking."""
        for user in self._users.list():
            if user.password_changed_at:
                await self.end_older(PasswordChanged(user.person.name, user.password_changed_at))

    def told(self, change: PasswordChanged) -> None:
        """Somebody's password was changed."""
        self._tasks.run(self.end_older(change), name=f"signin.profile.password.{change.name}")

    async def end_older(self, change: PasswordChanged) -> None:
        """End what does not know the password."""
        older = [
            each for each in self._sessions.live(change.name) if not rules.knows_password(each, change.at)
        ]
        if older:
            count = sum([await self._sessions.revoke(each.ref) for each in older])
            events.ended_with_password(user=change.name, sessions=count)
