import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.config import ConfigInvalid, load
from yett.guard.time import BadWindow, Day, Reason, TimeSettings, WindowSettings, check_time
from yett.guard.time.rules import Opening, State, compile_timetable

HOST = "wiki.example.test"
OFFICE = WindowSettings(
    days=(Day.MON, Day.TUE, Day.WED, Day.THU, Day.FRI), start="09:00", end="17:30", zone="Europe/Vienna"
)
NIGHT = WindowSettings(days=(Day.FRI,), start="22:00", end="06:00", zone="Europe/Vienna")
VIENNA = ZoneInfo("Europe/Vienna")
INSTANTS = st.datetimes(
    datetime.datetime(2020, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    datetime.datetime(2037, 12, 31),  # noqa: DTZ001
    timezones=st.just(datetime.UTC),
)
CLOCKS = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
ZONES = st.sampled_from(["UTC", "Europe/Vienna", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])


def timetable(*windows, holidays=()):
    return compile_timetable(TimeSettings(enabled=True, window=windows, holidays=holidays))


def vienna(text, fold=0):
    return datetime.datetime.fromisoformat(text).replace(tzinfo=VIENNA, fold=fold)


def is_open(table, moment, host=HOST):
    return table.opening(host, moment).everybody


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-20T08:59:59", False),  # a Friday
        ("2026-11-20T09:00:00", True),
        ("2026-11-20T17:29:59", True),
        ("2026-11-20T17:30:00", False),
        ("2026-11-21T12:00:00", False),  # a Saturday
        ("2026-11-22T12:00:00", False),
        ("2026-11-23T12:00:00", True),
    ],
)
def test_a_window_is_open_from_its_start_until_its_end_on_its_days(moment, expected):
    assert is_open(timetable(OFFICE), vienna(moment)) is expected


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-20T21:59", False),  # a Friday
        ("2026-11-20T22:00", True),
        ("2026-11-21T00:00", True),
        ("2026-11-21T05:59", True),
        ("2026-11-21T06:00", False),
        ("2026-11-21T23:00", False),  # it began on no Saturday
        ("2026-11-20T03:00", False),  # nor on a Thursday
    ],
)
def test_a_window_past_midnight_belongs_to_the_day_on_which_it_began(moment, expected):
    assert is_open(timetable(NIGHT), vienna(moment)) is expected


@pytest.mark.parametrize(
    ("moment", "fold", "expected"),
    [
        # Clocks jump from 02:00 to 03:00.
        ("2026-03-29T01:59", 0, False),
        ("2026-03-29T03:00", 0, False),
        # Clocks go back from 03:00 to 02:00.
        ("2026-10-25T02:30", 0, True),
        ("2026-10-25T02:30", 1, True),
        ("2026-10-25T01:59", 0, False),
        ("2026-10-25T03:00", 0, False),
    ],
)
def test_an_hour_that_is_left_out_opens_nothing_and_one_that_comes_twice_opens_twice(moment, fold, expected):
    table = timetable(WindowSettings(start="02:15", end="03:00", zone="Europe/Vienna"))
    # Through UTC, as a clock tells it: arithmetic within a zone does not see the change.
    assert is_open(table, vienna(moment, fold).astimezone(datetime.UTC)) is expected


def test_a_window_keeps_to_the_wall_clock_in_summer_and_in_winter():
    table = timetable(OFFICE)
    at_half_past_seven = [datetime.datetime(2026, month, 1, 7, 30, tzinfo=datetime.UTC) for month in (7, 12)]
    assert [is_open(table, moment) for moment in at_half_past_seven] == [True, False]


@pytest.mark.parametrize(
    ("moment", "state"),
    [
        ("2026-12-25T12:00", State.HOLIDAY),
        ("2027-12-25T12:00", State.CLOSED),  # a Saturday
        ("2028-12-25T12:00", State.HOLIDAY),
        ("2026-12-25T08:00", State.CLOSED),
        ("2026-12-24T12:00", State.HOLIDAY),
        ("2025-12-24T12:00", State.OPEN),
    ],
)
def test_on_holidays_no_window_begins(moment, state):
    table = timetable(OFFICE, holidays=("12-25", "2026-12-24"))
    (window,) = table.windows
    assert window.state(vienna(moment), table.holidays) is state


