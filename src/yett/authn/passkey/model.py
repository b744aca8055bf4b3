"""Nouns of passkeys."""

import enum
import hashlib
from dataclasses import dataclass, field
from typing import Annotated, Any

from msgspec import Meta

AMR = "hwk"
"""How the method is called in tokens (RFC 8176, section 2)."""

GATEWAY = "gateway"
"""Who revoked what no person did."""

Bits = Annotated[int, Meta(ge=0, lt=1 << 32)]
Instant = Annotated[float, Meta(ge=0, lt=253_402_300_800)]


class Reason(enum.Enum):
    """Why a passkey was not made or not accepted. The person hears one general sentence."""

    MALFORMED = "malformed"
    """Not what a browser sends: cut, too large, or of another shape."""
    NO_CEREMONY = "no_ceremony"
    """Nothing of the kind was asked of this browser, or it was answered before, or too long ago."""
    WRONG_TYPE = "wrong_type"
    """An answer to another kind of question."""
    CHALLENGE = "challenge"
    ORIGIN = "origin"
    CROSS_ORIGIN = "cross_origin"
    """The page that asked stood inside another site's page."""
    TOKEN_BINDING = "token_binding"  # noqa: S105 - names a reason
    """The browser claims a binding to a TLS connection that we cannot have."""
    RP_ID = "rp_id"
    NOT_PRESENT = "not_present"
    """Nobody touched the authenticator."""
    NOT_VERIFIED = "not_verified"
    """The authenticator did not check who touched it (by finger, face or PIN)."""
    BACKUP = "backup"
    """What the authenticator says about copies of the key contradicts itself, or what it said before."""
    KEY = "key"
    """The public key is of a kind that was not asked for, or no key at all."""
    CREDENTIAL = "credential"
    """The id of the key is not the one that the authenticator signed, or has an impossible length."""
    ATTESTATION = "attestation"
    """The authenticator's statement about itself is missing, wrong, or by nobody we trust."""
    MODEL = "model"
    """The authenticator's model is not among those allowed."""
    TAKEN = "taken"
    """The key is enrolled already, or was before it was revoked."""
    TOO_MANY = "too_many"
    """The person has as many passkeys as are allowed."""
    NOT_FOUND = "not_found"
    """Nobody has this passkey."""
    FOREIGN = "foreign"
    """The passkey is somebody else's."""
    EXPIRED = "expired"
    SIGNATURE = "signature"
    CLONED = "cloned"
    """The counter did not grow: there may be two of the key."""
    UNAVAILABLE = "unavailable"
    """The fault is ours."""


@dataclass(frozen=True, slots=True)
class Passkey:
    """One enrolled passkey. Bytes are written as base64url without padding."""

    id: str
    """The id that the authenticator gave it; known to browsers, so no secret."""
    public_key: str = field(repr=False)
    """As a COSE key (RFC 9052, section 7)."""
    handle: str
    """What stands for its person in the authenticator: random, and never the name (section 14.6.1)."""
    sign_count: Bits
    device: str
    """What its person calls it."""
    created_at: Instant
    expires_at: Instant | None
    """None: it does not run out."""
    aaguid: str
    """The model of authenticator; what it is worth says `is_trusted`."""
    format: str
    """Of the attestation."""
    is_trusted: bool
    """Whether somebody whom the settings trust vouched for the model."""
    is_backup_eligible: bool
    """Whether the key may have copies elsewhere."""
    is_backed_up: bool
    transports: tuple[str, ...] = ()
    last_used_at: Instant | None = None
    reminded_at: Instant | None = None

    @property
    def hash(self) -> str:
        """What the log and operators call it."""
        return hash_of(self.id)


@dataclass(frozen=True, slots=True)
class Revoked:
    """A passkey that is good for nothing any more, and why."""

    passkey: Passkey
    revoked_at: Instant
    revoked_by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Keyring:
    """The passkeys of one person. `version` is what the store calls this state; 0 when there is none."""

    active: tuple[Passkey, ...] = ()
    revoked: tuple[Revoked, ...] = ()
    version: int = 0


class Purpose(enum.Enum):
    """What a ceremony is for."""

    REGISTRATION = "registration"
    AUTHENTICATION = "authentication"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a browser was asked, kept until it answers."""

    purpose: Purpose
    challenge: str
    device: str
    """The browser that was asked."""
    user: str
    """Who was asked; empty when anybody may answer."""
    handle: str
    """Of the person, in a registration."""
    made_at: float
    needs_verification: bool


@dataclass(frozen=True, slots=True)
class Ceremony:
    """A question to a browser. `options` are those of navigator.credentials, as JSON (section 5.1.8)."""

    id: str
    options: dict[str, Any]
    expires_in: int


@dataclass(frozen=True, slots=True)
class Registered:
    """A new key that is fit, not yet written down for anybody."""

    user: str
    passkey: Passkey


@dataclass(frozen=True, slots=True)
class PasskeyAccepted:
    """A passkey of this person was used."""

    user: str
    credential_hash: str
    is_user_verified: bool
    """Whether the authenticator knows who used it, which makes it two factors in one."""


@dataclass(frozen=True, slots=True)
class PasskeyRejected:
    """Not accepted."""

    reason: Reason


def hash_of(credential_id: str) -> str:
    """A short name for a credential id: half of its SHA-256."""
    return hashlib.sha256(credential_id.encode()).hexdigest()[:32]
