import asyncio

import msgspec
import pytest
from tests.store.faults import FaultyRecords
from tests.tokens.conftest import until

from yett.kernel import FrozenClock, Supervisor
from yett.store import MemoryRecords, StoreUnavailable, WatchOverrun
from yett.tokens import encoding, events
from yett.tokens.overrides import Overrides, form_of, forms_of, plain, quota_in, quotas_in
from yett.tokens.quotas import Notebook, Quota, Quotas

QUOTAS = Quotas(
    Quota({"portal": 1}, {"qserv": 2}, {"home": 3}, Notebook(1.0, 2.0, spawn=False)),
    {"extra": Quota()},
    frozenset({"free"}),
)


def test_quotas_are_read_as_they_are_written():
    assert quotas_in(forms_of(QUOTAS)) == QUOTAS
    assert quota_in(form_of(Quota())) == Quota()
    assert plain(QUOTAS) == {
        "default": {
            "api": {"portal": 1},
            "notebook": {"cpu": 1.0, "memory": 2.0, "spawn": False},
            "tap": {"qserv": {"concurrent": 2}},
            "disk": {"home": 3},
        },
        "groups": {"extra": {}},
        "bypass": ("free",),
    }


async def test_they_outlive_the_process():
    records = MemoryRecords(FrozenClock())
    one = Overrides(records)
    await one.follower.open()
    assert one.current is None
    await one.put(QUOTAS)

    other = Overrides(records)
    await other.follower.open()

    assert other.current == QUOTAS
    await one.follower.close()
    await other.follower.close()
    await other.follower.follow()


async def test_what_cannot_be_read_changes_nothing(heard):
    records = MemoryRecords(FrozenClock())
    overrides = Overrides(records)
    await overrides.follower.open()
    await overrides.put(QUOTAS)
    following = asyncio.get_running_loop().create_task(overrides.follower.follow())

    await records.put(encoding.OVERRIDES, b"{")
    await until(lambda: heard("gafaelfawr.store"))

    assert heard("gafaelfawr.store")[0][0] is events.overrides_unreadable
    assert overrides.current == QUOTAS
    await overrides.follower.close()
    await following


async def test_what_was_not_kept_is_not_in_force():
    class Down(MemoryRecords):
        async def put(self, *_, **__):
            raise StoreUnavailable("down")

    overrides = Overrides(Down(FrozenClock()))
    with pytest.raises(StoreUnavailable):
        await overrides.put(QUOTAS)
    assert overrides.current is None


async def test_changes_that_were_missed_are_looked_up_however_often_that_fails():
    records = FaultyRecords(MemoryRecords(FrozenClock()))
    overrides, tasks = Overrides(records), Supervisor(sleep=lambda _seconds: asyncio.sleep(0))
    await overrides.follower.open()
    changes, overrides.follower._changes = overrides.follower._changes, Missed()
    following = tasks.keep(overrides.follower.follow, name="quotas")
    records.is_down = True
    await records._inner.put("tokens/quota_overrides", msgspec.json.encode(forms_of(QUOTAS)))
    overrides.follower._changes.gate.set()
    for _ in range(50):
        await asyncio.sleep(0)
    records.is_down = False

    for _ in range(1000):
        await asyncio.sleep(0)
    assert overrides.current == QUOTAS
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    await tasks.stop()
    await changes.aclose()


class Missed:
    """A watch that missed something, and hears nothing after that."""

    def __init__(self):
        self.gate = asyncio.Event()
        self.was_told = False

    def __aiter__(self):
        return self

    async def __anext__(self):
        await self.gate.wait()
        if not self.was_told:
            self.was_told = True
            raise WatchOverrun
        await asyncio.Event().wait()
