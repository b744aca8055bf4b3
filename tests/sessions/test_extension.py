import asyncio
from datetime import timedelta

import pytest
from tests.sessions.conftest import HOST, SIGN_IN

from yett.sessions import EndReason, SessionSettings, SessionType, encoding, events

AUTHENTICATED, SIGN_ON = SessionType.AUTHENTICATED, SessionType.SIGN_ON
MINUTE = 60.0


def said(heard, *names):
    return [fields for emitter, fields in heard() if emitter in names]


@pytest.fixture
async def sessions(start):
    return await start(
        settings=SessionSettings(
            idle_timeout=timedelta(minutes=30),
            lifetime=timedelta(hours=2),
            sign_on_lifetime=timedelta(hours=2),
            extend_every=timedelta(minutes=1),
        )
    )


async def stored(memory, issued):
    record = await memory.get(encoding.record_key(encoding.digest(issued.token)))
    return encoding.decode(record.value)


async def test_use_lets_a_session_go_on_and_is_written_down(sessions, memory, clock, heard):
    issued = await sessions.create(AUTHENTICATED, "ada", audience=HOST)
    clock.advance(10 * MINUTE)

    sessions.peek(issued.token, HOST)
    await sessions.tick()

    kept = await stored(memory, issued)
    assert kept.last_activity == clock.now()
    assert kept.expires_at == clock.now() + 30 * MINUTE
    assert sessions.peek(issued.token, HOST) == kept
    assert said(heard, events.extended) == [
        {"session": issued.session.ref, "module_key": "ada", "ttl": 1800.0}
    ]


async def test_much_use_is_written_down_once_in_a_while_for_many_sessions_together(sessions, records, clock):
    issued = [await sessions.create(AUTHENTICATED, f"u{n}", audience=HOST) for n in range(5)]
    records.heal()
    for _ in range(120):
        clock.advance(1)
        for each in issued:
            for _ in range(3):
                sessions.peek(each.token, HOST)
        await sessions.tick()

    assert records.operations == 5 * 2


async def test_a_session_in_use_ends_at_its_end_all_the_same(sessions, clock):
    issued = await sessions.create(AUTHENTICATED, "ada", audience=HOST)
    for _ in range(12):
        assert sessions.peek(issued.token, HOST) is not None
        clock.advance(10 * MINUTE)
        await sessions.tick()

    assert sessions.peek(issued.token, HOST) is None


async def test_use_just_after_it_was_written_down_counts_to_the_second(sessions, clock):
    issued = await sessions.create(AUTHENTICATED, "ada", audience=HOST)
    clock.advance(59)
    sessions.peek(issued.token, HOST)
    for _ in range(30 * 60 - 1):
        clock.advance(1)
        await sessions.tick()

    assert sessions.live() != []
    clock.advance(1)
    assert sessions.live() == []


async def test_use_of_an_application_keeps_the_sign_on_alive(sessions, sign_in, clock):
    sign_on, at_app = await sign_in(sessions)
    for _ in range(4):
        clock.advance(20 * MINUTE)
        sessions.peek(at_app.token, HOST)
        await sessions.tick()

    assert sessions.peek(sign_on.token, SIGN_IN) is not None


async def test_a_half_finished_sign_in_is_not_kept_alive_by_use(sessions, clock, records):
    issued = await sessions.create(SessionType.MFA_PENDING, "ada", audience=SIGN_IN)
    records.heal()
    clock.advance(9 * MINUTE)
    assert sessions.peek(issued.token, SIGN_IN, SessionType.MFA_PENDING) is not None
    await sessions.tick()
    assert records.operations == 0
    assert (await sessions.extend(issued.token)).expires_at == issued.session.expires_at
    clock.advance(1 * MINUTE)

    assert sessions.peek(issued.token, SIGN_IN, SessionType.MFA_PENDING) is None


# Certificates.


async def test_the_end_of_the_certificate_caps_the_extension_and_is_said_once(sessions, clock, heard):
    issued = await sessions.create(
        AUTHENTICATED, "ada", audience=HOST, certificate_not_after=clock.now() + 50 * MINUTE
    )
    for _ in range(5):
        clock.advance(8 * MINUTE)
        assert sessions.peek(issued.token, HOST) is not None
        await sessions.tick()

    assert [each["ttl"] for each in said(heard, events.capped_at_extension)] == [26 * MINUTE]
    clock.advance(10 * MINUTE)
    assert sessions.peek(issued.token, HOST) is None


async def test_a_certificate_that_ends_between_use_and_writing_ends_the_session(sessions, clock, heard):
    issued = await sessions.create(
        AUTHENTICATED, "ada", audience=HOST, certificate_not_after=clock.now() + 10 * MINUTE
    )
    ended = []
    sessions.ended.connect(ended.append)
    clock.advance(10 * MINUTE - 0.5)
    sessions.peek(issued.token, HOST)
    clock.advance(0.5)

    assert await sessions.extend(issued.token) is None

    assert said(heard, events.certificate_expired) == [{"session": issued.session.ref, "module_key": "ada"}]
    assert [each.reason for each in ended] == [EndReason.CERTIFICATE_EXPIRED]


