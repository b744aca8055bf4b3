"""Settings of client authentication."""

from datetime import timedelta

from yett.config import section, setting


@section("oidc.client_auth")
class ClientAuthSettings:
    """How OAuth clients prove who they are, and how long those who fail have to wait."""

    longest_assertion: timedelta = setting(
        timedelta(hours=1),
        "How long a signed assertion (`private_key_jwt`) may be good, from now on.",
        at_least=timedelta(minutes=1),
        at_most=timedelta(hours=24),
    )
    clock_skew: timedelta = setting(
        timedelta(seconds=10),
        "How far the clocks of clients may be off.",
        at_least=timedelta(0),
        at_most=timedelta(minutes=1),
    )
    free_attempts: int = setting(
        10, "Failures of one client from one address before waits begin.", at_least=1, at_most=1000
    )
    free_attempts_per_address: int = setting(
        100,
        "Failures from one address, as whichever client, before waits begin.",
        at_least=1,
        at_most=100_000,
    )
    first_wait: timedelta = setting(
        timedelta(seconds=1),
        "The first wait; each further failure doubles it.",
        at_least=timedelta(milliseconds=100),
        at_most=timedelta(minutes=1),
    )
    longest_wait: timedelta = setting(
        timedelta(minutes=1), "The longest wait.", at_least=timedelta(seconds=1), at_most=timedelta(hours=1)
    )
