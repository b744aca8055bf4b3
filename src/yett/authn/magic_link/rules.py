"""Every decision about magic links: values in, verdict out."""

import hashlib
import hmac
import re

from yett.authn.magic_link.model import Action, Fault, Link
from yett.identity import Person

OPEN = "/signin/link/open"
"""Where a link leads."""
MAX_TRIES = 3
"""Numbers that may be typed for one link: a stranger's has two digits."""
MAX_TO = 1024
"""Characters of a way back that travels in a mail; with a longer one the link leads to the home page."""
_ADDRESS = re.compile(r"[!-?A-~]{1,64}@(?=.{3,190}\Z)[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def fold_address(typed: str) -> str | None:
    """The mail address that was meant; None for what cannot be one.

    ASCII only: the lower case of some other letters is an ASCII letter, so that the address of
    one person could be folded into that of another. Mail goes to the directory's address anyway.
    """
    text = typed.strip() if len(typed) <= 256 else ""
    return text.lower() if _ADDRESS.fullmatch(text) else None


def is_allowed(email: str, domains: tuple[str, ...]) -> bool:
    """Whether links go to this (folded) address."""
    domain = email.rpartition("@")[2]
    return not domains or any(
        domain.endswith(allowed[1:]) if allowed.startswith("*.") else domain == allowed for allowed in domains
    )


def fingerprint(token: str) -> str | None:
    """Under what a token is kept, so that the store gives no link away; None for what is no token."""
    return hashlib.sha256(token.encode()).hexdigest() if _TOKEN.fullmatch(token) else None


def judge_link(link: Link, now: float) -> Fault | None:
    """Why a link can no longer be used."""
    return Fault.EXPIRED if now >= link.expires_at else None


def needs_check(link: Link, action: Action, device: str) -> bool:
    """Whether the number has to be typed.

    Whoever asks for a link in another's name waits for them to confirm it; only somebody who sees
    the waiting browser knows its number (RFC 8628, section 5.4). Nothing is released to another
    browser by the other actions, and none is needed where one browser asked and opened.
    """
    return action is Action.AUTHORIZE and not is_same_browser(link, device)


def is_same_browser(link: Link, device: str) -> bool:
    """Whether the browser that opened a link is the one that asked for it."""
    return bool(device) and hmac.compare_digest(link.device.encode(), device.encode())


def is_right(link: Link, typed: str) -> bool:
    """Whether a typed number is the one that the waiting browser shows."""
    return hmac.compare_digest(link.check.encode(), typed.strip().encode("utf-8", "replace"))


def is_welcome(person: Person | None) -> bool:
    """Whether somebody may sign in at all."""
    return person is not None and not person.is_disabled
