import pytest
from tests.sessions.conftest import HOST

from yett.kernel import CommandFailed, commands
from yett.sessions import SessionCommands


@pytest.fixture
def operator(sessions):
    return SessionCommands(sessions)


def test_the_commands_are_declared():
    for path, writes in (("list", False), ("revoke", True), ("revoke-all", True)):
        declared = commands["sessions", path]
        assert declared.owner == "SessionCommands"
        assert declared.writes is writes


async def test_sessions_are_listed_for_everybody_or_for_one(operator, sessions, sign_in):
    sign_on, at_app = await sign_in(sessions)
    await sign_in(sessions, "bob")

    everybody = await operator.show()
    mine = await operator.show(user="ada")

    assert len(everybody.rows) == 4
    rows = [dict(zip(mine.columns, row, strict=True)) for row in mine.rows]
    assert {row["ref"]: row["parent"] for row in rows} == {
        sign_on.session.ref: None,
        at_app.session.ref: sign_on.session.ref,
    }
    assert {row["user"] for row in rows} == {"ada"}
    assert rows[0]["created"] == "2027-01-15T08:00:00+00:00"
    assert (await operator.show(user="nobody")).rows == ()


async def test_a_session_can_be_ended_by_its_ref(operator, sessions, sign_in):
    _, at_app = await sign_in(sessions)

    await operator.end(at_app.session.ref)

    assert sessions.peek(at_app.token, HOST) is None
    with pytest.raises(CommandFailed, match="sessions list"):
        await operator.end(at_app.session.ref)


async def test_everything_of_a_user_can_be_ended(operator, sessions, sign_in):
    await sign_in(sessions)

    assert (await operator.end_all("ada")).rows == (("ada", 2),)
    assert (await operator.end_all("ada")).rows == (("ada", 0),)
