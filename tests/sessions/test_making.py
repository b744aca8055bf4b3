import asyncio
from datetime import timedelta

import pytest
from tests.sessions.conftest import HOST, SIGN_IN

from yett.sessions import (
    EndReason,
    Refusal,
    SessionNotCreated,
    SessionSettings,
    SessionType,
    encoding,
    events,
)
from yett.store import MemoryRecords

AUTHENTICATED, SIGN_ON = SessionType.AUTHENTICATED, SessionType.SIGN_ON


def said(heard, *names):
    return [fields for emitter, fields in heard() if emitter in names]


async def stored_and_listed(memory):
    """Digests with a record, and digests that the index lists."""
    stored = {key.removeprefix("sessions/") for key, _ in await memory.list("sessions/")}
    listed = {d for _, record in await memory.list("session_index/") for d in record.value.decode().split()}
    return stored, listed


async def test_a_new_session_is_stored_listed_and_known_before_it_is_given_out(
    sessions, memory, clock, heard
):
    issued = await sessions.create(AUTHENTICATED, "ada", audience=HOST, metadata={"method": "password"})

    digest = encoding.digest(issued.token)
    assert await stored_and_listed(memory) == ({digest}, {digest})
    assert sessions.peek(issued.token, HOST) is issued.session or sessions.peek(issued.token, HOST)
    assert len(issued.token) == 43
    assert issued.session.metadata == {"method": "password"}
    assert issued.session.expires_at == clock.now() + 30 * 60
    assert issued.session.ends_at == clock.now() + 12 * 3600
    assert said(heard, events.created) == [
        {
            "session": issued.session.ref,
            "type": AUTHENTICATED,
            "module_key": "ada",
            "ttl": 1800.0,
            "host": issued.session.audience,
            "parent": "",
        }
    ]


async def test_the_record_runs_out_with_the_session_and_its_index_later(sessions, memory, clock):
    await sessions.create(AUTHENTICATED, "ada", audience=HOST)

    ((_, record),) = await memory.list("sessions/")
    ((_, listing),) = await memory.list("session_index/")
    assert record.expires_at == clock.now() + 30 * 60
    assert listing.expires_at >= clock.now() + 12 * 3600


async def test_metadata_given_is_copied(sessions):
    metadata = {"a": "1"}
    issued = await sessions.create(AUTHENTICATED, "ada", audience=HOST, metadata=metadata)
    metadata["a"] = "2"

    assert issued.session.metadata == {"a": "1"}
    with pytest.raises(TypeError):
        issued.session.metadata["a"] = "3"


@pytest.mark.parametrize(("owner", "host"), [("", HOST), ("ada", ""), ("a" * 300, HOST), ("a\x00", HOST)])
async def test_what_no_session_can_have_is_refused_before_anything_is_written(sessions, records, owner, host):
    records.heal()

    with pytest.raises(ValueError, match="of a session"):
        await sessions.create(AUTHENTICATED, owner, audience=host)
    assert records.operations == 0


async def test_a_session_ends_with_the_certificate_it_rests_on(sessions, clock, heard):
    issued = await sessions.create(
        AUTHENTICATED, "ada", audience=HOST, certificate_not_after=clock.now() + 60
    )

    assert said(heard, events.capped_at_creation) == [
        {"session": issued.session.ref, "module_key": "ada", "ttl": 60.0}
    ]
    clock.advance(60)
    assert sessions.peek(issued.token, HOST) is None
    await sessions.tick()
    assert len(said(heard, events.certificate_expired)) == 1


@pytest.mark.parametrize("certificate", [0.0, -60.0, float("nan")])
async def test_an_expired_certificate_makes_no_session(sessions, records, clock, heard, certificate):
    records.heal()

    with pytest.raises(SessionNotCreated) as refused:
        await sessions.create(
            AUTHENTICATED, "ada", audience=HOST, certificate_not_after=clock.now() + certificate
        )
    assert refused.value.reason is Refusal.NO_LIFETIME
    assert said(heard, events.refused) == [
        {"type": AUTHENTICATED, "module_key": "ada", "reason": Refusal.NO_LIFETIME}
    ]
    assert records.operations == 0


