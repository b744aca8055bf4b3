"""What tokens may be issued, refreshed and used: values in, verdict out. Nothing here waits or reads a clock."""

import hmac
from collections.abc import Iterable

from yett.identity import Person, fold_name
from yett.oidc.clients import Client, GrantType
from yett.oidc.tokens.model import Confirmation, Family, Issued, Unissued

MOST_ACCESS = 32
"""Access tokens of one family that are good at a time; the oldest gives way."""


def judge_person(client: Client, user: str, person: Person | None) -> Unissued | None:
    """Why a client gets nothing in somebody's name; None when it does, or acts for itself."""
    if not user:
        return None
    if person is None or person.name != user or person.is_disabled:
        return Unissued.PERSON
    if GrantType.CLIENT in client.grants and fold_name(client.client_id) == user:
        # Their tokens would name the same subject and the same client as those of the client itself.
        return Unissued.NAMESAKE
    return Unissued.PERSON if client.groups and client.groups.isdisjoint(person.groups) else None


def judge_refresh(family: Family, client: Client, scope: str, shown: Confirmation) -> Unissued | None:
    """Why a refresh token that is ours gives no new tokens; how old it is and who the person is now, others say."""
    if not hmac.compare_digest(family.client_id.encode(), client.client_id.encode("utf-8", "replace")):
        return Unissued.OTHER_CLIENT
    if not is_proven(family.confirmation, shown, is_public=client.is_public):
        return Unissued.UNPROVEN
    left = still_granted(family, client)
    if family.scope and not left:
        return Unissued.SCOPE
    return None if narrowed(left, scope) is not None else Unissued.SCOPE


def still_granted(family: Family, client: Client) -> str:
    """The scope of a grant without what its client may not have any more."""
    return " ".join(name for name in family.scope.split(" ") if name in client.scopes)


def is_reuse(family: Family, generation: int, *, now: float, leeway: float) -> bool:
    """Whether a refresh token was used before. Within the leeway the last one counts as an answer that was lost."""
    if generation >= family.generation:
        return False
    return generation != family.generation - 1 or now - family.rotated_at >= leeway


def is_proven(bound: Confirmation, shown: Confirmation, *, is_public: bool) -> bool:
    """Whether what was shown is what a refresh token is bound to (RFC 9449, section 5; RFC 8705, section 4).

    A client that has proven itself may have changed its key or certificate, but may not come without one.
    """
    pairs = ((bound.jkt, shown.jkt), (bound.x5t, shown.x5t))
    if not is_public:
        return all(got or not wanted for wanted, got in pairs)
    return all(not wanted or hmac.compare_digest(wanted.encode(), got.encode()) for wanted, got in pairs)


def narrowed(granted: str, asked: str) -> str | None:
    """The scope of a new access token: as granted, or less when less is asked for; None for more (RFC 6749, 6)."""
    if not asked:
        return granted
    names = list(dict.fromkeys(asked.split(" ")))
    return " ".join(names) if set(names) <= set(granted.split(" ")) else None


def with_access(tokens: Iterable[Issued], new: Issued, now: float) -> tuple[Issued, ...]:
    """The access tokens of a family with one more, and without those that are over."""
    live = [each for each in tokens if each.expires_at > now]
    return (*live[1 - MOST_ACCESS :], new)


def ends(now: float, *, last_at: float, refresh: float, access_until: float, has_refresh: bool) -> float:
    """When a family is over unless it is refreshed before."""
    return max(min(now + refresh, last_at), access_until) if has_refresh else access_until
