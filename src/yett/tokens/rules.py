"""Decide who may do what with tokens, and what a token may be.

Nothing here waits, reads a clock or touches a store. Instants are seconds since the epoch; at the instant
it expires, a token is over.
"""

import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime

from yett.identity import Person, is_name
from yett.tokens.config import TokensSettings
from yett.tokens.model import (
    UNCHANGED,
    Actor,
    Delegation,
    Draft,
    Edit,
    Group,
    Refusal,
    Refused,
    TokenData,
    TokenType,
    UserInfo,
)

ADMIN = "admin:token"
OWN = "user:token"
USER_INFO = "admin:userinfo"
CLIENTS = "admin:oidc"
SHORTEST = 300.0
"""Seconds that a new or re-dated token has to last at least."""
LATEST = 253_402_300_799.0
"""The last second of the year 9999: nothing later can be written as a date."""
MAX_NAME = 64
MAX_SCOPES = 100
BOT = "bot-"

_USERNAME = re.compile(r"(?=[a-z0-9-]{0,63}[a-z])[a-z0-9](?:[a-z0-9]|-[a-z0-9]){0,63}", re.ASCII)
_SCOPE = re.compile(r"[a-zA-Z0-9:._-]{1,64}", re.ASCII)
_GROUP = re.compile(
    r"(?:[a-zA-Z][a-zA-Z0-9._-]*|[a-zA-Z0-9][a-zA-Z0-9._-]*[a-zA-Z][a-zA-Z0-9._-]*)", re.ASCII
)


# Names.


def is_username(text: str) -> bool:
    """Lower-case letters, digits and single hyphens between them, with at least one letter; 1 to 64."""
    return len(text) <= 64 and _USERNAME.fullmatch(text) is not None


def is_user(text: str) -> bool:
    """Whether it can be the user of a token: by the rule above, or by that of our own directory."""
    return is_username(text) or is_name(text)


def is_bot(text: str) -> bool:
    """Whether it is the name of a program."""
    return text.startswith(BOT) and is_username(text)


def is_group(text: str) -> bool:
    """Whether it can be a group in what a token says about its user."""
    return 0 < len(text) <= 64 and _GROUP.fullmatch(text) is not None


def is_scope(text: str) -> bool:
    """Whether it can be a scope at all."""
    return _SCOPE.fullmatch(text) is not None


# Scopes.


def scopes_of(groups: Iterable[str], settings: TokensSettings) -> frozenset[str]:
    """What members of these groups may do; nothing when no scope is theirs, and then they may not come in."""
    held = frozenset(groups)
    found = frozenset(each.name for each in settings.scope if not held.isdisjoint(each.groups))
    return found | {OWN} if found else frozenset()


def person_scopes(person: Person, settings: TokensSettings) -> frozenset[str]:
    """The same for a person. Nobody signs in by the name of a program, or while they are switched off."""
    if person.is_disabled or person.name.startswith(BOT):
        return frozenset()
    return scopes_of(person.groups, settings)


# Time.


def expiry_fault(expires: float | None, now: float) -> Refused | None:
    """Why a token cannot end then."""
    if expires is None:
        return None
    if not math.isfinite(expires) or not 0 <= expires <= LATEST:
        return Refused(Refusal.EXPIRES, "Expiration is no time of this calendar", "expires")
    if expires < now + SHORTEST:
        return Refused(Refusal.EXPIRES, "Token must be valid for at least five minutes", "expires")
    return None


def is_over(expires: float | None, now: float) -> bool:
    """Whether that instant has come."""
    return expires is not None and now >= expires


def earliest(*instants: float | None) -> float | None:
    """The first of several instants; None (never) is later than all."""
    known = [each for each in instants if each is not None]
    return min(known) if known else None


def stamp(instant: float | None) -> str | None:
    """An instant as records of tokens write it: ISO 8601 in UTC with a space in place of the T."""
    if instant is None:
        return None
    return datetime.fromtimestamp(int(instant), UTC).isoformat(sep=" ")


# Asking for tokens.


def scopes_fault(scopes: frozenset[str], held: frozenset[str], settings: TokensSettings) -> Refused | None:
    """Why somebody who holds these scopes cannot give those to a token."""
    if len(scopes) > MAX_SCOPES:
        return Refused(Refusal.SCOPES, "Too many scopes requested", "scopes")
    if ADMIN not in held and not scopes <= held:
        return Refused(Refusal.SCOPES, "Requested scopes are broader than your current scopes", "scopes")
    if not scopes <= settings.known_scopes.keys():
        return Refused(Refusal.SCOPES, "Unknown scopes requested", "scopes")
    return None


def name_fault(name: str) -> Refused | None:
    """Why a token cannot have this name."""
    if not 0 < len(name) <= MAX_NAME or not name.isprintable() or name != name.strip():
        text = f"Token name has to be 1 to {MAX_NAME} printable characters"
        return Refused(Refusal.NAME, text, "token_name")
    return None


