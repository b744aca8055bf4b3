"""The settings of bearer tokens: a `bearer` table inside a mapping."""

from datetime import timedelta

from yett.config import item, setting
from yett.identity.federation import TradeGrant


@item()
class BearerSettings:
    """A token that tells the service who is calling, in place of what the client sends as Authorization."""

    through: str = setting(
        "",
        "Name of the [[identity.federation.provider]] whose token is sent, in place of one that the gateway signs: it "
        "gets a token of the gateway's about the person, and gives one of its own for it. Empty sends the gateway's.",
        matches=r"(?:[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?)?",
        expects="the name of a provider",
    )
    grant: TradeGrant | None = setting(
        None,
        'How that provider is asked: "jwt-bearer" (RFC 7523; the default) or "token-exchange" (RFC 8693).',
    )
    scopes: tuple[str, ...] = setting(
        (), "Scopes to ask that provider for.", matches=r"[\x21\x23-\x5b\x5d-\x7e]{1,64}", at_most=32
    )
    audience: str = setting(
        "",
        "For whom the token is (aud); the mapping's `app` when empty. A provider is asked for it, as `audience` with "
        "token-exchange and as `resource` (RFC 8707) where it is an absolute URI; when empty, it decides.",
        matches=r"[!#-\[\]-~]{0,256}",
        expects="up to 256 visible ASCII characters",
    )
    lifetime: timedelta = setting(
        timedelta(minutes=5),
        "How long one token is good, or one of a provider used at most; it is renewed at four fifths of that.",
        at_least=timedelta(seconds=10),
        at_most=timedelta(hours=1),
    )
