import asyncio

import pytest

from yett.kernel import Lifecycle, Readiness, events


class Parts:
    """Parts that write down what happens to them."""

    def __init__(self):
        self.told = []
        self.lifecycle = Lifecycle()

    def add(self, name, *, start=None, stop=None, **more):
        async def begin():
            self.told.append(f"start {name}")
            if start is not None:
                await start()

        async def end():
            self.told.append(f"stop {name}")
            if stop is not None:
                await stop()

        self.lifecycle.add(name, begin, end, **more)

    async def until(self, what):
        async with asyncio.timeout(5):
            while what not in self.told:  # noqa: ASYNC110 - a turn of the loop at a time, not a span of time
                await asyncio.sleep(0)


@pytest.fixture
def parts():
    return Parts()


async def fails():
    raise OSError("no disk")


async def hangs():
    await asyncio.sleep(3600)


def said(heard):
    return [(emitter, fields["part"]) for emitter, fields in heard("kernel")]


async def test_parts_start_in_order_and_stop_in_the_reverse_order(parts, heard):
    parts.add("store")
    parts.add("listener")
    await parts.lifecycle.start()
    await parts.lifecycle.stop()
    assert parts.told == ["start store", "start listener", "stop listener", "stop store"]
    assert said(heard) == [
        (events.part_started, "store"),
        (events.part_started, "listener"),
        (events.part_stopped, "listener"),
        (events.part_stopped, "store"),
    ]


async def test_parts_added_later_are_started_by_a_second_call(parts):
    parts.add("store")
    await parts.lifecycle.start()
    parts.add("listener")
    await parts.lifecycle.start()
    assert parts.told == ["start store", "start listener"]


async def test_stopping_twice_stops_once(parts):
    parts.add("store")
    await parts.lifecycle.start()
    await parts.lifecycle.stop()
    await parts.lifecycle.stop()
    assert parts.told == ["start store", "stop store"]


async def test_a_failure_midway_stops_what_had_started_in_reverse_and_is_raised(parts, heard):
    parts.add("store")
    parts.add("sessions")
    parts.add("listener", start=fails)
    parts.add("admin")
    with pytest.raises(OSError, match="no disk"):
        await parts.lifecycle.start()
    assert parts.told == ["start store", "start sessions", "start listener", "stop sessions", "stop store"]
    assert said(heard)[2] == (events.part_failed, "listener")
    assert heard("kernel.start")[2][1]["error"] == "OSError: no disk"


async def test_a_start_that_is_cancelled_stops_what_had_started(parts):
    parts.add("store")
    parts.add("listener", start=hangs)
    starting = asyncio.get_running_loop().create_task(parts.lifecycle.start())
    await parts.until("start listener")
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert parts.told[-1] == "stop store"


async def test_a_part_that_fails_to_stop_does_not_keep_the_others_from_stopping(parts, heard):
    parts.add("store")
    parts.add("listener", stop=fails)
    await parts.lifecycle.start()
    heard.forget()
    await parts.lifecycle.stop()
    assert parts.told[-1] == "stop store"
    assert said(heard) == [(events.part_failed_to_stop, "listener"), (events.part_stopped, "store")]


async def test_a_timeout_inside_a_part_is_its_failure_and_not_a_hang(parts, heard):
    async def times_out():
        raise TimeoutError("the disk")

    parts.add("store", stop=times_out)
    await parts.lifecycle.start()
    await parts.lifecycle.stop()
    assert said(heard)[-1] == (events.part_failed_to_stop, "store")


async def test_a_part_that_hangs_is_cut_off(parts, heard):
    parts.add("store")
    parts.add("listener", stop=hangs, stop_within=0.01)
    await parts.lifecycle.start()
    heard.forget()
    await parts.lifecycle.stop()
    assert said(heard) == [(events.part_stuck, "listener"), (events.part_stopped, "store")]


async def test_a_part_that_will_not_be_cut_off_is_left_behind(parts, heard, monkeypatch):
    monkeypatch.setattr("yett.kernel.lifecycle._LAST_WORDS", 0.01)
    release = asyncio.Event()

    async def stubborn():
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                parts.told.append("ignored")
        raise ValueError("nobody wants to know")

    parts.add("store")
    parts.add("listener", stop=stubborn, stop_within=0.01)
    await parts.lifecycle.start()
    heard.forget()
    await parts.lifecycle.stop()
    assert said(heard) == [(events.part_stuck, "listener"), (events.part_stopped, "store")]
    assert "ignored" in parts.told
    release.set()
    await asyncio.sleep(0.01)


async def test_somebody_tired_of_waiting_cuts_off_one_part_and_the_others_still_stop(parts, heard):
    parts.add("store")
    parts.add("listener", stop=hangs)
    await parts.lifecycle.start()
    heard.forget()
    stopping = asyncio.get_running_loop().create_task(parts.lifecycle.stop())
    await parts.until("stop listener")
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping
    assert said(heard) == [(events.part_stuck, "listener"), (events.part_stopped, "store")]


async def test_a_part_that_cancels_itself_has_failed_to_stop(parts, heard):
    async def cancels():
        raise asyncio.CancelledError

    parts.add("store")
    parts.add("listener", stop=cancels)
    await parts.lifecycle.start()
    heard.forget()
    await parts.lifecycle.stop()
    assert said(heard) == [(events.part_failed_to_stop, "listener"), (events.part_stopped, "store")]


# Readiness.


@pytest.fixture
def states():
    return {"store": True, "listener": False}


@pytest.fixture
def readiness(states):
    made = Readiness()
    for name in states:
        made.add(name, lambda name=name: states[name])
    return made


def test_becoming_ready_is_said_once(readiness, states, heard):
    assert not readiness.look()
    assert readiness.missing() == ("listener",)
    assert heard("kernel.ready") == []
    states["listener"] = True
    assert readiness.look()
    assert readiness.look()
    assert heard("kernel.ready") == [(events.ready, {"checks": ("store", "listener")})]


def test_each_loss_and_the_way_back_are_said(readiness, states, heard):
    states["listener"] = True
    readiness.look()
    heard.forget()
    states["store"] = False
    assert not readiness.look()
    assert not readiness.look()
    assert heard("kernel.ready") == [(events.not_ready, {"missing": ("store",)})]
    states["store"] = True
    heard.forget()
    assert readiness.look()
    assert [emitter for emitter, _ in heard("kernel.ready")] == [events.ready]


def test_a_check_that_breaks_does_not_pass_and_is_recorded_once_until_it_is_mended(readiness, states, heard):
    del states["store"]
    assert readiness.states() == {"store": False, "listener": False}
    assert not readiness.look()
    assert heard("kernel.ready") == [(events.check_broken, {"check": "store", "error": "KeyError: 'store'"})]
    states.update(store=True, listener=True)
    assert readiness.look()
    del states["store"]
    heard.forget()
    assert not readiness.look()
    assert [emitter for emitter, _ in heard("kernel.ready")] == [events.check_broken, events.not_ready]


def test_without_checks_all_is_well():
    assert Readiness().look()
