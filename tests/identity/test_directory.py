import asyncio
import dataclasses

import pytest

from yett.identity import Directory, Person, PersonChanged, events
from yett.kernel import Signal, Supervisor


class People:
    """A source held in memory."""

    def __init__(self, name, *people):
        self.name = name
        self.changed = Signal(f"{name}.changed")
        self.known = {person.name: person for person in people}

    def person(self, name):
        return self.known.get(name)

    def people(self):
        return self.known.values()

    def put(self, name, person):
        before = self.known.pop(name, None)
        if person is not None:
            self.known[name] = person
        self.changed.send(PersonChanged(name, person, before is not None and before.is_disabled))


def person(name, *groups, source="first", is_disabled=False):
    return Person(name, name, f"{name}@example.org", groups, is_disabled, source)


ADA = person("ada", "dev")


@pytest.fixture
async def tasks():
    tasks = Supervisor()
    yield tasks
    await tasks.stop()


async def until(condition):
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the condition is a list that somebody appends to
            await asyncio.sleep(0.005)


async def test_starting_says_how_many_there_are(tasks, heard):
    directory = Directory([People("first", ADA), People("second", person("bob", is_disabled=True))], tasks)
    await directory.start()
    assert heard() == [
        (events.initializing, {}),
        (events.initialized, {"people": 2, "disabled": 1, "sources": ("first", "second")}),
    ]
    await directory.stop()


async def test_the_first_source_describes_a_person_and_groups_are_not_added_up(tasks):
    second = person("ada", "root", source="second")
    directory = Directory([People("first", ADA), People("second", second, person("bob"))], tasks)
    assert directory.person("ada") == ADA
    assert [found.name for found in directory.people()] == ["ada", "bob"]
    assert directory.person("eve") is None


@pytest.mark.parametrize(("first", "second"), [(True, False), (False, True), (True, True)])
async def test_disabled_anywhere_is_disabled(tasks, first, second):
    directory = Directory(
        [
            People("first", dataclasses.replace(ADA, is_disabled=first)),
            People("second", person("ada", source="second", is_disabled=second)),
        ],
        tasks,
    )
    assert directory.person("ada") == dataclasses.replace(ADA, is_disabled=True)


async def test_a_change_that_matters_is_told_after_it_is_in_force(tasks):
    first, second = People("first", ADA), People("second", person("ada", source="second"))
    directory = Directory([first, second], tasks)
    await directory.start()
    told = []
    directory.changed.connect(lambda change: told.append((change, directory.person(change.name))))
    richer = person("ada", "dev", "ops")
    first.put("ada", richer)
    assert told == [(PersonChanged("ada", richer, was_disabled=False, before=ADA), richer)]


async def test_a_change_behind_a_stronger_source_is_not_told(tasks):
    second = People("second", person("ada", source="second"))
    directory = Directory([People("first", ADA), second], tasks)
    await directory.start()
    told = []
    directory.changed.connect(told.append)
    second.put("ada", person("ada", "root", source="second"))
    assert told == []


async def test_a_person_gone_from_one_source_is_what_the_next_says(tasks, heard):
    first, weaker = People("first", ADA), person("ada", "guest", source="second")
    directory = Directory([first, People("second", weaker)], tasks)
    await directory.start()
    told = []
    directory.changed.connect(told.append)
    first.put("ada", None)
    assert told == [PersonChanged("ada", weaker, was_disabled=False, before=ADA)]
    assert heard("directory.index") == [(events.replaced, {"user": "ada"})]


async def test_everything_of_a_disabled_person_is_revoked(tasks, heard):
    source = People("first", ADA)
    directory = Directory([source], tasks)
    await directory.start()
    calls = []

    async def called(what, user):
        calls.append((what, user))

    directory.revoke_with(
        sessions=lambda user: called("sessions", user), tokens=lambda user: called("tokens", user)
    )
    directory.on_disabled("bastion", lambda user: called("bastion", user))
    directory.on_updated("proxy", lambda user: called("proxy", user))
    heard.forget()
    source.put("ada", dataclasses.replace(ADA, is_disabled=True))
    await until(lambda: len(calls) == 4)
    assert calls[0] == ("proxy", "ada")
    assert calls[1:] == [("sessions", "ada"), ("tokens", "ada"), ("bastion", "ada")]
    assert heard("directory") == [
        (events.disabled, {"user": "ada"}),
        (events.calling_disabled_callback, {"user": "ada", "name": "bastion"}),
    ]


