"""Decide who a principal is, and what an Authorization field holds. Nothing here waits or says anything."""

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from yett.authn.kerberos.model import Match, Principal, Reason
from yett.identity import Person, fold_name

ANONYMOUS = ("WELLKNOWN", "ANONYMOUS")
"""The name of whoever does not want to say who they are (RFC 8062, section 3)."""

_FORBIDDEN = re.compile(r"[\x00-\x20\x7f]")
_REFUSED = frozenset({"Cc", "Cs", "Cn", "Co"})


@dataclass(frozen=True, slots=True)
class Policy:
    """Which principals may sign in, and who they are."""

    realms: frozenset[str]
    match: Match
    named: Mapping[str, str]
    """People by principal; stronger than every other rule."""


def negotiate_token(field: str) -> str | None:
    """What stands behind `Negotiate`; None where the field is of another scheme (RFC 4559, section 4.2)."""
    scheme, _, token = field.strip(" \t").partition(" ")
    return token.strip(" \t") if scheme.lower() == "negotiate" else None


def is_too_large(token: str, limit: int) -> bool:
    """Whether a base64 text stands for more than `limit` bytes. Asked before it is decoded."""
    return len(token) > (limit + 2) // 3 * 4


def decode(token: str) -> bytes | None:
    """The bytes of a base64 text; None when it is not one."""
    if not token or not token.isascii():
        return None
    try:
        return base64.b64decode(token, validate=True)
    except (binascii.Error, ValueError):
        return None


def parse_principal(text: str) -> Principal | None:
    r"""A principal as the library prints it; None for one that is escaped, overlong or without a realm.

    `\` escapes what would be read as a separator. No person is called like that, and what cannot be
    read in one way only is refused.
    """
    if len(text) > 512 or "\\" in text or _FORBIDDEN.search(text):
        return None
    name, _, realm = text.partition("@")
    components = tuple(name.split("/"))
    if not realm or "@" in realm or not all(components):
        return None
    return Principal(components, realm)


def is_anonymous(text: str) -> bool:
    """Whether a principal is the one that stands for nobody."""
    parsed = parse_principal(text)
    return parsed is not None and parsed.components == ANONYMOUS


def person_of(text: str, policy: Policy, people: Iterable[Person]) -> str | Reason:
    """The name of the person that a principal means, or why it means nobody.

    Realms are compared as they are: they differ by case (RFC 4120, section 6.1).
    """
    if text in policy.named:
        return policy.named[text]
    principal = parse_principal(text)
    if principal is None:
        return Reason.SERVICE_PRINCIPAL
    if principal.realm not in policy.realms:
        return Reason.FOREIGN_REALM
    if len(principal.components) != 1:
        return Reason.SERVICE_PRINCIPAL
    if policy.match is Match.NAME:
        return fold_name(principal.components[0]) or Reason.UNKNOWN_PERSON
    return _by_email(str(principal), people)


def _by_email(address: str, people: Iterable[Person]) -> str | Reason:
    """Whoever has this address. Only ASCII is folded, so that two texts never become one."""
    if not address.isascii():
        return Reason.UNKNOWN_PERSON
    wanted = address.lower()
    found = [person.name for person in people if person.email.isascii() and person.email.lower() == wanted]
    if len(found) > 1:
        return Reason.AMBIGUOUS
    return found[0] if found else Reason.UNKNOWN_PERSON


def typed_principal(typed: str, realm: str) -> Principal | None:
    """The principal that somebody means by what they typed: a name, or a name with its realm."""
    text = typed.strip()
    name, at, given = text.partition("@")
    if at and given.upper() != realm.upper():
        return None
    folded = fold_name(name)
    return None if folded is None else Principal((folded,), realm)


def is_password(text: str, *, longest: int = 1024) -> bool:
    """Whether a text can be handed to a program as one line: nothing in it ends one."""
    return 0 < len(text) <= longest and not any(unicodedata.category(letter) in _REFUSED for letter in text)
