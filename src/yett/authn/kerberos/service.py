"""Everything of Kerberos that lives as long as the gateway: keys, folder, pool, and the methods made of them."""

import os
from collections.abc import MutableMapping
from functools import partial
from pathlib import Path

from yett.authn.kerberos import configuration, events
from yett.authn.kerberos.config import KerberosSettings
from yett.authn.kerberos.folder import Folder
from yett.authn.kerberos.keys import Keys
from yett.authn.kerberos.memory import lock_memory
from yett.authn.kerberos.password import KerberosPassword
from yett.authn.kerberos.replay import Used
from yett.authn.kerberos.spnego import Directory, Spnego, Sync
from yett.authn.kerberos.tickets import Live, Tickets
from yett.authn.password.pool import Pool
from yett.kernel import Clock, Supervisor
from yett.keys import MasterKey
from yett.store import Records

_LOOK_EVERY = 10.0
_REFRESH_EVERY = 60.0


class Kerberos:
    """Start before use. With `enabled = false` nothing is started and nothing is taken."""

    def __init__(
        self,
        settings: KerberosSettings,
        records: Records,
        master: MasterKey,
        directory: Directory,
        sessions: Live,
        tasks: Supervisor,
        clock: Clock,
        *,
        host: str,
        data: Path | None = None,
        sync: Sync | None = None,
        environ: MutableMapping[str, str] | None = None,
    ) -> None:
        """`host` is what browsers call the sign-in host; `data` the folder that holds ours."""
        self.settings = settings
        self._tasks = tasks
        self._is_started = False
        self._environ = os.environ if environ is None else environ
        self._machine = configuration.behind(settings.krb5_conf, self._environ)
        wanted = settings.ticket_folder or (data / "kerberos" if data is not None else None)
        self._folder = Folder(wanted)
        self.keys = Keys(settings, settings.service_host or host)
        # Tokens are looked at here, passwords wait for a KDC: those who wait must not keep the others out.
        self._tokens = Pool(settings.parallel_checks, settings.waiting_checks, name="kerberos")
        self._asking = Pool(settings.parallel_checks, settings.waiting_checks, name="kerberos-kdc")
        self.spnego = Spnego(settings, self.keys, Used(records), directory, self._tokens, sync=sync)
        self.tickets = Tickets(settings, records, master, sessions, self._folder, tasks, clock, self._environ)
        self.password = KerberosPassword(
            settings,
            self.keys,
            self.spnego,
            self.tickets,
            self._folder,
            self._asking,
            self._environ,
            machine=self._machine,
        )

    async def start(self) -> None:
        """Lock memory, take over the configuration, load the keys. Raises FolderUnusable."""
        settings = self.settings
        if not settings.enabled:
            return
        if settings.lock_memory:
            problem = lock_memory()
            if problem:
                events.memory_not_locked(error=problem)
            else:
                events.memory_locked()
        self._folder.open(
            partial(
                configuration.own_text, lifetime=settings.ticket_lifetime, renewable=settings.renewable_for
            )
        )
        configuration.use(self._folder.configuration, self._machine, self._environ)
        await self.keys.use(settings)
        self._is_started = True
        self._tasks.every(_LOOK_EVERY, self.keys.look, name="kerberos.keytab")
        self._tasks.every(_REFRESH_EVERY, self.tickets.refresh_due, name="kerberos.refresh")

    async def stop(self) -> None:
        """Look at nothing any more, and leave no cache behind."""
        self._tokens.close()
        self._asking.close()
        self._folder.close()

    async def apply(self, settings: KerberosSettings) -> None:
        """Go by other settings from now on."""
        before, self.settings = self.settings, settings
        self.spnego.configure(settings)
        self.password.configure(settings)
        self.tickets.configure(settings)
        self._tokens.waiting = self._asking.waiting = settings.waiting_checks
        if not self._is_started:
            return
        if (before.keytab, before.keytab_base64) != (settings.keytab, settings.keytab_base64):
            await self.keys.use(settings)
