"""Turning away bodies that are too large, before any of their bytes are passed on."""

from typing import Final

from yett.guard import events as listener
from yett.guard.model import Blocked
from yett.guard.size import events, rules
from yett.guard.size.config import SizeSettings
from yett.guard.size.model import Exemption, Reason, Skipped
from yett.net.http import Request

_TOO_LARGE: Final = Blocked(
    413,
    Reason.TOO_LARGE,
    "That was too much",
    "What was sent is larger than this application accepts.",
)


class SizeGuard:
    """Knows how large the body of each request may be."""

    def __init__(self, settings: SizeSettings) -> None:
        self._use(settings)

    @property
    def is_enabled(self) -> bool:
        return self._settings.enabled

    async def start(self) -> None:
        """Say what is in force."""
        self._say_state()

    def apply(self, settings: SizeSettings) -> None:
        """Judge by these settings from the next request on."""
        if settings != self._settings:
            self._use(settings)
            self._say_state()

    def _use(self, settings: SizeSettings) -> None:
        self._settings = settings
        self._limit = settings.max_body or SizeSettings().max_body
        compiled = [rules.compile_exception(each) for each in settings.exception]
        self._skipped = tuple(each for each in compiled if isinstance(each, Skipped))
        self._exemptions = tuple(each for each in compiled if isinstance(each, Exemption))

    def _say_state(self) -> None:
        if not self.is_enabled:
            events.disabled()
            return
        for skipped in self._skipped:
            say = events.pattern_skipped if skipped.is_pattern else events.exception_skipped
            say(exception=skipped.name, problem=skipped.problem)
        for exemption in self._exemptions:
            events.exception_loaded(exception=exemption.name, limit=exemption.limit)
        if self._settings.max_body:
            events.enabled(limit=self._limit, exceptions=len(self._exemptions))
        else:
            events.invalid(problems=("max_body is 0, which would refuse every body",), limit=self._limit)

    def check(self, request: Request, _now: float) -> Blocked | None:
        """Judge the stated length; a request without a body costs nothing."""
        size = request.content_length
        if not size and not request.is_chunked:
            return None
        exemption = rules.find(self._exemptions, request) if self._exemptions else None
        if exemption is None:
            limit = self._limit
            listener.size_limit_applied(limit)
        else:
            limit = exemption.limit
            listener.size_exception(exemption.name, limit)
        if size > limit:
            return _TOO_LARGE
        listener.size_within(limit, size)
        return None

    def foresee(self, request: Request) -> Blocked | None:
        """What `check` would say, without recording anything."""
        return _TOO_LARGE if request.has_body and request.content_length > self.limit_for(request) else None

    def limit_for(self, request: Request) -> int:
        """The most bytes of body that this request may have; 0 for any number."""
        if not self.is_enabled:
            return 0
        exemption = rules.find(self._exemptions, request)
        return self._limit if exemption is None else exemption.limit
