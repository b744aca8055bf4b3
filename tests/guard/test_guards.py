from datetime import timedelta

import pytest
from tests.guard.asking import ask

from yett.config import Snapshot
from yett.guard import CORSSettings, Guards
from yett.guard.geo import GeoSettings
from yett.guard.pow import PowSettings
from yett.guard.rate import RateSettings
from yett.guard.size import SizeSettings
from yett.guard.time import Day, TimeSettings, WindowSettings
from yett.kernel import Supervisor
from yett.keys import MasterKey
from yett.store import MemoryRecords


def snapshot(*, size=None, time=None):
    sections = (
        RateSettings(),
        size or SizeSettings(),
        GeoSettings(),
        time or TimeSettings(),
        CORSSettings(),
        PowSettings(),
    )
    return Snapshot({type(section): section for section in sections})


@pytest.fixture
async def make_guards(clock):
    tasks = Supervisor()
    made = []

    async def make(settings):
        guards = Guards(
            MemoryRecords(clock), settings, clock, tasks, identify=lambda _: None, master=MasterKey(b"k" * 32)
        )
        await guards.start()
        made.append(guards)
        return guards

    yield make
    for guards in made:
        await guards.stop()
    await tasks.stop()


async def test_each_guard_says_at_start_how_it_is_set(make_guards, heard):
    await make_guards(snapshot())
    said = {event.declaration.message for event, _ in heard()}
    assert {
        "Geo access module initialized but DISABLED via config",
        "Time access module initialized but DISABLED via config",
        "Rate limiting module initialized and ENABLED",
        "Size limiting module initialized and ENABLED",
    } <= said


async def test_other_settings_are_in_force_at_once(make_guards):
    guards = await make_guards(snapshot())
    request = ask(method="POST", length=1000)
    assert guards.door.check(request) is None
    await guards.apply(snapshot(size=SizeSettings(max_body=999)))
    assert guards.door.check(request).status == 413


async def test_hours_of_a_group_hold_once_the_person_is_known(make_guards, clock, heard):
    # The frozen clock stands at 08:00 UTC on a Friday.
    window = WindowSettings(name="late", days=(Day.FRI,), start="20:00", end="21:00", groups=("staff",))
    guards = await make_guards(snapshot(time=TimeSettings(enabled=True, window=(window,))))
    request = ask()

    assert guards.door.check(request) is None
    assert guards.door.check_person(request, ("guests",)) is None
    assert guards.door.check_person(request, ("staff",)).status == 403
    assert "listener.time" in {event.declaration.component for event, _ in heard("listener")}
    clock.advance(timedelta(hours=12, minutes=5).total_seconds())
    assert guards.door.check_person(request, ("staff",)) is None
