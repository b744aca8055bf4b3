"""What a request for a file gets: all of it, a part, or word that nothing changed (RFC 9110, 13 and 14)."""

import re
from dataclasses import dataclass
from email.utils import formatdate, mktime_tz, parsedate_tz

_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Version:
    """One state of a file."""

    size: int
    modified_ns: int

    @property
    def tag(self) -> str:
        return f'"{self.modified_ns:x}-{self.size:x}"'

    @property
    def last_modified(self) -> str:
        return formatdate(self._seconds, usegmt=True)

    @property
    def _seconds(self) -> int:
        return max(self.modified_ns, 0) // 1_000_000_000


@dataclass(frozen=True, slots=True)
class Asked:
    """The fields of a request that matter here; empty for those it does not have."""

    if_none_match: str = ""
    if_modified_since: str = ""
    if_range: str = ""
    range: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """What is sent: the status, and which bytes."""

    status: int
    start: int = 0
    length: int = 0


def judge(asked: Asked, version: Version) -> Part:
    """What a GET or HEAD gets."""
    if _is_known(asked, version):
        return Part(304)
    whole = Part(200, 0, version.size)
    if not asked.range or not _may_be_part(asked.if_range, version):
        return whole
    found = _RANGE.fullmatch(asked.range.strip())
    if found is None:
        # Several ranges, another unit, or nonsense: each may be ignored (RFC 9110, 14.2).
        return whole
    first, last, suffix = found.groups()
    if suffix is not None:
        length = min(int(suffix), version.size)
        return Part(206, version.size - length, length) if length else Part(416)
    start = int(first)
    end = int(last) if last else version.size - 1
    if last and end < start:
        return whole
    if start >= version.size:
        return Part(416)
    return Part(206, start, min(end, version.size - 1) - start + 1)


def _is_known(asked: Asked, version: Version) -> bool:
    """Whether the client has this version already. The tag counts where there is one (RFC 9110, 13.2.2)."""
    if asked.if_none_match:
        return asked.if_none_match.strip() == "*" or version.tag in _TAG.findall(asked.if_none_match)
    since = _instant(asked.if_modified_since)
    return since is not None and version.modified_ns // 1_000_000_000 <= since


def _may_be_part(if_range: str, version: Version) -> bool:
    """Whether a part of this version completes what the client has (RFC 9110, 13.1.5); a weak tag never does."""
    return not if_range or if_range.strip() in {version.tag, version.last_modified}


def _instant(text: str) -> float | None:
    """Seconds since the epoch; None for what is no date."""
    try:
        parsed = parsedate_tz(text) if text else None
        return None if parsed is None else mktime_tz(parsed)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