def test_a_night_that_began_before_a_holiday_goes_on_into_it():
    table = timetable(NIGHT, holidays=("2026-11-21",))
    assert is_open(table, vienna("2026-11-21T05:00"))


def test_a_night_that_would_have_begun_on_a_holiday_does_not_go_on_after_it():
    table = timetable(NIGHT, holidays=("2026-11-20",))
    opening = table.opening(HOST, vienna("2026-11-21T05:00"))
    assert opening.judge(()) is Reason.HOLIDAY


def test_a_window_may_begin_on_holidays_too():
    table = timetable(WindowSettings(on_holidays=True), holidays=("12-25",))
    assert is_open(table, vienna("2026-12-25T12:00"))


def test_a_leap_day_can_be_a_holiday_of_every_year():
    table = timetable(WindowSettings(), holidays=("02-29",))
    assert not is_open(table, datetime.datetime(2028, 2, 29, 12, tzinfo=datetime.UTC))
    assert is_open(table, datetime.datetime(2027, 3, 1, 12, tzinfo=datetime.UTC))


@given(INSTANTS)
def test_without_windows_access_is_always_open(moment):
    assert timetable().opening(HOST, moment) == Opening()


@given(INSTANTS, ZONES)
def test_whole_days_leave_no_gap(moment, zone):
    assert is_open(timetable(WindowSettings(zone=zone)), moment)


@given(INSTANTS, CLOCKS, CLOCKS, ZONES)
def test_of_a_window_and_its_complement_exactly_one_is_open(moment, start, end, zone):
    if start == end:
        return
    there = timetable(WindowSettings(start=start, end=end, zone=zone))
    rest = timetable(WindowSettings(start=end, end=start, zone=zone))
    assert is_open(there, moment) is not is_open(rest, moment)


@given(INSTANTS, CLOCKS, CLOCKS, st.sets(st.sampled_from(Day)), ZONES)
def test_a_window_is_open_exactly_when_the_wall_clock_says_so(moment, start, end, days, zone):
    if start == end:
        return
    window = WindowSettings(days=tuple(days), start=start, end=end, zone=zone)
    local = moment.astimezone(ZoneInfo(zone))
    wall, today = local.strftime("%H:%M"), tuple(Day)[local.weekday()]
    yesterday = tuple(Day)[local.weekday() - 1]
    is_today = today in days or not days
    is_yesterday = yesterday in days or not days
    if start < end:
        expected = is_today and start <= wall < end
    else:
        expected = (is_today and wall >= start) or (is_yesterday and wall < end)
    assert is_open(timetable(window), moment) is expected


# Who is spoken of.

NOON = vienna("2026-11-20T12:00")
ALWAYS = WindowSettings()
NEVER_NOW = WindowSettings(start="00:00", end="00:01")


def test_a_window_speaks_only_of_its_hosts():
    table = timetable(WindowSettings(start="00:00", end="00:01", hosts=("wiki.example.test",)))
    assert table.opening("wiki.example.test", NOON).at_door() is Reason.CLOSED
    assert table.opening("docs.example.test", NOON).at_door() is None


def only(groups, window=ALWAYS):
    return WindowSettings(start=window.start, end=window.end, groups=groups)


@pytest.mark.parametrize(
    ("windows", "door", "nobody", "member"),
    [
        ((ALWAYS,), None, None, None),
        ((NEVER_NOW,), Reason.CLOSED, Reason.CLOSED, Reason.CLOSED),
        # Everybody is kept out but those on call.
        ((NEVER_NOW, only(("oncall",))), None, Reason.CLOSED, None),
        # The window speaks of a group only: others may always come.
        ((only(("oncall",), NEVER_NOW),), None, None, Reason.CLOSED),
        ((only(("oncall",)),), None, None, None),
        # Two windows for a group: either will do.
        ((only(("oncall",), NEVER_NOW), only(("oncall", "ops"))), None, None, None),
        ((NEVER_NOW, only(("oncall",), NEVER_NOW)), Reason.CLOSED, Reason.CLOSED, Reason.CLOSED),
    ],
)
def test_whoever_windows_speak_of_may_come_while_one_of_them_is_open(windows, door, nobody, member):
    opening = timetable(*windows).opening(HOST, NOON)
    assert (opening.at_door(), opening.judge(()), opening.judge(("oncall", "x"))) == (door, nobody, member)