def access_fault(
    actor: Actor, username: str | None, *, needs_admin: bool = False, needs_self: bool = False
) -> Refused | None:
    """Why somebody may not see or change the tokens of a user (None: of everybody)."""
    is_admin = ADMIN in actor.scopes
    if (username is None or needs_admin) and not is_admin:
        return Refused(Refusal.DENIED, "Missing required admin:token scope")
    if username is not None and username != actor.username and (needs_self or not is_admin):
        return Refused(Refusal.DENIED, f"Cannot act on tokens for user {username}")
    if not is_admin and OWN not in actor.scopes:
        return Refused(Refusal.DENIED, "Missing required user:token scope")
    return None


def own_fault(actor: Actor, draft: Draft, settings: TokensSettings, now: float) -> Refused | None:
    """Why somebody may not make themselves this token."""
    return (
        access_fault(actor, draft.username, needs_self=True)
        or name_fault(draft.token_name)
        or expiry_fault(draft.expires, now)
        or scopes_fault(draft.scopes, actor.scopes, settings)
    )


def admin_fault(actor: Actor, draft: Draft, settings: TokensSettings, now: float) -> Refused | None:
    """Why an administrator may not make this token for somebody."""
    fault = access_fault(actor, draft.username, needs_admin=True)
    if fault is not None:
        return fault
    if not is_user(draft.username):
        return Refused(Refusal.DENIED, "Invalid username", "username")
    if draft.type is TokenType.SERVICE and not is_bot(draft.username):
        text = f'Username "{draft.username}" must start with "bot-"'
        return Refused(Refusal.DENIED, text, "username")
    if draft.type is TokenType.USER and (fault := name_fault(draft.token_name)) is not None:
        return fault
    return expiry_fault(draft.expires, now) or scopes_fault(draft.scopes, actor.scopes, settings)


def edit_fault(
    actor: Actor, data: TokenData, edit: Edit, settings: TokensSettings, now: float
) -> Refused | None:
    """Why somebody may not change a token so."""
    fault = access_fault(actor, data.username, needs_admin=True)
    if fault is not None:
        return fault
    if data.type is not TokenType.USER:
        return Refused(Refusal.DENIED, "Only user tokens can be modified")
    if edit.token_name is not None and (fault := name_fault(edit.token_name)) is not None:
        return fault
    if edit.scopes is not None and (fault := scopes_fault(edit.scopes, actor.scopes, settings)) is not None:
        return fault
    return None if edit.expires is UNCHANGED else expiry_fault(edit.expires, now)


# Delegation.


def child_scopes(parent: TokenData, want: Delegation) -> frozenset[str]:
    """What the child may do: all of it for a notebook, else what was asked for and the parent has."""
    return want.scopes & parent.scopes if want.service else parent.scopes


def child_expiry(parent: TokenData, now: float, settings: TokensSettings) -> float:
    """When a new child ends."""
    latest = now + settings.lifetime.total_seconds()
    return latest if parent.expires is None else min(parent.expires, latest)


def is_good_child(
    child: TokenData, parent: TokenData, want: Delegation, now: float, minimum: float | None
) -> bool:
    """Whether a child that there is already will do.

    It has to last for `minimum` seconds, or without one to have half its life before it; a child that
    lasts as long as its parent always will do, as a new one would be no better.
    """
    if child.type is not want.type or child.service != want.service:
        return False
    if child.scopes != child_scopes(parent, want) or is_over(child.expires, now):
        return False
    if child.expires is None:
        return True
    if parent.expires is not None and child.expires >= parent.expires:
        return True
    needed = minimum if minimum is not None else (child.expires - child.created) / 2
    return child.expires - now >= needed


# People.


def is_of(data: TokenData, person: Person | None) -> bool:
    """Whether a token is (still) that of whoever the directory has under its user's name.

    A token of somebody whom the directory knew is nobody's without them. One of a program, or made for a
    name that the directory did not know, is good as long as nobody of that name is switched off.
    """
    if data.owner:
        return person is not None and not person.is_disabled and person.entry == data.owner
    return person is None or not person.is_disabled


def user_info(data: TokenData, person: Person | None) -> UserInfo:
    """What the token says itself, and of what it does not say what the directory says."""
    own = data.identity
    if person is None:
        return UserInfo(data.username, own.name, own.email, own.uid, own.gid, own.groups or ())
    looked_up = person_info(person)
    return UserInfo(
        data.username,
        own.name if own.name is not None else looked_up.name,
        own.email if own.email is not None else looked_up.email,
        own.uid if own.uid is not None else looked_up.uid,
        own.gid if own.gid is not None else looked_up.gid,
        own.groups if own.groups is not None else looked_up.groups,
    )


def person_info(person: Person) -> UserInfo:
    """What the directory says about a person."""
    return UserInfo(
        person.name,
        person.display_name or None,
        person.email or None,
        person.uid,
        person.gid,
        tuple(Group(name) for name in person.groups),
    )
