"""The `claims` parameter (OpenID Connect Core, section 5.5): what a client wants to hear besides its scopes.

It is text of a stranger that ends up in records and tokens, so only what can mean something is kept: names, whether
they are essential, and wanted values that are short text. Values in, values out.
"""

import json
import re
from collections.abc import Collection, Mapping
from typing import Any

Claims = dict[str, dict[str, dict[str, Any]]]
"""By where they are wanted ("id_token", "userinfo"), then by name: "essential" and "values", where they were given."""

MAX_CLAIMS = 4096
"""Characters of the parameter."""
_MOST = 32
_NAME = re.compile(r"[\x21-\x7e]{1,128}")
_PLACES = ("id_token", "userinfo")
ALWAYS = frozenset({"sub", "acr", "amr", "auth_time", "sid"})
"""What says no more than every ID token does."""
BY_SCOPE: Mapping[str, tuple[str, ...]] = {
    "profile": (
        "name",
        "family_name",
        "given_name",
        "middle_name",
        "nickname",
        "preferred_username",
        "profile",
        "picture",
        "website",
        "gender",
        "birthdate",
        "zoneinfo",
        "locale",
        "updated_at",
    ),
    "email": ("email", "email_verified"),
    "address": ("address",),
    "phone": ("phone_number", "phone_number_verified"),
    "groups": ("groups",),
}
"""Which claims a scope stands for (OpenID Connect Core, section 5.4)."""
_SCOPE_OF = {claim: scope for scope, claims in BY_SCOPE.items() for claim in claims}


def read_claims(text: str) -> Claims | None:
    """What the parameter asks for; None when it is no object of objects."""
    if len(text) > MAX_CLAIMS:
        return None
    try:
        document = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    found: Claims = {}
    for place in _PLACES:
        wanted = document.get(place)
        if wanted is None:
            continue
        if not isinstance(wanted, dict) or len(wanted) > _MOST:
            return None
        read = {name: _demand(demand) for name, demand in wanted.items() if _NAME.fullmatch(name)}
        if any(demand is None for demand in read.values()):
            return None
        found[place] = {name: demand for name, demand in read.items() if demand is not None}
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        # Two readers could understand two things.
        raise ValueError("a name comes twice")
    return table


def _demand(demand: Any) -> dict[str, Any] | None:
    """What is asked of one claim; None when it is neither null nor an object."""
    if demand is None:
        return {}
    if not isinstance(demand, dict):
        return None
    values = demand.get("values", ())
    if not isinstance(values, (list, tuple)):
        return None
    texts = [each for each in (demand.get("value"), *values[:_MOST]) if _is_short_text(each)]
    return {
        **({"essential": True} if demand.get("essential") is True else {}),
        **({"values": texts} if texts else {}),
    }


def _is_short_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 256 and value.isprintable()


def permitted(claims: Claims, scopes: Collection[str]) -> Claims:
    """What of it a client may hear that has these scopes; what is more it does not get, as if nobody knew it."""
    return {
        place: {name: demand for name, demand in wanted.items() if _may_hear(name, scopes)}
        for place, wanted in claims.items()
    }


def _may_hear(name: str, scopes: Collection[str]) -> bool:
    return name in ALWAYS or _SCOPE_OF.get(name) in scopes


def scopes_implied(claims: Claims) -> frozenset[str]:
    """The scopes that stand for what is asked: whoever is asked for consent sees no other words."""
    names = {name for wanted in claims.values() for name in wanted}
    return frozenset(_SCOPE_OF[name] for name in names if name in _SCOPE_OF)


def subject_wanted(claims: Claims) -> str | None:
    """Who should be signed in; empty for anybody, None when several are named, which nobody can be."""
    wanted = {value for place in claims.values() for value in place.get("sub", {}).get("values", ()) if value}
    return None if len(wanted) > 1 else next(iter(wanted), "")


def acr_wanted(claims: Claims) -> tuple[tuple[str, ...], bool]:
    """Which values of `acr` are asked for, and whether one of them has to be met."""
    demand = claims.get("id_token", {}).get("acr", {})
    values = tuple(demand.get("values", ()))
    return values, bool(values) and demand.get("essential") is True
