"""Every decision about codes by mail: values in, verdict out.

What must stay true:
  a code is good for the browser and the person it was made for, once, and not after its time;
  wrong codes are counted per browser over all resent codes, and locked means locked until its time;
  a second person cannot have a code in a browser while the first has one.
"""

import enum
import hashlib
import hmac
import re

import msgspec

from yett.authn.letters import CONSONANTS, DIGITS, fold
from yett.authn.otp.config import LONGEST_TTL, SHORTEST_TTL, OTPSettings
from yett.authn.otp.model import KIND, CodeRefused, CodeType, Kept, Refusal, Sending
from yett.net import HOST_NAME

LINGER = 60.0
"""Seconds that an expired code is kept, so that whoever is late learns that; and how far clocks may differ."""
HOUR = 3600.0

# RFC 5321, section 4.1.2: a dot-string. Quoted strings are legal and carry what headers must not.
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(HOST_NAME)


class Standing(enum.Enum):
    """What a kept code is worth at this instant."""

    OPEN = "open"
    OVER = "over"
    """Its time, or the time of its lock, has ended."""
    LOCKED = "locked"
    SPENT = "spent"


# Addresses.


def parse_email(text: str) -> str | None:
    """The address with its domain in lower case; None for what no mail can safely be sent to.

    Lengths are those of RFC 5321, section 4.5.3.1.
    """
    if len(text) > 254:
        return None
    local, at, domain = text.rpartition("@")
    domain = domain.lower() if domain.isascii() else ""
    if not at or len(local) > 64 or _LOCAL.fullmatch(local) is None or _DOMAIN.fullmatch(domain) is None:
        return None
    return f"{local}@{domain}"


def is_allowed(email: str, domains: tuple[str, ...]) -> bool:
    """Whether codes may be sent to the (parsed) address."""
    domain = email.rpartition("@")[2]
    return not domains or any(
        domain.endswith(allowed[1:]) if allowed.startswith("*.") else domain == allowed for allowed in domains
    )


# Codes.


def code_type_of(text: str) -> CodeType | None:
    """What the setting asks for; None when it is neither."""
    return next((each for each in CodeType if each.value == text.strip().lower()), None)


def alphabet_of(code_type: CodeType) -> str:
    """The letters of such codes."""
    return CONSONANTS if code_type is CodeType.BASE20 else DIGITS


def ttl_of(settings: OTPSettings) -> float | None:
    """Seconds that a code is good; None when the setting is unusable."""
    return settings.ttl.total_seconds() if SHORTEST_TTL <= settings.ttl <= LONGEST_TTL else None


def key_of(text: str) -> str:
    """Where something about a browser or person is kept: a name of fixed length, whatever the text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def digest_of(key: bytes, device: str, user: str, code: str) -> bytes:
    """What is kept of a code: good for this browser and person only, and of no use without our key."""
    bound = msgspec.json.encode([KIND, key_of(device), key_of(user), code])
    return hmac.digest(key, bound, "sha256")


def typed_digest(key: bytes, device: str, user: str, typed: str) -> bytes:
    """The same of what somebody typed. What cannot be a code has a digest too, that of no code."""
    return digest_of(key, device, user, fold(typed) or "")


# Verdicts.


def standing(kept: Kept, now: float) -> Standing:
    """What the code is worth now."""
    if kept.is_spent:
        return Standing.SPENT
    if kept.locked_until:
        return Standing.LOCKED if now < kept.locked_until else Standing.OVER
    # A code from the future was made before a clock was put back.
    return Standing.OPEN if kept.sent_at - LINGER <= now < kept.expires_at else Standing.OVER


def is_of(kept: Kept, user: str, email: str) -> bool:
    """Whether the code was made for this person at this address."""
    return (kept.user, kept.email) == (user, email)


def judge_request(
    kept: Kept | None, user: str, email: str, settings: OTPSettings, now: float
) -> CodeRefused | None:
    """Why a browser gets no code now; None when it gets one."""
    if kept is None:
        return None
    match standing(kept, now):
        case Standing.SPENT | Standing.OVER:
            return None
        case Standing.LOCKED if is_of(kept, user, email):
            return CodeRefused(Refusal.LOCKED, kept.locked_until - now)
        case Standing.LOCKED:
            return CodeRefused(Refusal.OTHER_EMAIL, kept.locked_until - now)
    if not is_of(kept, user, email):
        return CodeRefused(Refusal.OTHER_EMAIL, kept.expires_at - now)
    wait = kept.sent_at + settings.resend_interval.total_seconds() - now
    if kept.resends >= settings.max_resends:
        return CodeRefused(Refusal.TOO_MANY, kept.expires_at - now)
    return CodeRefused(Refusal.TOO_SOON, wait) if wait > 0 else None


def next_code(
    kept: Kept | None, user: str, email: str, digest: bytes, *, ttl: float, now: float
) -> tuple[Kept, int]:
    """What is kept of a new code, and how many went before it."""
    is_resent = kept is not None and standing(kept, now) is Standing.OPEN
    resends = kept.resends + 1 if kept is not None and is_resent else 0
    tries = kept.tries if kept is not None and is_resent else 0
    return Kept(KIND, digest, user, email, now, now + ttl, resends, tries), resends


def after_wrong(kept: Kept, settings: OTPSettings, now: float) -> Kept:
    """The code after one more wrong try: counted, and locked if that was one too many."""
    tries = kept.tries + 1
    is_last = tries >= settings.max_tries
    locked_until = now + settings.lock_for.total_seconds() if is_last else 0.0
    return msgspec.structs.replace(kept, tries=tries, locked_until=locked_until)


def lifetime(kept: Kept, now: float) -> float:
    """How long a code stays in the store."""
    return max(kept.expires_at, kept.locked_until) - now + LINGER


def wait_of(sending: Sending | None, limit: int, now: float) -> float:
    """How long until a person may be sent another code; 0 when at once."""
    if sending is None or sending.count < limit or not sending.since <= now < sending.since + HOUR:
        return 0.0
    return sending.since + HOUR - now


def after_sending(sending: Sending | None, now: float) -> Sending:
    """What is remembered when one more is sent."""
    if sending is None or not sending.since <= now < sending.since + HOUR:
        return Sending(now, 1)
    return Sending(sending.since, sending.count + 1)
