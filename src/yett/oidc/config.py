"""Settings of the provider."""

from datetime import timedelta

from yett.config import section, setting
from yett.oidc.clients.config import ClientSettings


@section("oidc")
class OIDCSettings:
    """The gateway as an OpenID Connect provider."""

    enabled: bool = setting(
        True,
        "Whether other applications may have people sign in here; those behind the proxy always may.",
    )
    client: tuple[ClientSettings, ...] = setting(
        (), "Applications that people sign in to, as [[oidc.client]] tables.", at_most=5000
    )
    code_lifetime: timedelta = setting(
        timedelta(seconds=60),
        "How long an authorization code may be redeemed; it works once.",
        at_least=timedelta(seconds=5),
        at_most=timedelta(minutes=10),
    )
    key_rotation: timedelta = setting(
        timedelta(hours=24),
        "How often the key that signs tokens for applications changes; they fetch the keys.",
        at_least=timedelta(hours=2),
        at_most=timedelta(days=365),
    )
    request_lifetime: timedelta = setting(
        timedelta(seconds=90),
        "How long a pushed authorization request waits for its person; it works once.",
        at_least=timedelta(seconds=5),
        at_most=timedelta(minutes=10),
    )
    requests_per_minute: int = setting(
        300,
        "How many authorization requests of one application may come from one address in a minute; those of "
        "applications behind the proxy are not counted.",
        at_least=1,
        at_most=1_000_000,
    )
