"""Decide whether a token may be used, and when it is to be renewed. No clock, no store."""

import hashlib

from yett.identity import Person
from yett.oidc import Wanted
from yett.proxy.bearer.model import Held

_FRESH = 0.8
_ON_THE_WAY = 5.0
"""Seconds that a token has to be good for when it leaves, or a tenth of its lifetime if that is less."""


def held(token: str, person: Person, *, issued_at: float, expires_at: float) -> Held:
    """A token that was minted or found."""
    lifetime = expires_at - issued_at
    return Held(
        token=token,
        line=f"Authorization: Bearer {token}\r\n".encode("ascii"),
        person=person,
        issued_at=issued_at,
        refresh_at=issued_at + _FRESH * lifetime,
        expires_at=expires_at - min(_ON_THE_WAY, lifetime / 10),
    )


def is_good(kept: Held, person: Person, now: float) -> bool:
    """Whether a token still says what is known of the person, and is neither over nor of the future.

    Persons never change: another object may be the same person with other groups.
    """
    return (kept.person is person or kept.person == person) and kept.issued_at <= now < kept.expires_at


def name_of(wanted: Wanted) -> str:
    """What a wish is called where tokens are kept."""
    text = f"{wanted.app}\0{wanted.audience}\0{wanted.lifetime}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def digest_of(person: Person) -> str:
    """What a token says of a person, in short: tokens of before a change are known by it."""
    facts = (person.name, person.display_name, person.email, *person.groups)
    text = "\0".join(f"{len(fact)}:{fact}" for fact in facts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
