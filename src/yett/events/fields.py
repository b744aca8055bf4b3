"""The one vocabulary of field types.

A field's type says two things: how sensitive its value is, and under which name it stands in a
record. Numbers, booleans and enums are public and carry the name of their parameter. A text
has to be one of the types below; a plain `str` is refused when the module loads, and a secret
cannot be a field at all. Dotted names follow the vocabulary that operators of certificate
services know (`server.request.id`, `auth.user_id`); the others are the catalogue's.
"""

import datetime
import enum
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin

import msgspec


class Sensitivity(enum.Enum):
    """Who may see a value: anybody with the log, or only those who may see personal data."""

    PUBLIC = "public"
    SENSITIVE = "sensitive"
    SECRET = "secret"  # noqa: S105 - the name of a class, not a secret


@dataclass(frozen=True, slots=True)
class Kind:
    """What a text field is: its class, and the name it has in records (the parameter's when empty)."""

    sensitivity: Sensitivity
    name: str = ""


PUBLIC = Kind(Sensitivity.PUBLIC)

# Who and whence.
User = Annotated[str, Kind(Sensitivity.SENSITIVE, "auth.user_id")]
Principal = Annotated[str, Kind(Sensitivity.SENSITIVE, "kerberos.principal")]
Email = Annotated[str, Kind(Sensitivity.SENSITIVE, "email")]
ClientAddress = Annotated[str, Kind(Sensitivity.SENSITIVE, "server.request.client_ip")]
RemoteAddress = Annotated[str, Kind(Sensitivity.SENSITIVE, "server.request.remote_addr")]
UserAgent = Annotated[str, Kind(Sensitivity.SENSITIVE, "server.request.user_agent")]
SessionRef = Annotated[str, Kind(Sensitivity.PUBLIC, "session.ref")]
"""The public handle of a session, never the secret that proves it."""
ModuleKey = Annotated[str, Kind(Sensitivity.SENSITIVE, "module_key")]
"""Who owns a session or a datum; for people, the user name."""

# What was asked.
Method = Annotated[str, Kind(Sensitivity.PUBLIC, "server.request.method")]
Path = Annotated[str, Kind(Sensitivity.SENSITIVE, "server.request.path")]
"""A request's path without its query: a query may carry credentials."""
Host = Annotated[str, Kind(Sensitivity.PUBLIC, "host")]
Address = Annotated[str, Kind(Sensitivity.PUBLIC, "address")]
"""A host and port of our own side: an upstream, a listener."""
App = Annotated[str, Kind(Sensitivity.PUBLIC, "app")]

# Certificates.
Serial = Annotated[str, Kind(Sensitivity.PUBLIC, "certauth.x509.serial")]
CommonName = Annotated[str, Kind(Sensitivity.PUBLIC, "certauth.x509.common_name")]
NotBefore = Annotated[datetime.datetime, Kind(Sensitivity.PUBLIC, "certauth.x509.not_before")]
NotAfter = Annotated[datetime.datetime, Kind(Sensitivity.PUBLIC, "certauth.x509.not_after")]

