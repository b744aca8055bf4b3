"""The access log of Apache httpd: the common and the combined format, and uvicorn's line, which leans on it.

Only access records have a form here; anything else is `Unwritable`. A line holds whole seconds, and of a
record no more than address, user, time, request, status, bytes, referrer and user agent.
https://httpd.apache.org/docs/2.4/mod/mod_log_config.html
"""

import datetime
import re
from typing import Any

from yett.events.dialects.entry import Entry, Unreadable, Unwritable
from yett.events.dialects.reading import text_of

CODE, COMPONENT, MESSAGE = "http.access.completed", "http.access", "Request completed"
"""The record that says what such a line says."""

# Possessive: what has been read is not given back, so a long line takes no more time and memory than it has bytes.
_QUOTED = r'"((?:[^"\\]++|\\.)*+)"'
_COMBINED = re.compile(
    rf"(\S++) (\S++) (\S++(?: \S++)*?) \[(\d\d)/(\w{{3}})/(\d{{4}}):(\d\d:\d\d:\d\d) ([+-]\d{{4}})\] "
    rf"{_QUOTED} (\d{{3}}|-) (\d{{1,19}}|-)(?: {_QUOTED} {_QUOTED})?",
    re.ASCII,
)
# uvicorn escapes nothing. A target has no spaces, so the quote before the status is told from one in a query.
_UVICORN = re.compile(
    r"""(?:INFO: +)?(?:(\[?[0-9a-fA-F.:]+\]?):(\d{1,5})|-?) ?- "(\S+ \S+(?: HTTP/\S+)?)" (\d{3})(?: [A-Za-z' -]+)?""",
    re.ASCII,
)
_PROTOCOL = re.compile(r"HTTP/\d(?:\.\d)?", re.ASCII)
_VHOST = re.compile(r"\S+:\d{1,5}", re.ASCII)
_PLAIN_ADDRESS = re.compile(r"[0-9a-fA-F.:]{2,45}", re.ASCII)
_MOST_BYTES = 10**19 - 1
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_PROTOCOLS = {"http/1.0": "HTTP/1.0", "http/1.1": "HTTP/1.1", "h2": "HTTP/2.0", "h3": "HTTP/3.0"}
_PROTOCOLS_BACK = {theirs: ours for ours, theirs in _PROTOCOLS.items()} | {"HTTP/2": "h2", "HTTP/3": "h3"}

_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "v": "\v", "f": "\f", "a": "\a", '"': '"', "\\": "\\"}
_UNSAFE = re.compile(r'[^\x20-\x7e]|["\\]')
_UNSAFE_WORD = re.compile(r'[^\x21-\x7e]|["\\]|^-$')


class Apache:
    """Writes the combined format; reads that, the common one, and uvicorn's."""

    name = "apache"

    def write(self, entry: Entry) -> bytes:
        """See `Dialect.write`."""
        if entry.get("code") != CODE:
            raise Unwritable("not an access record")
        time = str(entry.get("time", ""))
        if not time:
            raise Unwritable("no time")
        address, user = (_word(entry.get(name)) for name in ("server.request.client_ip", "auth.user_id"))
        moment = f"{time[8:10]}/{_MONTHS[int(time[5:7]) - 1]}/{time[:4]}:{time[11:19]} +0000"
        referrer, agent = (
            _safe(entry.get(name)) for name in ("server.request.referrer", "server.request.user_agent")
        )
        status, size = _number(entry.get("status"), 100, 999), _number(entry.get("bytes_out"), 1, _MOST_BYTES)
        return f'{address} - {user} [{moment}] "{_request_of(entry)}" {status} {size} "{referrer}" "{agent}"'.encode()

    def read(self, line: bytes) -> Entry:
        """See `Dialect.read`."""
        text = text_of(line)
        combined = _COMBINED.fullmatch(text)
        if combined is not None:
            return _combined(*combined.groups())
        uvicorn = _UVICORN.fullmatch(text)
        if uvicorn is None:
            raise Unreadable("not an access line")
        address, port, request, status = uvicorn.groups()
        entry = _begun("")
        if address is not None:
            entry["server.request.client_ip"] = address.strip("[]")
            entry["server.request.remote_addr"] = f"{address}:{port}"
        return _requested(entry, request) | {"status": int(status)}


