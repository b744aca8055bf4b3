"""The guards in their order, and what happens when one of them cannot say anything.

The order is policy, so it stands here in one place: origin, country, hours, rate, size, work. So is the
answer to a check that cannot run: country, hours and size let the request through; so does rate,
until it failed several times in a row, and from then on nobody gets in until it works again.

What is switched off costs nothing: the checks that are on are joined when settings change, not
when requests come.
"""

from collections.abc import Callable, Collection
from typing import Protocol

from yett.events import describe
from yett.guard import events
from yett.guard.breaker import Breaker
from yett.guard.cors import CORS, RESPONSE_FIELDS
from yett.guard.model import Blocked, Guard
from yett.kernel import Clock
from yett.net.http import Answer, Request, Serve
from yett.net.pages import error_page

_NO_FIELDS: frozenset[bytes] = frozenset()
_RATE_PASSED = events.rate_passed.declaration


class SizeLimit(Guard, Protocol):
    """A guard that also knows how many bytes may follow a head that does not tell."""

    def limit_for(self, request: Request) -> int: ...


class Hours(Guard, Protocol):
    """A guard that may have more to say once the person is known."""

    def check_groups(self, host: str, groups: Collection[str], now: float) -> Blocked | None: ...


class Wall(Protocol):
    """A guard that answers by itself: with a page that asks for work, and with what that page fetches."""

    @property
    def is_enabled(self) -> bool: ...

    def check(self, request: Request, now: float) -> Answer | Serve | None: ...


Step = Callable[[Request, float], Answer | Serve | None]


class Door:
    """Asks every guard that is on. After their settings changed, `refresh` it."""

    def __init__(
        self,
        clock: Clock,
        *,
        cors: CORS | None = None,
        geo: Guard | None = None,
        time: Hours | None = None,
        rate: Guard | None = None,
        size: SizeLimit | None = None,
        work: Wall | None = None,
    ) -> None:
        self._now = clock.now
        self._cors = cors
        self._geo = geo
        self._time = time
        self._rate = rate
        self._size = size
        self._work = work
        self._breaker = Breaker()
        self.refresh()

    def refresh(self) -> None:
        """Join the checks that are on by the settings in force."""
        steps: list[Step] = []
        if self._cors is not None and self._cors.is_enabled:
            steps.append(_origin(self._cors))
        if self._geo is not None and self._geo.is_enabled:
            steps.append(_place(self._geo))
        if self._time is not None and self._time.is_enabled:
            steps.append(_hours(self._time))
        if self._rate is not None and self._rate.is_enabled:
            steps.append(_rate(self._rate, self._breaker))
        if self._size is not None and self._size.is_enabled:
            steps.append(_size(self._size))
        if self._work is not None and self._work.is_enabled:
            steps.append(self._work.check)
        self._steps = tuple(steps)
        self._streamed = self._size if self._size is not None and self._size.is_enabled else None
        self._known = self._time if self._time is not None and self._time.is_enabled else None
        self._shared = self._cors if self._cors is not None and self._cors.is_enabled else None

    # Asked by the gate, once per request, before anything else.

    def check(self, request: Request) -> Answer | Serve | None:
        """The answer for a request that goes no further, or whoever gives it; None lets it through."""
        steps = self._steps
        if steps:
            now = self._now()
            for step in steps:
                answer = step(request, now)
                if answer is not None:
                    return answer
        return None

    # Asked by whoever wants to know what would happen.

    def is_blocking_all(self, now: float) -> bool:
        """Whether everybody is refused at the moment, because requests cannot be counted."""
        return self._rate is not None and self._rate.is_enabled and self._breaker.would_block(now)

    # Asked by the gate once it knows who asks.

    def check_person(self, request: Request, groups: Collection[str]) -> Answer | None:
        """The finished answer for somebody whose groups may not come at this hour."""
        hours = self._known
        if hours is None:
            return None
        return _or_allow(
            request,
            lambda: hours.check_groups(request.host, groups, self._now()),
            events.time_blocked,
            events.time_failed,
        )

    # Asked by the gate while it makes a `Forward`.

    def limit_for(self, request: Request) -> int:
        """For `Forward.max_body` of a request without a stated length; 0 for no limit."""
        return self._streamed.limit_for(request) if self._streamed is not None else 0

    def response_headers(self, request: Request) -> bytes:
        """Header lines to add to the response, for the origin that asks; mostly nothing.

        Where there are some, those fields of the application in `response_fields` are dropped.
        """
        return self._shared.response_headers(request) if self._shared is not None else b""

    @property
    def response_fields(self) -> frozenset[bytes]:
        """(Lower case) names of response fields that are the gateway's by the settings in force."""
        return RESPONSE_FIELDS if self._shared is not None else _NO_FIELDS

    # Told by the gate.

    def cut(self, request: Request) -> None:
        """The engine counted more than `limit_for` allowed: a forwarded request whose outcome is BODY_TOO_LARGE."""
        _say_size(request, self.limit_for(request), is_streamed=True)


