"""Entries of a token's history, from what was done to it."""

from yett.kernel import new_id
from yett.tokens.model import (
    Actor,
    AuthenticationEntry,
    Change,
    HistoryEntry,
    TokenData,
    sorted_scopes,
)


def entry_of(data: TokenData, action: Change, actor: Actor, now: float) -> HistoryEntry:
    """That a token was created or ended."""
    return HistoryEntry(
        id=new_id(),
        token=data.key,
        username=data.username,
        token_type=data.type,
        action=action,
        actor=actor.username,
        event_time=now,
        scopes=sorted_scopes(data.scopes),
        expires=data.expires,
        token_name=data.token_name,
        parent=data.parent,
        service=data.service,
        ip_address=actor.address,
    )


def edit_of(old: TokenData, new: TokenData, actor: Actor, now: float) -> HistoryEntry:
    """That a token was changed; only what is different is said of what it was."""
    return HistoryEntry(
        id=new_id(),
        token=new.key,
        username=new.username,
        token_type=new.type,
        action=Change.EDIT,
        actor=actor.username,
        event_time=now,
        scopes=sorted_scopes(new.scopes),
        expires=new.expires,
        token_name=new.token_name,
        parent=new.parent,
        service=new.service,
        ip_address=actor.address,
        old_token_name=old.token_name if old.token_name != new.token_name else None,
        old_scopes=sorted_scopes(old.scopes) if old.scopes != new.scopes else None,
        old_expires=old.expires if old.expires != new.expires else None,
        is_redated=old.expires != new.expires,
    )


def use_of(data: TokenData, now: float, address: str) -> AuthenticationEntry:
    """That a token was used."""
    return AuthenticationEntry(
        id=new_id(),
        token=data.key,
        username=data.username,
        token_type=data.type,
        event_time=now,
        scopes=sorted_scopes(data.scopes),
        token_name=data.token_name,
        parent=data.parent,
        service=data.service,
        ip_address=address,
    )
