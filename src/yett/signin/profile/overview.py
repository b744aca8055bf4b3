"""What a person has, at a glance. A part that cannot be read just now is left open, and the rest is shown."""

from collections.abc import Callable
from typing import Protocol

from yett.authn.totp import TotpStatus
from yett.identity import Person
from yett.signin.profile.language import OwnLanguage
from yett.signin.profile.model import App, Overview, Owner
from yett.signin.profile.password import OwnPassword
from yett.signin.profile.sessions import OwnSessions
from yett.store import StoreUnavailable


class Totp(Protocol):
    """Authenticator apps."""

    async def status(self, user: str) -> TotpStatus | None: ...


class Passkeys(Protocol):
    """Passkeys."""

    @property
    def is_ready(self) -> bool: ...
    async def working(self, user: str) -> tuple[object, ...]: ...


class Looking:
    """Gathers it."""

    def __init__(
        self,
        totp: Totp,
        passkeys: Passkeys,
        sessions: OwnSessions,
        language: OwnLanguage,
        password: OwnPassword,
    ) -> None:
        self._totp = totp
        self._passkeys = passkeys
        self._sessions = sessions
        self._language = language
        self._password = password
        self._tokens: Callable[[Person], int | None] = _none

    def count_tokens_with(self, count: Callable[[Person], int | None]) -> None:
        """Ask this how many access tokens somebody has; None for whoever may have none."""
        self._tokens = count

    async def app(self, user: str) -> App | None:
        """The authenticator app of a person. Raises StoreUnavailable."""
        status = await self._totp.status(user)
        return None if status is None else App(status.enrolled_at, status.recovery_left)

    async def overview(self, owner: Owner) -> Overview:
        """Everything."""
        user = owner.person.name
        app, passkeys, language = None, None, ""
        is_whole = True
        try:
            app = await self.app(user)
            passkeys = len(await self._passkeys.working(user)) if self._passkeys.is_ready else None
            language = await self._language.chosen(user)
        except StoreUnavailable:
            is_whole = False
        return Overview(
            is_whole,
            app,
            passkeys,
            len(self._sessions.shown(owner)),
            language,
            self._password.is_offered(owner.person),
            self._tokens(owner.person),
        )


def _none(_person: Person) -> None:
    return None
