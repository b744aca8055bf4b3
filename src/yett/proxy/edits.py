"""Changes to the header of requests and responses, as a mapping asks for them.

What frames a message, belongs to one connection, or tells an upstream who somebody is, is the
gateway's: such fields are refused when settings are read.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from yett.identity import Person
from yett.identity.access import assurance_of
from yett.net.http import Request
from yett.proxy.config import HeaderSettings
from yett.sessions import Session

_PLACE = re.compile(r"\{([a-z_]+)\}")
_OF_A_PERSON = frozenset({"user", "name", "email", "groups", "session", "assurance"})
_OF_A_REQUEST = frozenset({"host", "client_address", "request_id"})
_FRAMING = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "http2-settings",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_OF_REQUESTS = frozenset({"host"})
_OF_RESPONSES = frozenset({"date", "set-cookie", "strict-transport-security"})
"""Cookies of this host could be ours; the last one speaks for the whole host, see `proxy.hsts`."""
_OURS = ("x-yett-", "x-forwarded-")
_SAFE = " !#$&'()*+,/:;=?@[]"


class BadEdit(ValueError):
    """The change cannot be made; the text says why."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A field with places in its value: text and names of facts take turns, beginning and ending with text."""

    name: str
    pieces: tuple[str, ...]

    def write(self, facts: Mapping[str, str]) -> bytes:
        """The header line; none when a fact that it names is not known."""
        values = list(self.pieces)
        for index in range(1, len(values), 2):
            value = facts.get(values[index], "")
            if not value:
                return b""
            values[index] = value
        return f"{self.name}: {''.join(values)}\r\n".encode("ascii")

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self.pieces[1::2])


@dataclass(frozen=True, slots=True)
class Edits:
    """What is taken out of a header, and what is put in."""

    drop: frozenset[bytes] = frozenset()
    """Names in lower case."""
    fixed: tuple[_Line, ...] = ()
    """Lines that are the same for all requests of one person."""
    varying: tuple[_Line, ...] = ()
    """Lines that name something of the single request."""

    def __bool__(self) -> bool:
        return bool(self.drop or self.fixed or self.varying)

    def lines(self, app: str, session: Session | None, person: Person | None) -> bytes:
        """The lines that do not depend on the request."""
        return _write(self.fixed, _facts(app, session, person)) if self.fixed else b""

    def lines_for(self, request: Request, app: str, session: Session | None, person: Person | None) -> bytes:
        """The lines that do."""
        scope = request.scope
        facts = {
            **_facts(app, session, person),
            "host": request.host,
            "client_address": scope.client_address,
            "request_id": scope.request_id,
        }
        return _write(self.varying, facts)


NO_EDITS = Edits()


def compile_edits(settings: HeaderSettings | None, *, is_response: bool, is_public: bool) -> Edits:
    """The changes that the settings ask for. Raises BadEdit."""
    if settings is None:
        return NO_EDITS
    of_side = _OF_RESPONSES if is_response else _OF_REQUESTS
    replaced = [_line(text, of_side, is_public=is_public) for text in settings.set]
    lines = (*replaced, *(_line(text, of_side, is_public=is_public) for text in settings.add))
    removable = of_side - {"set-cookie"}
    removed = [_checked(name, removable) for name in settings.remove]
    return Edits(
        drop=frozenset(
            name.lower().encode("ascii") for name in (*removed, *(line.name for line in replaced))
        ),
        fixed=tuple(line for line in lines if not line.names & _OF_A_REQUEST),
        varying=tuple(line for line in lines if line.names & _OF_A_REQUEST),
    )


def _line(text: str, of_side: Iterable[str], *, is_public: bool) -> _Line:
    raw, _, value = text.partition(":")
    name = _checked(raw, frozenset(of_side))
    if name.lower() == "cookie":
        raise BadEdit("Cookie can only be removed")
    pieces = _PLACE.split(value.strip())
    line = _Line(name, tuple(pieces))
    unknown = line.names - _OF_A_PERSON - _OF_A_REQUEST - {"app"}
    if unknown:
        raise BadEdit(f"{name}: nothing is known under the name {{{min(unknown)}}}")
    if is_public and line.names & _OF_A_PERSON:
        raise BadEdit(f"{name}: a public mapping does not know who asks")
    return line


def _checked(name: str, of_side: frozenset[str]) -> str:
    comparable = name.lower().replace("_", "-")
    if comparable in _FRAMING or comparable in of_side or comparable.startswith(_OURS):
        raise BadEdit(f"{name} is the gateway's own business")
    return name


def _facts(app: str, session: Session | None, person: Person | None) -> dict[str, str]:
    """What places stand for, as text that is safe in a header: everything beyond it is percent-encoded."""
    facts = {"app": app}
    if person is not None:
        facts["user"] = quote(person.name, safe=_SAFE)
        facts["name"] = quote(person.display_name, safe=_SAFE)
        facts["email"] = quote(person.email, safe=_SAFE)
        facts["groups"] = ",".join(quote(group, safe="") for group in person.groups)
    if session is not None:
        facts["session"] = session.ref
        facts["assurance"] = assurance_of(session.metadata).value
    return facts


def _write(lines: Iterable[_Line], facts: Mapping[str, str]) -> bytes:
    return b"".join(line.write(facts) for line in lines)
