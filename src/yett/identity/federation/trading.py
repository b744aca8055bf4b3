"""Tokens of a provider in exchange for tokens of ours, for applications that know only the provider's.

What must stay true:
  a token of ours goes to the provider that the settings name, and to nobody who has its name since;
  what is given for it is nothing but a bearer token, by `trades`.
"""

from dataclasses import dataclass
from typing import Protocol

from yett.identity.federation.model import Given, Metadata, Refused, Trade, Wrong
from yett.identity.federation.party import RelyingParty


class Parties(Protocol):
    """The providers that there are now."""

    def party(self, name: str) -> RelyingParty | None: ...


@dataclass(frozen=True, slots=True)
class Counter:
    """Where a token can be handed over now."""

    party: RelyingParty
    metadata: Metadata
    trade: Trade

    async def give(self, token: str) -> Given | Wrong | Refused:
        """Hand over a token of ours, and take what comes back."""
        return await self.party.trade(self.metadata, self.trade, token)


class Trading:
    """Knows where to go."""

    def __init__(self, parties: Parties) -> None:
        self._parties = parties

    async def open(self, trade: Trade) -> Counter | Refused | None:
        """Where this is traded; None when there is no such provider (any more), or none that can be used.

        The provider may be asked about itself first, so that a token for it is best made after this.
        """
        party = self._parties.party(trade.provider)
        if party is None or party.settings.dpop:
            # What is bound to a key is good for nobody who cannot prove to have it.
            return None
        if (party.settings.issuer, party.settings.client_id) != (trade.issuer, trade.client_id):
            return None
        described = await party.discovery.get()
        return described if isinstance(described, Refused) else Counter(party, described.metadata, trade)
