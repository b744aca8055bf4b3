"""Subjects with a gap where the user name stands. Pure functions.

A pattern is a name as RFC 4514 writes it, not a regular expression: it is compared attribute by
attribute, so that nothing in a value can pass for the end of it.
"""

from dataclasses import dataclass
from typing import Final

from cryptography import x509

_USER: Final = "{user}"
_ANY: Final = "*"
_MARK: Final = "user-name-stands-here"

Attribute = tuple[x509.ObjectIdentifier, str]


class BadPattern(Exception):
    """A text that is no pattern; it says why."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a subject has to look like: its relative names in their order, most general first."""

    names: tuple[frozenset[Attribute], ...]


def compile_pattern(text: str) -> Pattern:
    """The pattern that a text is. Raises BadPattern."""
    if text.count(_USER) != 1:
        raise BadPattern('"{user}" has to stand in it exactly once')
    try:
        # Braces are no special characters of RFC 4514, but the mark survives any parser.
        name = x509.Name.from_rfc4514_string(text.replace(_USER, _MARK))
    except ValueError as problem:
        raise BadPattern("not a subject as RFC 4514 writes it") from problem
    names = tuple(frozenset((each.oid, str(each.value)) for each in rdn) for rdn in name.rdns)
    if not any(value == _MARK for rdn in names for _, value in rdn):
        raise BadPattern('"{user}" has to be the whole value of an attribute')
    return Pattern(names)


def user_in(subject: x509.Name, pattern: Pattern) -> str | None:
    """What stands where the pattern has the user name; None when the subject does not fit."""
    rdns = subject.rdns
    if len(rdns) != len(pattern.names):
        return None
    user: str | None = None
    for rdn, wanted in zip(rdns, pattern.names, strict=True):
        held = {each.oid: each.value for each in rdn}
        if len(held) != len(wanted) or len(list(rdn)) != len(wanted):
            return None
        for oid, value in wanted:
            there = held.get(oid)
            if not isinstance(there, str):
                return None
            if value == _MARK:
                user = there
            elif value != _ANY and there.casefold() != value.casefold():
                return None
    return user
