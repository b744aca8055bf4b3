"""Signing in with the password of a principal, and changing it.

A KDC that says yes proves nothing by itself: whoever can answer in its place says yes to any
password. So the ticket has to open with the gateway's own key, which only the real KDC shares.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from yett.authn.kerberos import configuration, events, library, programs, rules
from yett.authn.kerberos.config import KerberosSettings
from yett.authn.kerberos.config import Tickets as Keeping
from yett.authn.kerberos.folder import Folder
from yett.authn.kerberos.keys import Keys
from yett.authn.kerberos.library import Acceptor, LibraryRefused
from yett.authn.kerberos.model import (
    Changed,
    ChangeFault,
    Expired,
    NotChanged,
    Principal,
    Reason,
    Rejected,
    Ticket,
)
from yett.authn.kerberos.spnego import Spnego
from yett.authn.kerberos.tickets import Tickets, ticket_in
from yett.authn.password.pool import Pool, PoolFull
from yett.events import describe
from yett.store import StoreUnavailable

_SLOWEST_NO = 0.25
"""Seconds that every refusal takes at least. A KDC answers sooner for names that it does not know."""
_CHANGE_SERVICE = "kadmin/changepw"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The password is that of the person of this name; `ticket` is what the KDC gave, if it is to be kept."""

    name: str
    principal: str
    ticket: Ticket | None


