import asyncio
import enum
from datetime import timedelta

import pytest
from tests.sessions.conftest import HOST, SIGN_IN, Node

from yett.kernel import FrozenClock
from yett.sessions import EndReason, SessionSettings, SessionType, encoding, events
from yett.store import SQLiteRecords

AUTHENTICATED, SIGN_ON = SessionType.AUTHENTICATED, SessionType.SIGN_ON
SETTINGS = SessionSettings(
    idle_timeout=timedelta(minutes=30),
    lifetime=timedelta(hours=2),
    sign_on_lifetime=timedelta(hours=2),
    extend_every=timedelta(seconds=60),
)


def said(heard, *names):
    return [fields for emitter, fields in heard() if emitter in names]


# Recognising.


async def test_a_session_is_recognised_by_its_token_at_its_host_only(sessions, sign_in):
    sign_on, at_app = await sign_in(sessions)

    assert sessions.peek(at_app.token, HOST) == at_app.session
    assert sessions.peek(at_app.token.encode(), HOST) == at_app.session
    assert sessions.peek(at_app.token, SIGN_IN) is None
    assert sessions.peek(sign_on.token, SIGN_IN) == sign_on.session
    assert sessions.peek(sign_on.token, HOST) is None
    assert sessions.peek(at_app.session.ref, HOST) is None


async def test_a_session_that_something_else_rests_on_is_kept_alive_by_its_handle(sessions, sign_in, clock):
    sign_on, _ = await sign_in(sessions)
    clock.advance(60)
    assert sessions.attend(sign_on.session.ref) == sign_on.session
    assert sessions.live("ada")[0].last_activity == clock.now()
    assert sessions.attend("nothing") is None
    await sessions.revoke(sign_on.session.ref)
    assert sessions.attend(sign_on.session.ref) is None


async def test_a_session_is_found_by_its_handle_without_being_used(sessions, sign_in, clock):
    sign_on, at_app = await sign_in(sessions)
    clock.advance(60)
    assert sessions.find(sign_on.session.ref) == sign_on.session
    assert sessions.find(at_app.token) is None
    assert sessions.is_live(sign_on.session.ref)
    assert not sessions.is_live(at_app.token)
    await sessions.revoke(sign_on.session.ref)
    assert sessions.find(sign_on.session.ref) is None
    assert not sessions.is_live(sign_on.session.ref)
    assert sessions.find(at_app.session.ref) is None


@pytest.mark.parametrize("token", ["", b"", "x" * 43, "x" * 10_000, b"\xff\x00" * 20, "\ud800", "ü" * 20])
async def test_anything_else_is_no_session(sessions, sign_in, token):
    await sign_in(sessions)

    assert sessions.peek(token, HOST) is None
    assert await sessions.validate(token, audience=HOST) is None
    assert await sessions.validate(token, audience=None) is None
    assert await sessions.extend(token) is None
    assert await sessions.regenerate(token) is None
    assert not await sessions.revoke_token(token)


@pytest.mark.parametrize("kind", [kind for kind in SessionType if kind not in {AUTHENTICATED, SIGN_ON}])
async def test_a_session_that_proves_no_person_counts_only_when_asked_for(sessions, kind):
    pending = await sessions.create(kind, "ada", audience=SIGN_IN)

    assert sessions.peek(pending.token, SIGN_IN) is None
    assert await sessions.validate(pending.token, audience=SIGN_IN) is None
    assert await sessions.validate(pending.token, audience=None) is None
    assert await sessions.validate(pending.token, audience=SIGN_IN, type=AUTHENTICATED) is None
    assert await sessions.validate(pending.token, audience=SIGN_IN, type=kind) == pending.session
    assert sessions.peek(pending.token, SIGN_IN, kind) == pending.session


async def test_recognising_is_told_at_debug_level(sessions, sign_in, heard):
    _, at_app = await sign_in(sessions)
    heard.forget()

    sessions.peek(at_app.token, HOST)

    fields = {"session": at_app.session.ref, "type": AUTHENTICATED, "module_key": "ada"}
    assert heard() == [(events.validated, fields)]


async def test_a_session_ends_when_it_is_not_used(sessions, sign_in, clock, heard):
    _, at_app = await sign_in(sessions)
    clock.advance(30 * 60 - 0.001)
    assert sessions.peek(at_app.token, HOST) is not None

    clock.advance(0.001)

    assert sessions.peek(at_app.token, HOST) is None
    assert await sessions.validate(at_app.token, audience=HOST) is None
    assert sessions.live() == []
    ended = []
    sessions.ended.connect(ended.append)
    await sessions.tick()
    assert {each.reason for each in ended} == {EndReason.EXPIRED}
    assert len(said(heard, events.expired)) == 2


