import asyncio

import pytest
from tests.sessions.conftest import HOST, SIGN_IN

from yett.kernel import new_secret
from yett.sessions import SessionType, encoding, events
from yett.store import Record

AUTHENTICATED, SIGN_ON = SessionType.AUTHENTICATED, SessionType.SIGN_ON
FAILURES = {
    events.regeneration_fetch_failed: "Fetch failures",
    events.regeneration_generate_failed: "Generate failures",
    events.regeneration_store_failed: "Store failures",
    events.regeneration_index_failed: "Index failures",
    events.regeneration_delete_failed: "Delete failures",
}


def said(heard, *names):
    return [fields for emitter, fields in heard() if emitter in names]


async def stored_and_listed(memory):
    stored = {key.removeprefix("sessions/") for key, _ in await memory.list("sessions/")}
    listed = {d for _, record in await memory.list("session_index/") for d in record.value.decode().split()}
    return stored, listed


async def test_the_same_session_gets_a_new_token_and_the_old_one_is_dead(sessions, sign_in, memory, heard):
    sign_on, at_app = await sign_in(sessions)
    ended = []
    sessions.ended.connect(ended.append)

    renewed = await sessions.regenerate(sign_on.token)

    assert renewed.session == sign_on.session
    assert renewed.token != sign_on.token
    assert sessions.peek(sign_on.token, SIGN_IN) is None
    assert await sessions.validate(sign_on.token, audience=SIGN_IN) is None
    assert sessions.peek(renewed.token, SIGN_IN) == sign_on.session
    assert ended == []
    assert said(heard, events.regenerated) == [{"session": sign_on.session.ref, "module_key": "ada"}]
    digests = {encoding.digest(renewed.token), encoding.digest(at_app.token)}
    assert await stored_and_listed(memory) == (digests, digests)


async def test_what_hangs_on_a_regenerated_sign_on_still_ends_with_it(sessions, sign_in):
    sign_on, at_app = await sign_in(sessions)
    renewed = await sessions.regenerate(sign_on.token)

    assert await sessions.revoke_token(renewed.token)

    assert sessions.peek(at_app.token, HOST) is None


async def test_an_ended_session_gets_no_new_token(sessions, sign_in, clock, heard):
    sign_on, at_app = await sign_in(sessions)
    await sessions.revoke_token(at_app.token)
    assert await sessions.regenerate(at_app.token) is None
    clock.advance(1800)
    assert await sessions.regenerate(sign_on.token) is None
    assert await sessions.regenerate("x" * 43) is None

    assert len(said(heard, events.not_found_for_regeneration)) == 3


async def test_of_many_requests_with_one_token_exactly_one_gets_a_new_one(start, sign_in, memory, until):
    here, there = await start(), await start()
    _, at_app = await sign_in(here)
    await until(lambda: there.peek(at_app.token, HOST))

    answers = await asyncio.gather(*(node.regenerate(at_app.token) for node in (here, there) * 5))

    (renewed,) = (answer for answer in answers if answer is not None)
    await until(lambda: here.peek(renewed.token, HOST) and there.peek(renewed.token, HOST))
    stored, listed = await stored_and_listed(memory)
    assert stored <= listed
    assert len(stored) == 2
    assert await there.revoke_all("ada") == 2
    assert (await stored_and_listed(memory))[0] == set()


@pytest.mark.parametrize("elsewhere", [False, True])
@pytest.mark.parametrize("end", ["revoke", "revoke_all"])
@pytest.mark.parametrize("step", range(1, 9))
async def test_a_revocation_at_any_step_leaves_no_session(
    start, sign_in, records, memory, step, end, elsewhere
):
    sessions = await start()
    other = await start() if elsewhere else sessions
    sign_on, _ = await sign_in(sessions)
    records.heal()
    revoking = []

    async def revoke_now():
        await (other.revoke(sign_on.session.ref) if end == "revoke" else other.revoke_all("ada"))

    def interfere(_name, _key):
        if records.operations == step and not revoking:
            revoking.append(True)
            return revoke_now()
        return None

    records.before = interfere
    await sessions.regenerate(sign_on.token)
    if not revoking:
        await revoke_now()
    records.before = None
    await asyncio.sleep(0)
    await sessions.tick()

    assert await stored_and_listed(memory) == (set(), set())
    assert [each.ref for node in {sessions, other} for each in node.live()] == []


