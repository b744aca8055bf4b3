"""What is remembered of a sign-in, whatever happens to the store."""

import asyncio
from dataclasses import replace

import pytest
from tests.signin.conftest import ADDRESS
from tests.store.faults import FaultyRecords

from yett.sessions import Session, SessionType
from yett.signin.memory import Memory
from yett.signin.model import Visit, Visitor
from yett.store import ClusterSettings, MemoryRecords, ModuleData
from yett.store.moduledata import events

VISITOR = Visitor(ADDRESS, "Testfox/1.0", "de-AT")


@pytest.fixture
def inner(clock):
    return MemoryRecords(clock)


@pytest.fixture
def records(inner):
    return FaultyRecords(inner)


@pytest.fixture
def data(records):
    return ModuleData(records, ClusterSettings())


@pytest.fixture
def memory(data):
    return Memory(data)


def session(number, *, user="ada"):
    return Session(
        ref=f"ref-{number}",
        type=SessionType.SIGN_ON,
        module_key=user,
        audience="login.example.test",
        created_at=1000.0 + number,
        expires_at=2000.0 + number,
        ends_at=3000.0 + number,
        last_activity=1000.0 + number,
        parent="",
        metadata={},
    )


def said(heard):
    return [emitter for emitter, _ in heard("moduledata")]


async def test_when_and_from_where_are_kept_by_person(memory, data):
    await memory.keep(session(1), VISITOR)
    await memory.keep(session(2, user="bob"), VISITOR)

    assert await data.get("signin", "ada") == {
        "visits": [{"session": "ref-1", "at": 1001.0, "address": ADDRESS}]
    }
    assert await memory.before(session(1)) is None
    assert await memory.before(session(3)) == Visit("ref-1", 1001.0, ADDRESS)
    assert await memory.before(session(3, user="eve")) is None


async def test_a_language_is_written_only_when_it_is_another_one(memory, data, heard):
    await data.set("preferences", "ada", {"theme": "dark"})
    await memory.keep(session(1), VISITOR)
    assert await data.get("preferences", "ada") == {"theme": "dark", "language": "de-AT"}
    heard.forget()

    await memory.keep(session(2), VISITOR)
    await memory.keep(session(3), replace(VISITOR, language=""))

    assert {fields["module"] for _, fields in heard("moduledata")} == {"signin"}
    assert await data.language("ada") == "de-AT"
    await memory.keep(session(4), replace(VISITOR, language="fr"))
    assert await data.language("ada") == "fr"


async def test_sign_ins_at_the_same_time_are_all_remembered(memory, data):
    await asyncio.gather(*(memory.keep(session(number), VISITOR) for number in range(5)))

    kept = (await data.get("signin", "ada"))["visits"]
    assert {visit["session"] for visit in kept} == {f"ref-{number}" for number in range(5)}


async def test_a_store_that_is_down_is_said_and_costs_only_the_memory(memory, records, heard):
    records.is_down = True

    await memory.keep(session(1), VISITOR)

    assert said(heard) == [events.getting, events.kv_get_failed, events.get_failed]
    assert await memory.before(session(1)) is None


async def test_whichever_write_fails_the_rest_is_kept_and_the_next_sign_in_mends_it(clock):
    for nth in (1, 2, 3):
        records = FaultyRecords(MemoryRecords(clock))
        data = ModuleData(records, ClusterSettings())
        memory = Memory(data)
        records.fail_write = nth
        await memory.keep(session(1), VISITOR)
        assert (await memory.before(session(2)) is None) == (nth == 1)
        assert await data.language("ada") == ("de-AT" if nth == 1 else None)

        await memory.keep(session(2), VISITOR)

        assert (await memory.before(session(3))).session == "ref-2"
        assert await data.language("ada") == "de-AT"


async def test_a_damaged_datum_is_left_as_it_is_and_the_language_is_kept(memory, inner, data, heard):
    await inner.put("moduledata/ada/signin", b"\xc1")

    await memory.keep(session(1), VISITOR)

    assert said(heard)[:3] == [events.getting, events.unexpected_value, events.get_failed]
    assert (await inner.get("moduledata/ada/signin")).value == b"\xc1"
    assert await data.language("ada") == "de-AT"
    assert await memory.before(session(1)) is None


class Busy(ModuleData):
    """Somebody else always writes first."""

    async def replace(self, module, user, value, *, seen):
        await super().set(module, user, {"visits": []})
        return await super().replace(module, user, value, seen=seen)


async def test_a_write_that_is_lost_again_and_again_is_given_up(records, heard):
    await Memory(Busy(records, ClusterSettings())).keep(session(1), replace(VISITOR, language=""))

    assert said(heard).count(events.getting) == 8


async def test_sign_ins_are_read_newest_first(memory, inner):
    for number in (1, 2):
        await memory.keep(session(number), VISITOR)
    assert [visit.session for visit in await memory.visits("ada")] == ["ref-2", "ref-1"]
    assert await memory.visits("nobody") == ()
    await inner.put("moduledata/ada/signin", b"\xc1")
    assert await memory.visits("ada") == ()


async def test_a_language_that_was_chosen_is_not_changed_by_a_browser(memory, data):
    await data.set("preferences", "ada", {"language": "en", "language_is_chosen": True})
    await memory.keep(session(1), VISITOR)
    assert await data.language("ada") == "en"
