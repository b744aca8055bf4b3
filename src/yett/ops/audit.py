"""The audit log from the command line: is it whole, what was signed last, and taking it elsewhere.

These read files, so they work whether or not a gateway is running; an archive is checked on a
machine that has no gateway at all.
"""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from yett.events.audit import (
    HEAD,
    Checkpoint,
    Finding,
    NothingToExport,
    Report,
    Trust,
    export,
    read_head,
    verify,
    verify_archive,
)
from yett.kernel import CommandFailed, Place, command
from yett.keys import MasterKeyUnusable
from yett.ops.searching.asking import when_of

_KEY = re.compile(r"[0-9a-f]{64}")
_LARGEST_KEPT = 64 << 20
_SHOWN_FINDINGS = 200


class AuditCommands:
    """What can be done with the audit log under the data directory."""

    def __init__(self, directory: Callable[[], Path], key: Callable[[], str | None]) -> None:
        """`key` finds the public key that this gateway signs with; None when there is none yet."""
        self._directory = directory
        self._key = key

    @command("audit verify", place=Place.HERE)
    def check(
        self,
        archive: Annotated[
            Path | None, Parameter(help="An archive made by `audit export`; this gateway's own log without.")
        ] = None,
        *,
        key: Annotated[
            tuple[str, ...],
            Parameter(help="A public key to trust instead of the gateway's own.", negative=()),
        ] = (),
        against: Annotated[
            Path | None, Parameter(help="A file with checkpoints that were kept elsewhere.")
        ] = None,
    ) -> str:
        """Check that no audit record was changed, removed, inserted or moved, and that the signatures fit."""
        wrong = [text for text in key if not _KEY.fullmatch(text)]
        if wrong:
            raise CommandFailed(
                f"{wrong[0]!r} is no public key: 64 hexadecimal digits, as `audit key` prints it"
            )
        trust = Trust(frozenset(key or self._own(is_needed=archive is None)), _kept(against))
        progress = _Progress()
        if archive is not None:
            report = verify_archive(archive, trust, progress)
        else:
            report = verify(self._existing(), trust, progress)
        progress.end()
        if not report.holds:
            raise CommandFailed("the audit log is NOT whole:\n" + _told(report))
        return _summary(report)

    @command("audit checkpoint", place=Place.HERE)
    def checkpoint(self) -> str:
        """Print the newest signed checkpoint. Kept on another machine it proves later that nothing was cut off."""
        try:
            data = (self._existing() / HEAD).read_bytes()
        except FileNotFoundError:
            raise CommandFailed("nothing is signed yet: the gateway signs when it has started") from None
        if read_head(data) is None:
            raise CommandFailed("the newest checkpoint is damaged; `audit verify` tells more")
        return data.decode()

    @command("audit key", place=Place.HERE)
    def key(self) -> str:
        """Print the public key that the audit log is signed with, for `audit verify --key` elsewhere."""
        key = self._key()
        if key is None:
            raise CommandFailed("there is no cluster key yet; it is made at the first start")
        return key

    @command("audit export", place=Place.HERE)
    def export(
        self,
        target: Annotated[
            Path, Parameter(help="The archive to write, for example audit.tar.zst; it must not exist.")
        ],
        *,
        since: Annotated[str, Parameter(help="From when on: 2h, 7d, or 2026-01-31T12:00.")] = "",
        until: Annotated[str, Parameter(help="Until when, written in the same way.")] = "",
    ) -> str:
        """Write the audit log, or the files of it that have records of a range of time, into one archive.

        It holds whole files with their seals, so that `audit verify` can check it anywhere.
        """
        directory = self._existing()
        begin, end = when_of(since, "--since"), when_of(until, "--until")
        if begin is not None and end is not None and begin >= end:
            raise CommandFailed(f"--since {since!r} is not before --until {until!r}")
        try:
            made = export(directory, target, since=begin, until=end)
        except FileExistsError:
            raise CommandFailed(f"{target} is there already") from None
        except NothingToExport:
            raise CommandFailed("there are no audit records of that time") from None
        return (
            f"{target}: {len(made.segments)} files and {made.seals} seals in {made.size} bytes\n"
            f"check it with: yett audit verify {target} --key {self._key() or 'KEY'}"
        )

    def _own(self, *, is_needed: bool) -> tuple[str, ...]:
        """The gateway's own key. For an archive the configuration may be missing, as on an auditor's machine."""
        try:
            key = self._key()
        except (CommandFailed, MasterKeyUnusable):
            if is_needed:
                raise
            return ()
        return () if key is None else (key,)

    def _existing(self) -> Path:
        directory = self._directory()
        if not directory.is_dir():
            raise CommandFailed(
                f"there is no log in {directory}: no gateway with this configuration has run yet, "
                "or telemetry.store is off"
            )
        return directory


def _kept(path: Path | None) -> tuple[Checkpoint, ...]:
    """The checkpoints in a file, one a line, in any order; lines of other records are passed over."""
    if path is None:
        return ()
    if path.stat().st_size > _LARGEST_KEPT:
        raise CommandFailed(f"{path} is too large; keep the lines of checkpoints only")
    found: list[Checkpoint] = []
    for line in path.read_bytes().splitlines():
        try:
            entry = msgspec.json.decode(line)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            continue
        checkpoint = Checkpoint.of(entry) if isinstance(entry, dict) else None
        if checkpoint is not None:
            found.append(checkpoint)
    if not found:
        raise CommandFailed(f"there is no checkpoint in {path}")
    return tuple(found)


def _told(report: Report) -> str:
    lines = [_line(finding) for finding in report.findings[:_SHOWN_FINDINGS]]
    more = report.more + len(report.findings) - len(lines)
    if more:
        lines.append(f"and {more} more")
    return "\n".join([*lines, *report.notes])


def _line(finding: Finding) -> str:
    place = f"{finding.file}, line {finding.line}" if finding.line else finding.file
    return f"{place}: {finding.kind.value}: {finding.what}"


def _summary(report: Report) -> str:
    text = f"the audit log is whole: {report.lines} records in {report.segments} files"
    if report.first:
        text += f", from {report.first} to {report.last}"
    if report.gone:
        text += f"; before them, {report.gone} files that retention has removed, by their seals"
    lines = [text]
    if report.end:
        left = report.end - report.signed
        nodes = ", ".join(node for node in report.nodes if node)
        lines.append(
            f"signed: {'all of it' if not left else f'all but the newest {left} records'}, "
            f"{report.checkpoints} checkpoints{f' of {nodes}' if nodes else ''}"
        )
    return "\n".join([*lines, *report.notes])


class _Progress:
    """How far a long check is, on a terminal."""

    def __init__(self) -> None:
        self._shown = -1
        self._is_wanted = sys.stderr.isatty()

    def __call__(self, done: int, total: int) -> None:
        percent = 100 * done // total if total else 100
        if self._is_wanted and total > 64 << 20 and percent > self._shown:
            self._shown = percent
            sys.stderr.write(f"\r{percent} % ")
            sys.stderr.flush()

    def end(self) -> None:
        """Leave the line to the answer."""
        if self._shown >= 0:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()
