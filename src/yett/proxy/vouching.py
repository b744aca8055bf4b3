"""What tells services who is calling, and that it was us: tokens and signed requests.

What a mapping asks for is checked here, beside what its steps are made from.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from yett.identity.federation import ProviderSettings, Trade, TradeGrant, is_resource
from yett.kernel import Clock
from yett.oidc import Wanted
from yett.proxy.bearer import AUTHORIZATION, Bearers, BearerSettings, WantedElsewhere
from yett.proxy.config import HeaderSettings, MappingSettings
from yett.proxy.request_signing import OURS, Algorithm
from yett.proxy.signing import SigningKeys

ProviderOf = Callable[[str], ProviderSettings | None]


def no_provider(_: str) -> None:
    """There is none."""


@dataclass(frozen=True, slots=True)
class Vouching:
    """What steps that vouch for somebody are made from."""

    request_keys: SigningKeys
    clock: Clock
    bearers: Bearers | None = None
    provider_of: ProviderOf = no_provider
    """The provider of a name, as the settings have it now."""


def wanted_token(app: str, settings: BearerSettings, provider_of: ProviderOf = no_provider) -> Wanted:
    """The token that a mapping asks for."""
    lifetime = settings.lifetime.total_seconds()
    if not settings.through:
        return Wanted(app, settings.audience or app, lifetime)
    provider = provider_of(settings.through)
    trade = Trade(
        settings.through,
        # A provider that is not there has neither, and gives no tokens.
        provider.issuer if provider is not None else "",
        provider.client_id if provider is not None else "",
        settings.grant or TradeGrant.JWT_BEARER,
        settings.audience,
        " ".join(settings.scopes),
    )
    return WantedElsewhere(app, settings.audience, lifetime, trade=trade)


def problems_of(mapping: MappingSettings) -> Iterator[str]:
    """Why a mapping's `bearer` or `request_signing` cannot be."""
    signing = mapping.request_signing
    if mapping.bearer is None and signing is None:
        return
    if not mapping.service and not mapping.pool:
        yield "bearer and request_signing are for mappings with a service or a pool"
    edited = _edited(mapping.request_headers)
    if mapping.bearer is not None and edited & AUTHORIZATION:
        yield "bearer sends an Authorization of its own; take it out of request_headers"
    if mapping.bearer is not None:
        yield from _problems_of_token(mapping.bearer)
    if signing is None:
        return
    if edited & OURS:
        yield "request_signing sends Content-Digest, Signature and Signature-Input; take them out of request_headers"
    if not mapping.preserve_host and (mapping.pool or mapping.canary is not None):
        yield "request_signing covers the host, so it needs preserve_host when there are several services"
    if signing.alg is Algorithm.HMAC_SHA256 and not signing.key:
        yield "request_signing.alg hmac-sha256 needs a key"
    if signing.alg is Algorithm.ED25519 and signing.key:
        yield "request_signing.key is for hmac-sha256; ed25519 has keys of the gateway's own"


def _problems_of_token(bearer: BearerSettings) -> Iterator[str]:
    if bearer.through:
        is_exchange = bearer.grant is TradeGrant.TOKEN_EXCHANGE
        if bearer.audience and not is_exchange and not is_resource(bearer.audience):
            # It would be asked for in no way at all.
            yield "bearer.audience has to be an absolute URI, unless bearer.grant is token-exchange"
        return
    # The gateway's own token would be sent where another one was meant.
    if bearer.grant is not None:
        yield "bearer.grant is only good with bearer.through"
    if bearer.scopes:
        yield "bearer.scopes are only good with bearer.through"


def _edited(settings: HeaderSettings | None) -> frozenset[bytes]:
    """The (lower case) names of fields that the mapping puts into requests."""
    if settings is None:
        return frozenset()
    lines = (*settings.set, *settings.add)
    names = (line.partition(":")[0] for line in lines)
    return frozenset(name.strip().lower().replace("_", "-").encode("ascii") for name in names)
