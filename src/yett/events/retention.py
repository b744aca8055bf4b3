"""How long the log is kept."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from yett.events import notices
from yett.events.fields import describe
from yett.events.segments import listed

DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Retention:
    """Ages in seconds, the size in bytes; 0 means without limit."""

    age: float = 30 * DAY
    audit_age: float = 365 * DAY
    size: int = 8 << 30


@dataclass(frozen=True, slots=True)
class Stored:
    """One file of the log."""

    name: str
    is_audit: bool
    size: int
    written_at: float
    """When it was written last."""


def expired(files: Iterable[Stored], rule: Retention, *, now: float) -> list[Stored]:
    """The files to remove, of those that may be (the ones in use are not among `files`).

    For the sake of size other records go before audit records: noise must not be able to push
    the audit log out.
    """
    gone: list[Stored] = []
    kept: list[Stored] = []
    for file in files:
        age = rule.audit_age if file.is_audit else rule.age
        (gone if age and now - file.written_at > age else kept).append(file)
    total = sum(file.size for file in kept)
    for file in sorted(kept, key=lambda each: (each.is_audit, each.written_at, each.name)):
        if not rule.size or total <= rule.size:
            break
        gone.append(file)
        total -= file.size
    return gone


def remove_expired(directory: Path, rule: Retention, in_use: set[str], *, now: float) -> None:
    """Remove what is expired, and what was kept of torn ends along with it."""
    files: list[Stored] = []
    used = 0
    for stream in ("audit", "records"):
        for path in listed(directory, stream):
            try:
                facts = path.stat()
            except FileNotFoundError:
                continue
            if path.name in in_use:
                used += facts.st_size
            else:
                files.append(Stored(path.name, stream == "audit", facts.st_size, facts.st_mtime))
    size = max(rule.size - used, 1) if rule.size else 0
    for file in expired(files, Retention(rule.age, rule.audit_age, size), now=now):
        path = directory / file.name
        try:
            path.unlink()
            path.with_suffix(".torn").unlink(missing_ok=True)
        except OSError as problem:
            notices.segment_kept(segment=file.name, error=describe(problem))
        else:
            notices.segment_removed(segment=file.name, bytes=file.size)
