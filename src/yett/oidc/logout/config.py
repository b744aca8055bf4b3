"""Settings of signing out."""

from datetime import timedelta

from yett.config import section, setting


@section("oidc.logout")
class LogoutSettings:
    """What clients hear when somebody signs out (OpenID Connect Back-Channel Logout 1.0)."""

    on_expiry: bool = setting(
        default=False,
        help="Tell clients, too, when a sign-on ran out unused; their own sessions then end though people use them.",
    )
    attempts: int = setting(3, "How often a client is told until it answers.", at_least=1, at_most=10)
    timeout: timedelta = setting(
        timedelta(seconds=5),
        "How long a client may take to answer.",
        at_least=timedelta(seconds=1),
        at_most=timedelta(seconds=30),
    )
    pause: timedelta = setting(
        timedelta(seconds=10),
        "How long it takes until a client that did not answer is told again; twice as long each time.",
        at_least=timedelta(seconds=1),
        at_most=timedelta(minutes=5),
    )
