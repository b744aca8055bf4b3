"""Sessions of people who went while nobody was looking."""

import asyncio
from dataclasses import replace

import pytest

from yett.identity import PersonChanged
from yett.kernel import Supervisor
from yett.sessions import SessionType
from yett.signin import Leftovers, SignedIn, events
from yett.signin.model import Method, Purpose, Visitor

HOST = "login.example.test"
VISITOR = Visitor("192.0.2.7", "Testfox/1.0")


@pytest.fixture
async def left(place):
    """A sign-on session of Ada's with an application below it, half a sign-in, and one of nobody in particular."""
    outcome = await place.flow.proved("ada", Method.PASSWORD, VISITOR, earlier=None)
    assert isinstance(outcome, SignedIn)
    session = outcome.issued.session
    await place.sessions.create(SessionType.AUTHENTICATED, "ada", audience="app.test", parent=session.ref)
    await place.flow.pend(place.people.person("ada"), Purpose.SIGN_IN, {})
    await place.sessions.create(SessionType.PROOF_OF_WORK, "ada", audience=HOST)
    return outcome.issued.token


@pytest.fixture
async def tasks():
    tasks = Supervisor()
    yield tasks
    await tasks.stop()


def types(place):
    return {session.type for session in place.sessions.live()}


@pytest.mark.usefixtures("left")
@pytest.mark.parametrize(
    ("change", "goes"),
    [
        (lambda ada: ada, False),
        (lambda ada: replace(ada, groups=("other",), email=""), False),
        (lambda ada: replace(ada, id="2"), True),
        (lambda ada: replace(ada, source="ldap"), True),
        (lambda ada: replace(ada, is_disabled=True), True),
    ],
    ids=["the same", "the same with other facts", "another entry", "another source", "disabled"],
)
async def test_sessions_end_at_the_start_when_their_person_is_not_there(place, tasks, heard, change, goes):
    place.people.table["ada"] = change(place.people.person("ada"))
    heard.forget()
    await Leftovers(place.sessions, place.people, tasks).start()

    said = heard("signin.leftovers")
    if goes:
        assert types(place) == {SessionType.PROOF_OF_WORK}
        # The application's session goes with the one that it hangs on.
        assert said == [(events.left_over_ended, {"sessions": said[0][1]["sessions"]})]
        assert said[0][1]["sessions"] in {2, 3}
    else:
        assert len(types(place)) == 4
        assert said == []


@pytest.mark.usefixtures("left")
@pytest.mark.parametrize(("number", "stays"), [("", True), ("2", False)])
async def test_sessions_of_somebody_who_is_not_there_wait_for_them_and_for_nobody_else(
    place, tasks, heard, number, stays
):
    ada = place.people.table.pop("ada")
    leftovers = Leftovers(place.sessions, place.people, tasks)
    await leftovers.start()
    assert len(types(place)) == 4

    came = place.people.table["ada"] = replace(ada, id=number)
    leftovers.told(PersonChanged("ada", came, was_disabled=False))
    async with asyncio.timeout(5):
        while len(tasks):  # noqa: ASYNC110 - the supervisor has no event for it
            await asyncio.sleep(0)
    assert (len(types(place)) == 4) is stays
    assert (types(place) == {SessionType.PROOF_OF_WORK}) is not stays
    assert bool(heard("signin.leftovers")) is not stays


async def test_a_session_of_the_one_before_is_not_that_of_the_next(place, left):
    assert (await place.flow.current(left))[1].name == "ada"
    place.people.table["ada"] = replace(place.people.person("ada"), id="2")
    assert await place.flow.current(left) is None
