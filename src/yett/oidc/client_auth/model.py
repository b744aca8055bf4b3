"""Nouns of client authentication."""

import enum
import math
from dataclasses import dataclass

from starlette.responses import JSONResponse, Response

from yett.oidc.jose import Flaw

BASIC_CHALLENGE = 'Basic realm="OAuth clients", charset="UTF-8"'


class Reason(enum.Enum):
    """Why somebody is not taken for a client."""

    SEVERAL = "several_methods"
    """More than one way at once (RFC 6749, section 2.3)."""
    MALFORMED = "malformed"
    NOBODY = "nobody"
    """No client is named."""
    UNKNOWN = "unknown_client"
    METHOD = "other_method"
    """Another way than the one that was agreed on with the client."""
    SECRET = "secret"  # noqa: S105 - the name of a reason
    CERTIFICATE = "certificate"
    NETWORK = "network"
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that was shown."""

    client_id: str
    text: str
    is_basic: bool
    """In the header, otherwise in the form."""
    as_sent: str = ""
    """The same before it was decoded, from clients that do not encode it; only in the header."""

    def __repr__(self) -> str:
        return f"Secret(client_id={self.client_id!r}, text=…)"


@dataclass(frozen=True, slots=True)
class Assertion:
    """A signed statement that was shown (RFC 7523, section 2.2)."""

    client_id: str
    """As the form says; empty when it does not."""
    text: str

    def __repr__(self) -> str:
        return f"Assertion(client_id={self.client_id!r}, text=…)"


@dataclass(frozen=True, slots=True)
class Bare:
    """Nothing but a name: a public client, or one whose proof is its certificate."""

    client_id: str


Presented = Secret | Assertion | Bare


@dataclass(frozen=True, slots=True)
class AuthFault:
    """Not a client, as far as anybody can tell. Why exactly stands in the log, and only there."""

    status: int
    error: str
    description: str
    challenge: str = ""
    """Value of `WWW-Authenticate`."""
    retry_after: float = 0.0
    """Seconds; more than 0 only for those who have to wait."""

    def response(self) -> Response:
        """The answer (RFC 6749, section 5.2)."""
        headers = {"Cache-Control": "no-store", "Pragma": "no-cache"}
        if self.challenge:
            headers["WWW-Authenticate"] = self.challenge
        if self.retry_after > 0:
            headers["Retry-After"] = str(math.ceil(self.retry_after))
        content = {"error": self.error}
        if self.description:
            content["error_description"] = self.description
        return JSONResponse(content, self.status, headers=headers)


def fault_for(reason: Reason | Flaw, retry_after: float = 0.0) -> AuthFault:
    """How a reason is told. Whoever is refused learns nothing about which clients there are."""
    match reason:
        case Reason.SEVERAL:
            return AuthFault(400, "invalid_request", "the client has to prove itself in exactly one way")
        case Reason.MALFORMED:
            return AuthFault(400, "invalid_request", "the client's proof is not well formed")
        case Reason.THROTTLED:
            return AuthFault(
                429, "temporarily_unavailable", "too many failures; wait", "", max(retry_after, 1.0)
            )
        case Reason.UNAVAILABLE:
            return AuthFault(503, "temporarily_unavailable", "try again in a moment")
        case _:
            # No word more, so that there is nothing to tell clients apart by.
            return AuthFault(401, "invalid_client", "", BASIC_CHALLENGE)
