"""Decide whether access is open.

A window is a span on the clock on the wall: where clocks jump ahead, the hour that is left out
opens nothing, and where they go back, the hour that comes twice counts twice. A window past
midnight belongs to the day on which it began, for its weekday and for holidays alike.

Who is asking is known only after the door, so one verdict has two steps: `Opening.at_door` keeps
out those whom nothing could let in, whoever they are, and `Opening.judge` decides for a person.
"""

import datetime
import enum
import zoneinfo
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from yett.config import Mistake
from yett.guard.time.config import Day, TimeSettings, WindowSettings

_DAY = 24 * 60
_WEEK = tuple(Day)


class Reason(enum.Enum):
    """Why access is not open."""

    CLOSED = "closed"
    HOLIDAY = "holiday"
    """A window would be open if this were not a holiday."""


class State(enum.Enum):
    """What a window is at some moment."""

    OPEN = "open"
    CLOSED = "closed"
    HOLIDAY = "holiday"


class BadWindow(Exception):
    """A setting that cannot be used; the text says why."""

    def __init__(self, key: str, value: str, reason: str, hint: str = "") -> None:
        self.key = key
        self.value = value
        self.reason = reason
        self.hint = hint
        super().__init__(f"{key}: {reason} (given: {value})")


@dataclass(frozen=True, slots=True)
class Holidays:
    """Days on which windows stay shut."""

    dates: frozenset[datetime.date] = frozenset()
    every_year: frozenset[tuple[int, int]] = frozenset()
    """Month and day."""

    def __contains__(self, date: datetime.date) -> bool:
        return date in self.dates or (date.month, date.day) in self.every_year


@dataclass(frozen=True, slots=True)
class Window:
    """One window, ready for use; times are minutes of the day."""

    days: frozenset[int]
    start: int
    end: int
    """Greater than `start`; beyond a day's minutes when it goes past midnight."""
    zone: datetime.tzinfo
    on_holidays: bool = False
    hosts: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()

    def concerns(self, host: str) -> bool:
        return not self.hosts or host in self.hosts

    def state(self, moment: datetime.datetime, holidays: Holidays) -> State:
        """What it is at a moment that knows its own zone."""
        local = moment.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        today = local.date()
        state = self._began(today, minute, holidays)
        if state is State.OPEN or self.end <= _DAY:
            return state
        before = self._began(today - datetime.timedelta(days=1), minute + _DAY, holidays)
        return state if before is State.CLOSED else before

    def _began(self, date: datetime.date, minute: int, holidays: Holidays) -> State:
        if date.weekday() not in self.days or not self.start <= minute < self.end:
            return State.CLOSED
        return State.HOLIDAY if date in holidays and not self.on_holidays else State.OPEN


@dataclass(frozen=True, slots=True)
class Opening:
    """What is open on one host at one moment."""

    everybody: bool = True
    """Whether nobody is kept out, whatever their groups."""
    welcome: frozenset[str] = frozenset()
    """Groups whose members may come."""
    concerned: frozenset[str] | None = frozenset()
    """Groups whose members some window speaks of; None when one speaks of everybody."""
    reason: Reason = Reason.CLOSED

    def at_door(self) -> Reason | None:
        """Why nobody at all may come; None if somebody may."""
        if self.everybody or self.welcome or self.concerned is not None:
            return None
        return self.reason

    def judge(self, groups: Collection[str]) -> Reason | None:
        """Why a member of these groups may not come; None if they may."""
        if self.everybody or not self.welcome.isdisjoint(groups):
            return None
        if self.concerned is not None and self.concerned.isdisjoint(groups):
            return None
        return self.reason


@dataclass(frozen=True, slots=True)
class Timetable:
    """Every window, and the days on which most stay shut."""

    windows: tuple[Window, ...] = ()
    holidays: Holidays = Holidays()

    @property
    def hosts(self) -> frozenset[str]:
        """The hosts that are named; on all others the same is open."""
        return frozenset[str]().union(*(window.hosts for window in self.windows))

    def opening(self, host: str, moment: datetime.datetime) -> Opening:
        """What is open on a host at a moment."""
        concerning = [window for window in self.windows if window.concerns(host)]
        if not concerning:
            return Opening()
        states = [(window, window.state(moment, self.holidays)) for window in concerning]
        is_open = [window for window, state in states if state is State.OPEN]
        is_holiday = any(state is State.HOLIDAY for _, state in states)
        return Opening(
            everybody=any(not window.groups for window in is_open),
            welcome=frozenset[str]().union(*(window.groups for window in is_open)),
            concerned=_concerned(concerning),
            reason=Reason.HOLIDAY if is_holiday else Reason.CLOSED,
        )


def _concerned(windows: Iterable[Window]) -> frozenset[str] | None:
    found: frozenset[str] = frozenset()
    for window in windows:
        if not window.groups:
            return None
        found |= window.groups
    return found


# From settings.


def compile_timetable(settings: TimeSettings) -> Timetable:
    """The timetable of these settings; BadWindow for the first thing that cannot be used."""
    holidays = _holidays(settings.holidays)
    return Timetable(
        tuple(_window(window, number) for number, window in enumerate(settings.window, start=1)), holidays
    )


def check_time(settings: TimeSettings) -> Iterator[Mistake]:
    """What is wrong beyond types and patterns, everything at once."""
    for number, date in enumerate(settings.holidays, start=1):
        try:
            _holidays((date,), number)
        except BadWindow as bad:
            yield Mistake(bad.key, bad.value, bad.reason, bad.hint)
    for number, window in enumerate(settings.window, start=1):
        try:
            _window(window, number)
        except BadWindow as bad:
            yield Mistake(bad.key, bad.value, bad.reason, bad.hint)


def _holidays(texts: Iterable[str], first: int = 1) -> Holidays:
    dates, every_year = set(), set()
    for number, text in enumerate(texts, start=first):
        is_yearly = len(text) == len("12-25")
        try:
            # A leap year, in which every day of the calendar exists.
            date = datetime.date.fromisoformat(f"2000-{text}" if is_yearly else text)
        except ValueError as problem:
            reason = f"entry {number} is not a date of the calendar"
            raise BadWindow("protection.time.holidays", text, reason) from problem
        if is_yearly:
            every_year.add((date.month, date.day))
        else:
            dates.add(date)
    return Holidays(frozenset(dates), frozenset(every_year))


def _window(settings: WindowSettings, number: int) -> Window:
    key = f"protection.time.window[{settings.name or f'#{number}'}]"
    start, end = _minutes(settings.start), _minutes(settings.end)
    if start == _DAY:
        raise BadWindow(f"{key}.start", settings.start, "is the end of a day", 'a day begins at "00:00"')
    if start == end:
        hint = 'for a whole day write "00:00" to "24:00"'
        raise BadWindow(f"{key}.end", settings.end, "is the same as start", hint)
    return Window(
        days=frozenset(_WEEK.index(day) for day in settings.days) or frozenset(range(7)),
        start=start,
        end=end if end > start else end + _DAY,
        zone=_zone(settings.zone, f"{key}.zone"),
        on_holidays=settings.on_holidays,
        hosts=frozenset(settings.hosts),
        groups=frozenset(settings.groups),
    )


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _zone(name: str, key: str) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as problem:
        # A folder of zones ("Europe") and a name that climbs out of them come here as well.
        hint = 'names read "Europe/Vienna"; they come from the system\'s tzdata package'
        raise BadWindow(key, name, "is not a time zone that this machine knows", hint) from problem
