"""Foreign ways to write durations, sizes, addresses and patterns, each turned into ours or into nothing."""

import ipaddress
import itertools
import math
import re
from urllib.parse import urlsplit

_PART = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-zµ]*)\s*(?:and|,)?")
_SECONDS = {
    "": 1.0,
    "ms": 0.001,
    "millisecond": 0.001,
    "s": 1.0,
    "sec": 1.0,
    "second": 1.0,
    "m": 60.0,
    "min": 60.0,
    "minute": 60.0,
    "h": 3600.0,
    "hour": 3600.0,
    "d": 86400.0,
    "day": 86400.0,
    "w": 604800.0,
    "week": 604800.0,
    "M": 2592000.0,
    "month": 2592000.0,
    "y": 31536000.0,
    "year": 31536000.0,
}
_SIZE = re.compile(r"(\d{1,12})\s*([kKmMgG]?)([iI]?[bB]?)")
_SIZES = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
_PLAIN_PATH = re.compile(r"/(?:[A-Za-z0-9_~!&',;=:@%-]|\\[./+*?$()^\[\]{}|-]|/)*")
_GROUP = re.compile(r"\((?:\?:)?([A-Za-z0-9_-]+(?:\|[A-Za-z0-9_-]+)*)\)(?![?*+{])")
_MOST_ALTERNATIVES = 32
_TAILS = ("(/|$)(.*)", "(/.*)?$", "(/.*)?", "(/|$)", "([/?].*)?$", "/(.*)", "/.*$", "/.*")
"""What stands for everything below a path, in whole segments."""
_SEGMENT = re.compile(r"[A-Za-z0-9._~!$&'()*+,=:@-]+")
_APP = re.compile(r"[^A-Za-z0-9_. -]+")


def seconds_of(text: str) -> float | None:
    """The time in "1h30m", "90", "5 minutes" or "1d"; None when it says no time. A month has 30 days."""
    position, total = 0, 0.0
    text = text.strip()
    while position < len(text):
        part = _PART.match(text, position)
        if part is None:
            return None
        unit = part[2] if part[2] in _SECONDS else part[2].lower().rstrip("s")
        if unit not in _SECONDS or not part[1]:
            return None
        total += float(part[1]) * _SECONDS[unit]
        position = part.end()
    return total if text and total < 1e11 else None


def duration(seconds: float) -> str:
    """A time as we write it."""
    if seconds != int(seconds) or seconds == 0:
        return "0s" if seconds < 0.0005 else f"{round(seconds * 1000)}ms"
    whole = int(seconds)
    for unit, size in (("h", 3600), ("m", 60)):
        if whole % size == 0:
            return f"{whole // size}{unit}"
    return f"{whole}s"


def size_of(text: str) -> int | None:
    """The bytes in "8m", "512k", "10MB"; None when it says no size."""
    found = _SIZE.fullmatch(text.strip())
    return int(found[1]) * _SIZES[found[2].lower()] if found else None


def host_of(text: str) -> str | None:
    """A host name in lower case, without its port; None when there is none that we serve."""
    text = text.strip()
    if "://" in text:
        try:
            text = urlsplit(text).hostname or ""
        except ValueError:
            return None
    text = re.sub(r":\d{1,5}$", "", text).rstrip(".").lower()
    return text if _HOST.fullmatch(text) and not is_address(text) else None


def parent_of(host: str) -> str:
    """The domain that a host is in; of a domain directly below the top, itself."""
    return host.split(".", 1)[1] if host.count(".") >= 2 else host


def is_address(text: str) -> bool:
    """Whether a text is an IP address."""
    try:
        ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True


def network_of(text: str) -> str | None:
    """A network, also of a single address; None when it is none."""
    try:
        return str(ipaddress.ip_network(text.strip(), strict=False))
    except ValueError:
        return None


def service_of(address: str) -> tuple[str, str] | None:
    """The service (scheme, host and port) and the path of an upstream's address; None when it cannot be one."""
    try:
        parts = urlsplit(address.strip())
        port = parts.port
    except ValueError:
        return None
    if parts.scheme == "unix" and parts.path:
        path, _, rest = parts.path.partition(":")
        return f"unix:{path}", rest or "/"
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or not host or parts.username or parts.password:
        return None
    host = f"[{host}]" if ":" in host else host
    if not re.fullmatch(r"[a-z0-9._-]+|\[[0-9a-f:.]+\]", host):
        return None
    return f"{parts.scheme}://{host}" + (f":{port}" if port is not None else ""), parts.path or "/"


def path_of(text: str) -> str | None:
    """A path that a mapping can have; None for one with escapes, dot segments or signs of a pattern."""
    if text in {"", "/"}:
        return "/"
    segments = text.strip("/").split("/")
    if not text.startswith("/") or not all(_SEGMENT.fullmatch(each) for each in segments):
        return None
    if any(each in {".", ".."} for each in segments):
        return None
    return "/" + "/".join(segments) + ("/" if text.endswith("/") else "")


def literal_paths(pattern: str) -> list[tuple[str, bool]] | None:
    """The paths that an anchored regular expression stands for, each with whether exactly; None for other patterns.

    What cannot be said is not guessed: a path that lets in more than the pattern did would be a hole.
    """
    if not pattern.startswith("^/"):
        return None
    found = []
    for each in _alternatives(pattern[1:]):
        path = _literal_path(each)
        if path is None:
            return None
        found.append(path)
    return found or None


def _alternatives(body: str) -> list[str]:
    """A pattern with its groups of plain alternatives written out: "/(a|b)/.*" is "/a/.*" and "/b/.*"."""
    # Texts and what may stand between them, in turns.
    parts = _GROUP.split(body)
    choices = [[part] if number % 2 == 0 else part.split("|") for number, part in enumerate(parts)]
    # Counted first: forty groups of two are more patterns than there is time for.
    if math.prod(len(each) for each in choices) > _MOST_ALTERNATIVES:
        return [body]
    return ["".join(each) for each in itertools.product(*choices)]


def _literal_path(body: str) -> tuple[str, bool] | None:
    is_exact = False
    for ending in _TAILS:
        if body.endswith(ending):
            body = body[: -len(ending)]
            if body.endswith("/"):
                # "//" is no path that anything here begins with.
                return None
            body = body or "/"
            break
    else:
        if body.endswith("$") and not body.endswith("\\$"):
            body, is_exact = body[:-1], True
        elif not body.endswith("/"):
            # Not anchored at its end: "/api" is "/apikeys", too.
            return None
    if not _PLAIN_PATH.fullmatch(body):
        return None
    path = path_of(re.sub(r"\\(.)", r"\1", body))
    return None if path is None else (path, is_exact)


def app_name(text: str, taken: set[str]) -> str:
    """A name for an application, unlike those that are taken."""
    stem = _APP.sub("-", text).strip("-. _")[:50] or "app"
    name, number = stem, 1
    while name.casefold() in taken:
        number += 1
        name = f"{stem} {number}"
    taken.add(name.casefold())
    return name
