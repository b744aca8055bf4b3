"""Everybody's passwords: who has to wait, which source is asked, and what is said."""

import asyncio
from dataclasses import replace

import pytest
from tests.signin.house import LIZ, Syncing
from tests.signin.place import ADA, People

from yett.authn.guessing import By, Limits, Policy
from yett.authn.guessing import events as guessing
from yett.authn.password import Accepted, Expired, Reason, Rejected
from yett.events import Scope, enter_scope, leave_scope
from yett.signin import LDAP, Passwords, SyncResult, events

HERE = "192.0.2.7"
WAITS = (1.0, 900.0, 7200.0)
LIMITS = Limits(Policy(5, *WAITS), Policy(50, *WAITS), 50_000)


class Checks:
    """A source of passwords that is a table, and remembers what it was asked."""

    def __init__(self, **table) -> None:
        self.table = table
        self.verdict = None
        self.asked = []
        self.pretended = None

    def can_be(self, password):
        return bool(password)

    async def verify(self, name, password):
        self.asked.append((name, password))
        if not password:
            return Rejected(Reason.MALFORMED)
        if self.verdict is not None:
            return self.verdict
        return Accepted(name) if self.table.get(name) == password else Rejected(Reason.WRONG)

    async def pretend(self, _password):
        self.asked.append("pretended")
        return self.pretended


class House:
    def __init__(self, clock, *, has_ldap=True) -> None:
        self.people = People(ADA, LIZ)
        self.local, self.ldap = Checks(ada="horse"), Checks(liz="violin", new="piano")
        self.syncing = Syncing()
        ldap = LDAP("ldap", self.ldap, self.syncing) if has_ldap else None
        self.door = Passwords(self.local, self.people, LIMITS, clock, ldap)

    async def verify(self, name, password, address=HERE):
        return await self.door.verify(name, password, client_address=address)


@pytest.fixture
def house(clock):
    return House(clock)


@pytest.fixture
def alone(clock):
    return House(clock, has_ldap=False)


async def test_without_ldap_the_users_file_decides(alone, heard):
    assert await alone.verify("ADA", "horse") == Accepted("ada")
    assert await alone.verify("liz", "violin") == Rejected(Reason.WRONG)
    assert alone.ldap.asked == []
    assert heard("signin") == []


async def test_people_of_the_users_file_are_checked_there_and_ldap_only_takes_its_time(house, heard):
    assert await house.verify("ada", "horse") == Accepted("ada")
    assert house.local.asked == [("ada", "horse")]
    assert house.ldap.asked == ["pretended"]
    assert house.syncing.asked == []
    assert heard("signin") == []


async def test_people_of_ldap_are_checked_there_and_read_anew(house, heard):
    assert await house.verify("liz", "violin") == Accepted("liz")
    assert house.local.asked == ["pretended"]
    assert house.ldap.asked == [("liz", "violin")]
    assert house.syncing.asked == ["liz"]
    assert heard("signin") == [
        (events.ldap_attempted, {"user": "liz"}),
        (events.ldap_bound, {"user": "liz"}),
    ]


async def test_a_name_that_nobody_has_goes_to_ldap_and_is_not_written_down(house, heard):
    assert await house.verify("hunter2", "x") == Rejected(Reason.WRONG)
    assert house.local.asked == ["pretended"]
    assert heard("signin") == [(events.ldap_attempted, {"user": ""})]


async def test_a_text_that_cannot_be_a_name_costs_the_same_and_goes_nowhere(house):
    assert await house.verify("not a name!", "x") == Rejected(Reason.WRONG)
    assert house.local.asked == [("", "x")]
    assert house.ldap.asked == ["pretended"]


async def test_somebody_new_in_ldap_is_let_in_once_the_directory_has_them(house, heard):
    async def sync(name):
        house.people.table[name] = replace(LIZ, name=name)
        return SyncResult.DONE

    house.door = Passwords(house.local, house.people, LIMITS, FakeTime(), LDAP("ldap", house.ldap, sync))
    assert await house.verify("new", "piano") == Accepted("new")
    assert (events.ldap_bound, {"user": "new"}) in heard("signin")


class FakeTime:
    def monotonic(self):
        return 0.0


async def test_whoever_cannot_be_read_anew_comes_in_as_they_were_known(house, heard):
    house.syncing.result = SyncResult.FAILED
    assert await house.verify("liz", "violin") == Accepted("liz")
    assert (events.sync_failed, {"user": "liz"}) in heard("signin")


async def test_whoever_ldap_does_not_find_any_more_is_refused_though_still_remembered(house, heard):
    house.syncing.result = SyncResult.NOT_THERE
    assert await house.verify("liz", "violin") == Rejected(Reason.UNKNOWN_PERSON)
    assert heard("signin")[-1] == (events.sync_refused, {"user": "liz"})
    assert await house.verify("new", "piano") == Rejected(Reason.UNKNOWN_PERSON)
    assert heard("signin")[-1] == (events.sync_refused, {"user": ""})


async def test_whoever_is_not_in_the_directory_afterwards_is_refused(house, heard):
    assert await house.verify("new", "piano") == Rejected(Reason.UNKNOWN_PERSON)
    assert heard("signin")[-1] == (events.ldap_person_gone, {"user": "new"})


