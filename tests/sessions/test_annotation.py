import asyncio

import pytest
from tests.sessions.conftest import HOST

from yett.sessions import SessionType, encoding
from yett.store import StoreUnavailable

AUTHENTICATED = SessionType.AUTHENTICATED


@pytest.fixture
async def issued(sessions):
    return await sessions.create(AUTHENTICATED, "ada", audience=HOST, metadata={"a": "1"})


async def test_what_is_written_into_a_session_is_known_here_and_stored(sessions, issued, memory):
    changed = await sessions.annotate(issued.session.ref, {"groups": "ops"})
    assert dict(changed.metadata) == {"a": "1", "groups": "ops"}
    assert sessions.peek(issued.token, HOST).metadata["groups"] == "ops"
    record = await memory.get(encoding.record_key(encoding.digest(issued.token)))
    assert encoding.decode(record.value).metadata["groups"] == "ops"
    assert record.expires_at == pytest.approx(issued.session.expires_at)


async def test_other_nodes_come_to_know_it(sessions, issued, start, until):
    other = await start()
    await sessions.annotate(issued.session.ref, {"groups": "ops"})
    await until(lambda: other.peek(issued.token, HOST).metadata.get("groups") == "ops")


async def test_two_who_write_at_once_both_get_in(sessions, issued, start):
    other = await start()
    await asyncio.gather(
        sessions.annotate(issued.session.ref, {"b": "2"}), other.annotate(issued.session.ref, {"c": "3"})
    )
    found = await sessions.annotate(issued.session.ref, {"d": "4"})
    assert dict(found.metadata) == {"a": "1", "b": "2", "c": "3", "d": "4"}


async def test_use_that_is_written_down_meanwhile_is_not_lost(sessions, issued, clock):
    clock.advance(600)
    sessions.peek(issued.token, HOST)
    await asyncio.gather(sessions.tick(), sessions.annotate(issued.session.ref, {"b": "2"}))
    # Whoever came second gave way, and is written down with the next use.
    sessions.peek(issued.token, HOST)
    await sessions.tick()
    (found,) = sessions.live("ada")
    assert found.metadata["b"] == "2"
    assert found.expires_at > issued.session.expires_at


async def test_a_session_that_is_over_is_not_brought_back(sessions, issued, memory):
    await sessions.revoke(issued.session.ref)
    assert await sessions.annotate(issued.session.ref, {"b": "2"}) is None
    assert await memory.list(encoding.SESSIONS) == []


async def test_a_session_that_ends_while_it_is_written_stays_over(sessions, issued, records):
    async def end(name, _key):
        if name == "replace":
            records.before = None
            await sessions.revoke(issued.session.ref)

    records.before = end
    assert await sessions.annotate(issued.session.ref, {"b": "2"}) is None
    assert sessions.peek(issued.token, HOST) is None


async def test_a_store_that_fails_leaves_the_session_as_it_was(sessions, issued, records):
    records.fails = lambda _number, name, _key: name == "replace"
    with pytest.raises(StoreUnavailable):
        await sessions.annotate(issued.session.ref, {"b": "2"})
    assert "b" not in sessions.peek(issued.token, HOST).metadata


async def test_more_than_a_session_can_hold_is_refused(sessions, issued):
    with pytest.raises(ValueError, match="metadata"):
        await sessions.annotate(issued.session.ref, {"b": "x" * 70_000})
