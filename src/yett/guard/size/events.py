"""What the size limit says in the log."""

from yett.events import ERROR, INFO, WARN, event
from yett.events.fields import Detail, Name, Names


@event("sizelimit.init", INFO, "Size limiting module initialized but DISABLED via config")
def disabled() -> None:
    """Bodies of any size are passed on. Set `[protection.size] enabled = true` unless that is meant."""


@event("sizelimit.init", ERROR, "Size limiting module initialized with INVALID config")
def invalid(problems: Names, limit: int) -> None:
    """The general limit cannot be used, so the one named here is in force. Correct it and reload."""


@event("sizelimit.init", WARN, "Invalid size limit exception - SKIPPED")
def exception_skipped(exception: Name, problem: Detail) -> None:
    """This exception does not hold, all others do. Correct it and reload."""


@event("sizelimit.init", WARN, "Invalid regex in size limit exception - SKIPPED")
def pattern_skipped(exception: Name, problem: Detail) -> None:
    """This exception does not hold, all others do.

    Expressions that could take long are refused too: write `[ab]*` for `(a|b)*`, and bound
    repetitions (`[^/]{1,40}`) where there are several.
    """


@event("sizelimit.init", INFO, "Size limiting module initialized and ENABLED")
def enabled(limit: int, exceptions: int) -> None:
    """Bodies of requests to applications are limited."""


@event("sizelimit.init", INFO, "Size limit exception loaded")
def exception_loaded(exception: Name, limit: int) -> None:
    """This exception is in force."""
