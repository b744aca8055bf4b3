"""How grave a record is."""

import enum


class Level(enum.IntEnum):
    """ERROR: we failed, someone must look. WARN: refused, degraded or suspicious. INFO: a state changed.

    DEBUG: one step of normal work. TRACE: bytes.
    """

    TRACE = 5
    DEBUG = 10
    INFO = 20
    WARN = 30
    ERROR = 40


TRACE, DEBUG, INFO, WARN, ERROR = Level.TRACE, Level.DEBUG, Level.INFO, Level.WARN, Level.ERROR
