import timeit

import pytest

from yett.events import Scope
from yett.guard import Guard
from yett.guard.time import BadWindow, Reason, TimeGuard, TimeSettings, WindowSettings, events
from yett.kernel import FrozenClock
from yett.net.http import Connection, Request

HOST = "wiki.example.test"
NIGHTLY = WindowSettings(start="22:00", end="06:00", zone="UTC")
NOON, MIDNIGHT = 1_800_014_400.0, 1_799_971_200.0


def request(host=HOST):
    connection = Connection("198.51.100.7", 4711, is_tls=True)
    scope = Scope(client_address=connection.client_address)
    return Request(connection, scope, b"GET", b"/", "/", host, 0, [], 1)


def settings(*windows, enabled=True, **more):
    return TimeSettings(enabled=enabled, window=windows, **more)


async def test_switched_off_it_says_so_and_lets_everybody_in(heard):
    guard: Guard = TimeGuard(settings(NIGHTLY, enabled=False))
    await guard.start()

    assert guard.check(request(), NOON) is None
    assert guard.check_groups(HOST, (), NOON) is None
    assert not guard.is_enabled
    assert heard() == [(events.disabled, {})]
    await guard.stop()


async def test_outside_the_windows_a_request_is_blocked(heard):
    guard = TimeGuard(settings(NIGHTLY))
    await guard.start()

    blocked = guard.check(request(), NOON)

    assert (blocked.status, blocked.reason) == (403, Reason.CLOSED)
    assert guard.check(request(), MIDNIGHT) is None
    assert heard() == [
        (events.enabled, {"windows": 1}),
        (events.blocked, {"host": HOST, "reason": Reason.CLOSED}),
    ]


def test_on_a_holiday_the_reason_is_the_holiday(heard):
    guard = TimeGuard(settings(WindowSettings(), holidays=("2027-01-15",)))
    assert guard.check(request(), NOON).reason is Reason.HOLIDAY
    assert heard() == [(events.blocked, {"host": HOST, "reason": Reason.HOLIDAY})]


def test_a_person_is_judged_by_their_groups(heard):
    guard = TimeGuard(settings(NIGHTLY, WindowSettings(groups=("oncall",))))
    assert guard.check(request(), NOON) is None
    assert guard.check_groups(HOST, ("oncall",), NOON) is None
    assert guard.check_groups(HOST, ("staff",), NOON).reason is Reason.CLOSED
    assert len(heard()) == 1


def test_the_door_shuts_on_the_minute():
    guard = TimeGuard(settings(NIGHTLY))
    clock = FrozenClock(MIDNIGHT + 6 * 3600 - 0.001)
    assert guard.check(request(), clock.now()) is None
    clock.advance(0.001)
    assert guard.check(request(), clock.now()) is not None
    clock.advance(-0.001)
    assert guard.check(request(), clock.now()) is None


async def test_other_settings_count_from_the_next_request_on(heard):
    guard = TimeGuard(settings(NIGHTLY))
    assert guard.check(request(), NOON) is not None
    heard.forget()

    guard.apply(settings(WindowSettings()))
    assert guard.check(request(), NOON) is None
    guard.apply(settings(enabled=False))
    guard.apply(settings(NIGHTLY))
    assert guard.check(request(), NOON) is not None

    assert [event for event, _ in heard("timeaccess.init")] == [events.disabled, events.enabled]


def test_settings_that_cannot_be_used_leave_the_old_ones_in_force():
    guard = TimeGuard(settings(NIGHTLY))
    with pytest.raises(BadWindow):
        guard.apply(settings(WindowSettings(zone="Middle/Earth")))
    assert guard.check(request(), NOON) is not None


def test_made_up_hosts_cost_no_memory():
    guard = TimeGuard(settings(NIGHTLY, WindowSettings(hosts=(HOST,))))
    for number in range(100):
        guard.check(request(f"{number}.example.test"), NOON)
    assert guard.check(request(), NOON) is None
    assert len(guard._openings) == 2


def test_letting_a_request_through_costs_next_to_nothing():
    guard = TimeGuard(settings(WindowSettings()))
    asked = request()
    seconds = min(timeit.repeat(lambda: guard.check(asked, NOON), number=2000, repeat=5)) / 2000
    # 0.3 µs where it was measured; the bound leaves room for a busy machine.
    assert seconds < 5e-6
