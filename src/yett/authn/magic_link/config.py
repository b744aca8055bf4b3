"""Settings of magic links."""

from datetime import timedelta

from yett.config import section, setting
from yett.net import HOST_NAME


@section("signin.magiclink")
class MagicLinkSettings:
    """Signing in with a link by mail. It needs a mail server (`smtp`) and switches device codes on."""

    enabled: bool = setting(False, "Let people sign in with a link that is mailed to them.")
    lifetime: timedelta = setting(
        timedelta(minutes=10),
        "How long a link is good, and how long the browser that asked waits for it.",
        at_least=timedelta(minutes=1),
        at_most=timedelta(hours=1),
    )
    max_per_address: int = setting(
        20, "Most links that may be asked for from one address in an hour.", at_least=1, at_most=100_000
    )
    max_per_email: int = setting(
        5, "Most links that are mailed to one person in an hour.", at_least=1, at_most=1000
    )
    allowed_domains: tuple[str, ...] = setting(
        (),
        "Domains of mail addresses that links are sent to, `*.example.org` for those below one; empty allows all.",
        matches=rf"(\*\.)?{HOST_NAME}",
        expects="a domain in lower case",
    )
