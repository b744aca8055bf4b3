"""What tokens say: values in, claims out.

ID tokens follow OpenID Connect Core, section 2, access tokens RFC 9068, section 2.2, both with `cnf` (RFC 7800) for
tokens that are bound. Whatever nobody knows is left out.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from yett.identity import Person
from yett.oidc.clients import Client
from yett.oidc.tokens.model import Basis

OPENID = "openid"
_CLAIMS = {
    "profile": ("name", "preferred_username"),
    "email": ("email", "email_verified"),
    "groups": ("groups",),
}
"""What the scopes stand for (OpenID Connect Core, section 5.4)."""


def about(person: Person, scope: str, asked: Iterable[str] = ()) -> dict[str, Any]:
    """What a client may hear of a person: what its scopes stand for, and what it asked for by name."""
    known = {
        "name": person.display_name,
        "preferred_username": person.name,
        "email": person.email,
        # The directory is the operator's: its addresses are as good as any proof of ours.
        "email_verified": bool(person.email),
        "groups": list(person.groups),
    }
    wanted = {claim for name in scope.split(" ") for claim in _CLAIMS.get(name, ())}
    wanted.update(asked)
    if not person.email:
        wanted -= {"email", "email_verified"}
    return {name: value for name, value in known.items() if name in wanted and value != ""}


def asked_for(claims: Mapping[str, Any], place: str) -> tuple[str, ...]:
    """The names in one part of the `claims` parameter (OpenID Connect Core, section 5.5): "id_token" or "userinfo"."""
    part = claims.get(place)
    return tuple(part) if isinstance(part, Mapping) else ()


def identity(
    issuer: str,
    client: Client,
    basis: Basis,
    person: Person,
    *,
    now: float,
    jti: str,
    hashes: Mapping[str, str],
    has_claims: bool,
) -> dict[str, Any]:
    """What an ID token says. `hashes` are `at_hash` and `c_hash`."""
    return {
        **about(person, basis.scope if has_claims else "", asked_for(basis.claims, "id_token")),
        "iss": issuer,
        "sub": person.name,
        "aud": client.client_id,
        "azp": client.client_id,
        "iat": math.floor(now),
        "exp": math.floor(now + client.lifetimes.identity.total_seconds()),
        "jti": jti,
        **({"nonce": basis.nonce} if basis.nonce else {}),
        **hashes,
        **_sign_on(basis),
    }


def access(
    issuer: str,
    client: Client,
    basis: Basis,
    person: Person | None,
    *,
    now: float,
    expires_at: float,
    jti: str,
) -> dict[str, Any]:
    """What an access token says. Without a person the client acts for itself (RFC 9068, section 2.2)."""
    told = {} if person is None or "groups" not in basis.scope.split(" ") else {"groups": list(person.groups)}
    return {
        "iss": issuer,
        "sub": client.client_id if person is None else person.name,
        "aud": client.audience or client.client_id,
        "client_id": client.client_id,
        "iat": math.floor(now),
        "nbf": math.floor(now),
        "exp": math.floor(expires_at),
        "jti": jti,
        **({"scope": basis.scope} if basis.scope else {}),
        **told,
        **(_sign_on(basis) if person is not None else _bound(basis)),
    }


def _sign_on(basis: Basis) -> dict[str, Any]:
    """How and when they signed in, in which session, and what the token is bound to."""
    return {
        **({"auth_time": int(basis.auth_time)} if basis.auth_time else {}),
        **({"amr": list(basis.methods)} if basis.methods else {}),
        "acr": basis.assurance.value,
        **({"sid": basis.sign_on_ref} if basis.sign_on_ref else {}),
        **_bound(basis),
    }


def _bound(basis: Basis) -> dict[str, Any]:
    return {"cnf": dict(basis.confirmation.claim)} if basis.confirmation.claim else {}
