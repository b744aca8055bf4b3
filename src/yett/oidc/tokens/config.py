"""Settings of tokens. How long those of one application last, it says itself."""

from datetime import timedelta

from yett.config import section, setting


@section("oidc.tokens")
class TokenSettings:
    """Tokens that applications get."""

    offline_lifetime: timedelta = setting(
        timedelta(days=90),
        "Longest that a grant with the scope `offline_access` lasts, however often it is refreshed; others end with "
        "the session.",
        at_least=timedelta(hours=1),
        at_most=timedelta(days=730),
    )
    refresh_leeway: timedelta = setting(
        timedelta(0),
        "For how long a refresh token that was used may be used again by a client that lost the answer; with 0 a "
        "second use ends the grant at once, whoever it was.",
        at_least=timedelta(0),
        at_most=timedelta(minutes=1),
    )
    identity_claims: bool = setting(
        True,
        "Whether ID tokens say what the scopes stand for (name, mail address, groups); otherwise only the userinfo "
        "endpoint does, as OpenID Connect Core has it in section 5.4, and clients that never ask there do not hear it.",
    )
