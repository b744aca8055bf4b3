"""Decide what is a mail address, and how one is shown where it need not be known.

Only the plain form is taken (RFC 5321, 4.1.2, `Dot-string` and `Domain`; RFC 6531 for letters beyond
ASCII): no display name, no list, no comment, no quoted local part, no address literal. Whatever else
the grammar knows is there to be misread by one of the programs on the way.
"""

import re
import unicodedata
from dataclasses import dataclass

_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+")
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_LONGEST = 254
_LONGEST_LOCAL = 64
_NAMED = re.compile(r'\s*"?(?P<name>[^"<>@,;:\\\x00-\x1f\x7f]*?)"?\s*<(?P<address>[^<>\s]+)>\s*')


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address in the form that goes over the wire."""

    local: str
    domain: str
    """ASCII; of an international name its A-labels."""
    name: str = ""

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"

    @property
    def is_ascii(self) -> bool:
        """Whether any server can take it."""
        return self.local.isascii()


def parse_address(text: str) -> Mailbox | None:
    """The mailbox that an address names; None when it is no plain address."""
    local, at, domain = text.rpartition("@")
    if not (at and local and domain) or len(text.encode("utf-8", "replace")) > _LONGEST:
        return None
    if len(local.encode("utf-8", "replace")) > _LONGEST_LOCAL:
        return None
    if not all(map(_is_atom, local.split("."))):
        return None
    host = _domain(domain)
    return None if host is None else Mailbox(local, host)


def parse_sender(text: str) -> Mailbox | None:
    """The mailbox of a setting, which may carry a name: `Yett <yett@example.org>`."""
    match = _NAMED.fullmatch(text)
    if match is None:
        return parse_address(text.strip())
    found = parse_address(match["address"])
    if found is None or not match["name"].isprintable():
        return None
    return Mailbox(found.local, found.domain, match["name"].strip())


def mask(address: str) -> str:
    """An address that its owner recognises and nobody can write to: "a***@example.org"."""
    local, at, domain = address.rpartition("@")
    if not at:
        return "***"
    text = f"{local[:1]}***@{domain[:253]}"
    return "".join(character if character.isprintable() else "?" for character in text)


def _is_atom(text: str) -> bool:
    if text.isascii():
        return _ATOM.fullmatch(text) is not None
    # RFC 6532, 3.1 asks for NFC; letters, marks and digits leave no room for what cannot be seen.
    return unicodedata.is_normalized("NFC", text) and all(
        _ATOM.fullmatch(character) if character.isascii() else unicodedata.category(character)[0] in "LMN"
        for character in text
    )


def _domain(text: str) -> str | None:
    try:
        host = text.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None
    labels = host.split(".")
    if len(host) > 253 or not all(map(_LABEL.fullmatch, labels)) or labels[-1].isdigit():
        return None
    return host