class KerberosPassword:
    """Checks passwords at the KDC. Whoever calls it limits guesses."""

    def __init__(
        self,
        settings: KerberosSettings,
        keys: Keys,
        people: Spnego,
        tickets: Tickets,
        folder: Folder,
        pool: Pool,
        environ: Mapping[str, str],
        *,
        machine: str,
    ) -> None:
        """`machine` is the list of Kerberos configurations behind our own."""
        self._settings = settings
        self._keys = keys
        self._people = people
        self._tickets = tickets
        self._folder = folder
        self._pool = pool
        self._environ = environ
        self._machine = machine

    def configure(self, settings: KerberosSettings) -> None:
        """Other settings from now on."""
        self._settings = settings

    async def verify(self, name: str, password: str) -> SignedIn | Expired | Rejected:
        """Whether this is the password of the principal meant by `name`, and whose it is in the directory."""
        async with _unhurried() as pace:
            verdict = await self._verify(name, password)
            pace.is_no = isinstance(verdict, Rejected)
        return verdict

    async def _verify(self, name: str, password: str) -> SignedIn | Expired | Rejected:
        principal, acceptor = self._principal(name), self._keys.acceptor
        if principal is None or not rules.is_password(password):
            return self._reject(Reason.WRONG_PASSWORD, principal)
        if acceptor is None:
            return self._reject(Reason.UNAVAILABLE, principal, "there is no keytab")
        try:
            ticket = await self._pool.run(self._authenticate, str(principal), password, acceptor)
        except PoolFull:
            return Rejected(Reason.BUSY, retry_after=1.0)
        except LibraryRefused as problem:
            # A file that is not there is no error to the library as long as it can read ours.
            fault = configuration.problem_with(self._machine)
            if problem.is_configuration or (fault and problem.reason is Reason.UNAVAILABLE):
                events.configuration_not_loaded(file=self._machine, error=fault or str(problem))
            if problem.reason is Reason.PASSWORD_EXPIRED:
                return await self._expired(principal, password)
            return self._reject(problem.reason, principal, str(problem))
        except OSError as problem:
            return self._reject(Reason.UNAVAILABLE, principal, describe(problem))
        found = await self._people.person_of(str(principal))
        if isinstance(found, Reason):
            return self._reject(found, principal)
        events.authentication_successful(user=found, principal=str(principal))
        is_kept = self._settings.tickets is Keeping.KEPT
        return SignedIn(found, str(principal), ticket if is_kept else None)

    def _authenticate(self, principal: str, password: str, acceptor: Acceptor) -> Ticket:
        """Get a ticket and have our own key confirm it. Blocks; raises LibraryRefused."""
        with self._folder.cache() as path:
            library.acquire(principal, password, str(path))
            data = path.read_bytes()
            try:
                validated = library.accept(library.prove(str(path), self._keys.host), acceptor)
            except LibraryRefused as problem:
                raise LibraryRefused(Reason.UNVERIFIED, str(problem)) from problem
        ticket = ticket_in(data)
        if ticket is None or ticket.principal != principal or validated.initiator != principal:
            raise LibraryRefused(Reason.UNVERIFIED, "the ticket is somebody else's")
        return ticket

    async def _expired(self, principal: Principal, password: str) -> Expired | Rejected:
        """KDCs say "expired" before they look at the password, so it is asked for the one thing left to do."""
        with self._folder.cache() as path:
            try:
                ended = await self._pool.run(
                    programs.run_here,
                    self._settings.kinit,
                    ("-S", _CHANGE_SERVICE, "-c", f"FILE:{path}", str(principal)),
                    (password,),
                    self._environ,
                )
            except PoolFull:
                return Rejected(Reason.BUSY, retry_after=1.0)
        if isinstance(ended, programs.NotRun) or ended.code != 0:
            return self._reject(Reason.WRONG_PASSWORD, principal)
        found = await self._people.person_of(str(principal))
        if isinstance(found, Reason):
            return self._reject(found, principal)
        self._reject(Reason.PASSWORD_EXPIRED, principal)
        return Expired(found)

    async def change(self, name: str, old: str, new: str) -> Changed | NotChanged:
        """Set another password, with the old one as proof; what was got with the old one is no longer kept."""
        async with _unhurried() as pace:
            verdict = await self._change(name, old, new)
            pace.is_no = isinstance(verdict, NotChanged)
        return verdict

    async def _change(self, name: str, old: str, new: str) -> Changed | NotChanged:
        principal = self._principal(name)
        if principal is None or not rules.is_password(old):
            return self._not_changed(ChangeFault.WRONG_PASSWORD, "")
        if not rules.is_password(new):
            return self._not_changed(ChangeFault.UNFIT, "", user=self._known(principal))
        user = self._known(principal)
        words = (self._settings.kpasswd, (str(principal),), (old, new, new), self._environ)
        try:
            ended = await self._pool.run(programs.run_here, *words)
        except PoolFull:
            return self._not_changed(ChangeFault.UNAVAILABLE, "too many are waiting", user=user)
        if isinstance(ended, programs.NotRun):
            self._say_not_run(ended)
            return self._not_changed(ChangeFault.UNAVAILABLE, ended.error, user=user)
        if ended.code != 0:
            return self._refused(ended, user)
        events.change_successful(user=user)
        try:
            count = await self._tickets.revoke_user(user or principal.components[0])
        except StoreUnavailable:
            # Every copy ends with its session, and the sessions end with the ticket's lifetime at the latest.
            return Changed(user)
        events.revoked_after_change(user=user, tickets=count)
        return Changed(user)

    def _refused(self, ended: programs.Ended, user: str) -> NotChanged:
        # kpasswd: 1 when there was no ticket for the old password, 2 when the new one was not taken.
        text = _last_words(ended.output)
        fault = {1: ChangeFault.WRONG_PASSWORD, 2: ChangeFault.REFUSED}.get(
            ended.code, ChangeFault.UNAVAILABLE
        )
        if fault is ChangeFault.WRONG_PASSWORD and "cannot contact" in text.lower():
            fault = ChangeFault.UNAVAILABLE
        return self._not_changed(fault, text, user=user)

    def _not_changed(self, reason: ChangeFault, detail: str, *, user: str = "") -> NotChanged:
        events.change_failed(user=user, reason=reason, detail=detail)
        return NotChanged(reason, detail if reason is ChangeFault.REFUSED else "")

    def _say_not_run(self, problem: programs.NotRun) -> None:
        match problem.step:
            case programs.Step.PIPE:
                events.pipe_failed(error=problem.error)
            case programs.Step.START:
                events.start_failed(program=str(self._settings.kpasswd), error=problem.error)
            case programs.Step.WRITE | programs.Step.WAIT:
                events.write_failed(error=problem.error)

    def _principal(self, name: str) -> Principal | None:
        """The principal that a name means; None while no realm is known."""
        realms = self._settings.realms or tuple(sorted(self._keys.realms))
        return rules.typed_principal(name, realms[0]) if realms else None

    def _reject(self, reason: Reason, principal: Principal | None, detail: str = "") -> Rejected:
        user = "" if principal is None else self._known(principal)
        events.authentication_failed(user=user, reason=reason, detail=detail if user else "")
        is_ours = reason in {Reason.UNAVAILABLE, Reason.UNVERIFIED, Reason.CLOCK_SKEW}
        return Rejected(reason, retry_after=5.0 if is_ours else 0.0)

    def _known(self, principal: Principal) -> str:
        """The name if anybody has it; what nobody is called may be a password typed into the wrong box."""
        return self._people.known(str(principal))


class _Pace:
    """Whether what took its time was a refusal."""

    is_no = False


@contextlib.asynccontextmanager
async def _unhurried() -> AsyncIterator[_Pace]:
    """Let a refusal take its time, so that the time tells nothing."""
    loop = asyncio.get_running_loop()
    began, pace = loop.time(), _Pace()
    yield pace
    if pace.is_no:
        await asyncio.sleep(max(0.0, began + _SLOWEST_NO - loop.time()))


def _last_words(output: str) -> str:
    """What a program said at the end, as one line without what it asked for."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    text = " ".join(lines).rpartition("Enter it again:")[2]
    return "".join(letter for letter in text.strip() if letter.isprintable())[:300]
