"""Settings of onboarding."""

from datetime import timedelta

from yett.config import section, setting


@section("onboarding")
class OnboardingSettings:
    """First contact: people with a password, or an invitation, set up a passkey or an app at `/onboarding`."""

    enabled: bool = setting(
        True,
        "Whether there is such a page. Without it, whoever has a password sets up their first factor with "
        "nothing else to prove.",
    )
    invitation_lifetime: timedelta = setting(
        timedelta(hours=24),
        "How long an invitation is good; each is good once.",
        at_least=timedelta(minutes=5),
        at_most=timedelta(days=30),
    )