def _combined(
    address: str,
    ident: str,
    user: str,
    day: str,
    month: str,
    year: str,
    clock: str,
    zone: str,
    *rest: str | None,
) -> Entry:
    request, status, size, referrer, agent = rest
    try:
        moment = datetime.datetime(
            int(year), _MONTHS.index(month) + 1, int(day), tzinfo=datetime.UTC
        ) + datetime.timedelta(hours=int(clock[:2]), minutes=int(clock[3:5]), seconds=int(clock[6:]))
        if not (int(clock[:2]) < 24 and int(clock[3:5]) < 60 and int(clock[6:]) < 60 and int(zone[3:]) < 60):
            raise Unreadable("a time that there is not")
        behind = datetime.timedelta(hours=int(zone[1:3]), minutes=int(zone[3:]))
        moment = moment + behind if zone[0] == "-" else moment - behind
    except (ValueError, OverflowError) as problem:
        raise problem if isinstance(problem, Unreadable) else Unreadable("a time that there is not") from None
    host: str | None = None
    if user.startswith("- ") and _VHOST.fullmatch(address) and _PLAIN_ADDRESS.fullmatch(ident):
        # Debian's "vhost_combined" has the host and its port before all others.
        host, address, ident, user = address.rpartition(":")[0], ident, "-", user[2:]
    entry = _begun(f"{moment.strftime('%Y-%m-%dT%H:%M:%S').rjust(19, '0')}.000000Z")
    for name, value in (
        ("server.request.client_ip", address),
        ("host", host),
        ("ident", ident),
        ("auth.user_id", user),
        ("server.request.referrer", referrer),
        ("server.request.user_agent", agent),
    ):
        if value is not None and value != "-":
            entry[name] = _unescaped(value)
    _requested(entry, _unescaped(request or ""))
    entry["status"] = 0 if status == "-" else int(status or 0)
    entry["bytes_out"] = 0 if size == "-" else int(size or 0)
    return entry


def _begun(time: str) -> Entry:
    return {"time": time, "level": "INFO", "component": COMPONENT, "msg": MESSAGE, "code": CODE}


def _requested(entry: Entry, text: str) -> Entry:
    """Take the request line apart. One that is none (a TLS greeting, say) is kept as it came."""
    if text in {"-", ""}:
        return entry
    method, _, target = text.partition(" ")
    start, _, end = target.rpartition(" ")
    protocol = end if start and _PROTOCOL.fullmatch(end) else None
    target = start if protocol is not None else target
    is_target = target.startswith("/") or target == "*" or "://" in target or method == "CONNECT"
    if not method or not target or not is_target:
        entry["server.request.line"] = text
        return entry
    path, mark, query = target.partition("?")
    entry["server.request.method"] = method
    entry["server.request.path"] = path
    if mark:
        entry["url.query"] = query
    if protocol is not None:
        entry["protocol"] = _PROTOCOLS_BACK.get(protocol, protocol)
    return entry


def _request_of(entry: Entry) -> str:
    if "server.request.line" in entry:
        return _safe(entry["server.request.line"])
    path = entry.get("server.request.path")
    if path is None:
        return "-"
    query = f"?{entry['url.query']}" if "url.query" in entry else ""
    protocol = _PROTOCOLS.get(str(entry.get("protocol", "")))
    ending = f" {protocol}" if protocol else ""
    return _safe(f"{entry.get('server.request.method') or '-'} {path}{query}{ending}")


def _number(value: Any, least: int, most: int) -> str:
    """A number as it stands in a line. Anything else could hold spaces and line breaks, and be read as more."""
    return str(value) if type(value) is int and least <= value <= most else "-"


def _safe(value: Any) -> str:
    """A text for between quotes; a dash for none."""
    if not isinstance(value, str) or not value:
        return "-"
    return _UNSAFE.sub(_escaped, value)


def _word(value: Any) -> str:
    """A text without spaces. A space in a name would move all that follows."""
    if not isinstance(value, str) or not value:
        return "-"
    return _UNSAFE_WORD.sub(_escaped, value)


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    if character in '"\\':
        return "\\" + character
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "backslashreplace"))


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    raw = _ESCAPE.sub(_character, text)
    # Bytes of one character stand in escapes of their own; they are put together again.
    return raw.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _character(match: re.Match[str]) -> str:
    code = match[1]
    if code[0] == "x" and len(code) == 3:
        byte = int(code[1:], 16)
        return chr(byte) if byte < 0x80 else chr(0xDC00 + byte)
    return _ESCAPES.get(code, match[0])
