import asyncio

import pytest
from tests.signin.profile.conftest import QUICK

from yett.authn.password import Accepted, Hasher, Reason, Rejected
from yett.identity import PasswordChanged
from yett.notify import MailKind
from yett.sessions import Issued
from yett.signin.profile import PasswordChanges, events
from yett.signin.profile.password import status_of

NEW = "another long password"


async def test_a_changed_password_ends_every_session_but_this_one(home, heard):
    this, other = await home.owner(), await home.owner()
    issued = await home.password.change(this, "correct horse", NEW)
    assert isinstance(issued, Issued)
    flow = home.house.flow
    assert await flow.current(other.token) is None
    # A thief may have a copy of the cookie as well.
    assert await flow.current(this.token) is None
    assert (await flow.current(issued.token))[0].ref == this.session.ref
    assert await home.door.verify("ada", NEW) == Accepted("ada")
    assert (await home.door.verify("ada", "correct horse")).reason is Reason.WRONG
    assert heard("profile.password")[0][1]["user"] == "ada"


async def test_the_session_in_which_it_was_changed_outlives_a_restart(home):
    this = await home.owner()
    issued = await home.password.change(this, "correct horse", NEW)
    await home.changes.start()
    assert await home.house.flow.current(issued.token)


async def test_people_are_told_by_mail(home, eventually):
    await home.house.data.set("preferences", "ada", {"language": "de"})
    await home.password.change(await home.owner(), "correct horse", NEW)
    await eventually(lambda: home.house.mails.sent)
    ((kind, to, language, fields),) = home.house.mails.sent
    assert (kind, to, language, list(fields)) == (MailKind.PASSWORD_CHANGED, "ada@example.test", "de", ["at"])


@pytest.mark.parametrize(
    ("verdict", "status", "words"),
    [
        (Rejected(Reason.WRONG), 422, "old password is not right"),
        (Rejected(Reason.THROTTLED, 9.0), 429, "Too many wrong"),
        (Rejected(Reason.BUSY), 503, "Too many people"),
        (Rejected(Reason.FAILED), 503, "does not work"),
    ],
)
async def test_who_does_not_know_the_old_one_changes_nothing(home, verdict, status, words):
    this, other = await home.owner(), await home.owner()
    home.door.verdict = verdict
    notice = await home.password.change(this, "wrong", NEW)
    assert words in notice.heading
    assert status_of(notice) == status
    assert await home.house.flow.current(other.token)
    assert await home.house.flow.current(this.token)


async def test_a_new_password_has_to_be_long_enough(home):
    notice = await home.password.change(await home.owner(), "correct horse", "short")
    assert "at least 12" in notice.sentence


async def test_people_of_ldap_change_it_there(home):
    liz = await home.owner("liz")
    assert home.password.is_offered(liz.person)
    assert isinstance(await home.password.change(liz, "violin string", "another string"), Issued)
    assert home.house.words.table["liz"] == "another string"
    notice = await home.password.change(liz, "another string", "short")
    assert notice.sentence == "It has to have 8 letters."


async def test_a_password_is_only_offered_to_those_who_have_one(home):
    home.users.set_password_hash("eve", "")
    eve = await home.owner("eve")
    assert not home.password.is_offered(eve.person)
    assert status_of(await home.password.change(eve, "apple", NEW)) == 503


async def test_without_the_store_nothing_is_changed(home, heard):
    this = await home.owner()
    home.house.records.is_broken = True
    assert status_of(await home.password.change(this, "correct horse", NEW)) == 503
    home.house.records.is_broken = False
    assert await home.door.verify("ada", "correct horse") == Accepted("ada")
    assert heard("profile.password")[0][0] is events.session_not_marked


async def test_of_fifty_changes_at_once_one_is_made(home):
    owners = [await home.owner() for _ in range(5)]
    tries = [
        home.password.change(owners[number % 5], "correct horse", f"{NEW} {number}") for number in range(50)
    ]
    made = [outcome for outcome in await asyncio.gather(*tries) if isinstance(outcome, Issued)]
    assert len(made) == 1
    assert len([each for each in home.house.sessions.live("ada") if each.type.value == "sign_on"]) == 1


# Whoever else changes it.


async def test_the_command_ends_sessions_while_the_gateway_runs(home, clock, eventually):
    this, eve = await home.owner(), await home.owner("eve")
    new = Hasher(QUICK).hash(b"set by an operator")
    home.users.set_password_hash("ada", new, changed_at=clock.now() + 1.5)
    home.users.refresh()
    await eventually(lambda: not home.house.sessions.live("ada"))
    assert await home.house.flow.current(this.token) is None
    assert await home.house.flow.current(eve.token)


async def test_and_while_it_did_not_run(home, clock, heard):
    this = await home.owner()
    home.users.set_password_hash("ada", Hasher(QUICK).hash(b"x" * 12), changed_at=clock.now() + 1.5)
    home.users.password_changed._listeners.clear()
    home.users.refresh()
    await PasswordChanges(home.users, home.house.sessions, home.tasks).start()
    assert await home.house.flow.current(this.token) is None
    assert heard("profile.password")[0][0] is events.ended_with_password


async def test_later_sessions_are_left_alone(home, clock):
    clock.advance(10)
    this = await home.owner()
    await home.changes.end_older(PasswordChanged("ada", clock.now() - 5))
    assert await home.house.flow.current(this.token)


async def test_a_renewed_hash_ends_nothing(home):
    this = await home.owner()
    home.users.set_password_hash("ada", Hasher(QUICK).hash(b"correct horse"))
    home.users.refresh()
    await asyncio.sleep(0)
    assert await home.house.flow.current(this.token)