async def test_a_removed_person_is_revoked_too_and_a_disabled_one_not_twice(tasks, heard):
    source = People("first", ADA)
    directory = Directory([source], tasks)
    await directory.start()
    source.put("ada", None)
    source.put("ada", dataclasses.replace(ADA, is_disabled=True))
    source.put("ada", dataclasses.replace(ADA, is_disabled=True, groups=("x",)))
    assert [event for event, _ in heard("directory.index")] == [events.removed]


async def test_what_was_open_ends_when_another_person_gets_the_name(tasks, heard):
    first = dataclasses.replace(ADA, id="1")
    source = People("first", first)
    directory = Directory([source], tasks)
    await directory.start()
    ended = []

    async def end(user):
        ended.append(user)

    directory.revoke_with(sessions=end)
    heard.forget()
    source.put("ada", dataclasses.replace(first, groups=("ops",)))
    source.put("ada", dataclasses.replace(first, id="2"))
    await until(lambda: ended)
    assert ended == ["ada"]
    assert heard("directory") == [(events.replaced, {"user": "ada"})]


async def test_a_step_that_waits_holds_no_other_up(tasks):
    source = People("first", ADA)
    directory = Directory([source], tasks)
    await directory.start()
    ended, never = [], asyncio.Event()

    async def end(user):
        ended.append(user)

    directory.revoke_with(sessions=lambda _: never.wait(), tokens=lambda _: never.wait())
    directory.on_disabled("last", end)
    source.put("ada", None)
    await until(lambda: ended)


async def test_revoking_is_tried_until_it_works_and_one_failure_stops_no_other(tasks, heard):
    source = People("first", ADA)
    directory = Directory([source], tasks)
    await directory.start()
    left = {"tokens": 1, "sessions": 1, "bastion": 1}
    done = []

    def step(what):
        async def call(user):
            if left[what]:
                left[what] -= 1
                raise OSError(what)
            done.append((what, user))

        return call

    directory.revoke_with(sessions=step("sessions"), tokens=step("tokens"))
    directory.on_disabled("bastion", step("bastion"))
    heard.forget()
    source.put("ada", dataclasses.replace(ADA, is_disabled=True))
    await until(lambda: len(done) == 3)
    said = [event for event, _ in heard("directory")]
    assert said == [
        events.disabled,
        events.session_revocation_failed,
        events.token_revocation_failed,
        events.calling_disabled_callback,
        events.disabled_callback_failed,
        events.calling_disabled_callback,
    ]
    assert set(done) == {("tokens", "ada"), ("sessions", "ada"), ("bastion", "ada")}


async def test_an_update_callback_that_fails_stops_no_other(tasks, heard):
    source = People("first", ADA)
    directory = Directory([source], tasks)
    await directory.start()
    called = []

    async def fail(user):
        raise OSError(user)

    async def note(user):
        called.append(user)

    directory.on_updated("bad", fail)
    directory.on_updated("good", note)
    source.put("ada", person("ada", "ops"))
    await until(lambda: called)
    assert called == ["ada"]
    assert heard("directory.callback") == [
        (events.updated_callback_registered, {"name": "bad"}),
        (events.updated_callback_registered, {"name": "good"}),
    ]
    failed = {"user": "ada", "name": "bad", "error": "OSError: ada"}
    assert (events.updated_callback_failed, failed) in heard("directory.index")


async def test_asking_to_hear_of_disabled_people_is_recorded(tasks, heard):
    async def call(_):
        pass

    Directory([], tasks).on_disabled("bastion", call)
    assert heard() == [(events.disabled_callback_registered, {"name": "bastion"})]
