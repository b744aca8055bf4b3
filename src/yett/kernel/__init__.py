"""Start and stop, supervised tasks, clock, ids, signals, readiness, and the registry of commands."""

from yett.kernel.clock import Clock, FrozenClock, SystemClock
from yett.kernel.commands import Command, CommandFailed, Place, Table, Verdict, command, commands
from yett.kernel.descriptors import open_files_for, raise_open_files
from yett.kernel.ids import IdMaker, new_id, new_secret, time_of
from yett.kernel.levels import LogLevel
from yett.kernel.lifecycle import Lifecycle, Readiness
from yett.kernel.signals import Signal
from yett.kernel.tasks import Supervisor

__all__ = [
    "Clock",
    "Command",
    "CommandFailed",
    "FrozenClock",
    "IdMaker",
    "Lifecycle",
    "LogLevel",
    "Place",
    "Readiness",
    "Signal",
    "Supervisor",
    "SystemClock",
    "Table",
    "Verdict",
    "command",
    "commands",
    "new_id",
    "new_secret",
    "open_files_for",
    "raise_open_files",
    "time_of",
]
