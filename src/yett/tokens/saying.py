"""What the record says about a token: from values to the attributes of its events."""

import math
from typing import Any

from msgspec import UNSET

from yett.tokens import events, rules
from yett.tokens.model import (
    Actor,
    Identity,
    Ingress,
    TokenData,
    TokenType,
    sorted_scopes,
)


def of_actor(actor: Actor) -> dict[str, Any]:
    """By which token of whom something was asked for; nothing is said of the gateway itself."""
    token = actor.token
    return {
        "user": actor.username if token is not None else UNSET,
        "token": token.key if token is not None else UNSET,
        "scopes": sorted_scopes(token.scopes) if token is not None else UNSET,
        "token_source": actor.source.value if actor.source is not None else UNSET,
    }


def userinfo(identity: Identity) -> dict[str, Any]:
    """What a token says about its user, without what it leaves open."""
    groups = None
    if identity.groups is not None:
        groups = [
            {"name": group.name} | ({} if group.id is None else {"id": group.id}) for group in identity.groups
        ]
    said = {
        "name": identity.name,
        "email": identity.email,
        "uid": identity.uid,
        "gid": identity.gid,
        "groups": groups,
    }
    return {name: value for name, value in said.items() if value is not None}


def created(
    data: TokenData,
    actor: Actor,
    now: float,
    ingress: Ingress | None = None,
    *,
    as_administrator: bool = False,
) -> None:
    """Say that a token was made."""
    common: dict[str, Any] = {
        "token_key": data.key,
        "token_expires": rules.stamp(data.expires),
        "token_userinfo": userinfo(data.identity),
    }
    scopes = sorted_scopes(data.scopes)
    match data.type:
        case TokenType.SESSION:
            events.user_authenticated(token_username=data.username, token_scopes=scopes, **common)
        case TokenType.OIDC:
            events.oidc_token_created(user=data.username, **common)
        case TokenType.NOTEBOOK:
            events.notebook_token_created(**of_ingress(actor, ingress, now), **common)
        case TokenType.INTERNAL:
            events.internal_token_created(
                **of_ingress(actor, ingress, now), token_scopes=scopes, token_service=data.service, **common
            )
        case TokenType.SERVICE:
            events.service_token_created(
                **of_actor(actor), token_username=data.username, token_scopes=scopes, **common
            )
        case TokenType.USER if not as_administrator:
            events.user_token_created(
                **of_actor(actor), token_name=data.token_name, token_scopes=scopes, **common
            )
        case TokenType.USER:
            events.user_token_created_as_administrator(
                **of_actor(actor),
                token_username=data.username,
                token_name=data.token_name,
                token_scopes=scopes,
                **common,
            )


def of_ingress(actor: Actor, ingress: Ingress | None, now: float) -> dict[str, Any]:
    """The same as `of_actor`, and what another proxy asked about."""
    expires = actor.token.expires if actor.token is not None else None
    return {
        **of_actor(actor),
        "lifetime_seconds": None if expires is None else math.floor(expires - now),
        "auth_uri": ingress.auth_uri if ingress is not None else UNSET,
        "required_scopes": ingress.required_scopes if ingress is not None else UNSET,
        "satisfy": ingress.satisfy if ingress is not None else UNSET,
        "service": ingress.service if ingress is not None else UNSET,
    }


def deleted(data: TokenData, actor: Actor) -> None:
    """Say that a token is over."""
    events.token_deleted(**of_actor(actor), token_key=data.key, token_username=data.username)


def modified(data: TokenData, actor: Actor) -> None:
    """Say that a token is another one now."""
    events.token_modified(
        **of_actor(actor),
        token_key=data.key,
        token_expires=rules.stamp(data.expires),
        token_name=data.token_name,
        token_scopes=sorted_scopes(data.scopes),
    )
