"""What may be asked for, and what becomes of what somebody has: values in, verdict out."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace

from yett.oidc.personal.config import PersonalTokenSettings
from yett.oidc.personal.model import SCOPES, Held, NotMade, PersonalToken

MAX_NAME = 64
_DAY = 86400.0
_OFFERED = (1, 7, 30, 90, 180, 365)
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def scopes_of(settings: PersonalTokenSettings) -> dict[str, str]:
    """The scopes that a token may have, and what people read of each. Ours mean what they mean."""
    return {**{scope.name: scope.text for scope in settings.scope}, **SCOPES}


def lifetimes_of(settings: PersonalTokenSettings) -> tuple[int, ...]:
    """How many days people may choose from, shortest first."""
    most = int(settings.lifetime.total_seconds() // _DAY)
    return tuple(dict.fromkeys([*(days for days in _OFFERED if days <= most), most]))


def proper_name(typed: str) -> str:
    """A name as it is kept; empty when it is none: nothing invisible, and no text that runs backwards."""
    name = unicodedata.normalize("NFC", " ".join(typed.split()))
    return name if 0 < len(name) <= MAX_NAME and name.isprintable() else ""


def judge(
    name: str, scopes: tuple[str, ...], days: int, known: Mapping[str, str], most_days: int
) -> NotMade | None:
    """Why a token cannot be asked for like this, whatever its owner has already."""
    if not name:
        return NotMade.NAME
    if not scopes or not known.keys() >= set(scopes):
        return NotMade.SCOPE
    return None if 1 <= days <= most_days else NotMade.LIFETIME


def judge_held(held: Held, name: str, most: int, now: float) -> NotMade | None:
    """Why somebody who has these may not have one more of that name."""
    live = [token for token in held.tokens if is_live(token, now)]
    if any(token.name.casefold() == name.casefold() for token in live):
        return NotMade.NAME_TAKEN
    return NotMade.TOO_MANY if len(live) >= most else None


def is_live(token: PersonalToken, now: float) -> bool:
    """Whether a token is good at this instant."""
    return token.created_at <= now + _DAY and now < token.expires_at


def with_token(held: Held, token: PersonalToken) -> Held:
    """The same with one more."""
    return replace(held, tokens=(*held.tokens, token))


def without(held: Held, token_id: str) -> Held:
    """The same with one less."""
    return replace(held, tokens=tuple(each for each in held.tokens if each.id != token_id))


def with_changed(held: Held, token: PersonalToken) -> Held:
    """The same with another state of a token that is there."""
    return replace(held, tokens=tuple(token if each.id == token.id else each for each in held.tokens))


def find(held: Held, token_id: str) -> PersonalToken | None:
    """The token of that id."""
    return next((each for each in held.tokens if each.id == token_id), None)


def is_due(token: PersonalToken, now: float, remind: float) -> bool:
    """Whether its owner should hear now that it ends soon.

    Who made it for less time than that knows; half of its life has to be over.
    """
    if token.reminded_at or not is_live(token, now):
        return False
    before = min(remind, (token.expires_at - token.created_at) / 2)
    return token.expires_at - now <= before if remind > 0 else False


def id_of(text: str) -> str:
    """The id of a token as it was sent; empty when it can be none."""
    return text if _ID.fullmatch(text) else ""
