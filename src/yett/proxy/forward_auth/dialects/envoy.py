"""Envoy's external authorization, version 3: its message in, its message out. Pure functions, and the words.

Envoy hands on what the client sent unless it is told otherwise, so every field in which we speak is
either set in an answer or named as one to remove.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from yett.net.trust import Networks
from yett.proxy.forward_auth.credentials import authorization_without, cookie_without
from yett.proxy.forward_auth.dialects.authelia import Authelia, identity
from yett.proxy.forward_auth.model import Asked, Demand, Holder, Limited, Malformed, Refused
from yett.proxy.forward_auth.original import Fields, from_forwarded
from yett.proxy.forward_auth.protobuf import (
    Undecodable,
    bytes_field,
    entry_of,
    fields,
    number_field,
    repeated,
    sub_message,
    text_of,
)
from yett.proxy.forward_auth.told import Pair, Told, quota_fields, value_of
from yett.tokens import Source

CHECK = "/envoy.service.auth.v3.Authorization/Check"
_OURS = (
    b"remote-user", b"remote-groups", b"remote-name", b"remote-email", b"x-auth-request-user",
    b"x-auth-request-email", b"x-auth-request-service", b"x-auth-request-token",
)  # fmt: skip
_ALIKE = tuple(name.replace(b"-", b"_") for name in _OURS)
"""What many services take for them."""
_ALLOWED, _UNAUTHENTICATED, _DENIED = 0, 16, 7
"""Codes of gRPC; Envoy only looks whether it is the first."""


@dataclass(frozen=True, slots=True)
class Check:
    """A question, read."""

    asked: Asked | Malformed
    extensions: Mapping[str, str]
    """What the operator wrote beside the route (`context_extensions`)."""


def read_check(data: bytes, trusted: Networks) -> Check:
    """What a CheckRequest asks about. Raises Undecodable."""
    attributes = sub_message(data, 1)
    http = sub_message(attributes, 4, 2)
    lines: list[bytes] = []
    said: dict[int, str] = {}
    for number, value in fields(http):
        if number in {2, 4, 5, 6}:
            said[number] = text_of(value)
        elif number == 3:
            name, text = entry_of(value)
            lines.append(_line(name, text.encode("utf-8", "replace")))
        elif number == 13:
            lines += _header_map(value)
    extensions = dict(entry_of(value) for number, value in fields(attributes) if number == 10)
    source = _address(sub_message(attributes, 1, 1, 1))
    if source:
        # Whoever is connected to Envoy comes last; what stands before it is only believed of a proxy of ours.
        lines.append(b"x-forwarded-for: " + source.encode("ascii", "replace"))
    scheme = said.get(6, "")
    if scheme and not any(line.startswith(b"x-forwarded-proto:") for line in lines):
        lines.append(b"x-forwarded-proto: " + scheme.encode("ascii", "replace"))
    asked = from_forwarded(
        Fields(_unified(lines)),
        trusted,
        method=said.get(2, ""),
        host=said.get(5, ""),
        uri=said.get(4, ""),
    )
    return Check(asked, extensions)


def _line(name: str, value: bytes) -> bytes:
    line = b"%b: %b" % (name.lower().encode("utf-8", "replace"), value)
    if not name or any(byte in line for byte in (b"\r", b"\n", b"\0")):
        raise Undecodable("a header that is none")
    return line


def _header_map(value: bytes | int) -> list[bytes]:
    """The headers in the form that keeps those of one name apart (`encode_raw_headers`)."""
    if isinstance(value, int):
        raise Undecodable("a number in place of headers")
    lines = []
    for number, header in fields(value):
        if number != 1 or isinstance(header, int):
            continue
        name = text = ""
        raw = b""
        for inner, content in fields(header):
            if inner == 1:
                name = text_of(content)
            elif inner == 2:
                text = text_of(content)
            elif inner == 3 and isinstance(content, bytes):
                raw = content
        lines.append(_line(name, raw or text.encode("utf-8", "replace")))
    return lines


def _unified(lines: list[bytes]) -> list[bytes]:
    """The lines without those that only HTTP/2 has."""
    return [line for line in lines if not line.startswith(b":")]


def _address(socket_address: bytes) -> str:
    return next((text_of(value) for number, value in fields(socket_address) if number == 2), "")


def write_check(told: Told) -> bytes:
    """A CheckResponse."""
    if 200 <= told.status < 300:
        removed = [
            name for name in _OURS if name not in {pair[0].lower() for pair in told.headers if pair[1]}
        ]
        removed += [*_ALIKE, *_OVERRIDES]
        removed += [name for name in told.withdrawn if name not in removed]
        kept = [pair for pair in told.headers if pair[1] and pair[0].lower() not in _ABOUT_US]
        passed = repeated(2, map(_option, kept)) + repeated(5, removed)
        return bytes_field(1, number_field(1, _ALLOWED)) + bytes_field(3, passed)
    code = _UNAUTHENTICATED if told.status in {401, 302, 303} else _DENIED
    denied = (
        bytes_field(1, number_field(1, told.status))
        + repeated(2, map(_option, told.headers))
        + bytes_field(3, told.body)
    )
    return bytes_field(1, number_field(1, code)) + bytes_field(2, denied)


_OVERRIDES = (b"x-http-method-override", b"x-http-method", b"x-method-override")
"""With these a request becomes another one than was asked about."""
_ABOUT_US = frozenset({b"cache-control"})
"""Fields of an answer of ours that mean nothing to a service."""


def _option(pair: Pair) -> bytes:
    """A header that takes the place of those of the same name."""
    name, value = pair
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return bytes_field(1, bytes_field(1, name.lower()) + bytes_field(3, value))
    return bytes_field(1, bytes_field(1, name.lower()) + bytes_field(2, value))


class Envoy(Authelia):
    """Writes answers in this form; what is refused looks as in Authelia's."""

    name = "envoy"

    def __init__(self, origin: str, realm: str, cookie: str, domain: str) -> None:
        super().__init__(origin, realm, domain, cookie=cookie)

    def passed(
        self,
        asked: Asked,
        demand: Demand,
        holder: Holder | None,
        *,
        delegated: str = "",
        limited: Limited | None = None,
    ) -> Told:
        """Go on, as this person or as nobody, without what is ours."""
        headers: list[Pair] = identity(holder)
        if holder is not None:
            headers.append((b"X-Auth-Request-User", value_of(holder.token.username)))
            headers.append((b"X-Auth-Request-Email", value_of(holder.info.email or "")))
            headers.append((b"X-Auth-Request-Service", value_of(holder.token.service)))
        if delegated:
            headers.append((b"X-Auth-Request-Token", delegated.encode("ascii")))
        told = Told(200, headers)
        # What was good as a token is nothing for a service, whatever kind of token it was.
        is_used = holder is not None and holder.source is not Source.COOKIE
        authorization = b"" if is_used else authorization_without(asked.authorization)
        if demand.use_authorization:
            authorization = b"Bearer " + delegated.encode("ascii") if delegated else b""
        for name, value, kept in (
            (b"Authorization", asked.authorization, authorization),
            (b"Cookie", asked.cookie, cookie_without(asked.cookie, self._cookie)),
        ):
            if kept != value:
                told.withdrawn += () if kept else (name.lower(),)
                headers.append((name, kept))
        if limited is not None:
            headers += quota_fields(limited)
        return told

    def refused(self, asked: Asked, demand: Demand, refused: Refused, limited: Limited | None = None) -> Told:
        """Not this request."""
        told = super().refused(asked, demand, refused, limited)
        if limited is not None:
            told.headers += quota_fields(limited)
        return told
