"""Which person here somebody is whom a provider vouches for.

What must stay true:
  an address or a name alone never makes somebody a person here: only where the operator says that the
  provider may be believed about it, and never for somebody whom the same provider knows as another;
  whoever is switched off is not linked, made or let in, and of LDAP's people that is read anew;
  a name that LDAP has, or may have, is given to nobody.
"""

from typing import Final, Protocol

from yett.identity.federation import events, rules
from yett.identity.federation.config import Linking, ProviderSettings
from yett.identity.federation.links import Link, Links
from yett.identity.federation.model import SOURCE, Profile, Reason, Refused
from yett.identity.federation.people import FederatedPeople
from yett.identity.model import Person
from yett.store import StoreUnavailable


class Directory(Protocol):
    """Who people are, now."""

    def person(self, name: str) -> Person | None: ...
    def by_email(self, email: str) -> Person | None: ...


class LDAP(Protocol):
    """What LDAP says of a name now; its people are known here as of the last sync."""

    async def is_known(self, name: str, person: Person | None) -> bool | None: ...
    async def is_free(self, name: str) -> bool | None: ...


_BOT: Final = "bot-"
"""What names of programs begin with that have tokens of their own (see `tokens`)."""


class Joining:
    """Finds people, links them, makes them."""

    def __init__(
        self, people: FederatedPeople, links: Links, directory: Directory, ldap: LDAP | None = None
    ) -> None:
        """Without `ldap` what the directory knows is up to date."""
        self._people = people
        self.links = links
        self._directory = directory
        self._ldap = ldap

    async def person_for(
        self, provider: ProviderSettings, profile: Profile, *, client_address: str
    ) -> Person | Refused:
        """The person who comes with a profile; says in the log why it is nobody."""
        try:
            found = await self._find(provider, profile)
        except StoreUnavailable:
            found = Refused(Reason.STORE)
        if isinstance(found, Refused):
            events.refused(provider=provider.name, reason=found.reason, client_address=client_address)
        return found

    def holds(self, link: Link) -> bool:
        """Whether a link leads to somebody who is there."""
        return link.is_of(self._directory.person(link.user))

    async def refresh(self, provider: ProviderSettings, profile: Profile) -> None:
        """Take over what is said now of somebody who was made from it. Raises StoreUnavailable."""
        link = await self.links.find(profile.identity)
        if link is not None and link.is_of(self._directory.person(link.user)):
            await self._update(provider, profile, link.user)

    async def _find(self, provider: ProviderSettings, profile: Profile) -> Person | Refused:
        if not rules.is_in_domains(profile.email, provider.allowed_domains):
            return Refused(Reason.DOMAIN)
        link = await self.links.find(profile.identity)
        if link is not None:
            person = await self._now(link.user)
            if isinstance(person, Refused):
                return person
            if person is not None and link.is_of(person):
                if person.is_disabled:
                    return Refused(Reason.DISABLED)
                await self._update(provider, profile, person.name)
                return self._directory.person(person.name) or person
        by_claim = await self._by_claim(provider, profile)
        if isinstance(by_claim, Refused):
            return by_claim
        if by_claim is not None:
            return await self._join(provider, profile, by_claim, link)
        if provider.create:
            return await self._create(provider, profile, link)
        return Refused(Reason.UNKNOWN_PERSON if link is None else Reason.LINK_STALE)

    async def _now(self, name: str) -> Person | Refused | None:
        """Who has a name, where LDAP might know better as of now."""
        person = self._directory.person(name)
        is_known = True if self._ldap is None else await self._ldap.is_known(name, person)
        if is_known is False:
            return Refused(Reason.DIRECTORY)
        return None if is_known is None else self._directory.person(name)

    async def _by_claim(self, provider: ProviderSettings, profile: Profile) -> Person | Refused | None:
        """Whom the claims mean, where they are believed about that."""
        name = self._meant(provider, profile)
        person = None if name is None else await self._now(name)
        if person is None or isinstance(person, Refused):
            return person
        # What was read just now may have another address. And who was made from a provider's word has
        # name and address by that only: they may have waited there for somebody else to come.
        is_meant = self._meant(provider, profile) == person.name and person.source != SOURCE
        return person if is_meant else None

    def _meant(self, provider: ProviderSettings, profile: Profile) -> str | None:
        """The name of whom the claims mean."""
        if provider.link_by is Linking.EMAIL and profile.email:
            person = self._directory.by_email(profile.email)
            return None if person is None else person.name
        return profile.username if provider.link_by is Linking.USERNAME else None

    async def _join(
        self, provider: ProviderSettings, profile: Profile, person: Person, seen: Link | None
    ) -> Person | Refused:
        if person.is_disabled:
            return Refused(Reason.DISABLED)
        for each in await self.links.of(person.name):
            if (
                each.is_of(person)
                and each.issuer == profile.identity.issuer
                and each.identity != profile.identity
            ):
                # The provider knows the person as another: the address or the name was passed on there.
                return Refused(Reason.AMBIGUOUS)
        is_linked = await self.links.add(
            profile.identity,
            person,
            provider.name,
            shown=shown_as(profile),
            how=provider.link_by.value,
            seen=seen,
        )
        return person if is_linked else Refused(Reason.AMBIGUOUS)

    async def _create(
        self, provider: ProviderSettings, profile: Profile, seen: Link | None
    ) -> Person | Refused:
        name = profile.username
        if name is None or name.startswith(_BOT):
            return Refused(Reason.NO_NAME)
        known = self._directory.person(name)
        kept = self._people.kept(name)
        if known is not None and (
            kept is None or known.source != SOURCE or kept.identity != profile.identity
        ):
            return Refused(Reason.NAME_TAKEN)
        is_free = True if self._ldap is None else await self._ldap.is_free(name)
        if not is_free:
            return Refused(Reason.DIRECTORY if is_free is None else Reason.NAME_TAKEN)
        email = self._own_email(profile.email, name)
        if not await self._people.create(name, profile, provider.name, email=email):
            return Refused(Reason.NAME_TAKEN)
        person = self._directory.person(name)
        if person is None or person.source != SOURCE:
            return Refused(Reason.NAME_TAKEN)
        if person.is_disabled:
            return Refused(Reason.DISABLED)
        is_linked = await self.links.add(
            profile.identity, person, provider.name, shown=shown_as(profile), how="create", seen=seen
        )
        return person if is_linked else Refused(Reason.AMBIGUOUS)

    async def _update(self, provider: ProviderSettings, profile: Profile, name: str) -> None:
        kept = self._people.kept(name)
        if kept is not None and kept.identity == profile.identity:
            email = self._own_email(profile.email, name)
            await self._people.update(name, profile, provider.name, email=email)

    def _own_email(self, email: str, name: str) -> str:
        """The address, unless somebody else has it: with two, neither would be found by it."""
        owner = self._directory.by_email(email) if email else None
        return "" if owner is not None and owner.name != name else email


def shown_as(profile: Profile) -> str:
    """What a person knows their account at a provider as."""
    return profile.email or profile.username or profile.display_name or profile.identity.subject[:60]
