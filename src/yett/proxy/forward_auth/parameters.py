"""What a question of `/ingress/auth` asks for, by its query. Pure functions."""

import re
from collections.abc import Mapping

from yett.net.pages import parse_fields
from yett.proxy.forward_auth.model import Challenge, Demand, Malformed, Satisfy
from yett.tokens import Delegation

MINIMUM_LIFETIME = 300
"""Seconds for which any token that is handed on is good at least."""
_MOST = 200
_TRUE = frozenset({"true", "1", "yes", "on", "t", "y"})
_FALSE = frozenset({"false", "0", "no", "off", "f", "n"})
_SCOPE = re.compile(r"[a-zA-Z0-9:._-]{1,64}")
_SERVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_SECONDS = re.compile(r"[0-9]{1,10}")
_FLAGS = {
    "allow_cookies": True,
    "allow_options": False,
    "notebook": False,
    "use_authorization": False,
    "user_domain": False,
}
_WORDS = frozenset({"satisfy", "auth_type", "service", "delegate_to", "minimum_lifetime", "username"})

Found = Mapping[str, list[str]]


def demand_of(query: bytes) -> Demand | Malformed:
    """What is demanded. What nobody knows is ignored, as additions of later versions have to be."""
    fields = parse_fields(query, most=_MOST)
    if fields is None:
        return Malformed(("query", ""), "value_error", "The query is malformed")
    found: dict[str, list[str]] = {}
    for name, value in fields:
        found.setdefault(name, []).append(value)
    for name in (*_FLAGS, *_WORDS):
        if len(found.get(name, ())) > 1:
            # Which of two an older program would have taken is anybody's guess.
            return _wrong(name, "value_error", "Given more than once")
    flags: dict[str, bool] = {}
    for name, default in _FLAGS.items():
        flag = _flag(found, name, default)
        if isinstance(flag, Malformed):
            return flag
        flags[name] = flag
    return _named(found, flags)


def _named(found: Found, flags: Mapping[str, bool]) -> Demand | Malformed:
    for name, pattern in (
        ("scope", _SCOPE), ("delegate_scope", _SCOPE), ("only_service", _SERVICE), ("service", _SERVICE),
        ("delegate_to", _SERVICE), ("username", _USERNAME), ("minimum_lifetime", _SECONDS),
    ):  # fmt: skip
        if not all(pattern.fullmatch(value) for value in found.get(name, ())):
            kind = "int_parsing" if pattern is _SECONDS else "string_pattern_mismatch"
            return _wrong(name, kind, "Input has the wrong form")
    satisfy = next((each for each in Satisfy if each.value == _one(found, "satisfy", "all")), None)
    if satisfy is None:
        return _wrong("satisfy", "enum", "Input should be 'any' or 'all'")
    challenge = next((each for each in Challenge if each.value == _one(found, "auth_type", "bearer")), None)
    if challenge is None:
        return _wrong("auth_type", "enum", "Input should be 'basic' or 'bearer'")
    delegate_to, service = _one(found, "delegate_to"), _one(found, "service")
    if flags["notebook"] and delegate_to:
        return _wrong("delegate_to", "invalid_delegate_to", "delegate_to cannot be set for notebook tokens")
    if service and delegate_to and service != delegate_to:
        return _wrong("delegate_to", "invalid_service", "service must be the same as delegate_to")
    delegation = None
    if flags["notebook"]:
        delegation = Delegation()
    elif delegate_to:
        delegation = Delegation(delegate_to, frozenset(found.get("delegate_scope", ())))
    lifetime = int(_one(found, "minimum_lifetime", "0"))
    if "minimum_lifetime" in found and lifetime < MINIMUM_LIFETIME:
        return _wrong(
            "minimum_lifetime",
            "greater_than_equal",
            f"Input should be greater than or equal to {MINIMUM_LIFETIME}",
        )
    return Demand(
        scopes=frozenset(found.get("scope", ())),
        satisfy=satisfy,
        challenge=challenge,
        service=service,
        allow_cookies=flags["allow_cookies"],
        allow_options=flags["allow_options"],
        delegation=delegation,
        minimum_lifetime=lifetime or (MINIMUM_LIFETIME if delegation is not None else 0),
        use_authorization=flags["use_authorization"],
        only_services=tuple(dict.fromkeys(found.get("only_service", ()))),
        username=_one(found, "username"),
        user_domain=flags["user_domain"],
    )


def _one(found: Found, name: str, default: str = "") -> str:
    return found.get(name, [default])[0]


def _flag(found: Found, name: str, default: bool) -> bool | Malformed:
    if name not in found:
        return default
    word = found[name][0].lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    return _wrong(name, "bool_parsing", "Input should be a valid boolean")


def _wrong(name: str, kind: str, text: str) -> Malformed:
    return Malformed(("query", name), kind, text)