def _origin(cors: CORS) -> Step:
    def step(request: Request, _now: float) -> Answer | None:
        if cors.is_rejected(request):
            origin = (request.field(b"origin") or b"")[:200].decode("ascii", "replace")
            events.cors_rejected(*_asked(request), origin)
            return _page(
                request,
                403,
                "This page may not ask that",
                "The site you are on is not allowed to use this application.",
            )
        return cors.preflight(request)

    return step


def _place(guard: Guard) -> Step:
    def step(request: Request, now: float) -> Answer | None:
        return _or_allow(request, lambda: guard.check(request, now), events.geo_blocked, events.geo_failed)

    return step


def _hours(guard: Guard) -> Step:
    def step(request: Request, now: float) -> Answer | None:
        return _or_allow(request, lambda: guard.check(request, now), events.time_blocked, events.time_failed)

    return step


def _or_allow(
    request: Request,
    judge: Callable[[], Blocked | None],
    say_blocked: Callable[[str, str, str, str], None],
    say_failed: Callable[[str], None],
) -> Answer | None:
    """What a guard says whose failing lets the request through: that is the documented policy for place and time."""
    try:
        blocked = judge()
    except Exception as problem:  # noqa: BLE001 - whatever it was, nothing could be judged; see above
        say_failed(describe(problem))
        return None
    if blocked is None:
        return None
    say_blocked(*_asked(request), str(blocked.reason.value))
    return _answer(request, blocked)


def _rate(guard: Guard, breaker: Breaker) -> Step:
    def step(request: Request, now: float) -> Answer | None:
        if breaker.is_open(now):
            events.breaker_open(*_asked(request))
            return _page(
                request,
                503,
                "The gateway cannot take this request",
                "One of its checks does not work at the moment. Try again in a few seconds; its operators "
                "have been told.",
                b"Retry-After: 10\r\n",
            )
        try:
            blocked = guard.check(request, now)
        except Exception as problem:  # noqa: BLE001 - whatever it was, nothing was counted; the breaker decides what follows
            breaker.failed(now)
            events.rate_call_failed(error=describe(problem))
            return None
        if blocked is None:
            breaker.succeeded()
            if _RATE_PASSED.enabled:
                events.rate_passed()
            return None
        if blocked.__class__ is not Blocked:
            breaker.failed(now)
            events.rate_response_failed(answer=type(blocked).__name__)
            return None
        breaker.succeeded()
        events.rate_blocked(*_asked(request), blocked.status, str(blocked.reason.value))
        return _answer(request, blocked)

    return step


def _size(guard: SizeLimit) -> Step:
    def step(request: Request, now: float) -> Answer | None:
        try:
            blocked = guard.check(request, now)
        except Exception as problem:  # noqa: BLE001 - whatever it was, the size could not be judged; the policy is to allow
            events.size_call_failed(error=describe(problem))
            return None
        if blocked is None:
            return None
        if blocked.__class__ is not Blocked:
            events.size_response_failed(answer=type(blocked).__name__)
            return None
        _say_size(request, guard.limit_for(request), is_streamed=False)
        return _answer(request, blocked)

    return step


def _say_size(request: Request, limit: int, *, is_streamed: bool) -> None:
    size = request.content_length
    events.size_blocked(*_asked(request), limit, size, is_streamed)


def _asked(request: Request) -> tuple[str, str, str]:
    return request.method.decode("ascii"), request.host, request.path


def _answer(request: Request, blocked: Blocked) -> Answer:
    return _page(request, blocked.status, blocked.heading, blocked.sentence, blocked.headers)


def _page(request: Request, status: int, heading: str, sentence: str, headers: bytes = b"") -> Answer:
    request_id = request.scope.request_id
    page = error_page(status, heading=heading, sentence=sentence, request_id=request_id)
    return Answer(status, page.body, headers=page.headers + headers)
