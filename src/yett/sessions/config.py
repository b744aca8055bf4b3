"""The settings of sessions."""

from datetime import timedelta

from yett.config import section, setting


@section("sessions")
class SessionSettings:
    """How long people stay signed in, and how many sessions one may have."""

    idle_timeout: timedelta = setting(
        timedelta(minutes=30),
        "How long a session lasts without being used; use at any application keeps the sign-on alive.",
        at_least=timedelta(minutes=1),
        at_most=timedelta(days=30),
    )
    lifetime: timedelta = setting(
        timedelta(hours=12),
        "How long a session at an application lasts at most, however much it is used.",
        at_least=timedelta(minutes=1),
        at_most=timedelta(days=90),
    )
    sign_on_lifetime: timedelta = setting(
        timedelta(hours=12),
        "How long one sign-in lasts at most; no session at an application outlives it.",
        at_least=timedelta(minutes=1),
        at_most=timedelta(days=90),
    )
    pending_lifetime: timedelta = setting(
        timedelta(minutes=10),
        "How long a sign-in may stay half-finished, for example between password and second factor.",
        at_least=timedelta(seconds=30),
        at_most=timedelta(hours=24),
    )
    extend_every: timedelta = setting(
        timedelta(seconds=60),
        "How often at most the use of one session is written down; never less often than a quarter of "
        "the idle timeout.",
        at_least=timedelta(seconds=1),
        at_most=timedelta(hours=1),
    )
    max_per_user: int = setting(
        200,
        "How many sessions of one type a user may have; a further one ends the one used least recently.",
        at_least=1,
        at_most=100_000,
    )