async def test_somebody_new_who_cannot_be_read_is_turned_away_for_our_fault(house, heard):
    house.syncing.result = SyncResult.FAILED
    assert await house.verify("new", "piano") == Rejected(Reason.FAILED)
    assert heard("signin")[-1] == (events.ldap_person_unread, {"user": "new"})


async def test_whoever_is_disabled_in_the_directory_is_refused(house, heard):
    house.people.table["liz"] = replace(LIZ, is_disabled=True)
    assert await house.verify("liz", "violin") == Rejected(Reason.DISABLED)
    assert heard("signin")[-1] == (events.ldap_person_disabled, {"user": "liz"})


async def test_ldap_has_no_say_about_somebody_whom_the_users_file_describes_by_now(house):
    async def sync(name):
        house.people.table[name] = replace(LIZ, source="local")
        return SyncResult.DONE

    house.door = Passwords(house.local, house.people, LIMITS, FakeTime(), LDAP("ldap", house.ldap, sync))
    assert await house.verify("liz", "violin") == Rejected(Reason.UNKNOWN_PERSON)


async def test_a_password_that_has_run_out_says_so(house):
    house.ldap.verdict = Expired("liz")
    assert await house.verify("liz", "violin") == Expired("liz")


async def test_without_ldap_nobody_of_it_is_let_in_and_it_is_loud(house, heard):
    house.ldap.verdict = Rejected(Reason.FAILED)
    assert await house.verify("liz", "violin") == Rejected(Reason.FAILED)
    assert heard("signin")[-1] == (events.ldap_failed, {"user": "liz"})


@pytest.mark.parametrize("verdict", [Rejected(Reason.BUSY, retry_after=1.0), Rejected(Reason.FAILED)])
async def test_what_befalls_people_of_the_users_file_befalls_those_of_ldap(house, verdict):
    house.local.pretended = verdict
    assert await house.verify("liz", "violin") == verdict
    assert house.syncing.asked == []


# Guessing.


@pytest.mark.parametrize(("name", "password"), [("ada", "horse"), ("liz", "violin")])
async def test_a_guesser_is_slowed_down_and_the_person_elsewhere_is_not(house, heard, clock, name, password):
    for _ in range(5):
        await house.verify(name, "wrong")
    heard.forget()
    assert await house.verify(name, password) == Rejected(Reason.THROTTLED, retry_after=1.0)
    fields = {"user": name, "by": By.PERSON_AND_ADDRESS, "failures": 5, "wait_seconds": 1.0}
    assert heard() == [(guessing.throttled, fields)]
    assert await house.verify(name, password, "192.0.2.8") == Accepted(name)
    clock.advance(1.0)
    assert await house.verify(name, password) == Accepted(name)


async def test_names_of_nobody_are_slowed_down_alike(house, heard):
    for _ in range(5):
        await house.verify("eve", "wrong")
    assert await house.verify("eve", "wrong") == Rejected(Reason.THROTTLED, retry_after=1.0)
    assert heard("authn")[-1][1]["user"] == ""


async def test_the_right_password_buys_no_guesses_at_others(house):
    for number in range(49):
        await house.verify(f"person{number}", "wrong")
        await house.verify("ada", "horse")
    await house.verify("person49", "wrong")
    assert (await house.verify("person50", "wrong")).reason is Reason.THROTTLED


async def test_the_address_is_that_of_the_exchange_unless_given(house):
    token = enter_scope(Scope(client_address=HERE))
    for _ in range(5):
        await house.door.verify("ada", "wrong")
    assert (await house.door.verify("ada", "horse")).reason is Reason.THROTTLED
    leave_scope(token)
    assert await house.door.verify("ada", "horse") == Accepted("ada")


async def test_many_wrong_ones_from_many_places_are_a_warning_and_no_lock(house, heard):
    for number in range(20):
        await house.verify("ada", "wrong", f"192.0.2.{number}")
        await house.verify("eve", "wrong", f"198.51.100.{number}")
    said = [fields for event, fields in heard("authn") if event is guessing.guessed_at]
    assert said == [{"user": "ada", "failures": 20}]
    assert await house.verify("ada", "horse", "203.0.113.1") == Accepted("ada")


@pytest.mark.parametrize("reason", [Reason.BUSY, Reason.FAILED])
async def test_what_was_not_checked_for_our_own_fault_does_not_count(house, reason):
    house.local.verdict = Rejected(reason)
    for _ in range(20):
        assert (await house.verify("ada", "horse")).reason is reason
    house.local.verdict = None
    assert await house.verify("ada", "horse") == Accepted("ada")


async def test_what_cannot_be_a_password_is_refused_without_a_count(house):
    for _ in range(20):
        assert await house.verify("ada", "") == Rejected(Reason.MALFORMED)
    assert await house.verify("ada", "horse") == Accepted("ada")


async def test_a_thousand_at_once_are_not_a_thousand_free_ones(house):
    verdicts = await asyncio.gather(*(house.verify("ada", "wrong") for _ in range(1000)))
    assert sum(verdict.reason is Reason.WRONG for verdict in verdicts) == 5


async def test_other_limits_count_from_now_on(house):
    await house.verify("ada", "wrong")
    house.door.apply(Limits(Policy(1, *WAITS), Policy(50, *WAITS), 100))
    assert (await house.verify("ada", "horse")).reason is Reason.THROTTLED
