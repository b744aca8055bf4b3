"""Settings of passkeys."""

import enum
from datetime import timedelta
from pathlib import Path

from yett.config import section, setting


class Attachment(enum.Enum):
    """Which authenticators may hold passkeys."""

    ANY = "any"
    PLATFORM = "platform"
    """Built into the device: fingerprint readers, faces, PINs."""
    CROSS_PLATFORM = "cross-platform"
    """Security keys and phones."""


class Wish(enum.Enum):
    """How much something is wanted."""

    REQUIRED = "required"
    PREFERRED = "preferred"


class Attestation(enum.Enum):
    """What is asked of authenticators about themselves."""

    NONE = "none"
    INDIRECT = "indirect"
    DIRECT = "direct"
    ENTERPRISE = "enterprise"


@section("authn.passkey")
class PasskeySettings:
    """Passkeys: sign-in with a key that stays on a device, opened by finger, face or PIN."""

    enabled: bool = setting(True, "Whether people may have passkeys and sign in with them.", reloadable=False)
    rp_id: str = setting(
        "",
        "The domain that passkeys belong to: the sign-in host's (when empty) or a parent of it; a change makes "
        "every passkey useless.",
        matches=r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*)?",
        expects="a domain in lower case",
        reloadable=False,
    )
    rp_name: str = setting(
        "",
        "What devices call this place when they ask; the sign-in host when empty.",
        matches=r"[^\x00-\x1f]{0,64}",
        expects="at most 64 characters",
    )
    authenticators: Attachment = setting(Attachment.ANY, "Which kind of authenticator may hold new passkeys.")
    user_verification: Wish = setting(
        Wish.REQUIRED, "Whether the authenticator has to check who uses it, by finger, face or PIN."
    )
    discoverable: Wish = setting(
        Wish.REQUIRED,
        "Whether new passkeys have to be kept in the authenticator, so that nobody has to type a name first.",
    )
    attestation: Attestation = setting(
        Attestation.NONE, "What new authenticators are asked to prove about their model."
    )
    trusted_roots: Path | None = setting(
        None,
        "File of PEM certificates of makers; when given, only authenticators that one of them vouches for are "
        "enrolled.",
        reloadable=False,
    )
    aaguids: tuple[str, ...] = setting(
        (),
        "The models of authenticator that may be enrolled, by AAGUID; any when empty. Needs `trusted_roots`.",
        matches=r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        expects="an AAGUID in lower case",
    )
    max_per_user: int = setting(10, "Most passkeys of one person that work.", at_least=1, at_most=100)
    validity: timedelta = setting(
        timedelta(days=365),
        "How long a new passkey works; 0 for ever.",
        at_least=timedelta(0),
        at_most=timedelta(days=3650),
    )
    reminders: tuple[timedelta, ...] = setting(
        (timedelta(days=14), timedelta(days=3)),
        "How long before a passkey runs out its person is told by mail; never when empty.",
    )
    check_every: timedelta = setting(
        timedelta(hours=24),
        "How often passkeys are looked through for those that run out.",
        at_least=timedelta(minutes=1),
        at_most=timedelta(days=7),
    )
    ceremony_lifetime: timedelta = setting(
        timedelta(minutes=5),
        "How long a browser has to answer.",
        at_least=timedelta(seconds=30),
        at_most=timedelta(minutes=10),
    )
    max_open: int = setting(
        20_000,
        "Most questions to browsers that wait for an answer; the oldest makes room.",
        at_least=100,
        at_most=1_000_000,
    )
    revoke_cloned: bool = setting(
        True,
        "Whether a passkey is revoked when its counter shows that there are two of it; the sign-in is refused "
        "in any case.",
    )