async def test_an_expired_session_leaves_nothing_in_the_store(sessions, sign_in, clock, memory, heard):
    await sign_in(sessions)
    clock.advance(31 * 60)

    await sessions.tick()

    assert await memory.list("session") == []
    assert said(heard, events.index_deleted) == [{"module_key": "ada"}]


# Revoking.


async def test_signing_out_ends_the_session_at_once_and_for_good(sessions, sign_in, memory, heard):
    _, at_app = await sign_in(sessions)

    assert await sessions.revoke_token(at_app.token)

    assert sessions.peek(at_app.token, HOST) is None
    assert await sessions.validate(at_app.token, audience=HOST) is None
    assert not await sessions.revoke_token(at_app.token)
    assert not await sessions.revoke(at_app.session.ref)
    assert len(await memory.list("sessions/")) == 1
    assert said(heard, events.revoked) == [
        {"session": at_app.session.ref, "module_key": "ada", "reason": EndReason.REVOKED}
    ]
    assert len(said(heard, events.index_session_removed)) == 1
    assert said(heard, events.index_deleted) == []


async def test_ending_a_sign_on_ends_everything_that_hangs_on_it(sessions, sign_in):
    sign_on, at_app = await sign_in(sessions)
    _, elsewhere = await sign_in(sessions)
    ended = []
    sessions.ended.connect(ended.append)

    assert await sessions.revoke(sign_on.session.ref)

    assert sessions.peek(at_app.token, HOST) is None
    assert sessions.peek(elsewhere.token, HOST) is not None
    assert [(each.session.ref, each.reason) for each in ended] == [
        (sign_on.session.ref, EndReason.REVOKED),
        (at_app.session.ref, EndReason.PARENT_ENDED),
    ]


async def test_revoking_all_of_a_user_spares_the_others(sessions, sign_in, memory, heard):
    mine = [await sign_in(sessions) for _ in range(3)]
    _, other = await sign_in(sessions, "ada/x")

    assert await sessions.revoke_all("ada") == 6

    assert all(sessions.peek(at_app.token, HOST) is None for _, at_app in mine)
    assert sessions.peek(other.token, HOST) is not None
    assert len(await memory.list("session_index/")) == 2
    assert said(heard, events.all_revoked) == [{"module_key": "ada", "sessions": 6}]
    assert await sessions.revoke_all("ada") == 0


async def test_a_session_ends_here_even_when_the_store_is_out_of_reach(sessions, sign_in, records, heard):
    sign_on, at_app = await sign_in(sessions)
    records.fails = lambda *_: True

    assert await sessions.revoke(sign_on.session.ref)

    assert sessions.peek(at_app.token, HOST) is None
    assert await sessions.validate(at_app.token, audience=HOST) is None
    await sessions.tick()
    assert [each["session"] for each in said(heard, events.deletion_not_broadcast)] == [
        sign_on.session.ref,
        at_app.session.ref,
    ]


async def test_a_deletion_is_made_up_for_when_the_store_is_back(sessions, sign_in, records, memory, heard):
    sign_on, _ = await sign_in(sessions)
    records.fails = lambda *_: True
    await sessions.revoke(sign_on.session.ref)
    records.heal()

    await sessions.tick()

    assert await memory.list("session") == []
    assert len(said(heard, events.deletion_made_up_for)) == 2


async def test_a_session_revoked_while_the_store_was_away_does_not_come_back_by_listing(
    sessions, sign_in, records
):
    _, at_app = await sign_in(sessions)
    records.fails = lambda *_: True
    await sessions.revoke(at_app.session.ref)
    records.heal()

    await sessions._following.load()

    assert sessions.peek(at_app.token, HOST) is None


async def test_a_revocation_goes_on_when_whoever_asked_for_it_goes_away(sessions, sign_in, records, memory):
    sign_on, _ = await sign_in(sessions)
    blocked = asyncio.Event()
    records.before = lambda name, _key: blocked.wait() if name == "delete" else None
    asking = asyncio.get_running_loop().create_task(sessions.revoke(sign_on.session.ref))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    blocked.set()

    await sessions.tick()

    assert await memory.list("session") == []


async def test_revoking_all_says_so_when_the_index_cannot_be_read(sessions, sign_in, records, heard):
    _, at_app = await sign_in(sessions)
    records.fails = lambda _number, name, _key: name == "list"

    assert await sessions.revoke_all("ada") == 2

    assert sessions.peek(at_app.token, HOST) is None
    assert [each["module_key"] for each in said(heard, events.index_unavailable)] == ["ada"]


