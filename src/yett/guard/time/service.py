"""Access by time, as a guard at the door and for whoever else lets people in."""

import datetime
from collections.abc import Collection

from yett.guard.model import Blocked
from yett.guard.time import events
from yett.guard.time.config import TimeSettings
from yett.guard.time.rules import Opening, Reason, compile_timetable
from yett.net.http import Request

_EVERYWHERE = ""
"""Stands for every host that no window names, so that made-up hosts cost no memory."""


class TimeGuard:
    """Keeps people out while no window is open.

    Windows begin and end on the minute, so what is open is worked out once a minute for each host.
    """

    def __init__(self, settings: TimeSettings) -> None:
        self._use(settings)

    @property
    def is_enabled(self) -> bool:
        """Whether `check` has anything to say."""
        return self._settings.enabled

    async def start(self) -> None:
        """Say whether access depends on the time."""
        self._say_state()

    async def stop(self) -> None:
        """Nothing is held."""

    def apply(self, settings: TimeSettings) -> None:
        """Judge by other settings from the next request on. BadWindow leaves everything as it was."""
        was_enabled = self.is_enabled
        self._use(settings)
        if self.is_enabled is not was_enabled:
            self._say_state()

    def check(self, request: Request, now: float) -> Blocked | None:
        """Whether nobody at all may come now. `check_groups` decides once it is known who is asking."""
        host = request.host
        opening = self._opening(host, now)
        if opening.everybody:
            return None
        return self._answer(host, opening.at_door())

    def check_groups(self, host: str, groups: Collection[str], now: float) -> Blocked | None:
        """Whether somebody of these groups may come to a host now."""
        opening = self._opening(host, now)
        if opening.everybody:
            return None
        return self._answer(host, opening.judge(groups))

    def foresee(self, host: str, now: float, groups: Collection[str] | None = None) -> Blocked | None:
        """What `check`, or for known groups `check_groups`, would say at an instant, without recording anything."""
        moment = datetime.datetime.fromtimestamp(now, datetime.UTC)
        opening = self._timetable.opening(host, moment)
        reason = opening.at_door() if groups is None else opening.judge(groups)
        return None if reason is None else _BLOCKED[reason]

    # Inside.

    def _use(self, settings: TimeSettings) -> None:
        timetable = compile_timetable(settings)
        self._settings, self._timetable = settings, timetable
        self._named = timetable.hosts
        self._minute = -1.0
        self._openings: dict[str, Opening] = {}

    def _opening(self, host: str, now: float) -> Opening:
        minute = now // 60
        if minute != self._minute:
            self._minute = minute
            self._openings = {}
        if host not in self._named:
            host = _EVERYWHERE
        opening = self._openings.get(host)
        if opening is None:
            opening = Opening()
            if self._settings.enabled:
                moment = datetime.datetime.fromtimestamp(minute * 60, datetime.UTC)
                opening = self._timetable.opening(host, moment)
            self._openings[host] = opening
        return opening

    def _answer(self, host: str, reason: Reason | None) -> Blocked | None:
        if reason is None:
            return None
        events.blocked(host=host, reason=reason)
        return _BLOCKED[reason]

    def _say_state(self) -> None:
        if self.is_enabled:
            events.enabled(windows=len(self._timetable.windows))
        else:
            events.disabled()


_BLOCKED = {
    Reason.CLOSED: Blocked(
        403,
        Reason.CLOSED,
        "Not open at this hour",
        "Access is limited to certain hours. Come back when it is open again; "
        "if you need it now, tell those who look after it.",
    ),
    Reason.HOLIDAY: Blocked(
        403,
        Reason.HOLIDAY,
        "Not open today",
        "Access is closed because of a holiday. Come back when it is open again; "
        "if you need it now, tell those who look after it.",
    ),
}
