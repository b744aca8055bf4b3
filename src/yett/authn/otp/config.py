"""Settings of codes by mail."""

from datetime import timedelta

from yett.config import section, setting
from yett.net import HOST_NAME

SHORTEST_TTL = timedelta(seconds=30)
LONGEST_TTL = timedelta(hours=1)


@section("authn.otp")
class OTPSettings:
    """One-time codes by mail: what they look like, how long they are good, and how many somebody may ask for."""

    code_type: str = setting(
        "base20",
        "What codes are made of: `base20`, consonants only, or `numeric`; anything else counts as `numeric`, "
        "with a warning.",
    )
    length: int = setting(8, "Letters or digits of a code.", at_least=6, at_most=16)
    ttl: timedelta = setting(
        timedelta(minutes=5),
        "How long a code is good, from 30 seconds to an hour; with any other value no code is made.",
    )
    max_tries: int = setting(
        5, "Wrong codes from one browser before its code is locked.", at_least=1, at_most=20
    )
    lock_for: timedelta = setting(
        timedelta(minutes=15),
        "How long that browser gets no other code then.",
        at_least=timedelta(minutes=1),
        at_most=timedelta(hours=24),
    )
    resend_interval: timedelta = setting(
        timedelta(seconds=30),
        "How long a browser has to wait before it may ask for another code.",
        at_least=timedelta(seconds=1),
        at_most=timedelta(minutes=30),
    )
    max_resends: int = setting(
        3, "How many further codes it may ask for while it has one.", at_least=0, at_most=20
    )
    max_per_hour: int = setting(
        20,
        "Most codes that one person is sent in an hour, whatever browsers ask; those at an address that the "
        "person has signed in from before count apart.",
        at_least=1,
        at_most=1000,
    )
    allowed_domains: tuple[str, ...] = setting(
        (),
        "Domains of mail addresses that codes are sent to, `*.example.org` for those below one; empty allows all.",
        matches=rf"(\*\.)?{HOST_NAME}",
        expects="a domain in lower case",
    )
