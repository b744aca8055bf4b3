"""Settings of dynamic registration."""

import enum
from datetime import timedelta

from yett.config import section, setting
from yett.oidc.clients import GrantType

_SCOPE = r"[\x21\x23-\x5b\x5d-\x7e]{1,64}"  # RFC 6749, appendix A.4


class Mode(enum.Enum):
    """Who may register."""

    OFF = "off"
    """Nobody, and who did is not known any more."""
    CLOSED = "closed"
    """Nobody; who did goes on."""
    TOKEN = "token"  # noqa: S105 - the name of a choice
    """Who has a token that an operator made."""
    OPEN = "open"
    """Anybody."""


@section("oidc.registration")
class RegistrationSettings:
    """Applications that register themselves (RFC 7591).

    Nothing is kept of them: what they registered stands in their id, signed by the gateway. People are always asked
    for consent, and told that nobody here knows the application.
    """

    mode: Mode = setting(
        Mode.OFF,
        'Who may register: nobody ("off"), who has a token made with `yett admin oidc registration-token` ("token"), '
        'or anybody ("open"); "closed" lets those go on that did.',
    )
    lifetime: timedelta = setting(
        timedelta(days=365),
        "How long a registration lasts.",
        at_least=timedelta(hours=1),
        at_most=timedelta(days=3660),
    )
    scopes: tuple[str, ...] = setting(
        ("openid", "profile", "email", "offline_access"),
        "Scopes that such clients may ask for; what else they want is left out.",
        matches=_SCOPE,
        expects="a scope without spaces",
        at_most=32,
    )
    grants: tuple[GrantType, ...] = setting(
        (GrantType.CODE, GrantType.REFRESH), "What they may exchange for tokens.", at_most=8
    )
    groups: tuple[str, ...] = setting(
        (), "Groups whose members may sign in to them; with none, everybody may.", at_most=200
    )
    redirect_hosts: tuple[str, ...] = setting(
        (),
        'Hosts that they may send people to, such as "app.example.org" or "*.example.org"; any with none.',
        matches=r"(\*\.)?[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?",
        expects="a host in lower case, or *. and a domain",
        at_most=200,
    )
    per_hour: int = setting(10, "Registrations from one address in an hour.", at_least=1, at_most=10_000)
    total_per_hour: int = setting(
        200, "Registrations in an hour, from wherever.", at_least=1, at_most=100_000
    )
