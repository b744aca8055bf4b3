import asyncio
from datetime import timedelta

import pytest
from tests.authn.ldap.conftest import NEW, PASSWORD
from tests.journeys.ldap_server import ADMIN, BASE, PEOPLE, dn_of

from yett.authn.ldap import ChangeBy, Changed, NotChanged, Problem, events
from yett.authn.ldap.model import Finding
from yett.authn.password import Accepted, Expired, Reason, Rejected


def said(heard):
    return heard("ldapauth")


@pytest.mark.parametrize("name", ["ada", "Ada", " ADA "])
async def test_the_right_password_is_accepted_however_the_name_is_spelt(method, heard, name):
    assert await method.verify(name, PASSWORD) == Accepted("ada")
    assert said(heard) == [
        (events.attempting, {"user": "ada"}),
        (events.bind_successful, {"user": "ada", "is_expired": False}),
    ]
    assert PASSWORD not in str(heard())


async def test_a_wrong_password_is_not(method, heard):
    assert await method.verify("ada", "wrong") == Rejected(Reason.WRONG)
    assert said(heard)[-1] == (events.bind_failed, {"user": "ada", "reason": Finding.WRONG})


@pytest.mark.parametrize("name", ["", " ", "\t"])
async def test_nothing_is_asked_about_an_empty_name(method, heard, name):
    heard.forget()
    assert await method.verify(name, PASSWORD) == Rejected(Reason.MALFORMED)
    assert heard() == [(events.empty_username, {})]


async def test_nothing_is_asked_with_an_empty_password(method, heard):
    heard.forget()
    assert await method.verify("ada", "") == Rejected(Reason.MALFORMED)
    assert heard() == [(events.empty_password, {})]


@pytest.mark.parametrize(
    ("name", "password"),
    [("ada", "a\x00b"), ("ada", "a" * 2000), ("*", "x"), ("ada)(uid=*", "x"), (dn_of("ada"), PASSWORD)],
)
async def test_nothing_is_asked_about_what_cannot_be_a_name_or_a_password(method, heard, name, password):
    heard.forget()
    assert await method.verify(name, password) == Rejected(Reason.MALFORMED)
    assert heard() == []


async def test_a_name_that_nobody_has_costs_a_search_and_a_bind_and_is_not_written_down(method, heard):
    heard.forget()
    assert await method.verify("stranger", PASSWORD) == Rejected(Reason.UNKNOWN_PERSON)
    unknown = [event for event, _ in heard("ldap.conn")]
    assert said(heard) == [
        (events.attempting, {"user": ""}),
        (events.bind_failed, {"user": "", "reason": Finding.WRONG}),
    ]
    assert "stranger" not in str(heard())
    heard.forget()
    await method.verify("ada", "wrong")
    assert [event for event, _ in heard("ldap.conn")] == unknown


async def test_somebody_new_can_sign_in_before_the_next_sync(ldap, method):
    ldap.add_user("eve", PASSWORD)
    assert await method.verify("eve", PASSWORD) == Accepted("eve")


async def test_an_entry_that_moved_is_asked_where_it_is_now(ldap, method):
    ldap.add(f"dn: ou=more,{PEOPLE}\nobjectClass: organizationalUnit\nou: more\n")
    ldap.rename(dn_of("ada"), "uid=ada", parent=f"ou=more,{PEOPLE}")
    assert await method.verify("ada", PASSWORD) == Accepted("ada")


async def test_a_name_that_two_entries_claim_is_nobodys(ldap, method):
    ldap.add(f"dn: ou=more,{PEOPLE}\nobjectClass: organizationalUnit\nou: more\n")
    ldap.add(
        f"dn: uid=ada,ou=more,{PEOPLE}\nobjectClass: inetOrgPerson\nuid: ada\ncn: a\nsn: a\nuserPassword: {NEW}\n"
    )
    assert isinstance(await method.verify("ada", NEW), Rejected)
    assert isinstance(await method.verify("ada", PASSWORD), Rejected)


async def test_an_account_that_is_locked_is_not_let_in(ldap, method, heard):
    ldap.disable("ada")
    assert await method.verify("ada", PASSWORD) == Rejected(Reason.DISABLED)
    assert said(heard)[-1] == (events.bind_failed, {"user": "ada", "reason": Finding.LOCKED})


async def test_a_password_that_has_to_be_changed_is_right_and_good_for_nothing_else(ldap, method, heard):
    ldap.must_change("ada")
    assert await method.verify("ada", PASSWORD) == Expired("ada")
    assert await method.verify("ada", "wrong") == Rejected(Reason.WRONG)
    assert (events.bind_successful, {"user": "ada", "is_expired": True}) in said(heard)
    assert await method.change("ada", PASSWORD, NEW) == Changed()
    assert await method.verify("ada", NEW) == Accepted("ada")


async def test_a_password_that_ran_out_is_changed_by_the_account_of_the_gateway(ldap, method):
    policy = f"cn=policy,{BASE}"
    ldap.modify(policy, pwdMaxAge="1")
    # Not even its owner may bind with it then, unlike after a reset.
    ldap.add_user("eve", PASSWORD)
    async with asyncio.timeout(10):
        while await method.verify("eve", PASSWORD) != Expired("eve"):  # noqa: ASYNC110 - it runs out by itself
            await asyncio.sleep(0.1)
    assert await method.change("eve", "wrong", NEW) == NotChanged(Problem.WRONG)
    assert await method.change("eve", PASSWORD, NEW) == Changed()
    ldap.modify(policy, pwdMaxAge="0")
    assert await method.verify("eve", NEW) == Accepted("eve")


