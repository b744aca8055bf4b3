"""The JSON of Gafaelfawr: structlog through Safir, with the attributes that its reference names.

`event` is the message, `severity` the level, `httpRequest` the request as Google's collectors know it.
The time is only there when the service was told to write it (`timestamp`). Access lines of uvicorn
come as JSON too, or as text in the same stream (see `apache`). What has no name there keeps ours.
"""

import re
from typing import Any

import msgspec

from yett.events.dialects import severity
from yett.events.dialects.entry import Entry, Unreadable, Unwritable
from yett.events.dialects.names import Names, nested, put
from yett.events.dialects.reading import entry_of, flattened, instant_of, object_of

_WORDS = {"ERROR": "error", "WARN": "warning", "INFO": "info", "DEBUG": "debug", "TRACE": "trace"}
_URL_NAME, _STATUS_NAME, _PROTOCOL_NAME = (
    "httpRequest.requestUrl",
    "httpRequest.status",
    "httpRequest.protocol",
)
_NAMES = Names(
    {
        "component": "logger",
        "code": "event_code",
        "auth.user_id": "user",
        "server.request.method": "httpRequest.requestMethod",
        "server.request.client_ip": "httpRequest.remoteIp",
    },
    # Before version 5 the request stood in plain attributes.
    understood={
        "method": "server.request.method",
        "path": "server.request.path",
        "remote": "server.request.client_ip",
        "request_id": "server.request.id",
        "user_agent": "server.request.user_agent",
        "httpRequest.userAgent": "server.request.user_agent",
    },
    reserved=("event", "severity", "timestamp", _URL_NAME, _STATUS_NAME, _PROTOCOL_NAME),
)
_ROOTS = ("httpRequest", "token_userinfo", "quota", "quota_overrides")
_URL = re.compile(r"(?:(https?)://([^/?#\s]+))?(/[^?]*)(?:\?(.*))?", re.DOTALL)
_URL_PARTS = ("url.scheme", "host", "server.request.path", "url.query")
_PROTOCOLS = {"http/1.0": "HTTP/1.0", "http/1.1": "HTTP/1.1", "h2": "HTTP/2"}
_PROTOCOLS_BACK = {theirs: ours for ours, theirs in _PROTOCOLS.items()}
_ACCESS = ("http.access", "gafaelfawr.access")
_ACCESS_LINE = re.compile(r'[0-9a-fA-F.:\[\]]+:\d{1,5} - ".*" \d{3}')

_KNOWN = (
    ("Token authorized", "token_authorized"),
    ("Permission denied", "permission_denied"),
    ("Invalid token", "invalid_token"),
    ("Invalid request", "invalid_request"),
    ("Successfully authenticated user", "authenticated"),
    ("Redirecting user", "redirecting"),
    ("Retrieving ID token", "retrieving_id_token"),
    ("Successful logout", "logout"),
    ("Logout of already-logged-out session", "logout_again"),
    ("Created new", "created_token"),
    ("Modified token", "modified_token"),
    ("Deleted token", "deleted_token"),
    ("Expired token", "expired_token"),
    ("Request rejected due to rate limits", "rate_limited"),
    ("CSRF verification failed", "csrf_failed"),
    ("Authenticated with bootstrap token", "bootstrap"),
)
"""The messages that its reference and its releases name, and the code each gets here."""

_encode = msgspec.json.Encoder().encode


