"""Settings of proofs of possession."""

from datetime import timedelta
from typing import Final

from yett.config import section, setting

LONGEST: Final = timedelta(minutes=5)
"""How old a proof may be at most, whatever is set."""


@section("oidc.dpop")
class DPoPSettings:
    """Tokens that are bound to a key of the client (DPoP, RFC 9449). Who has to use them is said for each client."""

    proof_lifetime: timedelta = setting(
        timedelta(seconds=60),
        "How old a proof may be; each is good once.",
        at_least=timedelta(seconds=5),
        at_most=LONGEST,
    )
    clock_skew: timedelta = setting(
        timedelta(seconds=10),
        "How far ahead of ours the clock of a client may be.",
        at_least=timedelta(0),
        at_most=timedelta(minutes=1),
    )
    require_nonce: bool = setting(
        False, "Whether proofs have to repeat a nonce of ours, so that none can be made ahead of time."
    )
    nonce_lifetime: timedelta = setting(
        timedelta(minutes=5),
        "How often the nonce changes; the one before stays good as long again.",
        at_least=timedelta(seconds=30),
        at_most=timedelta(hours=1),
    )
