"""When access is open."""

import enum

from yett.config import item, section, setting
from yett.net import HOST_NAME

_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00"


class Day(enum.Enum):
    """A day of the week, in the order that `date.weekday` counts."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


@item(named_by="name")
class WindowSettings:
    """Hours in which access is open, on the clock on the wall of its time zone.

    A window whose end is not later than its start goes on past midnight and belongs to the day on
    which it began.
    """

    name: str = setting(
        "",
        "Name of the window in mistakes and in environment variables.",
        matches=r"[A-Za-z0-9_. -]{0,63}",
        expects="a name of letters, digits, dots, dashes and spaces",
    )
    days: tuple[Day, ...] = setting((), "Days of the week on which it begins; with none, every day.")
    start: str = setting("00:00", "When it begins.", matches=_CLOCK, expects='a time of day such as "09:00"')
    end: str = setting(
        "24:00",
        'When it ends; "24:00" is midnight at the end of the day.',
        matches=_CLOCK,
        expects='a time of day such as "17:30"',
    )
    zone: str = setting("UTC", 'Time zone of `start` and `end`, such as "Europe/Vienna".')
    on_holidays: bool = setting(False, "Whether it begins on holidays as well.")
    hosts: tuple[str, ...] = setting(
        (), "Hosts it speaks of; with none, all.", matches=HOST_NAME, expects="a host name in lower case"
    )
    groups: tuple[str, ...] = setting((), "Groups whose members it speaks of; with none, everybody.")


@section("protection.time")
class TimeSettings:
    """Hours in which people may come.

    Whoever one or more windows speak of may come while any of these is open; whoever no window
    speaks of may always come.
    """

    enabled: bool = setting(False, "Keep people out while no window that speaks of them is open.")
    holidays: tuple[str, ...] = setting(
        (),
        'Dates on which no window begins, as "2026-12-25", or "12-25" for every year.',
        matches=r"([0-9]{4}-)?[0-9]{2}-[0-9]{2}",
        expects='a date such as "2026-12-25" or "12-25"',
    )
    window: tuple[WindowSettings, ...] = setting(
        (), "The windows, as [[protection.time.window]] tables.", at_most=200
    )
