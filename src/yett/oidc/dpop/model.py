"""Nouns of proofs of possession."""

import enum
from dataclasses import dataclass

from starlette.responses import JSONResponse, Response

from yett.oidc.jose import ALGORITHMS

NONCE = "DPoP-Nonce"
"""The field in which a client is told what its next proofs have to repeat (RFC 9449, section 8)."""


class Reason(enum.Enum):
    """Why a proof is none."""

    SEVERAL = "several"
    MALFORMED = "malformed"
    TYPE = "typ"
    ALGORITHM = "alg"
    KEY = "jwk"
    SIGNATURE = "signature"
    METHOD = "htm"
    TARGET = "htu"
    EXPIRED = "expired"
    FUTURE = "future"
    IDENT = "jti"
    ACCESS_HASH = "ath"
    OTHER_KEY = "other_key"
    """The token that it goes with is bound to another key."""
    NONCE = "nonce"
    REPLAYED = "replayed"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Proof:
    """A good one."""

    jkt: str
    """Thumbprint of the key (RFC 7638): what a token is bound to."""
    nonce: str = ""
    """What the next proof has to repeat, where nonces are asked for; belongs into the answer as `DPoP-Nonce`."""


@dataclass(frozen=True, slots=True)
class DPoPFault:
    """A proof that is none, and how that is told (RFC 9449, sections 5, 7.1, 8 and 9)."""

    reason: Reason
    nonce: str = ""

    @property
    def error(self) -> str:
        """What the client is told."""
        if self.reason is Reason.NONCE:
            return "use_dpop_nonce"
        return "temporarily_unavailable" if self.reason is Reason.UNAVAILABLE else "invalid_dpop_proof"

    @property
    def description(self) -> str:
        """A sentence for whoever writes the client."""
        if self.reason is Reason.NONCE:
            return "the proof has to repeat the nonce of this server"
        return f"the proof was refused: {self.reason.value}"

    def response(self, *, is_resource: bool = False) -> Response:
        """The answer of the token endpoint, or with `is_resource` of what a token gives access to."""
        headers = {"Cache-Control": "no-store", "Pragma": "no-cache"}
        if self.nonce:
            headers[NONCE] = self.nonce
        if self.reason is Reason.UNAVAILABLE:
            status = 503
        elif is_resource:
            status = 401
            headers["WWW-Authenticate"] = f'DPoP error="{self.error}", algs="{" ".join(ALGORITHMS)}"'
        else:
            status = 400
        content = {"error": self.error, "error_description": self.description}
        return JSONResponse(content, status, headers=headers)
