"""Whether people who are in are still welcome at their provider; and giving its tokens back when they leave."""

import enum

from yett.events import describe
from yett.identity.federation import events, rules
from yett.identity.federation.config import ProviderSettings
from yett.identity.federation.grants import Grant, Grants
from yett.identity.federation.joining import Joining
from yett.identity.federation.model import Arrived, Metadata, Refused, TokenSet
from yett.identity.federation.party import RelyingParty, is_final
from yett.identity.federation.service import Federation
from yett.store import StoreUnavailable


class Welcome(enum.Enum):
    """What a provider says of somebody who is in."""

    STILL = "still"
    NO_MORE = "no_more"
    UNKNOWN = "unknown"
    """It was not asked, or did not answer."""


class Staying:
    """Keeps tokens, asks with them, gives them back."""

    def __init__(self, federation: Federation, grants: Grants, joining: Joining) -> None:
        self._federation = federation
        self._grants = grants
        self._joining = joining

    async def keep(self, arrived: Arrived, *, lifetime: float) -> str:
        """Keep the tokens of somebody who came, as far as anything will be done with them; their id, or empty.

        Whatever goes wrong costs only what they were kept for.
        """
        party = self._federation.provider(arrived.trip.provider)
        if party is None or not (party.settings.recheck or party.settings.revoke):
            return ""
        every = party.settings.recheck.total_seconds()
        try:
            return await self._grants.keep(
                party.name, arrived.profile.identity, arrived.tokens, every=every, lifetime=lifetime
            )
        except StoreUnavailable as problem:
            events.grant_unstored(provider=party.name, error=describe(problem))
            return ""

    async def give_back(self, number: str) -> None:
        """Return the tokens that were kept under an id."""
        try:
            grant = await self._grants.take(number)
        except StoreUnavailable as problem:
            events.grant_unstored(provider="", error=describe(problem))
            return
        party = None if grant is None else self._federation.provider(grant.provider)
        if grant is None or party is None or not party.settings.revoke:
            return
        events.revoke_wanted(provider=party.name)
        metadata = await _metadata(party)
        if metadata is None or metadata.issuer != grant.identity.issuer:
            return
        if grant.refresh_token:
            # The access token ends with it (RFC 7009, 2.1).
            await party.revoke(metadata, grant.refresh_token, "refresh_token")
        elif grant.access_token:
            await party.revoke(metadata, grant.access_token, "access_token")

    async def ask(self, number: str, provider: str) -> Welcome:
        """Ask a provider about somebody, if it is time to and no other node does."""
        party = self._federation.party(provider)
        if party is None or not party.settings.recheck:
            return Welcome.UNKNOWN
        every = party.settings.recheck.total_seconds()
        try:
            grant = await self._grants.claim(number, every)
            if grant is None or grant.provider != provider:
                return Welcome.UNKNOWN
            metadata = await _metadata(party)
            if metadata is None or metadata.issuer != grant.identity.issuer:
                return Welcome.UNKNOWN
            if grant.refresh_token:
                return await self._refresh(party, metadata, grant, every)
            return await self._introspect(party, metadata, grant)
        except StoreUnavailable as problem:
            events.grant_unstored(provider=provider, error=describe(problem))
            return Welcome.UNKNOWN

    async def _refresh(self, party: RelyingParty, metadata: Metadata, grant: Grant, every: float) -> Welcome:
        events.refresh_wanted(provider=party.name)
        tokens = await party.refresh(metadata, grant.refresh_token)
        if isinstance(tokens, Refused):
            return Welcome.NO_MORE if is_final(tokens) else Welcome.UNKNOWN
        # Before anything else: the token that was used may be good for nothing any more.
        await self._grants.renew(grant, tokens, every)
        return await self._absorb(party, metadata, grant, tokens)

    async def _absorb(
        self, party: RelyingParty, metadata: Metadata, grant: Grant, tokens: TokenSet
    ) -> Welcome:
        """Take over what it says of them now. What cannot be believed changes nothing."""
        if not tokens.id_token:
            return Welcome.STILL
        subject = grant.identity.subject
        claims = await party.validate(metadata, tokens, subject=subject)
        if isinstance(claims, Refused):
            return Welcome.UNKNOWN
        more = await party.userinfo(metadata, tokens.access_token, subject)
        if isinstance(more, Refused):
            return Welcome.UNKNOWN
        profile = rules.profile_of(party.settings, claims, more)
        if not _is_welcome(party.settings, profile.email):
            return Welcome.NO_MORE
        await self._joining.refresh(party.settings, profile)
        return Welcome.STILL

    async def _introspect(self, party: RelyingParty, metadata: Metadata, grant: Grant) -> Welcome:
        events.introspect_wanted(provider=party.name)
        is_active = await party.introspect(metadata, grant.access_token) if grant.access_token else None
        return {True: Welcome.STILL, False: Welcome.NO_MORE, None: Welcome.UNKNOWN}[is_active]


def _is_welcome(provider: ProviderSettings, email: str) -> bool:
    return rules.is_in_domains(email, provider.allowed_domains)


async def _metadata(party: RelyingParty) -> Metadata | None:
    described = await party.discovery.get()
    return None if isinstance(described, Refused) else described.metadata