@pytest.mark.parametrize("applies", [False, True])
@pytest.mark.parametrize("lasting", [False, True])
@pytest.mark.parametrize("nth", range(1, 9))
async def test_when_the_nth_operation_fails_at_most_one_token_is_good_and_it_is_listed(
    sessions, sign_in, records, memory, heard, start, nth, lasting, applies
):
    sign_on, _ = await sign_in(sessions)
    heard.forget()
    records.heal()
    records.applies = applies
    records.fails = lambda number, _name, _key: number >= nth if lasting else number == nth

    renewed = await sessions.regenerate(sign_on.token)

    is_old_good = sessions.peek(sign_on.token, SIGN_IN) is not None
    is_new_good = renewed is not None and sessions.peek(renewed.token, SIGN_IN) is not None
    assert not (is_old_good and is_new_good)
    assert is_new_good is (renewed is not None)
    if renewed is None:
        assert len(said(heard, *FAILURES)) >= 1
    records.heal()
    await sessions.tick()
    stored, listed = await stored_and_listed(memory)
    assert stored <= listed
    elsewhere = await start()
    assert {each.ref for each in elsewhere.live()} == {each.ref for each in sessions.live()}
    await elsewhere.revoke_all("ada")
    assert (await stored_and_listed(memory))[0] == set()


@pytest.mark.parametrize(
    ("operation", "number", "event"),
    [
        ("replace", 1, events.regeneration_index_failed),
        ("create", 1, events.regeneration_store_failed),
        ("take", 1, events.regeneration_delete_failed),
    ],
)
async def test_each_failure_is_told_by_its_name(sessions, sign_in, records, heard, operation, number, event):
    sign_on, _ = await sign_in(sessions)
    records.heal()
    seen = []
    records.fails = lambda _n, name, _key: name == operation and (seen.append(name) or len(seen) == number)

    await sessions.regenerate(sign_on.token)

    assert said(heard, event) == [
        {"session": sign_on.session.ref, "error": "StoreUnavailable: the disk is full"}
    ]
    assert event.declaration.message == FAILURES[event]


async def test_a_token_that_cannot_be_looked_up_is_told(sessions, records, heard):
    records.fails = lambda *_: True

    assert await sessions.regenerate("x" * 43) is None

    assert len(said(heard, events.regeneration_fetch_failed)) == 1


@pytest.mark.parametrize("fault", ["fails", "repeats"])
async def test_a_random_source_out_of_order_leaves_the_session_as_it_was(start, memory, fault, heard):
    tokens = [new_secret()]

    def next_token():
        if len(tokens) == 1 or fault == "repeats":
            tokens.append("")
            return tokens[0]
        raise OSError("no entropy")

    sessions = await start(new_token=next_token)
    issued = await sessions.create(AUTHENTICATED, "ada", audience=HOST)

    assert await sessions.regenerate(issued.token) is None

    assert sessions.peek(issued.token, HOST) == issued.session
    assert len(said(heard, events.regeneration_generate_failed)) == 1
    digest = encoding.digest(issued.token)
    assert await stored_and_listed(memory) == ({digest}, {digest})


async def test_when_the_old_token_cannot_be_deleted_it_is_dead_here_and_deleted_later(
    sessions, sign_in, records, memory
):
    sign_on, _ = await sign_in(sessions)
    records.fails = lambda _number, name, _key: name in {"take", "delete"}

    renewed = await sessions.regenerate(sign_on.token)

    assert sessions.peek(sign_on.token, SIGN_IN) is None
    assert sessions.peek(renewed.token, SIGN_IN) is not None
    old = encoding.record_key(encoding.digest(sign_on.token))
    assert isinstance(await memory.get(old), Record)
    records.heal()
    await sessions.tick()
    assert await memory.get(old) is None
    assert sessions.peek(renewed.token, SIGN_IN) is not None


async def test_a_session_struck_off_the_index_meanwhile_gets_no_new_token(sessions, sign_in, records, memory):
    sign_on, at_app = await sign_in(sessions)

    def strike(name, _key):
        if name == "take":
            return memory.delete(encoding.index_key("ada", sign_on.session.ref))
        return None

    records.after = strike
    assert await sessions.regenerate(sign_on.token) is None

    assert sessions.live() == []
    assert sessions.peek(at_app.token, HOST) is None
    assert await memory.list("sessions/") == []