async def test_without_a_durable_store_the_operator_is_warned_once(start, clock, heard):
    memory = MemoryRecords(clock)
    sessions = await start(on=memory)

    for _ in range(3):
        await sessions.create(AUTHENTICATED, "ada", audience=HOST)

    assert said(heard, events.not_durable) == [{}]
    await memory.close()


async def test_a_random_source_that_fails_makes_no_session(start, memory, heard):
    def fail():
        raise OSError("no entropy")

    sessions = await start(new_token=fail)

    with pytest.raises(SessionNotCreated) as refused:
        await sessions.create(AUTHENTICATED, "ada", audience=HOST)
    assert refused.value.reason is Refusal.NO_ID
    assert said(heard, events.id_not_generated) == [{"module_key": "ada", "error": "OSError: no entropy"}]
    assert await stored_and_listed(memory) == (set(), set())


async def test_a_random_source_that_repeats_itself_harms_nobody(start, memory, heard):
    sessions = await start(new_token=lambda: "t" * 43)
    first = await sessions.create(AUTHENTICATED, "ada", audience=HOST)

    with pytest.raises(SessionNotCreated) as refused:
        await sessions.create(AUTHENTICATED, "eve", audience=HOST)

    assert refused.value.reason is Refusal.NO_ID
    assert len(said(heard, events.id_not_generated)) == 1
    assert sessions.peek(first.token, HOST) == first.session
    ((listing, _),) = await memory.list(encoding.INDEX)
    assert listing == encoding.index_key("ada", first.session.ref)


# The sign-on it hangs on.


async def test_a_session_does_not_outlive_its_sign_on(sessions, clock):
    sign_on = await sessions.create(SIGN_ON, "ada", audience=SIGN_IN)
    for _ in range(11):
        clock.advance(20 * 60)
        sessions.peek(sign_on.token, SIGN_IN)
        await sessions.tick()

    at_app = await sessions.create(AUTHENTICATED, "ada", audience=HOST, parent=sign_on.session.ref)

    assert at_app.session.ends_at == sign_on.session.ends_at


@pytest.mark.parametrize("how", ["unknown", "revoked", "expired"])
async def test_nothing_can_hang_on_a_sign_on_that_is_over(sessions, clock, memory, how):
    sign_on = await sessions.create(SIGN_ON, "ada", audience=SIGN_IN)
    ref = sign_on.session.ref
    if how == "unknown":
        ref = "0190f0a4-0000-7000-8000-000000000000"
    elif how == "revoked":
        await sessions.revoke(ref)
    else:
        clock.advance(30 * 60)

    with pytest.raises(SessionNotCreated) as refused:
        await sessions.create(AUTHENTICATED, "ada", audience=HOST, parent=ref)

    assert refused.value.reason is Refusal.PARENT_ENDED
    assert len(await memory.list("sessions/")) == (1 if how == "unknown" else 0)


async def test_the_sign_on_of_somebody_else_is_unknown_to_the_store_lookup(start):
    here, deaf = await start(), await start()
    await deaf._following.follower.close()
    sign_on = await here.create(SIGN_ON, "ada", audience=SIGN_IN)

    with pytest.raises(SessionNotCreated):
        await deaf.create(AUTHENTICATED, "eve", audience=HOST, parent=sign_on.session.ref)


@pytest.mark.parametrize("step", range(1, 4))
@pytest.mark.parametrize("end", ["sign_on", "all"])
async def test_a_revocation_in_the_middle_of_making_leaves_no_session(sessions, records, memory, step, end):
    sign_on = await sessions.create(SIGN_ON, "ada", audience=SIGN_IN)
    records.heal()
    has_ended = []

    async def revoke_now():
        await (sessions.revoke(sign_on.session.ref) if end == "sign_on" else sessions.revoke_all("ada"))

    def interfere(_name, _key):
        if records.operations == step and not has_ended:
            has_ended.append(True)
            return revoke_now()
        return None

    records.before = interfere
    with pytest.raises(SessionNotCreated) as refused:
        await sessions.create(AUTHENTICATED, "ada", audience=HOST, parent=sign_on.session.ref)

    assert has_ended
    assert refused.value.reason in {Refusal.REVOKED, Refusal.PARENT_ENDED}
    assert sessions.live() == []
    assert await stored_and_listed(memory) == (set(), set())


