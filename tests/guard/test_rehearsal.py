"""What the rehearsal says is what the door does, in the same order, and nothing is left of it."""

import copy
import inspect
import ipaddress
from datetime import timedelta

import pytest
from tests.guard.asking import ask
from tests.guard.geo.conftest import AUSTRIAN, FRENCH, GERMAN, write
from tests.guard.geo.conftest import COUNTRIES as PLACES

from yett.config import Snapshot
from yett.guard import CORSSettings, Door, Guards, Rehearsal
from yett.guard.geo import GeoSettings, OnFailure
from yett.guard.pow import PowSettings
from yett.guard.rate import BansUnknown, Caller, EntityLimit, RateSettings
from yett.guard.size import SizeException, SizeSettings
from yett.guard.time import TimeSettings, WindowSettings
from yett.kernel import Supervisor
from yett.keys import MasterKey
from yett.net.http import Answer
from yett.store import MemoryRecords

ORIGIN = ("Origin", "https://evil.example")
SCRIPT = (ORIGIN, ("Sec-Fetch-Mode", "cors"))
PAGE = (("Accept", "text/html"), ("Sec-Fetch-Mode", "navigate"))
PREFLIGHT = (("Origin", "https://good.example"), ("Access-Control-Request-Method", "PUT"))

STRICT = {
    "origin": CORSSettings(allowed_origins=("https://good.example",)),
    "place": lambda folder: GeoSettings(
        enabled=True,
        geo_database=write(folder / "c.mmdb", PLACES),
        deny_countries=("DE",),
        bypass_private=False,
    ),
    "hours": TimeSettings(enabled=True, window=(WindowSettings(name="late", start="20:00", end="21:00"),)),
    "rate": RateSettings(requests=1, burst=1, entity=(EntityLimit(name="api", path="/api", requests=100),)),
    "size": SizeSettings(max_body=1000, exception=(SizeException(name="up", path="/up", max_body=5000),)),
    "work": PowSettings(enabled=True, except_paths=("/free",)),
}
LAX = {
    "origin": CORSSettings(),
    "place": GeoSettings(),
    "hours": TimeSettings(),
    "rate": RateSettings(enabled=False),
    "size": SizeSettings(),
    "work": PowSettings(),
}
REQUESTS = [
    {"fields": PAGE},
    {"address": GERMAN, "fields": PAGE},
    {"address": FRENCH, "path": "/api/x"},
    {"address": AUSTRIAN, "fields": SCRIPT},
    {"method": "OPTIONS", "fields": PREFLIGHT},
    {"method": "POST", "length": 1001, "fields": PAGE},
    {"method": "POST", "length": 1001, "path": "/up/x"},
    {"method": "POST", "chunked": True},
    {"path": "/free/lunch"},
    {"address": ""},
]


def snapshot(folder, *strict):
    sections = [(STRICT if name in strict else LAX)[name] for name in LAX]
    made = [each(folder) if callable(each) else each for each in sections]
    return Snapshot({type(section): section for section in made})


@pytest.fixture
async def make(clock, tmp_path):
    tasks = Supervisor()
    made = []

    async def making(*strict, identify=lambda _: None):
        guards = Guards(
            MemoryRecords(clock),
            snapshot(tmp_path, *strict),
            clock,
            tasks,
            identify=identify,
            master=MasterKey(b"k" * 32),
        )
        await guards.start()
        made.append(guards)
        return guards

    yield making
    for guards in made:
        await guards.stop()
    await tasks.stop()


def foresee(guards, request, clock, caller=None):
    """The status of the first check that would answer; 0 when all let the request through."""
    looks = list(guards.rehearsal.at_door(request, clock.now(), clock.now(), caller))
    assert [look.check for look in looks] == list(LAX)
    return next((look.status for look in looks if look.status), 0)


def really(guards, request):
    answer = guards.door.check(request)
    return 0 if answer is None else answer.status if isinstance(answer, Answer) else 403


@pytest.mark.parametrize(
    "strict", [(), *[(name,) for name in LAX], ("place", "size"), ("hours", "work"), tuple(LAX)], ids="+".join
)
async def test_what_would_happen_happens(make, clock, heard, strict):
    guards = await make(*strict)
    heard.forget()
    for asked in REQUESTS * 2:
        request = ask(**asked)
        foreseen = foresee(guards, request, clock)
        assert foresee(guards, request, clock) == foreseen
        assert heard() == []
        assert really(guards, ask(**asked)) == foreseen, asked
        heard.forget()


