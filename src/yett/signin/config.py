"""Settings of the sign-in pages."""

from datetime import timedelta

from yett.config import section, setting


@section("signin")
class SignInSettings:
    """The page where people sign in."""

    form_lifetime: timedelta = setting(
        timedelta(minutes=30),
        "How long a sign-in page may stay open before its form has to be loaded anew.",
        at_least=timedelta(minutes=1),
        at_most=timedelta(hours=24),
    )
    help: str = setting(
        "",
        "A sentence below the form, for example whom to ask for help.",
        matches=r"[^\x00-\x1f]{0,300}",
        expects="one line of at most 300 characters",
    )
