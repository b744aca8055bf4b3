"""Every judgement about passkeys: values in, verdict out.

Nothing here waits, reads a clock or touches a store. Steps and sections are those of WebAuthn
Level 3, 7.1 (registration) and 7.2 (authentication).
"""

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from yett.authn.passkey.config import Attestation, PasskeySettings
from yett.authn.passkey.model import GATEWAY, Keyring, Passkey, Reason, Revoked
from yett.authn.passkey.wire import (
    BACKED_UP,
    BACKUP_ELIGIBLE,
    MAX_CREDENTIAL_ID,
    USER_PRESENT,
    USER_VERIFIED,
    AuthenticatorData,
    ClientData,
)
from yett.config import Mistake

CREATE, GET = "webauthn.create", "webauthn.get"
MAX_REVOKED = 100
"""How many revoked passkeys of a person are remembered; the newest stay."""
MAX_DEVICE = 64
EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Place:
    """Where passkeys are good: the domain that they belong to, and the one origin that may ask for them."""

    rp_id: str
    origin: str

    @property
    def rp_id_hash(self) -> bytes:
        return hashlib.sha256(self.rp_id.encode()).digest()


def judge_client(data: ClientData, expected_type: str, challenge: bytes, place: Place) -> Reason | None:
    """What is wrong with what the browser did, if anything (7.1, steps 7 to 11; 7.2, steps 10 to 14)."""
    if data.type != expected_type:
        return Reason.WRONG_TYPE
    if not hmac.compare_digest(data.challenge, challenge):
        return Reason.CHALLENGE
    if data.origin != place.origin:
        return Reason.ORIGIN
    if data.is_cross_origin:
        # No page of ours is ever framed, so nobody is to be led through a frame to sign here.
        return Reason.CROSS_ORIGIN
    # Level 2, section 7.2, step 14: a binding that is claimed has to be that of the connection; we have none.
    return Reason.TOKEN_BINDING if data.has_token_binding else None


def judge_authenticator(
    data: AuthenticatorData, place: Place, *, needs_verification: bool, known: Passkey | None = None
) -> Reason | None:
    """What is wrong with what the authenticator did, if anything (7.1, steps 14 to 17; 7.2, steps 16 to 20)."""
    if not hmac.compare_digest(data.rp_id_hash, place.rp_id_hash):
        return Reason.RP_ID
    if not data.has(USER_PRESENT):
        return Reason.NOT_PRESENT
    if needs_verification and not data.has(USER_VERIFIED):
        return Reason.NOT_VERIFIED
    if data.has(BACKED_UP) and not data.has(BACKUP_ELIGIBLE):
        return Reason.BACKUP
    if known is not None and known.is_backup_eligible is not data.has(BACKUP_ELIGIBLE):
        return Reason.BACKUP
    return None


def is_grown(stored: int, received: int) -> bool:
    """Whether a counter is as it should be (section 6.1.1). Keys that are copied on purpose stay at zero."""
    return received > stored or (received == 0 and stored == 0)


def judge_credential_id(sent: bytes, signed: bytes) -> Reason | None:
    """Whether the id that the browser names is the one in the authenticator's data, of a length it may have."""
    if sent != signed or not 16 <= len(signed) <= MAX_CREDENTIAL_ID:
        # Shorter ones could be guessed, or be somebody else's by chance (section 4, "Credential ID").
        return Reason.CREDENTIAL
    return None


# What is kept.


def is_live(passkey: Passkey, now: float) -> bool:
    """Whether it has not run out."""
    return passkey.expires_at is None or now < passkey.expires_at


def live(keyring: Keyring, now: float) -> tuple[Passkey, ...]:
    """Those that work."""
    return tuple(passkey for passkey in keyring.active if is_live(passkey, now))


def find(keyring: Keyring, credential_id: str) -> Passkey | Revoked | None:
    """A passkey of this person by its id, working or not."""
    for passkey in keyring.active:
        if passkey.id == credential_id:
            return passkey
    return next((each for each in keyring.revoked if each.passkey.id == credential_id), None)


def expiry(now: float, validity: timedelta) -> float | None:
    """When a passkey made now runs out; None for never."""
    return now + validity.total_seconds() if validity else None


def with_new(keyring: Keyring, passkey: Passkey, now: float, *, most: int) -> Keyring | Reason:
    """The keyring with one more; those that had run out make room, and are kept among the revoked."""
    if find(keyring, passkey.id) is not None:
        return Reason.TAKEN
    kept = live(keyring, now)
    if len(kept) >= most:
        return Reason.TOO_MANY
    over = tuple(Revoked(each, now, GATEWAY, EXPIRED) for each in keyring.active if each not in kept)
    return replace(keyring, active=(*kept, passkey), revoked=(*keyring.revoked, *over)[-MAX_REVOKED:])


def without(keyring: Keyring, revoked: Revoked) -> Keyring:
    """The keyring with one moved to the revoked ones."""
    active = tuple(passkey for passkey in keyring.active if passkey.id != revoked.passkey.id)
    return replace(keyring, active=active, revoked=(*keyring.revoked, revoked)[-MAX_REVOKED:])


def with_changed(keyring: Keyring, passkey: Passkey) -> Keyring:
    """The keyring with a passkey in place of the one of the same id."""
    return replace(
        keyring, active=tuple(passkey if each.id == passkey.id else each for each in keyring.active)
    )


def used(passkey: Passkey, data: AuthenticatorData, now: float) -> Passkey:
    """The passkey after a use (7.2, step 24)."""
    return replace(passkey, sign_count=data.sign_count, is_backed_up=data.has(BACKED_UP), last_used_at=now)


def is_due(passkey: Passkey, now: float, reminders: tuple[timedelta, ...]) -> bool:
    """Whether the person has to be told that it runs out. Each reminder is due once; one that ran out needs none."""
    if passkey.expires_at is None or not is_live(passkey, now):
        return False
    told = passkey.reminded_at or 0.0
    return any(told < passkey.expires_at - before.total_seconds() <= now for before in reminders)


def device_name(typed: str, fallback: str) -> str:
    """What a person calls a device, made fit to be shown and logged."""
    name = "".join(letter for letter in typed[:512] if letter.isprintable()).strip()
    return name[:MAX_DEVICE] or fallback


# Settings.


def rp_id_of(settings: PasskeySettings, hostname: str) -> str:
    """The domain that passkeys belong to."""
    return settings.rp_id or hostname.lower()


def check_passkeys(settings: PasskeySettings, hostname: str) -> Iterator[Mistake]:
    """What can only be seen with several settings side by side."""
    rp_id, key = settings.rp_id, "authn.passkey.rp_id"
    host = hostname.lower()
    if rp_id and rp_id != host and not (host.endswith(f".{rp_id}") and "." in rp_id):
        yield Mistake(key, rp_id, f"has to be {host} or a domain above it that is yours")
    asks = settings.attestation is not Attestation.NONE
    if settings.trusted_roots is not None and not asks:
        yield Mistake(
            "authn.passkey.trusted_roots",
            str(settings.trusted_roots),
            "nobody can be vouched for while `attestation` is none",
        )
    if settings.aaguids and settings.trusted_roots is None:
        yield Mistake(
            "authn.passkey.aaguids",
            ", ".join(settings.aaguids),
            "a model is only a claim unless `trusted_roots` says who may vouch for it",
        )
    for before in settings.reminders:
        if before <= timedelta(0):
            yield Mistake("authn.passkey.reminders", str(before), "has to be before the end, so more than 0")
