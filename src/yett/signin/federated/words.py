"""What people are told when they come back from a provider and are not let in: never more than they may know."""

from dataclasses import dataclass
from typing import Final

from yett.identity.federation import Reason


@dataclass(frozen=True, slots=True)
class Words:
    """How one refusal is told."""

    status: int
    heading: str
    sentence: str
    may_connect: bool = False
    """Whether the person may help themselves by connecting the account."""


AWAY: Final = Words(
    503,
    "Signing in there does not work at the moment",
    "It could not be reached, or its answer made no sense. Wait a little and try again, or sign in another way.",
)
BEGIN_AGAIN: Final = Words(
    409,
    "This sign-in cannot be finished",
    "It took too long, was finished already, or began in another window. Begin again.",
)
NOT_THERE: Final = Words(
    403,
    "You were not signed in there",
    "It was called off, or the other side refused. Try again, or sign in another way.",
)
NOT_BELIEVED: Final = Words(
    502,
    "The answer could not be accepted",
    "It did not prove who you are. Try again; if it stays so, tell your administrator.",
)
NOBODY: Final = Words(
    403,
    "That account is nobody's here",
    "If you have an account here, sign in with it and connect the other one. Otherwise ask your administrator.",
    may_connect=True,
)
NOT_WELCOME: Final = Words(
    403,
    "That account does not sign you in here",
    "Sign in another way, or ask your administrator for help.",
)

_BEGIN_AGAIN = frozenset(
    {
        Reason.STATE_MISSING,
        Reason.STATE_UNKNOWN,
        Reason.STATE_EXPIRED,
        Reason.OTHER_BROWSER,
        Reason.OTHER_PROVIDER,
        Reason.OTHER_ISSUER,
        Reason.MALFORMED,
    }
)
_NOBODY = frozenset(
    {Reason.UNKNOWN_PERSON, Reason.LINK_STALE, Reason.NO_NAME, Reason.NAME_TAKEN, Reason.AMBIGUOUS}
)
_NOT_WELCOME = frozenset({Reason.DOMAIN, Reason.DISABLED})


def words_for(reason: Reason, *, is_passing: bool) -> Words:
    """How a reason is told."""
    if is_passing:
        return AWAY
    if reason in _BEGIN_AGAIN:
        return BEGIN_AGAIN
    if reason is Reason.PROVIDER_ERROR:
        return NOT_THERE
    if reason in _NOBODY:
        return NOBODY
    return NOT_WELCOME if reason in _NOT_WELCOME else NOT_BELIEVED
