"""What operators can do about people who come for the first time."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Protocol
from urllib.parse import urlencode

from cyclopts import Parameter

from yett.identity import Person, fold_name
from yett.kernel import CommandFailed, Table, command
from yett.notify import MailKind
from yett.signin.machine import Standing, has_own
from yett.signin.onboarding.invitations import Invitations
from yett.store import StoreUnavailable

INVITATION = "/onboarding/invitation"
OPERATOR = "operator"

User = Annotated[str, Parameter(help="Name of the person.")]


class Factors(Protocol):
    """Which second factors people have."""

    async def standing(self, person: Person) -> Standing: ...


class Mailer(Protocol):
    """Whoever sends mail to people."""

    async def send(self, kind: MailKind, to: str, *, language: str = "", fields: dict[str, str]) -> bool: ...


class Languages(Protocol):
    """The language that a person's mail is written in."""

    async def language(self, user: str) -> str | None: ...


class OnboardingCommands:
    """The commands under `onboarding`."""

    def __init__(
        self,
        invitations: Invitations,
        find: Callable[[str], Person | None],
        factors: Factors,
        mailer: Mailer,
        languages: Languages,
        is_enabled: Callable[[], bool],
        *,
        origin: str,
    ) -> None:
        self._invitations = invitations
        self._find = find
        self._factors = factors
        self._mailer = mailer
        self._languages = languages
        self._is_enabled = is_enabled
        self._origin = origin

    @command("onboarding invite", writes=True)
    async def invite(
        self,
        user: User,
        *,
        mail: Annotated[
            bool, Parameter(negative="", help="Send it to the person's mail address and do not print it.")
        ] = False,
    ) -> str:
        """Make a link with which a person sets up their first passkey or app, without a password.

        It is good once; whoever opens it first has the account. Earlier ones of the person are good no more.
        """
        person = self._proper(user)
        if not self._is_enabled():
            raise CommandFailed(
                "Onboarding is switched off (onboarding.enabled), so the link would lead nowhere."
            )
        if mail and not person.email:
            raise CommandFailed(f"{person.name} has no mail address.")
        try:
            if has_own(await self._factors.standing(person)):
                raise CommandFailed(
                    f"{person.name} has a passkey or an app already. If it is lost, remove it first: "
                    f"yett admin passkey list {person.name}, yett admin totp reset {person.name}"
                )
            made = await self._invitations.invite(person.name, by=OPERATOR)
            language = await self._languages.language(person.name) if mail else None
        except StoreUnavailable as problem:
            raise CommandFailed(f"The store did not do it: {problem}.") from problem
        link = f"{self._origin}{INVITATION}?{urlencode({'t': made.token})}"
        until = _instant(made.invitation.expires_at)
        if not mail:
            return f"{link}\nGood once, until {until}. Give it to {person.name} and nobody else."
        fields = {"link": link, "expires_at": until}
        if not await self._mailer.send(
            MailKind.INVITATION, person.email, language=language or "", fields=fields
        ):
            await self._invitations.withdraw(person.name, by=OPERATOR)
            raise CommandFailed("The mail was not sent, so the invitation is withdrawn; the log says why.")
        return f"Sent to {person.name}, good once, until {until}."

    @command("onboarding withdraw", writes=True)
    async def withdraw(self, user: User) -> str:
        """Let the invitation of a person lead nowhere."""
        name = fold_name(user) or ""
        try:
            was_there = await self._invitations.withdraw(name, by=OPERATOR)
        except (StoreUnavailable, ValueError) as problem:
            raise CommandFailed(f"The store did not do it: {problem}.") from problem
        if not was_there:
            raise CommandFailed(f"{name or 'Nobody of that name'} has no open invitation.")
        return f"Withdrew the invitation of {name}."

    @command("onboarding list")
    async def show(self) -> Table:
        """List the invitations that are open."""
        try:
            found = await self._invitations.list()
        except StoreUnavailable as problem:
            raise CommandFailed(f"The store cannot be read: {problem}.") from problem
        rows = tuple(
            (each.user, each.by, _instant(each.made_at), _instant(each.expires_at)) for each in found
        )
        return Table(("user", "by", "made", "expires"), rows, empty="No invitation is open.")

    def _proper(self, typed: str) -> Person:
        name = fold_name(typed)
        person = None if name is None else self._find(name)
        if person is None:
            raise CommandFailed(f"Nobody is called {typed[:64]!r}.")
        if person.is_disabled:
            raise CommandFailed(f"{person.name} is disabled.")
        return person


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