async def test_revoking_an_unknown_session_tells_when_the_store_cannot_be_asked(sessions, records, heard):
    records.fails = lambda *_: True

    assert not await sessions.revoke("no-such-ref")

    assert len(said(heard, events.lookup_failed)) == 1


# Another node, or a restart.


async def test_what_one_node_does_the_other_knows(start, sign_in, until):
    here, there = await start(), await start()

    _, at_app = await sign_in(here)
    await until(lambda: there.peek(at_app.token, HOST))
    assert there.live("ada") == here.live("ada")

    await there.revoke(at_app.session.ref)
    await until(lambda: here.peek(at_app.token, HOST) is None)


async def test_a_token_shown_before_the_news_of_it_came_is_looked_up(start, sign_in):
    here = await start()
    deaf = await start()
    await deaf._following.follower.close()
    _, at_app = await sign_in(here)

    assert deaf.peek(at_app.token, HOST) is None
    assert await deaf.validate(at_app.token, audience=HOST) == at_app.session
    assert deaf.peek(at_app.token, HOST) == at_app.session


@pytest.mark.parametrize("end", ["revoke", "revoke_all"])
async def test_a_session_that_this_node_has_not_heard_of_can_be_ended(start, sign_in, end):
    here, deaf = await start(), await start()
    await deaf._following.follower.close()
    sign_on, _ = await sign_in(here)

    ended = await (deaf.revoke(sign_on.session.ref) if end == "revoke" else deaf.revoke_all("ada"))

    assert ended
    assert await deaf.validate(sign_on.token, audience=SIGN_IN) is None


async def test_a_sign_on_made_elsewhere_a_moment_ago_can_be_hung_on(start):
    here, deaf = await start(), await start()
    await deaf._following.follower.close()
    sign_on = await here.create(SIGN_ON, "ada", audience=SIGN_IN)

    made = await deaf.create(AUTHENTICATED, "ada", audience=HOST, parent=sign_on.session.ref)

    assert made.session.parent == sign_on.session.ref


async def test_sessions_outlive_a_restart(tmp_path, clock, sign_in):
    records = SQLiteRecords(tmp_path / "store.db", clock)
    await records.open()
    before = Node(records, clock, SETTINGS)
    await before.sessions.start()
    sign_on, at_app = await sign_in(before.sessions)
    gone = await before.sessions.create(AUTHENTICATED, "ada", audience=HOST)
    await before.sessions.revoke_token(gone.token)
    await before.stop()
    await records.close()

    records = SQLiteRecords(tmp_path / "store.db", clock)
    await records.open()
    after = Node(records, clock, SETTINGS)
    await after.sessions.start()

    assert after.sessions.peek(at_app.token, HOST) == at_app.session
    assert after.sessions.peek(gone.token, HOST) is None
    assert await after.sessions.revoke_all("ada") == 2
    assert after.sessions.peek(sign_on.token, SIGN_IN) is None
    assert await records.list("session") == []
    await after.stop()
    await records.close()


async def test_two_nodes_on_the_real_store_agree(tmp_path, clock, sign_in, until):
    records = SQLiteRecords(tmp_path / "store.db", clock)
    await records.open()
    here, there = Node(records, clock, SETTINGS), Node(records, clock, SETTINGS)
    await here.sessions.start()
    await there.sessions.start()
    pairs = [await sign_in(here.sessions, f"user{number}") for number in range(5)]
    await until(lambda: len(there.sessions.live()) == 10)

    renewed = await asyncio.gather(*(there.sessions.regenerate(at_app.token) for _, at_app in pairs))
    await until(lambda: all(here.sessions.peek(issued.token, HOST) for issued in renewed))
    assert all(here.sessions.peek(at_app.token, HOST) is None for _, at_app in pairs)
    await here.sessions.revoke_all("user0")
    await until(lambda: there.sessions.peek(renewed[0].token, HOST) is None)
    assert there.sessions.peek(renewed[1].token, HOST) is not None

    await here.stop()
    await there.stop()
    await records.close()


# The store fails.


async def test_a_token_that_cannot_be_looked_up_is_no_session(sessions, records, heard):
    records.fails = lambda *_: True

    assert await sessions.validate("x" * 43, audience=HOST) is None

    assert said(heard, events.lookup_failed) == [{"error": "StoreUnavailable: the disk is full"}]


async def test_a_session_known_here_is_recognised_while_the_store_is_away(sessions, sign_in, records):
    _, at_app = await sign_in(sessions)
    records.fails = lambda *_: True

    assert await sessions.validate(at_app.token, audience=HOST) == at_app.session


