"""Reading requests of the interface strictly: the path, the query, the body. What is wrong is a `Mistaken`."""

import re
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request

from yett.net.pages import parse_fields
from yett.tokens import rules
from yett.tokens.api import forms
from yett.tokens.api.operations import Operation
from yett.tokens.history import MOST, Cursor, Query, parse_cursor, parse_network
from yett.tokens.model import TokenType
from yett.tokens.text import is_key

MAX_BODY = 64 * 1024
_PLACE = re.compile(r"\$\.([A-Za-z_]+)")


class Mistaken(Exception):
    """Something in a request is not as it has to be; never leaves this folder."""

    def __init__(self, place: tuple[str, ...], sentence: str, kind: str = "value_error") -> None:
        super().__init__(sentence)
        self.fault = forms.Fault(sentence, kind, place)


def check_path(request: Request) -> None:
    """Raise Mistaken for what can be no user or token."""
    named = request.path_params
    if "username" in named and not rules.is_user(named["username"]):
        raise Mistaken(("path", "username"), "Invalid username")
    if "key" in named and not is_key(named["key"]):
        raise Mistaken(("path", "key"), "Invalid key of a token")


def fields_of(request: Request) -> tuple[tuple[str, str], ...]:
    """Every parameter of the query."""
    fields = parse_fields(request.scope["query_string"])
    if fields is None:
        raise Mistaken(("query",), "Malformed query")
    return fields


def query_of(request: Request, operation: Operation) -> dict[str, str]:
    """The parameters that the operation knows; others are ignored, as nobody asked for them."""
    found: dict[str, str] = {}
    for name, value in fields_of(request):
        if name not in operation.query:
            continue
        if name in found and operation.query[name].get("type") != "array":
            raise Mistaken(("query", name), "Given more than once")
        found[name] = value
    return found


async def body_of(request: Request, model: Any) -> Any:
    """The body as the form that it has to be."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Mistaken(("header", "Content-Type"), "Has to be application/json")
    raw = bytearray()
    try:
        async for chunk in request.stream():
            raw += chunk
            if len(raw) > MAX_BODY:
                raise Mistaken(("body",), "Too long")
    except ClientDisconnect:
        raise Mistaken(("body",), "Incomplete") from None
    try:
        return msgspec.json.decode(raw, type=model)
    except msgspec.ValidationError as problem:
        text = str(problem)
        place = _PLACE.search(text)
        # It names types and fields of the form, and says nothing of values.
        sentence = text.partition(" - at `")[0][:200]
        raise Mistaken(("body", place[1]) if place else ("body",), sentence) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Mistaken(("body",), "Not JSON", "json_invalid") from None


def expiry(expires: forms.Expiry) -> float | None:
    """When a token is to end."""
    try:
        return forms.instant_of(expires)
    except (ValueError, OverflowError):
        raise Mistaken(("body", "expires"), "Not a time", "invalid_expires") from None


def filters(fields: dict[str, str], username: str) -> tuple[Query, Cursor | None, int | None]:
    """What is looked for in a history, from where on, and how much of it."""
    limit = None
    if "limit" in fields:
        text = fields["limit"]
        limit = int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else 0
        if limit < 1:
            raise Mistaken(("query", "limit"), "Input should be greater than or equal to 1")
    cursor = None
    if "cursor" in fields:
        cursor = parse_cursor(fields["cursor"])
        if cursor is None:
            raise Mistaken(("query", "cursor"), "Invalid cursor", "invalid_cursor")
        limit = limit or MOST
    network = None
    if "ip_address" in fields:
        network = parse_network(fields["ip_address"])
        if network is None:
            raise Mistaken(("query", "ip_address"), "Invalid IP address", "invalid_ip_address")
    kind = None
    if "token_type" in fields:
        kind = next((each for each in TokenType if each.value == fields["token_type"]), None)
        if kind is None:
            raise Mistaken(("query", "token_type"), "Unknown type of token", "enum")
    key = fields.get("key", "")
    if key and not is_key(key):
        raise Mistaken(("query", "key"), "Invalid key of a token")
    if username and not rules.is_user(username):
        raise Mistaken(("query", "username"), "Invalid username")
    query = Query(
        username=username,
        actor=fields.get("actor", ""),
        key=key,
        token_type=kind,
        network=network,
        since=_instant(fields, "since"),
        until=_instant(fields, "until"),
    )
    return query, cursor, limit


def _instant(fields: dict[str, str], name: str) -> float | None:
    text = fields.get(name, "")
    if not text:
        return None
    is_number = text.isascii() and text.isdigit() and len(text) <= 12
    try:
        return forms.instant_of(int(text) if is_number else text)
    except (ValueError, OverflowError):
        raise Mistaken(("query", name), "Not a time") from None
