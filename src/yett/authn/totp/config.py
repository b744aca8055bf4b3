"""Settings of authenticator apps."""

from datetime import timedelta

from yett.config import section, setting


@section("authn.totp")
class TotpSettings:
    """Six-digit codes from an authenticator app, and recovery codes for whoever has lost it."""

    issuer: str = setting(
        "",
        "The name under which apps list the account; the sign-in host's when empty.",
        at_most=64,
        matches=r"[^:\x00-\x1f\x7f]*",
        expects="a text without colons",
    )
    window: int = setting(
        1,
        "Steps of 30 seconds either side that are accepted, for clocks that disagree.",
        at_least=0,
        at_most=2,
    )
    allow_clock_backward: bool = setting(
        False,
        "Whether a code is accepted whose step lies before the last accepted one because our clock was put "
        "back; such a code may have been used before.",
    )
    enrolment_time: timedelta = setting(
        timedelta(minutes=10),
        "How long somebody has to scan the code and type the first one.",
        at_least=timedelta(minutes=1),
        at_most=timedelta(hours=1),
    )
    recovery_codes: int = setting(
        10, "Recovery codes that a person is given; each is good once.", at_least=4, at_most=20
    )
