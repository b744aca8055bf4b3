"""Decide who is told of what, and what exactly they get. Nothing here waits, reads a clock or opens a socket."""

import hashlib
import hmac
import ipaddress
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from yett.events import Level
from yett.notify.notices.config import RuleSettings
from yett.notify.notices.model import Digest, Notice, Severity, Value

_LEVELS = {Severity.INFO: Level.INFO, Severity.WARN: Level.WARN, Severity.ERROR: Level.ERROR}
_OWN = ("smtp.", "notify.")
_MOST_FIELDS = 40
_LONGEST_VALUE = 500
_MOST_LISTED = 50
_MOST_POSTED = 100
# Addresses of IPv6 that hosts in the internet have (RFC 4291, 2.4, as assigned so far), without those
# that stand for an address of IPv4 or for a way to one, 6to4 (RFC 3056) and Teredo (RFC 4380), and
# those of documents, which not every Python knows (RFC 9637).
_GLOBAL = ipaddress.IPv6Network("2000::/3")
_NOBODY = tuple(map(ipaddress.IPv6Network, ("2002::/16", "2001::/32", "3fff::/20")))
_SPECIAL = (ipaddress.IPv4Network("192.0.0.0/24"), ipaddress.IPv4Network("192.88.99.0/24"))


def matches(rule: RuleSettings, kind: str, level: Level, *, is_audit: bool) -> bool:
    """Whether a rule wants to be told. What is said of telling never is: it would go round in circles."""
    return (
        level >= _LEVELS[rule.severity]
        and (is_audit or not rule.audit)
        and not kind.startswith(_OWN)
        and any(fnmatchcase(kind, pattern) for pattern in rule.codes)
    )


def level_of(severity: Severity) -> Level:
    """A severity as the log knows it."""
    return _LEVELS[severity]


def severity_of(level: Level) -> Severity:
    """A level as notices know it."""
    return Severity.ERROR if level >= Level.ERROR else Severity.WARN if level >= Level.WARN else Severity.INFO


def is_public(address: str) -> bool:
    """Whether an address is one of the internet, and not of this machine, its networks or its cloud."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        return found in _GLOBAL and found.is_global and not any(found in each for each in _NOBODY)
    return found.is_global and not found.is_multicast and not any(found in each for each in _SPECIAL)


def signature(secret: str, at: int, body: bytes) -> str:
    """The value of X-Yett-Signature: the time, and the HMAC-SHA256 of the time, a dot and the body."""
    digest = hmac.new(secret.encode(), b"%d.%b" % (at, body), hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def pause_before(retry: int, first: float) -> float:
    """Seconds to wait before a retry (from 1 on)."""
    return float(first * 2 ** (retry - 1))


def window_end(now: float, interval: float) -> int:
    """When the stretch of time ends that an instant lies in, in whole seconds; the same on all nodes."""
    length = max(int(interval), 1)
    return (int(now // length) + 1) * length


def post_of(notice: Notice, rule: str, *, is_personal: bool) -> dict[str, Any]:
    """What a webhook is told of a notice."""
    return {
        "type": "notice",
        "id": notice.id,
        "rule": rule,
        "event": notice.kind,
        "severity": notice.severity.value,
        "audit": notice.is_audit,
        "time": instant(notice.at),
        "node": notice.node,
        "request": notice.request,
        "message": notice.text,
        **({"user": notice.user} if is_personal else {}),
        "fields": {**notice.fields, **(notice.personal if is_personal else {})},
    }


def post_of_digest(digest: Digest, *, is_personal: bool) -> dict[str, Any]:
    """What a webhook is told of a digest."""
    listed = digest.notices[-_MOST_POSTED:]
    return {
        "type": "digest",
        "rule": digest.rule,
        "count": digest.count,
        "events": dict(Counter(notice.kind for notice in digest.notices).most_common()),
        "notices": [post_of(notice, digest.rule, is_personal=is_personal) for notice in listed],
    }


def encode(post: dict[str, Any]) -> bytes:
    """The body of a webhook."""
    return msgspec.json.encode(post)


def mail_of(notice: Notice, rule: str) -> dict[str, str]:
    """The fields of a mail about a notice."""
    values = {**notice.fields, **notice.personal}
    return {
        "subject": notice.text,
        "text": f"{notice.text}.",
        "event": notice.kind,
        "severity": notice.severity.value,
        "at": instant(notice.at),
        "node": notice.node,
        "user": notice.user,
        "request": notice.request,
        "rule": rule,
        "details": "\n".join(f"{name}: {_shown(value)}" for name, value in values.items()),
    }


def mail_of_digest(digest: Digest) -> dict[str, str]:
    """The fields of a mail with a digest: how often what happened, then the newest one by one."""
    counts = Counter((notice.kind, notice.severity.value, notice.text) for notice in digest.notices)
    lines = [
        f"{count}x {severity.upper()} {text} ({kind})"
        for (kind, severity, text), count in counts.most_common(_MOST_LISTED)
    ]
    lines.append("")
    lines += (
        f"{instant(notice.at)} {notice.text}" + (f" {notice.user}" if notice.user else "")
        for notice in digest.notices[-_MOST_LISTED:]
    )
    return {"rule": digest.rule, "count": str(digest.count), "details": "\n".join(lines)}


def instant(seconds: float) -> str:
    """An instant as RFC 3339 writes it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def plain(values: Iterable[tuple[str, Any]]) -> Mapping[str, Value]:
    """Fields as they may stand in JSON: of bounded number and length, whatever was logged."""
    return {name: _plain(value) for (name, value), _ in zip(values, range(_MOST_FIELDS), strict=False)}


def _plain(value: Any) -> Value:
    if isinstance(value, (bool, int, float)) and not hasattr(value, "name"):
        # JSON has no infinity, and readers in other languages no integers beyond 53 bits.
        return value if isinstance(value, bool) or abs(value) < 1 << 53 else str(value)
    if isinstance(value, (tuple, list, frozenset)):
        return [_text(each) for each in list(value)[:_MOST_FIELDS]]
    return None if value is None else _text(value)


def _text(value: Any) -> str:
    given = getattr(value, "value", value)
    text = given.isoformat() if isinstance(given, datetime) else str(given)
    return text[:_LONGEST_VALUE].encode("utf-8", "backslashreplace").decode()


def _shown(value: Value) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)
