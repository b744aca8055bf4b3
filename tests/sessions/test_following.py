import asyncio
import uuid

import pytest
from tests.sessions.conftest import HOST, SIGN_IN

from yett.sessions import EndReason, SessionType, encoding, events
from yett.store import Change, MemoryRecords, StoreUnavailable

AUTHENTICATED, SIGN_ON = SessionType.AUTHENTICATED, SessionType.SIGN_ON


def said(heard, *names):
    return [fields for emitter, fields in heard() if emitter in names]


def key_of(issued):
    return encoding.record_key(encoding.digest(issued.token))


async def test_a_session_deleted_in_the_store_by_anybody_is_refused_as_soon_as_that_is_told(
    sessions, sign_in, memory, until, heard
):
    _, at_app = await sign_in(sessions)
    ended = []
    sessions.ended.connect(ended.append)

    await memory.delete(key_of(at_app))
    await until(lambda: sessions.peek(at_app.token, HOST) is None)

    assert [(each.session.ref, each.reason) for each in ended] == [(at_app.session.ref, EndReason.REVOKED)]
    assert [each["session"] for each in said(heard, events.ended_elsewhere)] == [at_app.session.ref]
    assert said(heard, events.revoked) == []


async def test_a_sign_on_ended_elsewhere_takes_what_hangs_on_it_with_it(sessions, sign_in, memory, until):
    sign_on, at_app = await sign_in(sessions)

    await memory.delete(key_of(sign_on))

    await until(lambda: sessions.peek(at_app.token, HOST) is None)
    await until(lambda: key_of(at_app) not in memory._records)


async def test_a_session_made_elsewhere_on_a_sign_on_ended_here_is_ended_too(start, sign_in, memory, until):
    here, there = await start(), await start()
    sign_on, _ = await sign_in(here)
    await until(lambda: len(there.live()) == 2)
    await there._following.follower.close()
    await here.revoke(sign_on.session.ref)

    late = await there.create(AUTHENTICATED, "ada", audience=HOST, parent=sign_on.session.ref)

    await until(lambda: key_of(late) not in memory._records)
    assert here.peek(late.token, HOST) is None


async def test_news_of_expiry_is_not_taken_for_a_revocation(sessions, sign_in, memory, clock, until):
    await sign_in(sessions)
    ended = []
    sessions.ended.connect(ended.append)
    clock.advance(1800)

    await memory.list("")
    await until(lambda: len(ended) == 2)

    assert {each.reason for each in ended} == {EndReason.EXPIRED}


async def test_when_too_much_changed_everything_is_listed_anew(sessions, sign_in, memory, until, heard):
    _, kept = await sign_in(sessions)
    _, gone = await sign_in(sessions)
    for number in range(9000):
        await memory.put(f"sessions/{number}", b"{}", lifetime=0.001)
        await memory.delete(f"sessions/{number}")
    await memory.delete(key_of(gone))

    await until(lambda: sessions.peek(gone.token, HOST) is None)

    assert sessions.peek(kept.token, HOST) is not None
    assert len(said(heard, events.changes_missed)) == 1
    _, later = await sign_in(sessions)
    await memory.delete(key_of(later))
    await until(lambda: sessions.peek(later.token, HOST) is None)


async def test_a_token_deleted_before_it_was_known_is_not_taken_in_by_a_late_reading(sessions, start, until):
    other = await start()
    issued = await other.create(AUTHENTICATED, "ada", audience=HOST)
    digest = encoding.digest(issued.token)
    await until(lambda: digest in sessions._mirror.entries)
    record = await other._endings._records.get(key_of(issued))
    await other.revoke_token(issued.token)
    await until(lambda: sessions._mirror.is_buried(digest))

    assert sessions._following.take_in(digest, record) is None
    assert sessions.peek(issued.token, HOST) is None


async def test_a_deletion_told_before_the_session_was_read_counts(start, records):
    deaf = await start()
    await deaf._following.follower.close()
    issued = await (await start()).create(AUTHENTICATED, "ada", audience=HOST)

    def tell(name, key):
        if name == "get" and key == key_of(issued):
            deaf._following._hear(Change(key, None))

    records.after = tell
    assert await deaf.validate(issued.token, audience=HOST) is None


@pytest.mark.parametrize(
    ("value", "event"),
    [
        (
            (
                b'{"ref":"r1","type":"telepathy","module_key":"a","audience":"h","created_at":1,"expires_at":9e9,'
                b'"ends_at":9e9,"last_activity":1}'
            ),
            events.type_invalid,
        ),
        (b"not json", events.record_unreadable),
        (b"{}", events.record_unreadable),
    ],
)
async def test_what_is_no_session_is_passed_over_and_told(sessions, memory, heard, value, event):
    token = "x" * 43
    await memory.put(encoding.record_key(encoding.digest(token)), value)

    assert await sessions.validate(token, audience=None) is None

    assert len(said(heard, event)) >= 1
    assert all(fields.get("session", "r1") == "r1" for fields in said(heard, event))


async def test_loading_passes_over_what_it_cannot_read(start, memory, heard):
    first = await start()
    issued = await first.create(AUTHENTICATED, "ada", audience=HOST)
    await memory.put("sessions/0000", b"\xff")

    later = await start()

    assert [each.ref for each in later.live()] == [issued.session.ref]
    assert said(heard, events.loaded)[-1] == {"sessions": 1}


async def test_starting_fails_when_the_store_cannot_be_read(start, records):
    records.fails = lambda *_: True

    with pytest.raises(StoreUnavailable):
        await start()


async def test_starting_lists_sessions_that_were_not_listed(start, sign_in, memory):
    first = await start()
    sign_on, at_app = await sign_in(first)
    await memory.delete(encoding.index_key("ada", sign_on.session.ref))

    await start()

    assert (await memory.get(encoding.index_key("ada", sign_on.session.ref))).value.decode() == (
        encoding.digest(sign_on.token)
    )
    assert at_app.session.parent == sign_on.session.ref


def ref_made_at(seconds):
    return str(uuid.UUID(int=int(seconds * 1000) << 80 | 7 << 76 | 2 << 62))


async def test_starting_strikes_off_what_lists_nothing_unless_it_may_be_in_the_making(
    start, memory, clock, heard
):
    old, young = ref_made_at(clock.now() - 61), ref_made_at(clock.now() - 1)
    for ref in (old, young):
        await memory.put(encoding.index_key("ada", ref), b"00")

    await start()

    assert said(heard, events.index_cleaned) == [{"session": old}]
    assert [key.rpartition("/")[2] for key, _ in await memory.list(encoding.INDEX)] == [young]


async def test_following_goes_on_after_the_store_failed_once(start, records, sign_in, until, memory):
    sessions = await start()
    _, at_app = await sign_in(sessions)
    await asyncio.sleep(0)
    failures = []

    def fail_once(_number, name, _key):
        if name == "list" and not failures:
            failures.append(name)
            return True
        return False

    records.fails = fail_once
    watch = sessions._following.follower._changes
    for number in range(9000):
        await memory.put(f"sessions/{number}", b"{}", lifetime=0.001)
        await memory.delete(f"sessions/{number}")
    await memory.delete(key_of(at_app))

    await until(lambda: sessions.peek(at_app.token, HOST) is None)
    assert failures
    assert sessions._following.follower._changes is watch


async def test_stores_do_not_mix(start, sign_in, clock):
    own = MemoryRecords(clock)
    here, apart = await start(), await start(on=own)
    sign_on, _ = await sign_in(here)

    assert await apart.validate(sign_on.token, audience=SIGN_IN) is None
    await own.close()
