"""The settings of a canary: a `canary` table inside a mapping."""

import enum

from yett.config import item, setting
from yett.proxy.balancing.config import SERVICE, SERVICE_WORDS


class Sticky(enum.Enum):
    """What keeps a visitor with one version."""

    USER = "user"
    SESSION = "session"
    ADDRESS = "address"
    NONE = "none"
    """Nothing: each request is drawn anew."""


@item()
class CanarySettings:
    """A second version of the application, which a part of the visitors gets."""

    service: str = setting(
        "",
        "Where the canary is, written like a mapping's `service`; either this or `pool`.",
        matches=f"(?:{SERVICE})?",
        expects=SERVICE_WORDS,
    )
    pool: str = setting("", "Name of the [[proxy.pool]] of the canary; either this or `service`.")
    weight: float = setting(0.0, "How many visitors in a hundred get the canary.", at_least=0, at_most=100)
    sticky: Sticky = setting(
        Sticky.USER,
        "What keeps a visitor with one version: user, session, address, or none. "
        "Whoever has no name or session yet goes by address.",
    )
    header: str = setting(
        "",
        'Header field in which a client may ask for "canary" or "stable"; nobody is asked when empty.',
        matches=r"(?:[A-Za-z0-9!#$%&'*+.^`|~-]{1,64})?",
        expects="the name of a header field",
    )
    cookie: str = setting(
        "",
        'Cookie in which a client may ask for "canary" or "stable"; nobody is asked when empty.',
        matches=r"[!#$%&'*+.^_`|~0-9A-Za-z-]{0,128}",
        expects="a cookie's name",
    )
    groups: tuple[str, ...] = setting((), "Groups whose members always get the canary.")
