"""Decide whether a token may be used, and when it is to be renewed. No clock, no store."""

import hashlib
from dataclasses import replace

from yett.identity import Person
from yett.oidc import Wanted
from yett.proxy.bearer.model import Held, WantedElsewhere

SHORTEST = 1.0
"""Seconds that a token has to be good for when it comes, or it is over before it was of any use."""
_FRESH = 0.8
_PAUSE = 5.0
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


def end_of(asked_at: float, seconds: int | None, *, lifetime: float, ends_at: float) -> float:
    """Until when a token that somebody else made is used: as long as we want, they allow, and the session lasts."""
    return min(asked_at + min(lifetime, lifetime if seconds is None else seconds), ends_at)


def put_off(kept: Held, now: float) -> Held:
    """The same token, to be renewed a little later: another server is not asked again with each request."""
    return replace(kept, refresh_at=now + _PAUSE)


def is_good(kept: Held, person: Person, now: float) -> bool:
    """Whether a token still says what is known of the person, and is neither over nor of the future.

    Persons never change: another object may be the same person with other groups.
    """
    return (kept.person is person or kept.person == person) and kept.issued_at <= now < kept.expires_at


def name_of(wanted: Wanted) -> str:
    """What a wish is called where tokens are kept."""
    text = f"{wanted.app}\0{wanted.audience}\0{wanted.lifetime}"
    if isinstance(wanted, WantedElsewhere):
        # Whatever says whose token it is and what was asked for: what was kept before a change is not found after it.
        trade = wanted.trade
        asked = (
            trade.provider,
            trade.issuer,
            trade.client_id,
            trade.grant.value,
            trade.audience,
            trade.scope,
        )
        text += "\0".join(("", *asked))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def digest_of(person: Person) -> str:
    """What a token says of a person, in short: tokens of before a change are known by it."""
    facts = (person.name, person.display_name, person.email, *person.groups)
    text = "\0".join(f"{len(fact)}:{fact}" for fact in facts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
