"""What modules keep about people: theirs, withheld, given back, wiped; and what is said of it."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.identity.belongings.conftest import ADA, NEXT

from yett.identity import Person
from yett.identity.belongings import Belongings, IdentitySettings, Left, events
from yett.identity.belongings.model import Why
from yett.kernel import FrozenClock, Supervisor
from yett.store import ClusterSettings, MemoryRecords, ModuleData, StoreUnavailable

DAY = 86400.0
MONTH = 30 * DAY


async def test_a_module_gets_what_it_wrote_and_nothing_more(place):
    mine = place.belongings
    assert await mine.load("totp", "ada") is None
    assert await mine.replace("totp", "ada", {"n": 1}, seen=0)
    version, datum = await mine.load("totp", "ada")
    assert datum == {"n": 1}
    assert not await mine.replace("totp", "ada", {"n": 2}, seen=0)
    assert await mine.replace("totp", "ada", {"n": 2}, seen=version)
    assert not await mine.replace("totp", "ada", {"n": 3}, seen=version)
    assert await mine.load_all("totp") == {"ada": {"n": 2}}
    assert await mine.delete("totp", "ada")
    assert not await mine.delete("totp", "ada")
    assert await mine.load("totp", "ada") is None


async def test_what_somebody_left_is_not_there_for_whoever_has_their_name_next(place, heard):
    mine = place.belongings
    await mine.replace("totp", "ada", {"secret": "hers"}, seen=0)
    await mine.replace("preferences", "ada", {"language": "de"}, seen=0)
    assert await mine.language("ada") == "de"

    await place.become(None)
    assert await mine.load("totp", "ada") is None
    assert heard("identity") == [
        (events.left, {"user": "ada", "modules": ("preferences", "totp"), "seconds": MONTH})
    ]

    await place.become(NEXT)
    assert await mine.load("totp", "ada") is None
    assert await mine.load_all("totp") == {}
    assert await mine.language("ada") is None
    assert not await mine.delete("totp", "ada")
    # Nothing new to tell: it is gone since it is gone.
    assert len(heard("identity")) == 1


async def test_the_very_same_person_gets_everything_back(place, heard):
    mine = place.belongings
    await mine.replace("totp", "ada", {"secret": "hers"}, seen=0)
    await place.become(None)
    place.clock.advance(MONTH - DAY)
    await mine.look()
    await place.become(replace(ADA, groups=("elsewhere",)))
    version, datum = await mine.load("totp", "ada")
    assert datum == {"secret": "hers"}
    assert heard("identity")[-1] == (events.back, {"user": "ada", "modules": ("totp",)})
    assert await mine.replace("totp", "ada", {"secret": "new"}, seen=version)
    place.clock.advance(2 * MONTH)
    await mine.look()
    assert await mine.load("totp", "ada") is not None


async def test_a_name_that_changes_hands_in_one_step_is_said(place, heard):
    await place.belongings.replace("totp", "ada", {"n": 1}, seen=0)
    await place.become(NEXT)
    assert heard("identity") == [(events.withheld, {"user": "ada", "modules": ("totp",), "seconds": MONTH})]


async def test_what_the_next_one_sets_up_takes_the_place_of_what_was_left(place, heard):
    mine = place.belongings
    await mine.replace("totp", "ada", {"secret": "hers"}, seen=0)
    version, _ = await mine.load("totp", "ada")
    await place.become(NEXT)
    heard.forget()

    # Read when the name was the other's, written when it is not any more.
    assert not await mine.replace("totp", "ada", {"secret": "evil"}, seen=version)
    assert await mine.replace("totp", "ada", {"secret": "his"}, seen=0)

    assert (await mine.load("totp", "ada"))[1] == {"secret": "his"}
    assert heard("identity") == [(events.wiped, {"user": "ada", "modules": ("totp",), "why": Why.REPLACED})]
    await place.become(ADA)
    assert await mine.load("totp", "ada") is None


async def test_nothing_is_written_for_somebody_who_is_not_there(place):
    place.put(None)
    assert not await place.belongings.replace("totp", "ada", {"n": 1}, seen=0)
    assert await place.data.users() == []


@pytest.mark.parametrize("name_is_taken", [True, False])
async def test_after_a_while_it_is_wiped(place, heard, name_is_taken):
    mine = place.belongings
    await mine.replace("totp", "ada", {"n": 1}, seen=0)
    await mine.replace("passkey", "ada", {"n": 1}, seen=0)
    await place.become(None)
    if name_is_taken:
        await place.become(NEXT)
        await mine.replace("passkey", "ada", {"n": 2}, seen=0)
    heard.forget()

    place.clock.advance(MONTH - 1)
    await mine.look()
    assert heard("identity") == []
    place.clock.advance(1)
    await mine.look()

    gone = ("totp",) if name_is_taken else ("passkey", "totp")
    assert heard("identity") == [(events.wiped, {"user": "ada", "modules": gone, "why": Why.TIME})]
    assert not await place.data.exists("totp", "ada")
    assert await place.data.exists("passkey", "ada") is name_is_taken


async def test_it_is_wiped_at_once_where_nothing_is_to_be_kept(place, heard):
    place.belongings.settings = IdentitySettings(forget_after=timedelta(0))
    await place.belongings.replace("totp", "ada", {"n": 1}, seen=0)
    await place.become(None)
    assert [event for event, _ in heard("identity")] == [events.wiped]
    assert await place.data.users() == []


async def test_who_went_while_nobody_looked_is_found_at_the_start(place, heard):
    await place.belongings.replace("totp", "ada", {"n": 1}, seen=0)
    place.put(None, is_told=False)
    await place.belongings.start()
    async with asyncio.timeout(5):
        while not heard("identity"):  # noqa: ASYNC110 - a list that somebody appends to
            await asyncio.sleep(0)
    assert [event for event, _ in heard("identity")] == [events.left]


async def test_thousands_who_go_at_once_are_looked_through_by_one(place, heard):
    people = {f"p{number}": replace(ADA, name=f"p{number}", id=str(number)) for number in range(200)}
    for name, person in people.items():
        place.put(person, name=name, is_told=False)
        await place.belongings.replace("totp", name, {}, seen=0)
    for name in people:
        place.put(None, name=name)
    assert len(place.tasks) == 1
    await place.settle()
    assert len(heard("identity")) == 200


async def test_a_change_of_the_same_person_is_no_reason_to_look(place):
    place.put(replace(ADA, groups=("x",)))
    assert len(place.tasks) == 0


async def test_a_store_that_fails_is_said_and_gives_nobody_anything(place, heard):
    mine = place.belongings
    await mine.replace("totp", "ada", {"n": 1}, seen=0)
    place.records.is_down = True
    await place.become(NEXT)
    await mine.look()
    with pytest.raises(StoreUnavailable):
        await mine.load("totp", "ada")
    place.records.is_down = False
    assert [fields["user"] for event, fields in heard("identity") if event is events.unsettled] == ["ada", ""]
    assert await mine.load("totp", "ada") is None


async def test_what_is_damaged_stays_in_nobody_s_way_and_can_be_deleted(place, heard):
    mine = place.belongings
    await mine.replace("totp", "ada", {"n": 1}, seen=0)
    for module in ("passkey", "preferences"):
        await place.records.put(f"moduledata/ada/{module}", b"\xc1")
    await place.become(None)
    assert (events.unsettled in [event for event, _ in heard("identity")]) is True
    await place.become(ADA)
    with pytest.raises(StoreUnavailable):
        await mine.load("passkey", "ada")
    assert await mine.language("ada") is None
    assert await mine.delete("passkey", "ada")
    assert await mine.load("passkey", "ada") is None


# Operators.


async def test_an_operator_says_that_both_are_the_same(place, heard):
    mine = place.belongings
    await mine.replace("totp", "ada", {"n": 1}, seen=0)
    moved = replace(ADA, source="ldap", id="77aa")
    await place.become(moved)
    now = place.clock.now()
    assert await mine.left() == (Left("ada", "totp", "local:1", now),)

    assert await mine.give("ada", by="operator") == ("totp",)
    assert await mine.give("ada", by="operator") == ()
    assert (await mine.load("totp", "ada"))[1] == {"n": 1}
    assert await mine.left() == ()
    assert heard("identity")[-1] == (
        events.given,
        {"user": "ada", "modules": ("totp",), "by": "operator"},
    )


async def test_nothing_is_given_to_nobody(place):
    await place.belongings.replace("totp", "ada", {"n": 1}, seen=0)
    place.put(None)
    assert await place.belongings.give("ada", by="operator") == ()


async def test_an_operator_wipes_what_was_left_and_nothing_else(place, heard):
    mine = place.belongings
    await mine.replace("totp", "ada", {"n": 1}, seen=0)
    await mine.replace("passkey", "ada", {"n": 1}, seen=0)
    await place.become(NEXT)
    await mine.replace("passkey", "ada", {"n": 2}, seen=0)
    assert await mine.wipe("ada") == ("totp",)
    assert await mine.wipe("ada") == ()
    assert (await mine.load("passkey", "ada"))[1] == {"n": 2}
    assert heard("identity")[-1] == (
        events.wiped,
        {"user": "ada", "modules": ("totp",), "why": Why.OPERATOR},
    )


# Everybody at once, and in every order.


class Between(ModuleData):
    """Module data in which something happens between reading and writing."""

    happens = None

    async def discard(self, module, user, *, seen):
        if self.happens is not None:
            happens, self.happens = self.happens, None
            await happens()
        return await super().discard(module, user, seen=seen)


async def test_what_is_set_up_at_the_moment_of_wiping_stays(clock):
    known, tasks = {"ada": ADA}, Supervisor()
    data = Between(MemoryRecords(clock), ClusterSettings())
    people = type("People", (), {"person": lambda _, name: known.get(name)})()
    mine = Belongings(data, people, IdentitySettings(forget_after=timedelta(0)), clock, tasks)
    await mine.replace("totp", "ada", {"n": "hers"}, seen=0)
    known["ada"] = NEXT

    async def enrol():
        assert await mine.replace("totp", "ada", {"n": "his"}, seen=0)

    data.happens = enrol
    await mine.look()
    assert (await mine.load("totp", "ada"))[1] == {"n": "his"}


async def test_of_fifty_first_enrolments_over_what_was_left_one_is_kept(place, heard):
    mine = place.belongings
    await mine.replace("totp", "ada", {"n": "hers"}, seen=0)
    await place.become(NEXT)
    heard.forget()
    done = await asyncio.gather(*(mine.replace("totp", "ada", {"n": number}, seen=0) for number in range(50)))
    assert sum(done) == 1
    assert (await mine.load("totp", "ada"))[1] == {"n": done.index(True)}
    assert len(heard("identity")) == 1


ENTRIES = [
    None,
    *(Person("ada", "Ada", "", (), is_disabled=False, source=source, id=number)
      for source, number in [("local", "1"), ("local", "2"), ("local", ""), ("ldap", "1"), ("ldap", "")]),
]  # fmt: skip
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("become"), st.sampled_from(ENTRIES)),
        st.tuples(st.just("write"), st.sampled_from(["totp", "passkey"])),
        st.tuples(st.just("delete"), st.sampled_from(["totp", "passkey"])),
        st.tuples(st.just("wait"), st.sampled_from([1.0, DAY, MONTH])),
        st.tuples(st.just("look"), st.none()),
    ),
    max_size=25,
)


@settings(max_examples=60)
@given(STEPS)
def test_in_no_order_of_steps_anybody_reads_what_is_not_theirs_or_loses_what_is(steps):
    asyncio.run(_walk(steps))


async def _walk(steps):  # noqa: C901, PLR0912 - one branch for each kind of step reads best in one place
    clock, tasks = FrozenClock(), Supervisor()
    data = ModuleData(MemoryRecords(clock), ClusterSettings())
    known, written, away = {"ada": ENTRIES[1]}, {}, {}
    people = type("People", (), {"person": lambda _, name: known.get(name)})()
    mine = Belongings(data, people, IdentitySettings(), clock, tasks)
    for number, (step, value) in enumerate(steps):
        now = known["ada"]
        if step == "become":
            known["ada"] = value
            if now is not None and now != value:
                away[now.entry] = clock.now()
            if value is not None:
                away.pop(value.entry, None)
            await mine.look()
        elif step == "write":
            seen = (await mine.load(value, "ada") or (0,))[0]
            assert await mine.replace(value, "ada", {"n": number}, seen=seen) is (now is not None)
            if now is not None:
                written[value] = (now.entry, number)
        elif step == "delete":
            if await mine.delete(value, "ada"):
                assert written.pop(value)[0] == now.entry
        elif step == "wait":
            clock.advance(value)
        else:
            await mine.look()
            for module, (entry, _) in list(written.items()):
                if entry in away and clock.now() - away[entry] >= MONTH:
                    del written[module]
                    assert not await data.exists(module, "ada")
        for module, (entry, number_then) in written.items():
            person, found = known["ada"], await mine.load(module, "ada")
            if person is None or person.entry != entry:
                assert found is None
            elif found is not None or await data.exists(module, "ada"):
                assert found[1] == {"n": number_then}
    await tasks.stop()
