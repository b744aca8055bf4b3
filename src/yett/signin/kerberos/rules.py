"""What a request says about Kerberos, and what its outcome means. Values in, verdict out."""

import enum
from collections.abc import Sequence

from yett.authn.kerberos import ChangeFault, NotChanged, Reason, Rejected, negotiate_token
from yett.signin.model import MustChangePassword, MustEnrol, NeedsFactor, SignedIn, Turned, TurnedAway
from yett.signin.rules import with_next


class Absent(enum.Enum):
    """Why there is no token to look at."""

    NOTHING = "nothing"
    """The browser has not been asked yet, or has none."""
    SEVERAL = "several"
    """More than one Authorization field: which one is meant is anybody's guess."""


def token_of(fields: Sequence[str]) -> str | Absent:
    """The token in the Authorization fields of a request."""
    if len(fields) > 1:
        return Absent.SEVERAL
    token = negotiate_token(fields[0]) if fields else None
    return Absent.NOTHING if token is None else token


OURS = frozenset({Reason.UNAVAILABLE, Reason.BUSY})
"""Reasons that say something about us, not about the token."""


def judge_token(rejected: Rejected) -> TurnedAway:
    """What a refused token means for the page."""
    why = {Reason.BUSY: Turned.BUSY, Reason.UNAVAILABLE: Turned.UNAVAILABLE}.get(
        rejected.reason, Turned.WRONG
    )
    return TurnedAway(why, rejected.retry_after)


def judge_password(rejected: Rejected) -> TurnedAway:
    """What a refused password means for the page. What would tell a right name from a wrong one looks the same."""
    why = {
        Reason.BUSY: Turned.BUSY,
        Reason.UNAVAILABLE: Turned.UNAVAILABLE,
        Reason.UNVERIFIED: Turned.UNAVAILABLE,
        Reason.CLOCK_SKEW: Turned.UNAVAILABLE,
    }.get(rejected.reason, Turned.WRONG)
    return TurnedAway(why, rejected.retry_after)


def metadata_of(principal: str, authenticated_at: float) -> dict[str, str]:
    """What a session keeps of a ticket: whose, and when they proved themselves to the KDC, maybe hours before."""
    return {"kerberos_principal": principal, "kerberos_authenticated_at": str(int(authenticated_at))}


def with_more(path: str, to: str) -> str:
    """`path`, which has a query already, with `to` as its `next`."""
    return path + with_next("", to).replace("?", "&", 1)


def state_of(outcome: SignedIn | NeedsFactor | MustEnrol | MustChangePassword) -> str:
    """How the record calls what comes next."""
    return {
        SignedIn: "signed_in",
        NeedsFactor: "factor_required",
        MustEnrol: "enrolment_required",
        MustChangePassword: "password_expired",
    }[type(outcome)]


def words_for(fault: NotChanged) -> tuple[str, str]:
    """What a person reads when their password was not changed."""
    return {
        ChangeFault.WRONG_PASSWORD: (
            "The user name or the old password is not right.",
            "Check both, mind capital letters, and try again.",
        ),
        ChangeFault.REFUSED: (
            "The new password was not accepted.",
            "Choose a longer one that you have not used before.",
        ),
        ChangeFault.UNFIT: (
            "The new password cannot be used.",
            "It has characters that no password can have.",
        ),
        ChangeFault.UNAVAILABLE: (
            "Passwords cannot be changed at the moment.",
            "The fault is on our side. Wait a little, then try again.",
        ),
    }[fault.reason]