# The clock.


class SteppedClock(FrozenClock):
    """A wall clock that is put right while the monotonic one just runs."""

    def __init__(self):
        super().__init__()
        self.step = 0.0

    def now(self):
        return self.monotonic() + self.step


async def test_no_session_lasts_longer_because_the_clock_was_put_back(start, sign_in):
    clock = SteppedClock()
    sessions = await start(at=clock)
    _, at_app = await sign_in(sessions)

    clock.step = -3600.0
    clock.advance(30 * 60 - 1)
    assert sessions.peek(at_app.token, HOST) is not None
    clock.advance(1)

    assert sessions.peek(at_app.token, HOST) is None


async def test_after_a_restart_with_the_clock_put_back_no_session_has_more_than_its_idle_time(
    start, sign_in, clock
):
    before = SteppedClock()
    before.step = 7200.0
    _, at_app = await sign_in(await start(at=before))

    after = await start()

    (known,) = (each for each in after.live() if each.ref == at_app.session.ref)
    assert known.expires_at <= clock.now() + 30 * 60
    assert known.ends_at <= clock.now() + 12 * 3600


async def test_a_clock_put_forward_ends_sessions_early(start, sign_in):
    clock = SteppedClock()
    sessions = await start(at=clock)
    _, at_app = await sign_in(sessions)

    clock.step = 3600.0
    await sessions.tick()

    assert sessions.peek(at_app.token, HOST) is None


# What can be seen.


async def test_live_sessions_are_listed_oldest_first_with_their_last_use(sessions, clock):
    first = await sessions.create(AUTHENTICATED, "ada", audience=HOST)
    clock.advance(5)
    second = await sessions.create(AUTHENTICATED, "bob", audience=HOST)
    clock.advance(5)
    sessions.peek(first.token, HOST)

    listed = sessions.live()

    assert [each.ref for each in listed] == [first.session.ref, second.session.ref]
    assert [clock.now() - each.last_activity for each in listed] == [0, 5]
    assert [each.ref for each in sessions.live("bob")] == [second.session.ref]
    assert sessions.live("nobody") == []


async def test_no_token_is_in_the_store_in_the_log_or_in_what_is_shown(sessions, sign_in, memory, heard):
    sign_on, at_app = await sign_in(sessions)
    renewed = await sessions.regenerate(at_app.token)
    sessions.peek(renewed.token, HOST)
    await sessions.revoke_all("ada")
    kept = repr(await memory.list("")) + repr(heard()) + repr((sign_on, at_app, renewed, sessions.live()))

    assert not any(issued.token in kept for issued in (sign_on, at_app, renewed))


async def test_new_settings_hold_for_new_sessions(sessions, clock):
    sessions.use(SessionSettings(idle_timeout=timedelta(minutes=5)))

    made = await sessions.create(AUTHENTICATED, "ada", audience=HOST)

    assert made.session.expires_at - clock.now() == 300


async def test_stopping_writes_down_use_that_is_not_yet_due(start, clock, memory):
    sessions = await start()
    made = await sessions.create(AUTHENTICATED, "ada", audience=HOST)
    clock.advance(10)
    sessions.peek(made.token, HOST)

    await sessions.stop()

    stored = encoding.decode((await memory.get(encoding.record_key(encoding.digest(made.token)))).value)
    assert stored.last_activity == clock.now()


def test_every_type_and_reason_has_a_name_of_its_own_for_ever():
    for kind in (SessionType, EndReason):
        assert issubclass(kind, enum.Enum)
        assert all(member.value == member.name.lower() for member in kind)


async def test_the_store_is_not_asked_again_and_again_about_an_unknown_token(sessions, records, clock):
    records.heal()
    for _ in range(5):
        assert await sessions.validate("nobody-has-this", audience=HOST) is None
    assert records.operations == 1
    clock.advance(2.5)
    assert await sessions.validate("nobody-has-this", audience=HOST) is None
    assert records.operations == 2


async def test_a_token_that_was_unknown_is_good_as_soon_as_it_is_given_out(start, sessions):
    token = "x" * 43
    assert await sessions.validate(token, audience=HOST) is None
    other = await start(new_token=lambda: token)
    await other.create(SessionType.AUTHENTICATED, "ada", audience=HOST)
    async with asyncio.timeout(5):
        while sessions.peek(token, HOST) is None:  # noqa: ASYNC110 - the store's watch is waited for
            await asyncio.sleep(0)
    assert (await sessions.validate(token, audience=HOST)).module_key == "ada"