async def test_the_checks_stand_in_the_order_of_the_door(make, clock):
    """A request that all of them refuse is refused by the same one, whichever of them are on."""
    names = list(LAX)
    asked = {
        "address": GERMAN,
        "method": "POST",
        "length": 9000,
        "fields": (*SCRIPT, ("Accept", "text/html")),
    }
    for first in range(len(names)):
        guards = await make(*names[first:])
        request = ask(**asked)
        looks = guards.rehearsal.at_door(request, clock.now(), clock.now(), None)
        refusing = next(look for look in looks if look.status)
        if names[first] == "rate":
            # The first request of a client is not too many.
            continue
        assert refusing.check == names[first]
        assert really(guards, request) == refusing.status


def test_every_check_of_the_door_is_rehearsed():
    at_door = set(inspect.signature(Door).parameters) - {"clock"}
    assert at_door == set(inspect.signature(Rehearsal).parameters) - {"door"}
    assert len(at_door) == len(LAX)


async def test_looking_counts_nothing_and_bans_nobody(make, clock):
    guards = await make("rate")
    request = ask()
    for _ in range(100):
        assert foresee(guards, request, clock) == 0
    assert really(guards, request) == 0
    for _ in range(100):
        assert foresee(guards, request, clock) == 429
    assert guards.rate.automatic_bans() == ()
    before = copy.copy(guards.rate._buckets.instants)
    foresee(guards, ask("192.0.2.99"), clock)
    assert guards.rate._buckets.instants == before


async def test_bans_of_both_kinds_are_foreseen(make, clock):
    guards = await make("rate")
    assert [really(guards, ask()) for _ in range(2)] == [0, 429]
    look = next(
        each for each in guards.rehearsal.at_door(ask(), clock.now(), clock.now(), None) if each.status
    )
    assert (look.check, look.reason, look.status) == ("rate", "banned", 429)
    await guards.rate.ban(ipaddress.ip_network("198.51.100.0/24"), None)
    assert foresee(guards, ask(AUSTRIAN), clock) == 429


async def test_somebody_with_a_session_is_counted_as_they_are(make, clock):
    guards = await make("rate", identify=lambda _: Caller("s", "bob"))
    guards.rate.apply(RateSettings(requests=1, burst=1, rate_limit_type="user"))
    assert really(guards, ask("192.0.2.1")) == 0
    assert foresee(guards, ask("192.0.2.2"), clock, Caller("s", "bob")) == 429
    assert foresee(guards, ask("192.0.2.2"), clock, Caller("t", "ada")) == 0
    assert foresee(guards, ask("192.0.2.2"), clock) == 0


async def test_a_check_that_cannot_say_anything_is_told_to_let_through(make, clock, monkeypatch):
    guards = await make("rate")
    monkeypatch.setattr(guards.rate._bans, "is_known", False)
    looks = list(guards.rehearsal.at_door(ask(), clock.now(), clock.now(), None))
    rate = next(look for look in looks if look.check == "rate")
    assert rate.is_passing_blind
    assert BansUnknown.__name__ in rate.detail
    for _ in range(5):
        guards.door.check(ask())
    assert foresee(guards, ask(), clock) == really(guards, ask()) == 503


async def test_a_database_that_is_missing_is_told_with_its_policy(make, clock):
    guards = await make()
    for policy, status in ((OnFailure.BLOCK, 503), (OnFailure.ALLOW, 0)):
        await guards._geo.apply(GeoSettings(enabled=True, deny_countries=("DE",), on_failure=policy))
        guards.door.refresh()
        assert foresee(guards, ask(GERMAN), clock) == really(guards, ask(GERMAN)) == status


async def test_hours_are_judged_by_the_time_that_is_asked_about(make, clock):
    guards = await make("hours")
    # The frozen clock stands at 08:00 UTC on a Friday.
    open_at = clock.now() + timedelta(hours=12, minutes=30).total_seconds()
    looks = {look.check: look for look in guards.rehearsal.at_door(ask(), clock.now(), open_at, None)}
    assert looks["hours"].status == 0
    assert foresee(guards, ask(), clock) == 403
    assert guards.rehearsal.for_groups(ask(), ("staff",), clock.now()).status == 403
    assert guards.rehearsal.for_groups(ask(), ("staff",), open_at).status == 0


async def test_whoever_is_signed_in_need_not_compute(make, clock):
    guards = await make("work")
    request = ask(fields=PAGE)
    assert foresee(guards, request, clock) == 403
    assert foresee(guards, request, clock, Caller("s", "bob")) == 0
