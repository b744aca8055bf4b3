import asyncio
import threading

import pytest
from tests.ops.console.log import NOW, denied, entry, write_log

from yett.events import Query
from yett.ops.console import ConsoleSettings, searching
from yett.ops.console.model import Ending
from yett.ops.console.searching import Busy, Job, Searches


@pytest.fixture
async def searches(tmp_path):
    made = Searches(tmp_path, ConsoleSettings(groups=("wiki",), searches=2))
    yield made
    await made.stop()


def job(keep=lambda each: each, **conditions):
    return Job(Query(**conditions), 60, keep)


async def test_a_page_holds_the_newest_and_counts_all(searches, tmp_path):
    write_log(tmp_path, *(entry(number, n=number) for number in range(200)))
    found = await searches.page(job())
    assert [each["n"] for each, _ in found.entries] == list(range(50))
    assert (found.total, found.is_more, found.ending, found.reached) == (200, True, Ending.COMPLETE, "")
    assert sum(found.counts.values()) == 200


async def test_pages_follow_each_other_without_a_gap(searches, tmp_path):
    # Many of the very same instant stand where a page would end.
    times = [number if number < 45 else 45 if number < 70 else number for number in range(180)]
    write_log(tmp_path, *(entry(float(ago), n=number) for number, ago in enumerate(times)))
    seen, until = [], None
    for _ in range(10):
        found = await searches.page(job(until=until))
        seen += [each["n"] for each, _ in found.entries]
        if not found.is_more:
            break
        until = searching.seconds_of(found.entries[-1][0]["time"])
    assert sorted(seen) == list(range(180))
    assert len(seen) == 180


async def test_what_the_reader_may_not_see_is_not_counted(searches, tmp_path):
    write_log(tmp_path, *(entry(number, n=number) for number in range(10)))
    found = await searches.page(job(lambda each: {"time": each["time"]} if each["n"] % 2 else None))
    assert found.total == 5
    assert found.entries[0] == ({"time": found.entries[0][1]["time"]}, found.entries[0][1])


async def test_a_search_ends_at_its_deadline_and_says_how_far_it_got(searches, tmp_path):
    write_log(tmp_path, *(entry(number, n=number) for number in range(2000)))
    looked = threading.Event()

    def keep(each):
        if each["n"] == 700:
            # As if time had passed.
            next(iter(searches._running))._until = 0.0
            looked.set()
        return each

    found = await searches.page(job(keep))
    assert looked.is_set()
    assert found.ending is Ending.DEADLINE
    assert 700 <= found.total < 2000
    assert found.reached == entry(found.total - 1)["time"]


async def test_counting_ends_when_there_is_enough(searches, tmp_path, monkeypatch):
    monkeypatch.setattr(searching, "_MOST_COUNTED", 60)
    write_log(tmp_path, *(entry(number) for number in range(200)))
    found = await searches.page(job())
    assert (found.total, found.ending, found.is_more) == (60, Ending.ENOUGH, True)


async def test_damaged_lines_are_counted_and_never_raise(searches, tmp_path):
    write_log(tmp_path, entry(1), denied(2))
    path = next(iter(tmp_path.glob("records-*")))
    path.write_bytes(b'{"time":"x"\n\xff\xfe\n' + path.read_bytes() + b'{"time":"never","a":1}\n[]\n')
    found = await searches.page(job())
    assert found.damaged >= 2
    assert found.total >= 2


async def test_of_fifty_searches_only_so_many_run_at_once_and_the_rest_are_told(
    searches, tmp_path, monkeypatch
):
    monkeypatch.setattr(searching, "_PATIENCE", 0.05)
    write_log(tmp_path, entry(1))
    go, most, now, lock = threading.Event(), 0, 0, threading.Lock()

    def keep(each):
        nonlocal most, now
        with lock:
            now += 1
            most = max(most, now)
        go.wait(20)
        with lock:
            now -= 1
        return each

    running = [asyncio.ensure_future(searches.page(job(keep))) for _ in range(50)]  # noqa: TID251 - a test
    waiting = set(running)
    while len(waiting) > 2:
        # Whoever still waits for a place must not be given one by the end of the first two.
        _, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    go.set()
    ended = await asyncio.gather(*running, return_exceptions=True)
    assert sum(isinstance(each, Busy) for each in ended) == 48
    assert most == 2
    # And the places are free again.
    assert (await searches.page(job())).total == 1


async def test_whoever_goes_away_ends_their_search_and_frees_the_place_only_then(
    searches, tmp_path, monkeypatch
):
    monkeypatch.setattr(searching, "_PATIENCE", 0.05)
    write_log(tmp_path, *(entry(number) for number in range(500)))
    began, go, threads = threading.Event(), threading.Event(), set()
    kept = []

    def keep(each):
        threads.add(threading.get_ident())
        if len(threads) == 2:
            began.set()
        go.wait(20)
        kept.append(each)
        return each

    leaving = [asyncio.ensure_future(searches.page(job(keep))) for _ in range(2)]  # noqa: TID251 - a test
    await asyncio.to_thread(began.wait, 20)
    for each in leaving:
        each.cancel()
    await asyncio.gather(*leaving, return_exceptions=True)
    with pytest.raises(Busy):
        await searches.page(job())
    go.set()
    monkeypatch.setattr(searching, "_PATIENCE", 20)
    assert (await searches.page(job())).total == 500
    assert len(kept) < 1000


async def test_a_slow_download_keeps_nobody_from_searching(searches, tmp_path, monkeypatch):
    monkeypatch.setattr(searching, "_PATIENCE", 0.05)
    write_log(tmp_path, entry(1))
    async with searches.download(60):
        assert (await searches.page(job())).total == 1
        with pytest.raises(Busy):
            async with searches.download(60):
                pass


async def test_a_story_that_is_too_long_says_so(searches, tmp_path, monkeypatch):
    monkeypatch.setattr(searching, "_MOST_OF_A_STORY", 10)
    write_log(tmp_path, *(entry(number) for number in range(20)))
    found, look = await searches.tell(lambda look: list(look(Query())), lambda each: each)
    assert (len(found), look.records, look.is_cut) == (10, 10, True)


async def test_without_a_log_nothing_is_found():
    searches = Searches(None, ConsoleSettings())
    assert (await searches.page(job(since=NOW))).total == 0
    assert not searches.has_log
    await searches.stop()
