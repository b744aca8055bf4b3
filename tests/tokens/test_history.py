from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.store import MemoryRecords
from yett.tokens import Change, HistoryEntry, Query, TokenType, encoding, events, parse_cursor, parse_network
from yett.tokens.history import Cursor, History, matches, paged

NOW = 1_800_000_000.0


def entry(number=0, **more):
    usual = {
        "id": f"id{number:04d}",
        "token": "t" * 22,
        "username": "ada",
        "token_type": TokenType.USER,
        "action": Change.CREATE,
        "actor": "ada",
        "event_time": NOW - 1000 + number,
        "scopes": (),
        "ip_address": "192.0.2.7",
    }
    return HistoryEntry(**(usual | more))


@pytest.fixture
def history(clock):
    return History(MemoryRecords(clock), clock, 365 * 86400)


@pytest.mark.parametrize(
    ("query", "is_wanted"),
    [
        (Query(), True),
        (Query("ada"), True),
        (Query("bob"), False),
        (Query(actor="ada"), True),
        (Query(actor="bob"), False),
        (Query(key="t" * 22), True),
        (Query(key="p" * 22), True),
        (Query(key="x" * 22), False),
        (Query(token_type=TokenType.USER), True),
        (Query(token_type=TokenType.SESSION), False),
        (Query(since=NOW - 1000), True),
        (Query(since=NOW - 999), False),
        (Query(until=NOW - 1000), True),
        (Query(until=NOW - 1001), False),
        (Query(network=ip_network("192.0.2.0/24")), True),
        (Query(network=ip_network("2001:db8::/32")), False),
    ],
)
def test_what_is_wanted(query, is_wanted):
    assert matches(entry(parent="p" * 22), query) is is_wanted


def test_an_entry_without_an_address_is_in_no_network():
    assert not matches(entry(ip_address=""), Query(network=ip_network("0.0.0.0/0")))


@pytest.mark.parametrize(
    "text", ["", "_", "1_", "_a", "x1_a", "pp1_a", "1_a b", "9" * 13 + "_a", "1_" + "a" * 41, "\u0661_a"]
)
def test_what_is_no_place_in_a_history(text):
    assert parse_cursor(text) is None


@given(st.text())
def test_any_text_is_a_place_or_none(text):
    found = parse_cursor(text)
    assert found is None or parse_cursor(str(found)) == found


def test_addresses_and_networks():
    assert parse_network("192.0.2.7/24") == ip_network("192.0.2.0/24")
    assert parse_network("2001:db8::1") == ip_network("2001:db8::1/128")
    assert parse_network("192.0.2.0/33") is None
    assert parse_network("x") is None


def test_pages_lead_there_and_back():
    entries = [entry(number) for number in range(10, 0, -1)]

    first = paged(entries, None, 4)
    second = paged(entries, first.next, 4)
    third = paged(entries, second.next, 4)

    assert [len(page.entries) for page in (first, second, third)] == [4, 4, 2]
    assert (first.previous, third.next) == (None, None)
    assert [each.id for page in (first, second, third) for each in page.entries] == [e.id for e in entries]
    assert paged(entries, third.previous, 4).entries == second.entries
    assert paged(entries, second.previous, 4).entries == first.entries
    assert first.count == 10


def test_a_place_beyond_the_end_has_nothing_and_leads_back():
    entries = [entry(number) for number in range(3, 0, -1)]

    page = paged(entries, Cursor(0, "x"), 2)

    assert page.entries == ()
    assert page.next is None
    assert paged(entries, page.previous, 2).entries
    assert paged([], None, 5).entries == ()


async def test_a_history_is_read_newest_first_over_weeks_and_by_user(history):
    for number, age in enumerate((0, 3, 10, 40, 300)):
        await history.write(entry(number, event_time=NOW - age * 86400))
    await history.write(entry(9, username="bob"))

    page = await history.changes(Query("ada"), None, 100)

    assert [each.id for each in page.entries] == ["id0000", "id0001", "id0002", "id0003", "id0004"]
    assert (await history.changes(Query(), None, 100)).count == 6
    recent = await history.changes(Query("ada", since=NOW - 11 * 86400, until=NOW - 86400), None, 100)
    assert [each.id for each in recent.entries] == ["id0001", "id0002"]


async def test_writing_twice_is_writing_once_and_what_was_not_done_is_taken_back(history):
    await history.write(entry())
    await history.write(entry())
    assert (await history.changes(Query(), None, 100)).count == 1

    await history.erase(entry())
    assert (await history.changes(Query(), None, 100)).count == 0


async def test_entries_are_forgotten_by_themselves(history, clock):
    await history.write(entry(event_time=NOW))
    clock.advance(364 * 86400)
    assert (await history.changes(Query(), None, 100)).count == 1
    clock.advance(2 * 86400)
    assert (await history.changes(Query(), None, 100)).count == 0


async def test_a_damaged_entry_is_left_out_and_told(history, heard):
    await history.write(entry())
    await history._records.put(encoding.history_key(encoding.HISTORY, entry(1)), b"{")

    assert (await history.changes(Query(), None, 100)).count == 1
    assert heard("gafaelfawr.store") == [(events.history_unreadable, {})]


async def test_a_name_that_begins_like_another_is_another(history):
    await history.write(entry(username="ada"))
    await history.write(entry(1, username="adam"))

    assert (await history.changes(Query("ada"), None, 100)).count == 1
