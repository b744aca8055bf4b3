"""The metadata document: values in, document out.

Each part of the provider tells its own members; what a part does not do, it does not tell.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from yett.identity.access import Assurance
from yett.oidc.claims import ALWAYS, BY_SCOPE
from yett.oidc.model import ResponseMode
from yett.oidc.rules import OFFLINE, PROMPTS

Facts = Mapping[str, Any]

_SERVED_CLAIMS = ("sub", "iss", "aud", "exp", "iat", "nonce", "azp", "at_hash", "c_hash")


def own_facts(issuer: str, *, can_push: bool) -> Facts:
    """What is said of the authorization endpoint, whoever asks."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oidc/authorize",
        "pushed_authorization_request_endpoint": f"{issuer}/oidc/par" if can_push else None,
        "require_pushed_authorization_requests": False if can_push else None,
        "scopes_supported": ["openid", "profile", "email", "groups", OFFLINE],
        "response_types_supported": ["code"],
        "response_modes_supported": [each.value for each in ResponseMode],
        "grant_types_supported": ["authorization_code"],
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": list(PROMPTS),
        "acr_values_supported": [each.value for each in Assurance],
        "display_values_supported": ["page"],
        "subject_types_supported": ["public"],
        "claim_types_supported": ["normal"],
        "claims_supported": [*_SERVED_CLAIMS, *sorted(ALWAYS - {"sub"}), *_claims()],
        "claims_parameter_supported": True,
        "request_parameter_supported": False,
        # Left out it would mean yes; the reference of a pushed request is none of these (RFC 9126, section 5).
        "request_uri_parameter_supported": False,
        "authorization_response_iss_parameter_supported": True,
        "ui_locales_supported": ["en"],
    }


def _claims() -> list[str]:
    """Claims about people that the directory can fill."""
    filled = {"name", "preferred_username", "email", "email_verified", "groups"}
    return [claim for claims in BY_SCOPE.values() for claim in claims if claim in filled]


def document(parts: Iterable[Facts]) -> dict[str, Any]:
    """All parts as one: lists are added up, a None is left out, and of two other values the later one counts."""
    whole: dict[str, Any] = {}
    for part in parts:
        for name, value in part.items():
            before = whole.get(name)
            if value is None:
                continue
            if isinstance(value, (list, tuple)) and isinstance(before, list):
                whole[name] = list(dict.fromkeys([*before, *value]))
            else:
                whole[name] = list(value) if isinstance(value, tuple) else value
    return whole
