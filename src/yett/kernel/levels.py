"""How levels are written in settings."""

import enum


class LogLevel(enum.Enum):
    """The levels, as they are written in settings."""

    TRACE = "trace"
    DEBUG = "debug"
    INFO = "info"
    WARN = "warn"
    ERROR = "error"
