"""Sessions: issue, recognise, extend, regenerate, revoke.

Read `model`, `rules`, then `service`, whose head explains how the store, its index and the local
memory are kept in step.
"""

from yett.sessions.commands import SessionCommands
from yett.sessions.config import SessionSettings
from yett.sessions.mirror import Entry
from yett.sessions.model import (
    PROVING,
    Ended,
    EndReason,
    Issued,
    Refusal,
    Session,
    SessionNotCreated,
    SessionType,
)
from yett.sessions.service import Sessions

__all__ = [
    "PROVING",
    "EndReason",
    "Ended",
    "Entry",
    "Issued",
    "Refusal",
    "Session",
    "SessionCommands",
    "SessionNotCreated",
    "SessionSettings",
    "SessionType",
    "Sessions",
]
