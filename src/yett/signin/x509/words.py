"""What becomes of each reason: the status, the code for programs, the words for people."""

from collections.abc import Callable
from dataclasses import dataclass

from yett.authn.x509 import Reason
from yett.signin.x509 import events


@dataclass(frozen=True, slots=True)
class Words:
    """How one refusal is told."""

    status: int
    code: str
    heading: str
    sentence: str


NO_CERTIFICATE = Words(
    403,
    "no_certificate",
    "Your browser showed no certificate",
    "Without one, nobody can be signed in on this page.",
)
REVOKED = Words(
    403,
    "certificate_revoked",
    "Your certificate has been revoked",
    "It cannot be used any more. Ask your administrator for a new one.",
)
EXPIRED = Words(
    403,
    "certificate_expired",
    "Your certificate has expired",
    "Install a new one, then close all windows of the browser and try again.",
)
NOT_YET_VALID = Words(
    403,
    "certificate_not_yet_valid",
    "Your certificate is not valid yet",
    "Check the date of this device, or come back when the certificate has begun.",
)
UNTRUSTED = Words(
    403,
    "certificate_not_trusted",
    "Your certificate is not accepted here",
    "It is from an authority that is not accepted, or made for something else. "
    "If you have another one, close all windows of the browser and choose that.",
)
NOBODY = Words(
    403,
    "certificate_without_account",
    "Your certificate does not sign you in",
    "It is nobody's here. Sign in another way, or ask your administrator for help.",
)
UNAVAILABLE = Words(
    503,
    "unavailable",
    "Your certificate cannot be checked at the moment",
    "The fault is on our side. Wait a little, then try again.",
)

_WORDS = {
    Reason.MALFORMED: UNTRUSTED,
    Reason.NOT_YET_VALID: NOT_YET_VALID,
    Reason.EXPIRED: EXPIRED,
    Reason.NO_AUTHORITY: UNAVAILABLE,
    Reason.CHAIN: UNTRUSTED,
    Reason.REVOKED: REVOKED,
    Reason.NOT_CHECKED: UNAVAILABLE,
    Reason.NO_IDENTITY: NOBODY,
    Reason.NO_DIRECTORY: UNAVAILABLE,
    Reason.UNKNOWN_PERSON: NOBODY,
}

_SAID: dict[Reason, Callable[[str], None]] = {
    Reason.MALFORMED: events.malformed,
    Reason.NOT_YET_VALID: events.not_yet_valid,
    Reason.EXPIRED: events.expired,
    Reason.CHAIN: events.chain_failed,
    Reason.REVOKED: events.revoked,
}


def words_for(reason: Reason) -> Words:
    """How a refusal is told."""
    return _WORDS[reason]


def say(reason: Reason, client_address: str) -> None:
    """Put a refusal on record."""
    plain = _SAID.get(reason)
    if plain is not None:
        plain(client_address)
    elif _WORDS[reason] is UNAVAILABLE:
        events.not_validated(reason=reason, client_address=client_address)
    else:
        events.nobody(reason=reason, client_address=client_address)
