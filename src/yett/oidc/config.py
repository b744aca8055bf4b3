"""Settings of the provider."""

from datetime import timedelta

from yett.config import section, setting


@section("oidc")
class OIDCSettings:
    """The gateway as an OpenID Connect provider."""

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
