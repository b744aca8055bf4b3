"""How long the log is kept.

Of the audit log only sealed files are removed, the oldest first and none in between, each after an
audit record that says so: then the seals that stay prove that nothing else is missing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from yett.events import notices
from yett.events.audit.events import audit_segment_removed
from yett.events.audit.seals import Seal
from yett.events.audit.seals import find as find_seal
from yett.events.fields import describe
from yett.events.limits import Retention
from yett.events.pipeline import pipeline
from yett.events.query import seconds_of
from yett.events.segments import listed, torn_ends_of

_SEALED_WITHIN = 120.0
"""Seconds after which a finished file has long been sealed."""


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
    is_audit_kept = False
    for file in sorted(files, key=_order):
        age = rule.audit_age if file.is_audit else rule.age
        is_gone = bool(age) and now - file.written_at > age and not (file.is_audit and is_audit_kept)
        is_audit_kept = is_audit_kept or (file.is_audit and not is_gone)
        (gone if is_gone else kept).append(file)
    total = sum(file.size for file in kept)
    for file in kept:
        if not rule.size or total <= rule.size:
            break
        gone.append(file)
        total -= file.size
    return gone


def _order(file: Stored) -> tuple[bool, float, str]:
    """Audit files go last, and in the order of their names: anybody can give a file another time."""
    return file.is_audit, 0.0 if file.is_audit else file.written_at, file.name


def remove_expired(
    directory: Path, rule: Retention, in_use: set[str], *, now: float, told: set[str] | None = None
) -> None:
    """Remove what is expired, and what was kept of torn ends along with it.

    `told` remembers from call to call what was said about which file, so that it is said once.
    """
    told = set() if told is None else told
    sealed = _sealed(directory)
    files: list[Stored] = []
    used = 0
    for stream in ("audit", "records"):
        for path in listed(directory, stream):
            try:
                facts = path.stat()
            except FileNotFoundError:
                continue
            seal = sealed.get(path.name)
            if path.name in in_use or (stream == "audit" and seal is None):
                used += facts.st_size
            else:
                written_at = facts.st_mtime if seal is None else seconds_of(seal.until)
                files.append(Stored(path.name, stream == "audit", facts.st_size, written_at))
    size = max(rule.size - used, 1) if rule.size else 0
    is_full = 0 < rule.size < used
    _say_what_stays(directory, rule, {*in_use, *sealed}, is_full=is_full, now=now, told=told)
    for file in expired(files, Retention(rule.age, rule.audit_age, size), now=now):
        path = directory / file.name
        if file.is_audit and file.name not in told:
            if not _is_on_record(sealed[file.name]):
                return
            told.add(file.name)
        try:
            path.unlink()
            for torn in torn_ends_of(path):
                torn.unlink()
        except OSError as problem:
            notices.segment_kept(segment=file.name, error=describe(problem))
            if file.is_audit:
                return
        else:
            told.discard(file.name)
            notices.segment_removed(segment=file.name, bytes=file.size)


def _say_what_stays(
    directory: Path, rule: Retention, fine: set[str], *, is_full: bool, now: float, told: set[str]
) -> None:
    """Say which audit file is due and cannot be removed, because it is not, or not any more, as its seal says."""
    first = next((path for path in listed(directory, "audit") if path.name not in fine), None)
    if first is None or first.name in told:
        return
    try:
        age = now - first.stat().st_mtime
    except FileNotFoundError:
        return
    is_due = is_full or 0 < rule.audit_age < age
    if is_due and age > _SEALED_WITHIN:
        told.add(first.name)
        has_seal = find_seal(directory, first.name) is not None
        why = "the file is not what its seal says" if has_seal else "the file has no seal"
        notices.segment_kept(segment=first.name, error=why)


def _sealed(directory: Path) -> dict[str, Seal]:
    """The audit files that may be removed: what is not sealed stays, and so does everything behind it."""
    found: dict[str, Seal] = {}
    for path in listed(directory, "audit"):
        seal = find_seal(directory, path.name)
        try:
            if seal is None or seal.size != path.stat().st_size:
                break
            seconds_of(seal.until)
        except (OSError, ValueError):
            break
        found[path.name] = seal
    return found


def _is_on_record(seal: Seal) -> bool:
    """Say that an audit file is being removed, before it is; dying in between has it said once more."""
    audit_segment_removed(segment=seal.segment, sha256=seal.sha256, first=seal.first, last=seal.last)
    return not pipeline.audit_failed