# Everything else.
Name = Annotated[str, PUBLIC]
"""The name of a thing of our own: a module, a setting, a file, a task, a namespace."""
Names = Annotated[tuple[str, ...], PUBLIC]
"""Several such names."""
Groups = Annotated[tuple[str, ...], Kind(Sensitivity.SENSITIVE)]
Detail = Annotated[str, Kind(Sensitivity.SENSITIVE)]
"""A sentence written by our own code, for example why a certificate was refused."""
Device = Annotated[str, Kind(Sensitivity.SENSITIVE)]
"""What somebody calls a device of theirs."""
Sought = Annotated[str, Kind(Sensitivity.SENSITIVE, "sought")]
"""What somebody looked for in the log, as they typed it."""
Error = Annotated[str, Kind(Sensitivity.SENSITIVE, "error")]
"""What an exception said; `events.describe` makes one safely."""
# Scoped tokens, under the names that Gafaelfawr gives these things. A value of `UNSET` leaves the field out.
TokenKey = Annotated[str | msgspec.UnsetType, Kind(Sensitivity.PUBLIC, "token")]
"""The key of the token that a request came with; it names the token and proves nothing."""
TokenUser = Annotated[str | msgspec.UnsetType, Kind(Sensitivity.SENSITIVE, "token_username")]
TokenName = Annotated[str | msgspec.UnsetType, Kind(Sensitivity.SENSITIVE, "token_name")]
"""What somebody calls a token of theirs."""
TokenExpires = Annotated[str | None, Kind(Sensitivity.PUBLIC, "token_expires")]
TokenUserinfo = Annotated[dict[str, Any], Kind(Sensitivity.SENSITIVE, "token_userinfo")]
"""What a token says about its user: name, email, uid, gid, groups."""
Overrides = Annotated[dict[str, Any], Kind(Sensitivity.PUBLIC, "quota_overrides")]
Scopes = Annotated[tuple[str, ...] | msgspec.UnsetType, PUBLIC]
Seconds = Annotated[int | msgspec.UnsetType | None, PUBLIC]
TokenSource = Annotated[str | msgspec.UnsetType, Kind(Sensitivity.PUBLIC, "token_source")]
Caller = Annotated[str | msgspec.UnsetType, Kind(Sensitivity.SENSITIVE, "auth.user_id")]
"""Like `User`, for where there may be nobody."""
URL = Annotated[str | msgspec.UnsetType, Kind(Sensitivity.SENSITIVE)]
"""An address that another program asks about, without what in it may be secret."""
Word = Annotated[str | msgspec.UnsetType | None, PUBLIC]
"""A name of our own, or none."""
AdfNumber = Annotated[int, Kind(Sensitivity.PUBLIC, "adf.id")]
"""The number of the message in ADF's list that an event stands for; the dialect `adf` writes it as its ID."""


RESERVED = frozenset({"time", "level", "audit", "component", "msg", "code", "seq", "chain"})
"""What every record carries under a name of its own. A field called so is written as `event.<name>`."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of one event."""

    parameter: str
    name: str
    type_name: str
    sensitivity: Sensitivity
    values: tuple[str | int, ...] = ()
    """All that an enum can say; empty for every other type."""


def field_of(parameter: str, annotation: Any) -> Field:
    """The field that a parameter declares, or a TypeError that says what is missing."""
    if get_origin(annotation) is Annotated:
        base, *rest = get_args(annotation)
        kind = next((extra for extra in rest if isinstance(extra, Kind)), None)
        if kind is not None:
            if kind.sensitivity is Sensitivity.SECRET:
                raise TypeError(f"field {parameter!r} is secret, and secrets are never logged")
            name = kind.name or _record_name(parameter)
            return Field(parameter, name, _type_name(base), kind.sensitivity)
        annotation = base
    if isinstance(annotation, type) and issubclass(annotation, (enum.Enum, bool, int, float)):
        values = tuple(each.value for each in annotation) if issubclass(annotation, enum.Enum) else ()
        return Field(parameter, _record_name(parameter), _type_name(annotation), Sensitivity.PUBLIC, values)
    raise TypeError(
        f"field {parameter!r} has type {annotation!r}: use a type of yett.events.fields, "
        "a number, a boolean or an enum, so that its sensitivity is known"
    )


def _record_name(parameter: str) -> str:
    return f"event.{parameter}" if parameter in RESERVED else parameter


def _type_name(base: Any) -> str:
    if isinstance(base, type) and issubclass(base, enum.Enum):
        return "one of " + ", ".join(str(member.value) for member in base)
    if get_origin(base) is tuple:
        return "list of text"
    names = {
        str: "text",
        int: "integer",
        float: "number",
        bool: "boolean",
        datetime.datetime: "instant",
    }
    return names.get(base, "text")


def describe(problem: BaseException) -> str:
    """An exception as one short line: its class and the first line of what it says, never a value's repr.

    Exceptions of our own boundaries say nothing secret; foreign ones are translated before they
    get here. Control characters are dropped so that no record can forge another.
    """
    text = str(problem).splitlines()[0] if str(problem) else ""
    text = "".join(character for character in text if character.isprintable())[:300]
    return f"{type(problem).__name__}: {text}" if text else type(problem).__name__
