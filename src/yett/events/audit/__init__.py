"""The audit log: written so that a change can be seen, and checked by whoever does not believe us.

Begin with `events/chain.py`. `log` writes; `checkpoints`, `seals` and `signatures` are what is signed;
`recall` goes on behind an earlier run. `verify` checks a directory: `verifier` knows the rules, `walk`
tells what happened to lines; `archive` takes a range elsewhere.
"""

from yett.events.audit.archive import Exported, NothingToExport, export, verify_archive
from yett.events.audit.checkpoints import HEAD, Checkpoint, read_head
from yett.events.audit.log import AuditLog
from yett.events.audit.model import Finding, Kind, Report
from yett.events.audit.signatures import Signer
from yett.events.audit.verifier import Trust
from yett.events.audit.verify import verify

__all__ = [
    "HEAD",
    "AuditLog",
    "Checkpoint",
    "Exported",
    "Finding",
    "Kind",
    "NothingToExport",
    "Report",
    "Signer",
    "Trust",
    "export",
    "read_head",
    "verify",
    "verify_archive",
]
