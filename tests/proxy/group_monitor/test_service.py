import asyncio
from datetime import timedelta

import pytest
from tests.proxy.conftest import BOB, WIKI, Failing, Table, request_for
from tests.signin.conftest import ADA

from yett.identity import Directory
from yett.identity.access import Rule
from yett.kernel import Supervisor
from yett.proxy.group_monitor import GROUPS, GroupMonitor, GroupMonitorSettings, events, written
from yett.sessions import Sessions, SessionSettings, SessionType
from yett.store import MemoryRecords

COMPONENT = "proxy.group_monitor"
RULE = Rule("Wiki", frozenset({"wiki"}))


class Place:
    """A monitor, and requests in progress."""

    def __init__(self, records, clock, settings):
        self.tasks = Supervisor()
        self.records = Failing(records)
        self.sessions = Sessions(self.records, SessionSettings(), clock, self.tasks)
        self.people = Table(ADA, BOB)
        self.directory = Directory([self.people], self.tasks)
        self.open = []
        self.monitor = GroupMonitor(
            self.sessions, self.directory, settings, self.tasks, rule_of=lambda _: RULE, cut=self.cut
        )

    def cut(self, matches):
        lost = [request for request in self.open if matches(request)]
        self.open = [request for request in self.open if request not in lost]
        return len(lost)

    def begin(self, user="ada"):
        request = request_for("GET", "/", {"Host": WIKI})
        request.scope.user = user
        self.open.append(request)

    async def sign_in(self, person=ADA, **metadata):
        metadata = {GROUPS: written(person), **metadata}
        issued = await self.sessions.create(
            SessionType.AUTHENTICATED, person.name, audience=WIKI, metadata=metadata
        )
        return issued.session.ref

    def kept(self, user="ada"):
        return [session.metadata.get(GROUPS) for session in self.sessions.live(user)]

    async def settle(self):
        told = [task for task in self.tasks._tasks if task.get_name() == "proxy.group_monitor.person"]
        await asyncio.gather(*told)


@pytest.fixture
async def make_place(clock, heard):  # noqa: ARG001 - it listens from the start
    made = []

    async def make(**settings):
        place = Place(MemoryRecords(clock), clock, GroupMonitorSettings(**settings))
        made.append(place)
        await place.directory.start()
        await place.sessions.start()
        await place.monitor.start()
        return place

    yield make
    for place in made:
        place.records.fails = frozenset()
        await place.monitor.stop()
        await place.sessions.stop()
        await place.tasks.stop()


@pytest.fixture
async def place(make_place):
    return await make_place()


async def test_a_check_without_changes_changes_nothing(place, heard):
    await place.sign_in()
    await place.monitor.check()
    assert heard(COMPONENT) == [
        (events.started, {"interval": 60.0}),
        (events.checked, {"sessions": 1, "changed": 0, "failed": 0}),
    ]


async def test_a_change_that_the_directory_tells_is_acted_upon_at_once(place, heard):
    ref = await place.sign_in()
    place.begin()
    place.begin("bob")
    place.people.set("ada", groups=("ops",))
    assert [request.scope.user for request in place.open] == ["bob"]
    await place.settle()
    assert place.kept() == ["ops"]
    assert heard(COMPONENT)[1:] == [
        (events.cut, {"user": "ada", "connections": 1}),
        (events.groups_changed, {"user": "ada", "session": ref, "added": ("ops",), "removed": ADA.groups}),
    ]


async def test_what_is_still_allowed_stays_open(place):
    await place.sign_in()
    place.begin()
    place.people.set("ada", groups=(*ADA.groups, "wiki", "ops"))
    await place.settle()
    assert len(place.open) == 1


async def test_a_change_that_nobody_told_is_found_by_the_next_check(place, heard):
    await place.sign_in(ADA, **{GROUPS: "long-gone"})
    place.people.set("bob", email="b@example.test")
    await place.settle()
    await place.monitor.check()
    assert place.kept() == [written(ADA)]
    said = dict(heard(COMPONENT))
    assert said[events.groups_changed]["removed"] == ("long-gone",)
    assert said[events.checked] == {"sessions": 1, "changed": 1, "failed": 0}


async def test_a_session_of_before_gets_its_groups_without_a_word(place, heard):
    await place.sessions.create(SessionType.AUTHENTICATED, "ada", audience=WIKI)
    await place.monitor.check()
    assert place.kept() == [written(ADA)]
    assert [said for said, _ in heard(COMPONENT)] == [events.started, events.checked]


async def test_a_store_that_refuses_is_tried_again_and_the_change_is_said_once(place, heard):
    await place.sign_in()
    await place.sign_in()
    place.records.fails = frozenset({"replace"})
    place.people.set("ada", groups=())
    await place.settle()
    await place.monitor.check()
    place.records.fails = frozenset()
    await place.monitor.check()
    assert place.kept() == ["", ""]
    said = [each for each, _ in heard(COMPONENT)]
    assert said.count(events.update_failed) == 2
    assert said.count(events.groups_changed) == 2
    assert heard(COMPONENT)[-1][1]["failed"] == 0


async def test_a_change_that_was_taken_back_before_it_was_written_is_news_the_next_time(place, heard):
    await place.sign_in()
    place.records.fails = frozenset({"replace"})
    for groups in ((), ADA.groups, ()):
        place.people.set("ada", groups=groups)
        await place.settle()
    assert [said for said, _ in heard(COMPONENT)].count(events.groups_changed) == 2


async def test_a_store_that_does_not_answer_is_not_waited_for(make_place, heard):
    place = await make_place(wait=timedelta(milliseconds=10))
    ref = await place.sign_in()
    inner, hanging = place.records._records, asyncio.Event()

    class Hanging:
        """Records behind a disk that stands still."""

        def __getattr__(self, name):
            return getattr(inner, name)

        async def replace(self, *_, **__):
            await hanging.wait()

    place.records._records = Hanging()
    place.people.set("ada", groups=())
    await place.settle()
    place.records._records = inner
    assert heard(COMPONENT)[-1] == (events.wait_failed, {"session": ref, "waited": 0.01})
    await place.monitor.check()
    assert place.kept() == [""]


async def test_a_session_of_somebody_unknown_opens_nothing_and_is_said_once(place, heard):
    ref = await place.sign_in()
    del place.people._people["ada"]
    place.begin()
    await place.monitor.check()
    await place.monitor.check()
    assert place.open == []
    assert len(place.sessions.live("ada")) == 1
    said = heard(COMPONENT)
    assert [fields for each, fields in said if each is events.fetch_failed] == [
        {"user": "ada", "session": ref}
    ]
    assert said[-1][1] == {"sessions": 1, "changed": 0, "failed": 1}


async def test_a_sign_on_is_no_session_at_an_application(place):
    await place.sessions.create(SessionType.SIGN_ON, "ada", audience="login.example.test")
    await place.monitor.check()
    assert place.kept() == [None]


async def test_another_interval_holds_at_once(place, heard):
    place.monitor.apply(GroupMonitorSettings(wait=timedelta(seconds=1)))
    place.monitor.apply(GroupMonitorSettings(interval=timedelta(seconds=5)))
    assert [fields for _, fields in heard(COMPONENT)] == [{"interval": 60.0}, {"interval": 5.0}]


async def test_a_monitor_that_was_stopped_can_hear_no_harm(place):
    await place.monitor.stop()
    place.monitor.apply(GroupMonitorSettings(interval=timedelta(seconds=5)))
    assert place.monitor._running is None
