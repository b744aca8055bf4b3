"""What a mapping has the gateway answer by itself: redirects and pages."""

from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from yett.net.http import Answer, Request, Serve
from yett.net.pages import error_page
from yett.proxy.config import AnswerSettings, RedirectSettings

REDIRECTS = frozenset({301, 302, 303, 307, 308})


class BadAnswer(ValueError):
    """The answer cannot be given; the text says why."""


class Own(Protocol):
    """Answers requests of a route that has no service behind it."""

    @property
    def address(self) -> str:
        """What it is, for the log."""
        ...

    def respond(self, request: Request, path: str, headers: bytes) -> Answer | Serve:
        """The answer. `path` is that of the route; `headers` are lines that the answer has to carry."""
        ...


@dataclass(frozen=True, slots=True)
class Redirect:
    """Sends people elsewhere."""

    to: str
    status: int
    keep_path: bool

    @property
    def address(self) -> str:
        return f"redirect to {self.to}"

    def respond(self, request: Request, path: str, headers: bytes) -> Answer:
        location = self.to
        if self.keep_path:
            # Exactly one slash in between: without one, what follows could become part of the host
            # ("@evil", ".evil"), and with two it would name a host itself.
            below = request.path.removeprefix(path).lstrip("/")
            location = f"{location.rstrip('/')}/{below}" if below else location
            query = request.target.partition(b"?")[2].decode("ascii")
            if query:
                location += f"{'&' if '?' in location else '?'}{query}"
        return Answer(
            self.status,
            headers=f"Location: {location}\r\nCache-Control: no-store\r\n".encode("ascii") + headers,
        )


@dataclass(frozen=True, slots=True)
class Notice:
    """A page in place of the application."""

    status: int
    heading: str
    sentence: str
    retry_after: int

    @property
    def address(self) -> str:
        return "page"

    def respond(self, request: Request, path: str, headers: bytes) -> Answer:  # noqa: ARG002 - the port's signature
        page = error_page(
            self.status, heading=self.heading, sentence=self.sentence, request_id=request.scope.request_id
        )
        wait = b"Retry-After: %d\r\n" % self.retry_after if self.retry_after else b""
        return Answer(self.status, page.body, headers=page.headers + wait + headers)


def compile_redirect(settings: RedirectSettings) -> Redirect:
    """A redirect by these settings. Raises BadAnswer."""
    if settings.status not in REDIRECTS:
        raise BadAnswer(f"redirect.status {settings.status} is none of 301, 302, 303, 307 and 308")
    if settings.to.startswith("//"):
        raise BadAnswer("redirect.to begins with two slashes; name a scheme, or begin with one")
    try:
        parts = urlsplit(settings.to)
        _ = parts.port
    except ValueError as problem:
        raise BadAnswer(f"redirect.to {settings.to}: {problem}") from problem
    if parts.fragment or (settings.keep_path and parts.query):
        raise BadAnswer("redirect.to cannot have a fragment, nor a query where keep_path adds to it")
    return Redirect(settings.to, settings.status, settings.keep_path)


def compile_notice(settings: AnswerSettings) -> Notice:
    """A page by these settings. Raises BadAnswer."""
    if settings.status in {204, 205, 304} or settings.status in REDIRECTS:
        raise BadAnswer(f"answer.status {settings.status} is for answers without a page")
    return Notice(
        settings.status, settings.heading, settings.sentence, int(settings.retry_after.total_seconds())
    )
