"""What operators can ask about people of LDAP."""

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter

from yett.identity.ldap.config import LdapSettings
from yett.identity.ldap.pool import Dialer, Pool
from yett.identity.ldap.reading import Reading
from yett.identity.ldap.source import LdapPeople
from yett.identity.model import Person, fold_name
from yett.kernel import CommandFailed, Place, SystemClock, Table, command
from yett.net.ldap import LDAPFailed


class DirectoryCommands:
    """The commands under `directory`, in the running gateway."""

    def __init__(self, ldap: LdapPeople, find: Callable[[str], Person | None]) -> None:
        self._ldap = ldap
        self._find = find

    @command("directory sync", writes=True)
    async def sync(
        self,
        *,
        full: Annotated[bool, Parameter(negative="", help="Everybody, not only what changed.")] = False,
        accept_loss: Annotated[
            bool, Parameter(negative="", help="Remove people and groups however many there are.")
        ] = False,
    ) -> Table:
        """Bring people and groups of LDAP up to date now."""
        if accept_loss and not full:
            raise CommandFailed("--accept-loss goes with --full: only a full sync removes anybody.")
        problem = await self._ldap.sync(is_full=full, accept_loss=accept_loss)
        if problem:
            raise CommandFailed(f"Nothing was changed: {problem}")
        people, _, groups = self._ldap.sizes
        return Table(("people", "groups"), ((people, groups),))

    @command("directory status")
    async def status(self) -> Table:
        """Say how many people and groups are known of LDAP, and how old that is."""
        state = self._ldap.state
        people, disabled, groups = self._ldap.sizes
        facts = {
            "servers": list(self._ldap.settings.urls),
            "connected": self._ldap.is_connected,
            "people": people,
            "disabled": disabled,
            "groups": groups,
            "last sync": _instant(state.synced_at),
            "last full sync": _instant(state.full_at),
            "last problem": state.problem,
        }
        return Table(("fact", "value"), tuple(facts.items()))

    @command("directory show")
    async def show(self, user: str) -> Table:
        """Show what the directory knows about a person, from whichever source."""
        name = fold_name(user)
        person = self._find(name) if name is not None else None
        if person is None:
            raise CommandFailed(f"Nobody is called {user[:64]!r}.")
        entry = self._ldap.user(person.name)
        facts = {
            "name": person.name,
            "display name": person.display_name,
            "email": person.email,
            "groups": list(person.groups),
            "disabled": person.is_disabled,
            "source": person.source,
            "entry": entry.dn if entry is not None else None,
        }
        return Table(("fact", "value"), tuple(facts.items()))


class LdapCommands:
    """The commands under `ldap`, which need no running gateway."""

    def __init__(self, settings: Callable[[], LdapSettings]) -> None:
        self._settings = settings

    @command("ldap test", place=Place.HERE)
    async def test(self) -> Table:
        """Connect to each LDAP server, sign in, read everybody, and say what was found."""
        settings = self._settings()
        if not settings.is_enabled:
            raise CommandFailed("There are no servers in [identity.ldap] urls.")
        rows = [(url, *await _try(settings, url)) for url in settings.urls]
        if all(row[1] != "ok" for row in rows):
            raise CommandFailed("\n".join(f"{row[0]}: {row[1]}" for row in rows))
        return Table(("server", "result", "people", "groups", "unusable"), tuple(rows))


async def _try(settings: LdapSettings, url: str) -> tuple[str, int | None, int | None, int | None]:
    one = dataclasses.replace(settings, urls=(url,), pool_size=1)
    pool = Pool(Dialer(one, SystemClock()), 1)
    try:
        snapshot = await Reading(pool, one).everything()
    except LDAPFailed as problem:
        return str(problem), None, None, None
    finally:
        await pool.close()
    named = sum(bool(group.name) for group in snapshot.groups)
    return "ok", len(snapshot.users), named, snapshot.unusable


def _instant(seconds: float) -> str | None:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds") if seconds else None
