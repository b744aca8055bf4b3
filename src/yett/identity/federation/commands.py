"""What operators can ask about providers, and do about the people who come from them."""

from datetime import UTC, datetime

from yett.identity.federation.joining import Joining
from yett.identity.federation.model import Refused
from yett.identity.federation.people import FederatedPeople
from yett.identity.federation.service import Federation
from yett.identity.model import fold_name
from yett.kernel import CommandFailed, Table, command
from yett.store import StoreUnavailable


class FederationCommands:
    """The commands under `federation`."""

    def __init__(self, federation: Federation, people: FederatedPeople, joining: Joining) -> None:
        self._federation = federation
        self._people = people
        self._links = joining.links

    @command("federation providers")
    async def providers(self) -> Table:
        """List the providers, and whether people may sign in through them."""
        rows = []
        for party in self._federation.parties():
            settings = party.settings
            rows.append(
                (
                    settings.name,
                    settings.title,
                    settings.issuer,
                    settings.par.value,
                    settings.dpop,
                    settings.sign_in,
                    party.redirect_uri,
                )
            )
        columns = ("name", "title", "issuer", "par", "dpop", "sign-in", "redirect address")
        return Table(columns, tuple(rows), "There is no [[identity.federation.provider]].")

    @command("federation test")
    async def test(self, name: str) -> Table:
        """Ask a provider about itself and its keys now, and say what was found."""
        party = self._federation.provider(name)
        if party is None:
            raise CommandFailed(f"No provider is called {name[:64]!r}, or its settings cannot be used.")
        found = await party.look()
        if isinstance(found, Refused):
            raise CommandFailed(f"It cannot be used: {found.reason.value}. {found.detail}".strip())
        return Table(("fact", "value"), tuple(found.items()))

    @command("federation people")
    async def people(self) -> Table:
        """List the people who were made from what a provider said."""
        rows = []
        for person in sorted(self._people.people(), key=lambda each: each.name):
            kept = self._people.kept(person.name)
            if kept is not None:
                seen = datetime.fromtimestamp(kept.seen_at, UTC).isoformat(timespec="seconds")
                rows.append(
                    (person.name, kept.provider, person.email, list(person.groups), person.is_disabled, seen)
                )
        return Table(("name", "provider", "email", "groups", "disabled", "seen"), tuple(rows))

    @command("federation disable", writes=True)
    async def disable(self, name: str) -> str:
        """Switch off somebody who was made from what a provider said; their sessions end."""
        await self._set_disabled(name, is_disabled=True)
        return f"Disabled {name}."

    @command("federation enable", writes=True)
    async def enable(self, name: str) -> str:
        """Switch them on again."""
        await self._set_disabled(name, is_disabled=False)
        return f"Enabled {name}."

    async def _set_disabled(self, name: str, *, is_disabled: bool) -> None:
        try:
            is_done = await self._people.set_disabled(_proper(name), is_disabled)
        except StoreUnavailable as problem:
            raise CommandFailed("The store is away; nothing was changed.") from problem
        if not is_done:
            raise CommandFailed(f"Nobody called {name[:64]!r} comes from a provider.")

    @command("federation remove", writes=True)
    async def remove(self, name: str) -> str:
        """Forget somebody who was made from what a provider said; with `create`, they can come back."""
        proper = _proper(name)
        try:
            if not await self._people.remove(proper):
                raise CommandFailed(f"Nobody called {name[:64]!r} comes from a provider.")
            for link in await self._links.of(proper):
                await self._links.remove(link, by="operator")
        except StoreUnavailable as problem:
            raise CommandFailed("The store is away; try again.") from problem
        return f"Removed {proper}."

    @command("federation links")
    async def links(self, user: str) -> Table:
        """List the accounts at providers that lead to a person."""
        try:
            found = await self._links.of(_proper(user))
        except StoreUnavailable as problem:
            raise CommandFailed("The store is away.") from problem
        rows = [
            (
                link.provider,
                link.shown,
                link.subject,
                datetime.fromtimestamp(link.linked_at, UTC).isoformat(timespec="seconds"),
            )
            for link in found
        ]
        return Table(("provider", "account", "subject", "since"), tuple(rows))

    @command("federation unlink", writes=True)
    async def unlink(self, user: str, provider: str) -> str:
        """Let the accounts at a provider lead to a person no more; sessions that they began go on."""
        proper = _proper(user)
        try:
            found = [link for link in await self._links.of(proper) if link.provider == provider]
            done = sum([await self._links.remove(link, by="operator") for link in found])
        except StoreUnavailable as problem:
            raise CommandFailed("The store is away; try again.") from problem
        if not done:
            raise CommandFailed(f"No account at {provider[:64]!r} leads to {proper}.")
        return f"Unlinked {done} of {proper}."


def _proper(name: str) -> str:
    proper = fold_name(name)
    if proper is None:
        raise CommandFailed(f"{name[:64]!r} is no name of a person.")
    return proper
