"""How often devices ask, with a store that helps and one that does not."""

from tests.authn.device_code.conftest import SETTINGS

from yett.authn.device_code import Polled, events
from yett.authn.device_code.pace import Paces


async def test_a_store_that_takes_no_pace_costs_only_what_other_nodes_know(place, heard):
    issued = await place.issue()
    place.records.broken_prefix = "device/pace/"

    assert await place.poll(issued) is Polled.PENDING
    assert await place.poll(issued) is Polled.SLOW_DOWN

    said = [emitter for emitter, _ in heard("devicecode.poll")]
    assert said == [
        events.pace_unknown,
        events.pace_not_replicated,
        events.pace_unknown,
        events.too_fast,
        events.pace_not_replicated,
    ]


async def test_a_pace_of_another_program_is_none(place):
    issued = await place.issue()
    await place.records.put(f"device/pace/{issued.ref}", b"{}")

    assert await place.poll(issued) is Polled.PENDING


async def test_a_question_does_not_get_in_the_way_of_a_decision(place):
    issued = await place.issue()
    before = (await place.records.get(f"device/codes/{issued.ref}")).version

    await place.poll(issued)

    assert (await place.records.get(f"device/codes/{issued.ref}")).version == before


async def test_what_is_remembered_is_bounded(place, monkeypatch):
    monkeypatch.setattr("yett.authn.device_code.pace._MOST", 3)
    paces = Paces(place.records._records)
    interval = SETTINGS.interval.total_seconds()

    for number in range(10):
        await paces.step(f"{number}", "cli", interval=interval, now=1.0, lifetime=60.0)

    assert list(paces._known) == ["7", "8", "9"]
    paces.forget("9")
    assert list(paces._known) == ["7", "8"]
