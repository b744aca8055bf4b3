"""The wall: whoever has no pass is asked to compute, and nothing of the request goes further.

A request with a pass that this node has met costs one look into a Cookie field and one into a
table. A page that asks for work costs nothing but its bytes: it is the same for everybody, and a
challenge is only made when somebody fetches one.
"""

from collections.abc import Callable
from pathlib import Path

from yett.events import describe
from yett.guard.pow import events, rules
from yett.guard.pow.bodies import Bodies
from yett.guard.pow.challenges import Challenges
from yett.guard.pow.config import PowSettings
from yett.guard.pow.model import Client, Kept, Standing
from yett.guard.pow.pages import PREFIX, Pages
from yett.guard.pow.passes import Passes
from yett.kernel import Clock
from yett.keys import MasterKey
from yett.net.http import Answer, Request, Serve
from yett.net.pages import error_page
from yett.store import Records

_FORM = 16 * 1024
_OVERRUN = 64 * 1024
"""Bytes beyond the limit that the engine lets through, so that the page can say that it was too much."""
_CHECKED = events.session_checked.declaration


class PowGuard:
    """Asks browsers for proof of work. Start before use."""

    def __init__(
        self,
        records: Records,
        settings: PowSettings,
        clock: Clock,
        master: MasterKey,
        *,
        is_signed_in: Callable[[Request], bool] = lambda _: False,
    ) -> None:
        self._clock = clock
        self._is_signed_in = is_signed_in
        self._challenges = Challenges(records, settings, clock)
        self._bodies = Bodies(records, settings, clock, master)
        self._passes = Passes(
            master, lifetime=settings.session_lifetime.total_seconds(), is_bound=settings.bind_address
        )
        self._pages: Pages | None = None
        self._problem = "not started"
        self._use(settings)

    @property
    def is_enabled(self) -> bool:
        """Whether anything is asked by the settings in force."""
        return self._settings.enabled

    async def start(self, folder: Path | None = None) -> None:
        """Read the page and its script; without them nothing can be asked, which each request then says."""
        parts = (self._challenges, self._bodies, self._passes, self._clock)
        try:
            self._pages = Pages(*parts) if folder is None else Pages(*parts, folder)
        except OSError as problem:
            self._problem = describe(problem)
        self._say_state()

    def apply(self, settings: PowSettings) -> None:
        """Ask by these settings from the next request on."""
        if settings != self._settings:
            self._challenges.use(settings)
            self._bodies.use(settings)
            self._passes.use(
                lifetime=settings.session_lifetime.total_seconds(), is_bound=settings.bind_address
            )
            self._use(settings)
            self._say_state()

    def _use(self, settings: PowSettings) -> None:
        self._settings = settings
        self._hosts = frozenset(settings.hosts)
        self._paths = tuple(path.rstrip("/") for path in settings.except_paths)
        self._networks = rules.parse_networks(settings.except_networks)

    def _say_state(self) -> None:
        settings = self._settings
        if settings.enabled and rules.usable_ttl(settings) is None:
            events.ttl_invalid(ttl=settings.ttl.total_seconds(), used=rules.ttl_of(settings))

    # Asked by the door, once per request.

    def check(self, request: Request, now: float) -> Answer | Serve | None:
        """What a request gets in place of an answer; None lets it through."""
        host = request.host
        if self._hosts and host not in self._hosts:
            return None
        path = request.path
        if path.startswith(PREFIX) and self._pages is not None:
            return self._serve(self._pages, request, _FORM)
        address = request.scope.client_address
        standing = self._passes.recognise(request.cookie, host, address, now)
        if standing is Standing.KNOWN:
            if _CHECKED.enabled:
                events.session_checked(host, standing)
            return None
        if self._is_exempt(request) or (self._settings.skip_signed_in and self._is_signed_in(request)):
            return None
        events.session_checked(host, standing)
        if standing is Standing.NEW:
            events.session_valid(host=host)
            return None
        if standing is Standing.FORGED:
            events.session_invalid(host=host)
        return self._ask(request)

    def foresee(self, request: Request, *, is_signed_in: bool) -> Answer | None:
        """What somebody without a pass would get in place of an answer, without recording anything; None lets them in.

        `is_signed_in` is whether they have a session at the application.
        """
        host, path = request.host, request.path
        if self._hosts and host not in self._hosts:
            return None
        if path.startswith(PREFIX) and self._pages is not None:
            return None
        if self._is_exempt(request) or (self._settings.skip_signed_in and is_signed_in):
            return None
        if self._pages is None:
            return None if self._settings.fail_open else _out_of_order(request)
        if rules.is_navigation(request):
            return self._pages.for_person(posted=request.method == b"POST")
        return self._pages.for_program()

    def _is_exempt(self, request: Request) -> bool:
        """Whether nothing is asked of a request, whoever sends it."""
        path, address = request.path, request.scope.client_address
        return bool(
            (self._paths and rules.is_below(path, self._paths))
            or (self._networks and rules.is_within(address, self._networks))
            or rules.is_preflight(request)
        )

    def _ask(self, request: Request) -> Answer | Serve | None:
        pages = self._pages
        method = request.method.decode("ascii")
        if pages is None:
            allowed = self._settings.fail_open
            events.not_registered(
                method=method, host=request.host, path=request.path, allowed=allowed, error=self._problem
            )
            return None if allowed else _out_of_order(request)
        if not rules.is_navigation(request):
            self._say_served(request, method, page=False)
            return pages.for_program()
        if request.method != b"POST":
            self._say_served(request, method, page=True)
            return pages.for_person(posted=False)
        limit = self._settings.body_limit
        kept = rules.keepable(request, limit)
        if isinstance(kept, str):
            return self._serve(pages, request, limit + _OVERRUN, keep=(kept, limit))
        if kept is Kept.TOO_LARGE:
            events.door_body_too_large(host=request.host, path=request.path, limit=limit)
        self._say_served(request, method, page=True, body=kept.value)
        return pages.for_person(posted=True, kept=kept)

    def _say_served(self, request: Request, method: str, *, page: bool, body: str = "") -> None:
        events.challenge_served(method=method, host=request.host, path=request.path, page=page, body=body)

    def _serve(self, pages: Pages, request: Request, most: int, keep: tuple[str, int] | None = None) -> Serve:
        scope = request.scope
        state = {
            "request_id": scope.request_id,
            "client_address": scope.client_address,
            "client": Client(request.host, rules.network_of(scope.client_address)),
        }
        if keep is not None:
            state["keep"] = keep
        return Serve(pages, max_body=most, state=state)


def _out_of_order(request: Request) -> Answer:
    page = error_page(
        503,
        heading="The gateway cannot take this request",
        sentence="One of its checks does not work at the moment. Try again in a few seconds; its operators "
        "have been told.",
        request_id=request.scope.request_id,
    )
    return Answer(503, page.body, headers=page.headers + b"Retry-After: 10\r\n")
