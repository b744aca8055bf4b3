"""Which limit holds for which request."""

from urllib.parse import unquote

from yett.guard.size.config import SizeException
from yett.guard.size.model import Exemption, Skipped
from yett.guard.size.patterns import LONGEST_SUBJECT, BadPattern, compile_pattern
from yett.net.http import Request


def compile_exception(exception: SizeException) -> Exemption | Skipped:
    """The exception, ready to be matched, or what is wrong with it."""
    problem = _problem(exception)
    if problem:
        return Skipped(exception.name, problem, is_pattern=False)
    pattern = None
    if exception.pattern:
        try:
            pattern = compile_pattern(exception.pattern)
        except BadPattern as wrong:
            return Skipped(exception.name, f"pattern {wrong}", is_pattern=True)
    return Exemption(
        exception.name,
        exception.max_body,
        exception.host.strip().lower(),
        frozenset(method.strip().upper().encode() for method in exception.methods),
        exception.path.rstrip("/"),
        pattern,
    )


def _problem(exception: SizeException) -> str:
    if not exception.max_body:
        return "max_body is 0, which would refuse every body; write how much is allowed"
    if not (exception.host or exception.methods or exception.path or exception.pattern):
        return "has no condition, so it would hold for every request"
    if exception.path and exception.pattern:
        return "has both path and pattern"
    if exception.path and not exception.path.startswith("/"):
        return "path does not begin with a slash"
    return ""


def find(exemptions: tuple[Exemption, ...], request: Request) -> Exemption | None:
    """The first exception whose conditions the request meets."""
    path = request.path
    if "%" in path:
        # A letter may be written as an escape, and means the same.
        path = unquote(path)
    for exemption in exemptions:
        if (
            (not exemption.host or exemption.host == request.host)
            and (not exemption.methods or request.method in exemption.methods)
            and (not exemption.path or _is_below(path, exemption.path))
            and (exemption.pattern is None or _matches(exemption, path))
        ):
            return exemption
    return None


def _is_below(path: str, prefix: str) -> bool:
    return path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] in {"", "/"}


def _matches(exemption: Exemption, path: str) -> bool:
    """Whether the whole path matches; one that is longer than any reasonable one does not."""
    assert exemption.pattern is not None  # noqa: S101 - the caller has looked
    return len(path) <= LONGEST_SUBJECT and exemption.pattern.fullmatch(path) is not None
