"""Signing in through other providers (OpenID Connect): the gateway as their relying party.

Read `config`, `model` and `rules` (every decision, without I/O), then
`checking` (signatures) and `id_token` (claims). What the
two sides say to one another: `discovery` and `keys` (kept by `caching`), `signing`, `proofs` and
`asking` (how the gateway proves who it is), all joined in `party`. `service` holds the providers and the
trips of people who are on their way. Who somebody is here: `links`, `people` (a source of the directory)
and `joining`, which decides; `forgetting` ends links. `grants` and `staying` are about later: asking again,
giving tokens back. `trades` and `trading` are for applications that want the token of a provider.
"""

from yett.identity.federation.commands import FederationCommands
from yett.identity.federation.config import FederationSettings, ProviderSettings, check_federation
from yett.identity.federation.forgetting import Forgetting
from yett.identity.federation.grants import GRANT, PROVIDER, Grants
from yett.identity.federation.joining import Joining, shown_as
from yett.identity.federation.links import Link, Links
from yett.identity.federation.model import (
    SOURCE,
    Answer,
    Arrived,
    Begun,
    Given,
    Identity,
    Lost,
    Profile,
    Reason,
    Refused,
    Shown,
    Trade,
    TradeGrant,
    Trip,
    Wrong,
)
from yett.identity.federation.people import FederatedPeople
from yett.identity.federation.service import CALLBACK, SIGNED_OUT, Federation
from yett.identity.federation.staying import Staying, Welcome
from yett.identity.federation.trades import is_resource
from yett.identity.federation.trading import Counter, Trading

__all__ = [
    "CALLBACK",
    "GRANT",
    "PROVIDER",
    "SIGNED_OUT",
    "SOURCE",
    "Answer",
    "Arrived",
    "Begun",
    "Counter",
    "FederatedPeople",
    "Federation",
    "FederationCommands",
    "FederationSettings",
    "Forgetting",
    "Given",
    "Grants",
    "Identity",
    "Joining",
    "Link",
    "Links",
    "Lost",
    "Profile",
    "ProviderSettings",
    "Reason",
    "Refused",
    "Shown",
    "Staying",
    "Trade",
    "TradeGrant",
    "Trading",
    "Trip",
    "Welcome",
    "Wrong",
    "check_federation",
    "is_resource",
    "shown_as",
]
