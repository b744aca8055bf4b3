"""What the guards would say to a request, without counting it, refusing it or recording anything.

The order is the door's. So is what follows when a check cannot run: see there.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from yett.events import describe
from yett.guard.cors import CORS
from yett.guard.door import Door
from yett.guard.geo import GeoGuard
from yett.guard.pow import PowGuard
from yett.guard.rate import RateGuard
from yett.guard.rate.model import Caller
from yett.guard.size import SizeGuard
from yett.guard.time import TimeGuard
from yett.net.http import Request


@dataclass(frozen=True, slots=True)
class Look:
    """What one check would say."""

    check: str
    """Which one: "origin", "place", "hours", "rate", "size" or "work"."""
    is_on: bool
    status: int = 0
    """Of the answer that it would give; 0 when it lets the request through."""
    reason: str = ""
    """The machine's word for why."""
    detail: str = ""
    """What else is to be known, in words."""
    is_passing_blind: bool = False
    """Whether it lets the request through because it cannot say anything."""


class Rehearsal:
    """Asks every guard what it would say."""

    def __init__(
        self,
        door: Door,
        *,
        cors: CORS,
        geo: GeoGuard,
        time: TimeGuard,
        rate: RateGuard,
        size: SizeGuard,
        work: PowGuard,
    ) -> None:
        self._door = door
        self._cors = cors
        self._geo = geo
        self._time = time
        self._rate = rate
        self._size = size
        self._work = work

    def at_door(self, request: Request, now: float, at: float, caller: Caller | None) -> Iterator[Look]:
        """What the door would say, check by check; the first that answers decides.

        `at` is the instant that hours are judged by; everything else is as it is `now`. `caller` is
        whose session the request would show.
        """
        yield self._origin(request)
        yield self._place(request)
        yield self._hours(request, at, None)
        yield self._counted(request, now, caller)
        yield self._sized(request)
        yield self._worked(request, is_signed_in=caller is not None)

    def for_groups(self, request: Request, groups: Collection[str], at: float) -> Look:
        """What the door would say once it knows whose groups."""
        return self._hours(request, at, groups)

    def _origin(self, request: Request) -> Look:
        if not self._cors.is_enabled:
            return Look("origin", is_on=False)
        if self._cors.is_rejected(request):
            origin = (request.field(b"origin") or b"")[:200].decode("ascii", "replace")
            return Look("origin", is_on=True, status=403, reason="origin", detail=origin)
        answer = self._cors.preflight(request)
        if answer is not None:
            return Look("origin", is_on=True, status=answer.status, reason="preflight")
        return Look("origin", is_on=True)

    def _place(self, request: Request) -> Look:
        if not self._geo.is_enabled:
            return Look("place", is_on=False)
        try:
            place, blocked = self._geo.foresee(request.scope.client_address)
        except Exception as problem:  # noqa: BLE001 - whatever it was, the door lets the request through
            return Look("place", is_on=True, detail=describe(problem), is_passing_blind=True)
        known = [f"country {place.country}"] if place.country else []
        known += [f"network {place.asn}"] if place.asn else []
        detail = ", ".join(known)
        if blocked is None:
            return Look("place", is_on=True, detail=detail)
        return Look(
            "place", is_on=True, status=blocked.status, reason=str(blocked.reason.value), detail=detail
        )

    def _hours(self, request: Request, at: float, groups: Collection[str] | None) -> Look:
        if not self._time.is_enabled:
            return Look("hours", is_on=False)
        blocked = self._time.foresee(request.host, at, groups)
        if blocked is None:
            return Look("hours", is_on=True)
        return Look("hours", is_on=True, status=blocked.status, reason=str(blocked.reason.value))

    def _counted(self, request: Request, now: float, caller: Caller | None) -> Look:
        if not self._rate.is_enabled:
            return Look("rate", is_on=False)
        if self._door.is_blocking_all(now):
            return Look("rate", is_on=True, status=503, reason="breaker_open")
        try:
            blocked = self._rate.foresee(request, now, caller)
        except Exception as problem:  # noqa: BLE001 - whatever it was, the door lets the request through
            return Look("rate", is_on=True, detail=describe(problem), is_passing_blind=True)
        if blocked is None:
            return Look("rate", is_on=True)
        return Look("rate", is_on=True, status=blocked.status, reason=str(blocked.reason.value))

    def _sized(self, request: Request) -> Look:
        if not self._size.is_enabled:
            return Look("size", is_on=False)
        blocked = self._size.foresee(request)
        detail = f"up to {self._size.limit_for(request)} bytes"
        if blocked is None:
            return Look("size", is_on=True, detail=detail)
        return Look(
            "size", is_on=True, status=blocked.status, reason=str(blocked.reason.value), detail=detail
        )

    def _worked(self, request: Request, *, is_signed_in: bool) -> Look:
        if not self._work.is_enabled:
            return Look("work", is_on=False)
        answer = self._work.foresee(request, is_signed_in=is_signed_in)
        if answer is None:
            return Look("work", is_on=True)
        return Look(
            "work", is_on=True, status=answer.status, reason="work" if answer.status == 403 else "failed"
        )
