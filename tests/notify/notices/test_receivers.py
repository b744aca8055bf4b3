"""A receiver's line: in order, bounded, and ended only when it is empty."""

import asyncio

from yett.notify.notices.receivers import _Line


def work(done, name, problem=""):
    async def tell():
        done.append(name)
        return problem

    return tell


async def test_a_line_is_worked_through_in_order_and_counted():
    line, done = _Line("pager", 10), []
    for name in "abc":
        line.add(work(done, name, "no" if name == "b" else ""))
    line.close()
    await line.run()
    assert done == ["a", "b", "c"]
    channel = line.channel
    assert (channel.told, channel.failed, channel.waiting, channel.last_problem) == (2, 1, 0, "")


async def test_a_full_line_drops_the_newest_and_counts_it():
    line, done = _Line("pager", 2), []
    for name in "abcd":
        line.add(work(done, name))
    line.close()
    await line.run()
    assert done == ["a", "b"]
    assert (line.channel.dropped, line.unsaid) == (2, 2)


async def test_a_line_waits_for_more_until_it_is_closed():
    line, done, came = _Line("pager", 2), [], asyncio.Event()

    async def tell():
        came.set()
        return ""

    running = asyncio.ensure_future(line.run())  # noqa: TID251 - awaited below
    await asyncio.sleep(0)
    line.add(tell)
    await came.wait()
    assert not running.done()
    line.add(work(done, "b"))
    line.close()
    await running
    assert done == ["b"]
