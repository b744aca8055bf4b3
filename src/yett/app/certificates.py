"""Certificates of clients: the method, its page, and the look at whoever is signed in with one."""

from pathlib import Path
from typing import Any

from yett.app.ldap import FromLDAP
from yett.authn.x509 import X509, Chain, Rechecks, Standing, X509Commands, X509Settings
from yett.config import Snapshot
from yett.identity import Directory
from yett.kernel import Clock, Lifecycle, Supervisor
from yett.keys import MasterKey, Sealer
from yett.net.http import LookUp
from yett.sessions import Sessions
from yett.signin import Flow, SignInSettings
from yett.signin.x509 import CertificateSignIn
from yett.store import FileStorage, Records


class ClientCertificates:
    """Everything of certificates; where they are switched off, there is no page and nothing is asked."""

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
        directory: Directory,
        sessions: Sessions,
        flow: Flow,
        ldap: FromLDAP,
        look_up: LookUp | None,
    ) -> None:
        self._directory = directory
        self._ldap = ldap
        self._method = X509(
            directory,
            records,
            snapshot[X509Settings],
            tasks,
            clock,
            files=FileStorage(folder / "files") if folder is not None else None,
            look_up=look_up,
            refresh=self._refresh,
        )
        lifecycle.add("client certificates", self._method.start, self._method.stop)
        rechecks = Rechecks(self._method, sessions, tasks, clock)
        lifecycle.add("certificates of sessions", rechecks.start, rechecks.stop)
        sessions.add_extend_validator("x509", rechecks.may_extend)
        self.step = CertificateSignIn(
            self._method, flow, Sealer(master, "signin/x509"), snapshot[SignInSettings], clock, origin=origin
        )

    def listed(self, chain: Chain) -> Standing:
        """What the lists say about the revocation of a certificate, whoever's it is."""
        return self._method.listed(chain)

    @property
    def commands(self) -> list[Any]:
        """Objects whose methods operators may call."""
        return [X509Commands(self._method)]

    async def apply(self, new: Snapshot) -> None:
        """Go by other settings from now on."""
        await self._method.apply(new[X509Settings])
        self.step.apply(new[SignInSettings])

    async def _refresh(self, name: str) -> bool | None:
        return await self._ldap.is_known(name, self._directory.person(name))
