"""The gateway's own keys: loaded at start, and again when the file or the settings change."""

import asyncio
from pathlib import Path

from yett.authn.kerberos import events, keytab
from yett.authn.kerberos.config import KerberosSettings
from yett.authn.kerberos.library import Acceptor, LibraryRefused, open_acceptor


class Keys:
    """Holds the acceptor of now. Bad keys never replace good ones."""

    def __init__(self, settings: KerberosSettings, host: str) -> None:
        self.host = host
        self.acceptor: Acceptor | None = None
        self.realms: frozenset[str] = frozenset()
        """The realms in which the service principal has a key."""
        self._settings = settings
        self._stamp: tuple[int, ...] = ()

    @property
    def service(self) -> str:
        """The service principal without its realm."""
        return f"HTTP/{self.host}"

    def is_ours(self, principal: str) -> bool:
        """Whether a principal is the service's own."""
        name, _, realm = principal.rpartition("@")
        return name == self.service and realm in self.realms

    async def use(self, settings: KerberosSettings) -> None:
        """Load what the settings name."""
        self._settings = settings
        self._stamp = ()
        await self.look()

    async def look(self) -> None:
        """Load the keys if their file is another one than it was."""
        path = self._settings.keytab
        stamp = await asyncio.to_thread(_stamp, path) if path is not None else (1,)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        await self._load(path)

    async def _load(self, path: Path | None) -> None:
        file = "" if path is None else str(path)
        if path is None:
            found = keytab.from_base64(self._settings.keytab_base64)
        else:
            found = await asyncio.to_thread(keytab.from_file, path)
        if isinstance(found, keytab.Unfit):
            self._say_unfit(file, found.text)
            return
        if found.is_permissive:
            events.keytab_permissive(file=file)
        if not found.has_service(self.service):
            principals = tuple(sorted({key.principal for key in found.keys})[:20])
            events.keytab_without_service(service=self.service, found=principals)
        try:
            acceptor = await asyncio.to_thread(open_acceptor, found.data, self.host)
        except LibraryRefused as problem:
            self._say_unfit(file, str(problem))
            return
        self.acceptor, self.realms = acceptor, found.realms_of(self.service)
        if path is None:
            events.keytab_from_base64(keys=len(found.keys))
        else:
            events.keytab_from_file(file=file, keys=len(found.keys))

    def _say_unfit(self, file: str, error: str) -> None:
        events.keytab_not_loaded(file=file, error=error, is_old_kept=self.acceptor is not None)


def _stamp(path: Path) -> tuple[int, ...]:
    """What changes when a file does; (0,) while there is none."""
    try:
        about = path.stat()
    except OSError:
        return (0,)
    return about.st_mtime_ns, about.st_ino, about.st_size, about.st_mode