class Gafaelfawr:
    """Both ways."""

    name = "gafaelfawr"

    def write(self, entry: Entry) -> bytes:
        """See `Dialect.write`."""
        word, is_kept = severity.word_of(entry, _WORDS)
        rest = dict(entry)
        if is_kept:
            del rest[severity.FIELD]
        out: dict[str, Any] = {"event": rest.pop("msg", ""), "severity": word}
        if time := rest.pop("time", ""):
            out["timestamp"] = time
        if rest.pop("audit", False):
            out["audit"] = True
        del rest["level"]
        _take_request(rest, out)
        out |= {_NAMES.outward(name): value for name, value in rest.items()}
        try:
            return _encode(nested(out, _ROOTS))
        except (TypeError, ValueError, RecursionError) as problem:
            raise Unwritable("a value that has no JSON form") from problem

    def read(self, line: bytes) -> Entry:
        """See `Dialect.read`."""
        return self.understand(object_of(line))

    def understand(self, found: dict[str, Any]) -> Entry:
        """The record that an object tells of. Raises Unreadable."""
        flat = flattened(found)
        message = flat.pop("event", None)
        if not isinstance(message, str):
            raise Unreadable("no event")
        word = flat.pop("severity" if "severity" in flat else "level", None)
        level, kept = severity.level_of_word(word, _WORDS)
        rest: dict[str, Any] = {}
        if kept is not None:
            rest[severity.FIELD] = kept
        time = flat.pop("timestamp", "")
        head: dict[str, Any] = {
            "time": instant_of(time) if time else "",
            "level": level,
            "component": flat.pop("logger", "gafaelfawr"),
            "msg": message,
            "code": flat.pop("event_code", None),
        }
        if flat.get("audit") is True:
            head["audit"] = flat.pop("audit")
        for name, value in flat.items():
            _put(rest, name, value)
        if head["code"] is None:
            head["component"], head["code"] = _code_of(message, head["component"])
        return entry_of(head, rest)


def _code_of(message: str, component: Any) -> tuple[Any, str]:
    """A code for a message, from a closed set: names of people stand in some messages, and belong into no code."""
    if _ACCESS_LINE.fullmatch(message):
        return "gafaelfawr.access", "gafaelfawr.access"
    known = next((code for start, code in _KNOWN if message.startswith(start)), "message")
    return component, f"gafaelfawr.{known}"


def _put(rest: Entry, name: str, value: Any) -> None:
    """Keep a field; one that is not what it should be keeps its name, too."""
    if name == _URL_NAME and isinstance(value, str) and (parts := _parts_of(value)) is not None:
        for part, text in parts.items():
            put(rest, part, text)
    elif name == _STATUS_NAME and (status := _status_of(value)) is not None:
        put(rest, "status", status)
    elif name == _PROTOCOL_NAME and isinstance(value, str):
        put(rest, "protocol", _PROTOCOLS_BACK.get(value, value))
    else:
        put(rest, _NAMES.inward(name), value)


def _take_request(rest: Entry, out: Entry) -> None:
    """Move what `httpRequest` has in another form than we do, where reading it gives the same again."""
    _take_url(rest, out)
    status = rest.get("status")
    if rest.get("component") in _ACCESS and type(status) is int and _status_of(str(status)) == status:
        out[_STATUS_NAME] = str(rest.pop("status"))
    protocol = rest.get("protocol")
    if isinstance(protocol, str) and protocol not in _PROTOCOLS_BACK:
        out[_PROTOCOL_NAME] = _PROTOCOLS.get(protocol, protocol)
        del rest["protocol"]


def _take_url(rest: Entry, out: Entry) -> None:
    parts = {name: rest[name] for name in _URL_PARTS if name in rest}
    if "server.request.path" not in parts or not all(isinstance(part, str) for part in parts.values()):
        return
    origin = f"{parts.get('url.scheme', 'https')}://{parts['host']}" if "host" in parts else ""
    query = f"?{parts['url.query']}" if "url.query" in parts else ""
    url = f"{origin}{parts['server.request.path']}{query}"
    if _parts_of(url) == parts:
        out[_URL_NAME] = url
        for name in parts:
            del rest[name]


def _parts_of(url: str) -> dict[str, str] | None:
    match = _URL.fullmatch(url)
    if match is None:
        return None
    scheme, host, path, query = match.groups()
    parts = (None if scheme == "https" else scheme, host, path, query)
    return {name: part for name, part in zip(_URL_PARTS, parts, strict=True) if part is not None}


def _status_of(status: Any) -> int | None:
    """The status that a number, or a text of digits without a leading zero, says."""
    if isinstance(status, str) and status.isascii() and status.isdigit() and len(status) <= 3:
        return int(status) if str(int(status)) == status else None
    return status if type(status) is int else None