@pytest.mark.parametrize("step", range(1, 4))
async def test_revoking_all_on_another_node_in_the_middle_of_making_leaves_no_session(
    start, records, memory, step
):
    here, there = await start(), await start()
    for node in (here, there):
        await node._following.follower.close()
    revoking = []

    def interfere(_name, _key):
        if records.operations == step and not revoking:
            revoking.append(True)
            return there.revoke_all("ada")
        return None

    records.heal()
    records.before = interfere
    (made,) = await asyncio.gather(here.create(AUTHENTICATED, "ada", audience=HOST), return_exceptions=True)

    if isinstance(made, SessionNotCreated):
        assert made.reason is Refusal.REVOKED
        assert await stored_and_listed(memory) == (set(), set())
    else:
        # It was listed only after the revocation had looked.
        assert step == 1
        assert here.peek(made.token, HOST) is not None
        assert len((await stored_and_listed(memory))[1]) == 1


# Too many.


async def test_one_session_too_many_ends_the_one_used_least_recently(start, clock):
    sessions = await start(settings=SessionSettings(max_per_user=3))
    made = []
    for _ in range(3):
        clock.advance(1)
        made.append(await sessions.create(AUTHENTICATED, "ada", audience=HOST))
    sign_on = await sessions.create(SIGN_ON, "ada", audience=SIGN_IN)
    clock.advance(1)
    sessions.peek(made[0].token, HOST)
    ended = []
    sessions.ended.connect(ended.append)

    made.append(await sessions.create(AUTHENTICATED, "ada", audience=HOST))

    assert [(each.session.ref, each.reason) for each in ended] == [
        (made[1].session.ref, EndReason.SUPERSEDED)
    ]
    assert sessions.peek(sign_on.token, SIGN_IN) is not None


# A store that fails at every possible moment.


@pytest.mark.parametrize("applies", [False, True])
@pytest.mark.parametrize("lasting", [False, True])
@pytest.mark.parametrize("nth", range(1, 7))
async def test_when_the_nth_operation_fails_there_is_a_whole_session_or_none(
    sessions, records, memory, heard, start, nth, lasting, applies
):
    sign_on = await sessions.create(SIGN_ON, "ada", audience=SIGN_IN)
    heard.forget()
    records.heal()
    records.applies = applies
    records.fails = lambda number, _name, _key: number >= nth if lasting else number == nth
    try:
        issued = await sessions.create(AUTHENTICATED, "ada", audience=HOST, parent=sign_on.session.ref)
    except SessionNotCreated as refused:
        issued = None
        event = {
            Refusal.NOT_INDEXED: events.index_not_updated,
            Refusal.NOT_STORED: events.session_not_stored,
        }[refused.reason]
        assert [each["module_key"] for each in said(heard, event)] == ["ada"]
        assert said(heard, events.created) == []
    assert (issued is None) is (nth <= 3)

    records.heal()
    await sessions.tick()
    elsewhere = await start()
    stored, listed = await stored_and_listed(memory)
    assert stored <= listed
    assert len(elsewhere.live()) == len(sessions.live()) == (1 if issued is None else 2)
    if issued is not None:
        assert sessions.peek(issued.token, HOST) == issued.session
    assert await elsewhere.revoke_all("ada") == (1 if issued is None else 2)
    assert (await stored_and_listed(memory))[0] == set()


async def test_many_sign_ins_at_once_each_get_their_own(sessions, memory):
    issued = await asyncio.gather(
        *(sessions.create(AUTHENTICATED, f"user{n % 7}", audience=HOST) for n in range(200))
    )

    assert len({each.token for each in issued}) == len({each.session.ref for each in issued}) == 200
    assert all(sessions.peek(each.token, HOST) == each.session for each in issued)
    assert sum([await sessions.revoke_all(f"user{n}") for n in range(7)]) == 200
    assert await stored_and_listed(memory) == (set(), set())


async def test_a_shorter_lifetime_can_be_asked_for(sessions, clock):
    issued = await sessions.create(SessionType.REAUTH, "ada", audience=HOST, lifetime=timedelta(seconds=90))

    assert issued.session.expires_at == issued.session.ends_at == clock.now() + 90
