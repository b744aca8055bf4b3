"""The nouns of canaries."""

import enum
from dataclasses import dataclass

from yett.proxy.canary.config import CanarySettings, Sticky


class Version(enum.Enum):
    """Which version of an application a request goes to."""

    STABLE = "stable"
    CANARY = "canary"


@dataclass(frozen=True, slots=True)
class CanaryRules:
    """Who gets the canary of a route."""

    weight: float = 0.0
    """Of a hundred."""
    sticky: Sticky = Sticky.USER
    header: bytes = b""
    """In lower case."""
    cookie: bytes = b""
    groups: frozenset[str] = frozenset()
    seed: bytes = b""
    """Makes it other people for each application."""


def compile_canary(settings: CanarySettings, app: str) -> CanaryRules:
    """The rules that the settings describe."""
    return CanaryRules(
        weight=settings.weight,
        sticky=settings.sticky,
        header=settings.header.lower().encode("ascii"),
        cookie=settings.cookie.encode("ascii"),
        groups=frozenset(settings.groups),
        seed=app.encode(),
    )