async def test_without_a_server_nobody_gets_in_and_it_is_said(ldap, method, heard):
    ldap.kill()
    assert await method.verify("ada", PASSWORD) == Rejected(Reason.FAILED)
    assert await method.verify("stranger", PASSWORD) == Rejected(Reason.FAILED)
    assert [event for event, _ in said(heard)].count(events.call_failed) == 2
    assert "stranger" not in str(said(heard))


async def test_servers_that_did_not_answer_are_left_alone_for_a_moment(ldap, method, heard):
    ldap.kill()
    await method.verify("ada", PASSWORD)
    heard.forget()
    assert await method.verify("ada", PASSWORD) == Rejected(Reason.FAILED)
    assert heard("ldap.conn") == []


async def test_a_server_that_hangs_lets_nobody_in(ldap, method):
    ldap.pause()
    try:
        assert await method.verify("ada", PASSWORD) == Rejected(Reason.FAILED)
    finally:
        ldap.resume()


async def test_fifty_at_once_each_get_their_own_answer(method):
    passwords = [PASSWORD if turn % 2 else "wrong" for turn in range(50)]
    found = await asyncio.gather(
        *(method.verify(("ada", "bob")[turn % 2], each) for turn, each in enumerate(passwords))
    )
    assert found == [Accepted("bob") if turn % 2 else Rejected(Reason.WRONG) for turn in range(50)]


async def test_too_many_at_once_are_turned_away(change_settings, heard):
    method = change_settings(parallel_checks=1, waiting_checks=1)
    found = await asyncio.gather(*(method.verify("ada", PASSWORD) for _ in range(5)))
    assert found.count(Accepted("ada")) == 2
    assert found.count(Rejected(Reason.BUSY, retry_after=1.0)) == 3
    assert [event for event, _ in said(heard)].count(events.turned_away) == 3


async def test_pretending_asks_about_nobody_and_says_nothing(method, heard):
    heard.forget()
    await method.pretend(PASSWORD)
    assert said(heard) == []
    assert PASSWORD not in str(heard())


async def test_pretending_does_not_wait_for_a_server_that_hangs_more_than_once(ldap, method, heard):
    ldap.pause()
    try:
        await method.pretend("x")
        heard.forget()
        await method.pretend("x")
        assert heard("ldap") == []
    finally:
        ldap.resume()
    assert await method.verify("ada", PASSWORD) == Accepted("ada")


async def test_a_refusal_takes_its_time_whoever_is_named(change_settings):
    method = change_settings(refusal_time=timedelta(milliseconds=300))
    loop = asyncio.get_running_loop()
    for call in (method.verify("ada", "wrong"), method.verify("stranger", "wrong"), method.pretend("x")):
        began = loop.time()
        await call
        assert loop.time() - began >= 0.29


# Changing.


async def test_a_password_is_changed_by_whoever_knows_it(method, heard):
    assert await method.change("ada", PASSWORD, NEW) == Changed()
    assert await method.verify("ada", NEW) == Accepted("ada")
    assert await method.verify("ada", PASSWORD) == Rejected(Reason.WRONG)
    assert (events.changed, {"user": "ada"}) in said(heard)
    assert NEW not in str(heard())


@pytest.mark.parametrize(
    ("name", "old", "new", "problem"),
    [
        ("ada", "wrong", NEW, Problem.WRONG),
        ("stranger", PASSWORD, NEW, Problem.WRONG),
        ("", PASSWORD, NEW, Problem.WRONG),
        ("ada", "", NEW, Problem.WRONG),
        ("ada", PASSWORD, "short", Problem.TOO_SHORT),
        ("ada", PASSWORD, "", Problem.TOO_SHORT),
        ("ada", PASSWORD, "a" * 2000, Problem.TOO_LONG),
    ],
)
async def test_each_reason_against_a_change_is_told(method, heard, name, old, new, problem):
    assert await method.change(name, old, new) == NotChanged(problem)
    assert said(heard)[-1] == (events.not_changed, {"user": name if name == "ada" else "", "reason": problem})


async def test_a_password_that_was_used_before_is_not_taken(method):
    assert await method.change("ada", PASSWORD, NEW) == Changed()
    assert await method.change("ada", NEW, PASSWORD) == NotChanged(Problem.IN_HISTORY)


async def test_nobody_changes_the_password_of_somebody_else_by_a_name(method):
    assert isinstance(await method.change(ADMIN, PASSWORD, NEW), NotChanged)
    assert isinstance(await method.change("bob*", PASSWORD, NEW), NotChanged)
    assert await method.verify("bob", PASSWORD) == Accepted("bob")


async def test_changing_can_be_left_to_others(change_settings):
    method = change_settings(change_by=ChangeBy.NOBODY)
    assert await method.change("ada", PASSWORD, NEW) == NotChanged(Problem.NOT_ALLOWED)


async def test_a_server_of_another_kind_refuses_the_change_of_active_directory(change_settings):
    method = change_settings(change_by=ChangeBy.ACTIVE_DIRECTORY)
    assert isinstance(await method.change("ada", PASSWORD, NEW), NotChanged)
    assert await method.verify("ada", PASSWORD) == Accepted("ada")


async def test_of_fifty_changes_at_once_one_takes_effect(method):
    news = [f"a new password {turn}" for turn in range(50)]
    found = await asyncio.gather(*(method.change("ada", PASSWORD, new) for new in news))
    changed = [new for new, each in zip(news, found, strict=True) if each == Changed()]
    assert len(changed) >= 1
    accepted = [new for new in changed if await method.verify("ada", new) == Accepted("ada")]
    assert len(accepted) == 1
    assert await method.verify("ada", PASSWORD) == Rejected(Reason.WRONG)


async def test_without_a_server_nothing_is_changed(ldap, method):
    ldap.kill()
    assert await method.change("ada", PASSWORD, NEW) == NotChanged(Problem.FAILED)
