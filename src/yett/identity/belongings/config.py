"""How long is kept what people left behind."""

from datetime import timedelta

from yett.config import section, setting


@section("identity")
class IdentitySettings:
    """People, wherever they come from."""

    forget_after: timedelta = setting(
        timedelta(days=30),
        "How long passkeys, authenticators and preferences are kept after their person is gone, in case the very "
        "same entry comes back; nobody else ever gets them. 0 keeps nothing.",
        at_least=timedelta(0),
        at_most=timedelta(days=3650),
    )