@given(
    st.lists(st.tuples(st.booleans(), st.sets(st.sampled_from("abc"))), max_size=4),
    st.sets(st.sampled_from("abc")),
)
def test_the_door_keeps_out_nobody_who_may_come(windows, groups):
    made = [only(tuple(named), ALWAYS if is_always else NEVER_NOW) for is_always, named in windows]
    opening = timetable(*made).opening(HOST, NOON)
    if opening.judge(tuple(groups)) is None:
        assert opening.at_door() is None
    if opening.everybody:
        assert opening.judge(tuple(groups)) is None


# Settings.


@pytest.mark.parametrize(
    ("settings", "key", "reason"),
    [
        (TimeSettings(window=(WindowSettings(zone="Europe/Wien"),)), "window[#1].zone", "is not a time zone"),
        (TimeSettings(window=(WindowSettings(zone="Europe"),)), "window[#1].zone", "is not a time zone"),
        (TimeSettings(window=(WindowSettings(zone="../../passwd"),)), "window[#1].zone", "not a time zone"),
        (TimeSettings(window=(WindowSettings(zone=""),)), "window[#1].zone", "is not a time zone"),
        (
            TimeSettings(window=(ALWAYS, WindowSettings(name="late", start="24:00", end="01:00"))),
            "window[late].start",
            "is the end of a day",
        ),
        (
            TimeSettings(window=(WindowSettings(start="09:00", end="09:00"),)),
            "window[#1].end",
            "is the same as start",
        ),
        (TimeSettings(holidays=("2026-02-29",)), "holidays", "entry 1 is not a date"),
        (TimeSettings(holidays=("12-25", "13-01")), "holidays", "entry 2 is not a date"),
    ],
)
def test_what_cannot_be_used_is_a_mistake_with_its_place(settings, key, reason):
    (mistake,) = check_time(settings)
    assert mistake.key == f"protection.time.{key}"
    assert reason in mistake.reason
    with pytest.raises(BadWindow, match=reason):
        compile_timetable(settings)


def test_all_mistakes_are_told_together():
    settings = TimeSettings(
        holidays=("00-00", "99-99"), window=(WindowSettings(zone="x"), ALWAYS, WindowSettings(zone="y"))
    )
    assert len(list(check_time(settings))) == 4


def test_usable_settings_have_no_mistakes():
    assert list(check_time(TimeSettings(holidays=("02-29", "2026-12-24"), window=(OFFICE, NIGHT)))) == []


def test_windows_are_read_from_a_file(tmp_path):
    source = tmp_path / "yett.toml"
    source.write_text(
        '[service]\nhostname = "login.example.test"\n'
        '[protection.time]\nenabled = true\nholidays = ["12-25"]\n'
        '[[protection.time.window]]\nname = "office"\ndays = ["mon", "fri"]\nstart = "09:00"\nend = "17:30"\n'
        'zone = "Europe/Vienna"\nhosts = ["wiki.example.test"]\ngroups = ["staff"]\n'
    )
    settings = load(source, {}).snapshot[TimeSettings]
    assert settings.window[0].days == (Day.MON, Day.FRI)
    assert list(check_time(settings)) == []


@pytest.mark.parametrize("line", ['start = "9:00"', 'end = "24:01"', 'days = ["monday"]', 'hosts = ["A B"]'])
def test_a_window_of_the_wrong_form_is_refused(tmp_path, line):
    source = tmp_path / "yett.toml"
    source.write_text(f'[service]\nhostname = "login.example.test"\n[[protection.time.window]]\n{line}\n')
    with pytest.raises(ConfigInvalid) as caught:
        load(source, {})
    assert caught.value.mistakes[0].key.startswith("protection.time.window[#1].")