async def test_an_expired_session_is_not_extended(sessions, clock):
    issued = await sessions.create(AUTHENTICATED, "ada", audience=HOST)
    clock.advance(30 * MINUTE)

    assert await sessions.extend(issued.token) is None


# Validators.


async def test_a_validator_that_refuses_lets_the_session_run_out(sessions, clock, heard):
    asked = []
    sessions.add_extend_validator("certificate", lambda session: asked.append(session) or False)
    issued = await sessions.create(AUTHENTICATED, "ada", audience=HOST)
    clock.advance(20 * MINUTE)
    sessions.peek(issued.token, HOST)
    await sessions.tick()

    assert asked == [issued.session]
    assert said(heard, events.extension_rejected) == [
        {"session": issued.session.ref, "module_key": "ada", "validator": "certificate"}
    ]
    assert sessions.live()[0].last_activity == clock.now()
    clock.advance(10 * MINUTE)
    assert sessions.peek(issued.token, HOST) is None


@pytest.mark.parametrize("answer", [None, 1, "yes", 0, ""])
async def test_only_a_clear_yes_lets_a_session_go_on(sessions, clock, answer):
    sessions.add_extend_validator("odd", lambda _session: answer)
    issued = await sessions.create(AUTHENTICATED, "ada", audience=HOST)
    clock.advance(MINUTE)

    extended = await sessions.extend(issued.token)

    assert extended.expires_at == issued.session.expires_at


async def test_every_validator_has_to_agree_and_may_take_its_time(sessions, clock, heard):
    async def slow(_session):
        await asyncio.sleep(0)
        return True

    sessions.add_extend_validator("slow", slow)
    sessions.add_extend_validator("quick", lambda _session: True)
    issued = await sessions.create(AUTHENTICATED, "ada", audience=HOST)
    clock.advance(MINUTE)

    extended = await sessions.extend(issued.token)

    assert extended.expires_at == clock.now() + 30 * MINUTE
    assert [each["validator"] for each in said(heard, events.validator_registered)] == ["slow", "quick"]


async def test_a_validator_that_fails_refuses(sessions, clock, heard):
    def broken(_session):
        raise RuntimeError("no answer")

    sessions.add_extend_validator("broken", broken)
    issued = await sessions.create(AUTHENTICATED, "ada", audience=HOST)
    clock.advance(MINUTE)

    extended = await sessions.extend(issued.token)

    assert extended.expires_at == issued.session.expires_at
    assert [each["error"] for each in said(heard, events.validator_failed)] == ["RuntimeError: no answer"]


# The store fails, or somebody else writes.


async def test_use_that_cannot_be_written_down_is_told_once_for_all_and_tried_again(
    sessions, records, clock, heard
):
    issued = [await sessions.create(AUTHENTICATED, f"u{n}", audience=HOST) for n in range(3)]
    records.fails = lambda *_: True
    clock.advance(10 * MINUTE)
    for each in issued:
        sessions.peek(each.token, HOST)
    await sessions.tick()

    assert said(heard, events.activity_not_persisted) == [
        {"sessions": 3, "error": "StoreUnavailable: the disk is full"}
    ]
    assert all(sessions.peek(each.token, HOST) == each.session for each in issued)
    records.heal()
    clock.advance(MINUTE)
    sessions.peek(issued[0].token, HOST)
    await sessions.tick()
    assert sessions.peek(issued[0].token, HOST).expires_at == clock.now() + 30 * MINUTE


async def test_an_extension_that_cannot_be_stored_is_none(sessions, records, clock, heard):
    issued = await sessions.create(AUTHENTICATED, "ada", audience=HOST)
    clock.advance(MINUTE)
    records.fails = lambda *_: True

    assert await sessions.extend(issued.token) is None

    assert len(said(heard, events.extension_not_stored)) == 1
    assert sessions.peek(issued.token, HOST) == issued.session


@pytest.mark.parametrize("when", ["before", "after"])
async def test_an_extension_never_brings_back_a_session_revoked_meanwhile(
    sessions, records, memory, clock, when
):
    issued = await sessions.create(AUTHENTICATED, "ada", audience=HOST)
    clock.advance(MINUTE)
    revoked = []

    def interfere(name, _key):
        if name == "replace" and not revoked:
            revoked.append(True)
            return sessions.revoke_token(issued.token)
        return None

    setattr(records, when, interfere)
    assert await sessions.extend(issued.token) is None

    assert revoked
    assert await memory.list("session") == []


async def test_a_session_revoked_elsewhere_without_our_hearing_is_noticed_when_it_is_extended(
    start, clock, memory
):
    deaf = await start()
    issued = await deaf.create(AUTHENTICATED, "ada", audience=HOST)
    await deaf._following.follower.close()
    await memory.delete(encoding.record_key(encoding.digest(issued.token)))
    clock.advance(MINUTE)

    assert await deaf.extend(issued.token) is None
    assert deaf.peek(issued.token, HOST) is None


async def test_of_two_nodes_that_extend_the_later_use_counts(start, clock, until):
    here, deaf = await start(), await start()
    issued = await here.create(AUTHENTICATED, "ada", audience=HOST)
    await until(lambda: deaf.peek(issued.token, HOST))
    await deaf._following.follower.close()
    clock.advance(5 * MINUTE)
    ahead = await here.extend(issued.token)

    assert await deaf.extend(issued.token) == ahead
