"""Kerberos: the method, its page, and the tickets that sessions keep."""

from pathlib import Path
from typing import Any

from starlette.routing import BaseRoute

from yett.app.ldap import FromLDAP
from yett.authn.kerberos import Kerberos, KerberosCommands, KerberosSettings
from yett.authn.password import PasswordSettings, limits_of
from yett.config import Snapshot
from yett.identity import Directory
from yett.kernel import Clock, Lifecycle, Supervisor
from yett.keys import MasterKey, Sealer
from yett.sessions import Sessions
from yett.signin import Flow, SignInSettings
from yett.signin.kerberos import KerberosStep
from yett.store import Records


class Tickets:
    """Everything of Kerberos; where it is switched off, nothing is asked."""

    def __init__(
        self,
        records: Records,
        master: MasterKey,
        snapshot: Snapshot,
        folder: Path | None,
        tasks: Supervisor,
        clock: Clock,
        lifecycle: Lifecycle,
        *,
        origin: str,
        host: str,
        directory: Directory,
        sessions: Sessions,
        flow: Flow,
        ldap: FromLDAP,
    ) -> None:
        self._directory = directory
        self._ldap = ldap
        self.method = Kerberos(
            snapshot[KerberosSettings],
            records,
            master,
            directory,
            sessions,
            tasks,
            clock,
            host=host,
            data=folder,
            sync=self._is_known_now,
        )
        lifecycle.add("kerberos", self.method.start, self.method.stop)
        sessions.ended.connect(self.method.tickets.forget)
        self.step = KerberosStep(
            self.method,
            flow,
            Sealer(master, "signin/kerberos"),
            snapshot[SignInSettings],
            limits_of(snapshot[PasswordSettings]),
            clock,
            origin=origin,
        )

    @property
    def routes(self) -> list[BaseRoute]:
        """The page."""
        return list(self.step.routes)

    @property
    def commands(self) -> list[Any]:
        """Objects whose methods operators may call."""
        return [KerberosCommands(self.method)]

    async def apply(self, new: Snapshot) -> None:
        """Go by other settings from now on."""
        await self.method.apply(new[KerberosSettings])
        self.step.apply(new[SignInSettings], limits_of(new[PasswordSettings]))

    async def _is_known_now(self, name: str) -> bool | None:
        return await self._ldap.is_known(name, self._directory.person(name))
