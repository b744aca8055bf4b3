"""The settings of request signing: a `request_signing` table inside a mapping."""

import enum
from datetime import timedelta

from yett.config import Size, item, setting


class Algorithm(enum.Enum):
    """How requests are signed (RFC 9421, section 3.3)."""

    ED25519 = "ed25519"
    HMAC_SHA256 = "hmac-sha256"


class Unhashed(enum.Enum):
    """What becomes of a request whose body is too long to be hashed."""

    FORWARD = "forward"
    """It goes on without a signature."""
    REFUSE = "refuse"


@item()
class RequestSigningSettings:
    """A signature over each request that the service gets."""

    alg: Algorithm = setting(
        Algorithm.ED25519,
        "ed25519, which everybody can check with the published keys; or hmac-sha256 with `key`, which takes a "
        "fifth of the time.",
    )
    key: str = setting(
        "",
        "What hmac-sha256 signs with, known to the service too: at least 32 random characters.",
        matches=r"([!-~]{32,512})?",
        expects="32 to 512 visible ASCII characters",
        secret=True,
    )
    lifetime: timedelta = setting(
        timedelta(seconds=60),
        "How long a signature counts.",
        at_least=timedelta(seconds=5),
        at_most=timedelta(hours=1),
    )
    max_body: Size = setting(
        1024 * 1024,
        "Largest body that is held back and hashed; each such request takes that much memory meanwhile.",
        at_least=0,
        at_most=64 * 1024 * 1024,
    )
    larger: Unhashed = setting(
        Unhashed.FORWARD,
        "What becomes of a request with a larger body: forward it without a signature, or refuse it (413).",
    )
