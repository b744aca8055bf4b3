from tests.sessions.conftest import HOST

from yett.sessions import EndReason, SessionType, events


def said(heard, *names):
    return [fields for emitter, fields in heard() if emitter in names]


async def test_callbacks_hear_of_each_session_that_begins_and_ends(sessions, heard):
    begun, gone, ended = [], [], []
    sessions.on_create("counter", begun.append)
    sessions.on_delete("cache", lambda ref, owner: gone.append((ref, owner)))
    sessions.on_delete_v2("proxy", ended.append)

    issued = await sessions.create(SessionType.AUTHENTICATED, "ada", audience=HOST)
    await sessions.revoke_token(issued.token)

    assert begun == [issued.session]
    assert gone == [(issued.session.ref, "ada")]
    assert [(each.session, each.reason) for each in ended] == [(issued.session, EndReason.REVOKED)]
    assert said(heard, events.create_callback_registered) == [{"callback": "counter"}]
    assert said(heard, events.delete_callback_registered) == [{"callback": "cache"}]
    assert said(heard, events.delete_v2_callback_registered) == [{"callback": "proxy"}]


async def test_a_callback_that_raises_harms_neither_the_session_nor_the_other_callbacks(sessions, heard):
    def broken(*_values):
        raise RuntimeError("lost")

    begun, ended = [], []
    sessions.on_create("broken", broken)
    sessions.on_create("sound", begun.append)
    sessions.on_delete("broken", broken)
    sessions.on_delete_v2("broken", broken)
    sessions.ended.connect(ended.append)
    sessions.created.connect(begun.append)

    issued = await sessions.create(SessionType.AUTHENTICATED, "ada", audience=HOST)
    assert sessions.peek(issued.token, HOST) == issued.session
    assert await sessions.revoke_token(issued.token)

    assert begun == [issued.session] * 2
    assert len(ended) == 1
    assert [each["step"].value for each in said(heard, events.callback_panicked)] == [
        "create",
        "delete",
        "delete_v2",
    ]
    assert {each["error"] for each in said(heard, events.callback_panicked)} == {"RuntimeError: lost"}


async def test_a_session_is_no_longer_accepted_when_its_end_is_told(sessions):
    accepted = []
    issued = await sessions.create(SessionType.AUTHENTICATED, "ada", audience=HOST)
    sessions.ended.connect(lambda _ended: accepted.append(sessions.peek(issued.token, HOST)))

    await sessions.revoke_token(issued.token)

    assert accepted == [None]
