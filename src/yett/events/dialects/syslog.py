"""Syslog messages by RFC 5424, without framing: how messages are told apart is the transport's business.

`<PRI>1 TIMESTAMP HOSTNAME APP-NAME PROCID MSGID [yett@32473 …][yett-json@32473 …] BOM MSG`

PRI: facility 13 (log audit) for audit records and 1 (user-level) for all others; the severity is that of
the level. HOSTNAME is the node, APP-NAME `yett`, PROCID nil, MSGID the event's code; one of more than 32
characters is cut and ends in `~` and six digits of its hash, and the whole code stands in the structured data.

Structured data: names of our own need an enterprise number behind the `@` (section 7.2.2). We have none, and
32473 is the one set aside for examples (RFC 5612), which can never be somebody else's. A setting for
it would only make two installations of one system look like two systems to their collector.
Texts stand in `yett@32473` as they are, everything else in `yett-json@32473` as JSON, so that reading gives
a number back as a number. No control character is ever sent (section 8.2): a text that has one stands among
the JSON, and the message proper has spaces for them.
"""

import hashlib
import re
from typing import Any

import msgspec

from yett.events.dialects import severity
from yett.events.dialects.entry import Entry, Unreadable, Unwritable
from yett.events.dialects.names import put
from yett.events.dialects.reading import HEAD, LEVELS, entry_of, instant_of, text_of
from yett.events.dialects.structured import NAME, element, parsed

USER, AUDIT = 1, 13
APP = "yett"
TEXTS, VALUES = "yett@32473", "yett-json@32473"
_MORE = "_"
"""The parameter for fields whose names cannot be those of parameters."""

LONGEST_MSGID = 32
_BOM = "\ufeff"
_HEAD = re.compile(
    r"<(0|[1-9]\d{0,2})>1 (-|\S{1,32}) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) (?=[-\[])",
    re.ASCII,
)
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_HOST = re.compile(r"[!-~]{1,255}", re.ASCII)
_MSGID = re.compile(r"[!-~]{1,32}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HIGHEST_FACILITY = 23
_USED = frozenset({"time", "audit", "msg", "code", "level"})

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class Syslog:
    """Both ways."""

    name = "syslog"

    def write(self, entry: Entry) -> bytes:
        """See `Dialect.write`."""
        number, is_kept = severity.number_of(entry)
        facility = AUDIT if entry.get("audit") else USER
        texts: list[tuple[str, str]] = []
        values: list[tuple[str, str]] = []
        more: dict[str, Any] = {}
        message, code = str(entry.get("msg", "")), str(entry.get("code", ""))
        msgid = _msgid_of(code)
        if entry["level"] == "TRACE":
            texts.append(("level", "TRACE"))
        host = entry.get("node", "")
        if not (isinstance(host, str) and _HOST.fullmatch(host)) or host == "-":
            host = "-"
        try:
            for name, value in entry.items():
                if name in _USED or (name == "node" and host != "-") or (is_kept and name == severity.FIELD):
                    continue
                if name == _MORE or not NAME.fullmatch(name):
                    more[name] = value
                elif isinstance(value, str) and not _CONTROL.search(value):
                    texts.append((name, value))
                else:
                    values.append((name, _encode(value).decode()))
            if _CONTROL.search(code):
                values.append(("code", _encode(code).decode()))
            elif msgid != code:
                texts.insert(0, ("code", code))
            if _CONTROL.search(message):
                values.append(("msg", _encode(message).decode()))
                message = _CONTROL.sub(" ", message)
            if more:
                values.append((_MORE, _encode(more).decode()))
            data = element(TEXTS, texts) + (element(VALUES, values) if values else "")
            # DEL is the one control character that JSON leaves as it is.
            data = data.replace("\x7f", "\\\\u007f")
            head = f"<{facility * 8 + number}>1 {entry.get('time') or '-'} {host} {APP} - {msgid} "
            return f"{head}{data} {_BOM}{message}".encode()
        except (TypeError, ValueError, RecursionError) as problem:
            raise Unwritable("a value that has no JSON form") from problem

    def read(self, line: bytes) -> Entry:
        """See `Dialect.read`."""
        text = text_of(line)
        match = _HEAD.match(text)
        if match is None:
            raise Unreadable("not a syslog message")
        priority, time, host, app, process, msgid = match.groups()
        facility, number = divmod(int(priority), 8)
        if facility > _HIGHEST_FACILITY:
            raise Unreadable("a priority that there is not")
        level, kept = severity.level_of_number(number)
        elements, behind = parsed(text[match.end() :])
        message = text[match.end() + behind :]
        if message and message[0] != " ":
            raise Unreadable("no space before the message")
        head: dict[str, Any] = {
            "time": "" if time == "-" else _instant(time),
            "level": level,
            "audit": True if facility == AUDIT else None,
            "msg": message[1:].removeprefix(_BOM),
            "code": "syslog.message" if msgid == "-" else msgid,
        }
        rest: dict[str, Any] = {}
        if kept is not None:
            rest[severity.FIELD] = kept
        if host != "-":
            rest["node"] = host
        if facility not in (USER, AUDIT):
            rest["syslog.facility"] = facility
        if process != "-":
            rest["syslog.procid"] = process
        if app == APP and elements and elements[0][0] == TEXTS:
            _take_own(head, rest, elements)
        else:
            head["component"] = app if app != "-" else "syslog"
            for name, parameters in elements:
                for key, value in parameters:
                    _collect(rest, f"{name}.{key}", value)
        return entry_of(head, rest)


def _msgid_of(code: str) -> str:
    if _MSGID.fullmatch(code) and code != "-" and (len(code) < 8 or code[-7] != "~"):
        return code
    digest = hashlib.sha256(code.encode("utf-8", "backslashreplace")).hexdigest()[:6]
    start = re.sub(r"[^!-~]", "_", code)[: LONGEST_MSGID - 7]
    return f"{start}~{digest}"


def _instant(time: str) -> str:
    if not _TIMESTAMP.fullmatch(time):
        raise Unreadable("a time that is not RFC 5424")
    return instant_of(time)


def _take_own(head: Entry, rest: Entry, elements: list[tuple[str, list[tuple[str, str]]]]) -> None:
    """Take what we wrote into structured data back to where it came from."""
    own: dict[str, Any] = {}
    for name, parameters in elements:
        for key, value in parameters:
            if name == TEXTS:
                put(own, key, value)
            elif name == VALUES:
                put(own, key, _value(value))
            else:
                _collect(rest, f"{name}.{key}", value)
    more = own.pop(_MORE, {})
    if not isinstance(more, dict):
        raise Unreadable("structured data that we do not write")
    head["component"] = own.pop("component", "")
    for name in ("code", "msg", "level"):
        if name in own:
            head[name] = own.pop(name)
    if head["level"] not in LEVELS:
        raise Unreadable("a level that there is not")
    for name, value in (*own.items(), *more.items()):
        if name in HEAD:
            raise Unreadable("structured data that we do not write")
        put(rest, name, value)


def _value(text: str) -> Any:
    try:
        return _decode(text)
    except (ValueError, RecursionError, msgspec.MsgspecError):
        raise Unreadable("structured data that is not JSON") from None


def _collect(rest: Entry, name: str, value: str) -> None:
    """A parameter may stand there several times (`ip` of `origin`, section 7.2.1): then it is a list."""
    known = rest.get(name)
    if known is None:
        rest[name] = value
    elif isinstance(known, list):
        known.append(value)
    else:
        rest[name] = [known, value]
