"""What watchers get when they are slow, gone or done."""

import pytest

from yett.store import Change, WatchOverrun, events
from yett.store.watch import Watch, Watchers


def change(number):
    return Change(f"a/{number}", None)


async def test_an_overrun_is_told_once_and_said_in_the_log(heard):
    watch = Watch("a/", 3)
    for number in range(10):
        watch.feed(change(number))

    with pytest.raises(WatchOverrun, match="more than 3 changes under 'a/'"):
        await anext(watch)
    watch.feed(change(11))

    assert await anext(watch) == change(11)
    assert heard() == [(events.watch_overrun, {"prefix": "a/", "limit": 3})]


async def test_a_full_queue_is_not_yet_overrun():
    watch = Watch("a/", 3)
    for number in range(3):
        watch.feed(change(number))

    assert [await anext(watch) for _ in range(3)] == [change(0), change(1), change(2)]


async def test_a_loop_over_changes_ends_with_an_overrun_and_can_be_taken_up_again():
    watch, got = Watch("a/", 1), []
    watch.feed(change(1))
    watch.feed(change(2))
    with pytest.raises(WatchOverrun):
        got += [found async for found in watch]
    watch.feed(change(3))
    watch.close()
    got += [found async for found in watch]

    assert got == [change(3)]


async def test_closing_all_ends_each_and_later_changes_are_not_for_them():
    watchers = Watchers()
    first, second = watchers.add("a/"), watchers.add("b/")
    watchers.tell([change(1)])
    watchers.close()
    watchers.tell([change(2)])
    first.feed(change(3))

    assert [found async for found in first] == [change(1)]
    assert [found async for found in second] == []
