"""Authenticator apps: set up, checked, recovered from, removed; and what is said of it."""

import asyncio
import re
import subprocess

import pytest
from tests.authn.totp.conftest import App
from tests.store.faults import FaultyRecords

from yett.authn.totp import (
    Confirmed,
    Enrolment,
    EnrolmentFailed,
    Reason,
    TotpAccepted,
    TotpRejected,
    TotpSettings,
    TotpStatus,
    events,
)
from yett.authn.totp import service as module
from yett.keys import MasterKey
from yett.notify import MailKind
from yett.store import ClusterSettings, MemoryRecords, ModuleData, SQLiteRecords, StoreUnavailable


def said(heard):
    return [event for event, _ in heard("totp")]


async def until(condition):
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - a task of the code under test changes it
            await asyncio.sleep(0)


# Setting up.


async def test_an_app_is_in_force_after_its_first_code(totp, clock, heard, post):
    assert await totp.status("ada") is None
    begun = await totp.begin("ada")
    assert isinstance(begun, Enrolment)
    assert begun.lifetime == 600.0
    assert len(begun.secret) == 32
    assert begun.secret in begun.uri
    assert begun.uri.startswith("otpauth://totp/yett.example.org:ada?")
    assert begun.qr.startswith("<svg")
    assert await totp.status("ada") is None

    app = App(begun.secret, clock)
    confirmed = await totp.confirm("ada", app.code())

    assert isinstance(confirmed, Confirmed)
    assert len(set(confirmed.recovery_codes)) == 10
    assert all(re.fullmatch(r"[B-Z]{5}-[B-Z]{5}", code) for code in confirmed.recovery_codes)
    assert await totp.status("ada") == TotpStatus(clock.now(), 10)
    assert said(heard) == [events.initiated, events.confirmed, events.added]
    await until(lambda: post.sent)
    ((kind, to, language, fields),) = post.sent
    assert (kind, to, language) == (MailKind.TOTP_CREATED, "ada@example.org", "")
    assert set(fields) == {"at"}


async def test_nothing_secret_is_said_or_shown(totp, clock, heard):
    begun = await totp.begin("ada")
    code = App(begun.secret, clock).code()
    confirmed = await totp.confirm("ada", code)
    texts = str(heard()) + repr(begun) + repr(confirmed)
    for secret in (begun.secret, code, *confirmed.recovery_codes):
        assert secret not in texts


async def test_the_code_that_confirms_is_spent(totp, clock):
    app = App((await totp.begin("ada")).secret, clock)
    await totp.confirm("ada", app.code())
    assert await totp.validate("ada", app.code()) == TotpRejected(Reason.SPENT)
    assert await totp.validate("ada", app.code(-1)) == TotpRejected(Reason.SPENT)
    clock.advance(30)
    assert await totp.validate("ada", app.code()) == TotpAccepted(10)


async def test_a_wrong_first_code_can_be_typed_again(totp, clock, heard):
    app = App((await totp.begin("ada")).secret, clock)
    assert await totp.confirm("ada", app.wrong()) == TotpRejected(Reason.WRONG)
    assert said(heard)[-1] is events.confirmation_wrong
    assert await totp.status("ada") is None
    assert isinstance(await totp.confirm("ada", app.code()), Confirmed)


async def test_an_enrolment_that_takes_too_long_is_over(totp, clock, heard):
    app = App((await totp.begin("ada")).secret, clock)
    clock.advance(600)
    assert await totp.confirm("ada", app.code()) == TotpRejected(Reason.NOT_PENDING)
    assert said(heard)[-1] is events.nothing_pending


async def test_of_two_enrolments_the_later_one_counts(totp, clock):
    first = App((await totp.begin("ada")).secret, clock)
    second = App((await totp.begin("ada")).secret, clock)
    assert await totp.confirm("ada", first.code()) == TotpRejected(Reason.WRONG)
    assert isinstance(await totp.confirm("ada", second.code()), Confirmed)


async def test_whoever_has_an_app_keeps_it_unless_they_prove_it(totp, heard, enrol):
    app, _ = await enrol(totp)
    assert await totp.begin("ada") == EnrolmentFailed(Reason.ALREADY_ENROLLED)
    assert said(heard)[-1] is events.already_enrolled

    other, codes = await enrol(totp, is_replacing=True)

    assert (events.added, {"user": "ada", "replacing": True}) in heard("totp")
    assert await totp.validate("ada", app.code()) == TotpRejected(Reason.WRONG)
    assert await totp.validate("ada", other.code()) == TotpAccepted(10)
    assert await totp.recover("ada", codes[0]) == TotpAccepted(9)


async def test_an_enrolment_begun_before_another_was_finished_does_not_replace_it(totp, clock):
    app = App((await totp.begin("ada")).secret, clock)
    pending = await totp._vault.pending("ada", clock.now())
    await totp.confirm("ada", app.code())
    # As if the first had been seen just before the second was finished.
    late = await totp._store("ada", (await totp._vault.load("ada")).kept, is_replacing=pending.is_replacing)
    assert late is Reason.ALREADY_ENROLLED


async def test_an_enrolment_cannot_outlive_a_reset(totp, clock, enrol):
    app, _ = await enrol(totp)
    begun = await totp.begin("ada", is_replacing=True)
    await totp.delete("ada", by="operator")
    assert await totp.confirm("ada", App(begun.secret, clock).code()) == TotpRejected(Reason.NOT_PENDING)
    assert await totp.validate("ada", app.code()) == TotpRejected(Reason.NOT_ENROLLED)


async def test_the_issuer_is_that_of_the_settings(totp):
    totp.configure(TotpSettings(issuer="Wayne Enterprises"))
    assert "issuer=Wayne%20Enterprises" in (await totp.begin("ada")).uri


async def test_without_randomness_nothing_is_set_up(make, totp, clock, heard):
    def broken(_):
        raise OSError("no entropy")

    assert await make(random=broken).begin("ada") == EnrolmentFailed(Reason.UNAVAILABLE)
    assert said(heard)[-1] is events.secret_not_generated

    app = App((await totp.begin("ada")).secret, clock)
    assert await make(random=broken).confirm("ada", app.code()) == TotpRejected(Reason.UNAVAILABLE)
    assert said(heard)[-1] is events.recovery_not_generated
    assert await totp.status("ada") is None


async def test_a_picture_that_cannot_be_drawn_sets_nothing_up(totp, heard):
    # Names and issuers have lengths that fit; one that does not is put in behind their back.
    totp._host = "x" * 5000
    assert await totp.begin("ada") == EnrolmentFailed(Reason.UNAVAILABLE)
    assert said(heard)[-1] is events.qr_not_generated
    assert await totp.confirm("ada", "123456") == TotpRejected(Reason.NOT_PENDING)


async def test_a_store_that_fails_sets_nothing_up(totp, records, clock, heard):
    records.is_down = True
    assert await totp.begin("ada") == EnrolmentFailed(Reason.UNAVAILABLE)
    assert said(heard)[-1] is events.pending_not_stored
    assert await totp.confirm("ada", "123456") == TotpRejected(Reason.UNAVAILABLE)
    assert said(heard)[-1] is events.secret_not_stored
    records.is_down = False
    records.fail_write = 1
    assert await totp.begin("ada") == EnrolmentFailed(Reason.UNAVAILABLE)
    for write in (1, 2):
        app = App((await totp.begin("ada")).secret, clock)
        records.fail_write = write
        assert await totp.confirm("ada", app.code()) == TotpRejected(Reason.UNAVAILABLE)
        assert said(heard)[-1] is events.secret_not_stored
        assert await totp.status("ada") is None


# Codes.


async def test_the_app_and_oathtool_agree(totp, clock):
    begun = await totp.begin("ada")

    def shown():
        words = ["oathtool", "--totp", "--base32", "--now", f"@{int(clock.now())}", begun.secret]
        return subprocess.run(words, capture_output=True, text=True, check=True, timeout=30).stdout.strip()

    assert isinstance(await totp.confirm("ada", shown()), Confirmed)
    clock.advance(30)
    assert await totp.validate("ada", shown()) == TotpAccepted(10)


async def test_a_code_is_accepted_once_and_none_before_it(totp, clock, enrol, heard):
    app, _ = await enrol(totp)
    clock.advance(60)
    heard.forget()
    assert await totp.validate("ada", app.code(1)) == TotpAccepted(10)
    assert heard("totp") == [(events.validated, {"user": "ada", "drift": 1})]
    for steps in (1, 0, -1):
        assert await totp.validate("ada", app.code(steps)) == TotpRejected(Reason.SPENT)
        assert said(heard)[-1] is events.replayed
    clock.advance(60)
    assert await totp.validate("ada", app.code()) == TotpAccepted(10)


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "x" * 5000, "\ud800" * 6, "\u0661" * 6])
async def test_anything_else_is_wrong(totp, enrol, heard, typed):
    await enrol(totp)
    assert await totp.validate("ada", typed) == TotpRejected(Reason.WRONG)
    assert said(heard)[-1] is events.code_wrong


async def test_the_window_is_that_of_the_settings(totp, clock, enrol):
    app, _ = await enrol(totp)
    clock.advance(300)
    totp.configure(TotpSettings(window=0))
    assert await totp.validate("ada", app.code(-1)) == TotpRejected(Reason.WRONG)
    totp.configure(TotpSettings(window=2))
    assert await totp.validate("ada", app.code(-2)) == TotpAccepted(10)


async def test_the_code_of_one_person_is_wrong_for_another(totp, enrol):
    ada, _ = await enrol(totp)
    await enrol(totp, "bob")
    assert await totp.validate("bob", ada.code()) == TotpRejected(Reason.WRONG)


async def test_nobody_has_an_app_by_default(totp, heard):
    assert await totp.validate("ada", "123456") == TotpRejected(Reason.NOT_ENROLLED)
    assert said(heard) == [events.not_enrolled]


async def test_a_clock_that_was_put_back_refuses_until_it_has_caught_up(totp, clock, enrol, heard):
    app, codes = await enrol(totp)
    await totp.validate("ada", app.code())
    clock.advance(-3600)
    assert await totp.validate("ada", app.code()) == TotpRejected(Reason.CLOCK_BACKWARD)
    assert said(heard)[-1] is events.clock_backward_refused
    assert await totp.recover("ada", codes[0]) == TotpAccepted(9)
    clock.advance(3630)
    assert await totp.validate("ada", app.code()) == TotpAccepted(9)


async def test_a_clock_that_was_put_back_is_forgiven_where_that_is_set(totp, clock, enrol, heard):
    app, _ = await enrol(totp)
    await totp.validate("ada", app.code())
    totp.configure(TotpSettings(allow_clock_backward=True))
    clock.advance(-3600)
    heard.forget()
    assert await totp.validate("ada", app.code()) == TotpAccepted(10)
    assert said(heard) == [events.clock_backward_allowed, events.validated]
    assert await totp.validate("ada", app.code()) == TotpRejected(Reason.SPENT)


async def test_a_code_that_cannot_be_spent_is_refused(totp, records, enrol, heard):
    app, _ = await enrol(totp)
    records.fail_write = 1
    assert await totp.validate("ada", app.code()) == TotpRejected(Reason.UNAVAILABLE)
    assert said(heard)[-1] is events.step_not_updated
    assert await totp.validate("ada", app.code()) == TotpAccepted(10)


async def test_a_store_that_cannot_be_read_refuses(totp, records, enrol, heard):
    app, codes = await enrol(totp)
    records.is_down = True
    assert await totp.validate("ada", app.code()) == TotpRejected(Reason.UNAVAILABLE)
    assert said(heard)[-1] is events.query_failed
    assert await totp.recover("ada", codes[0]) == TotpRejected(Reason.UNAVAILABLE)
    assert said(heard)[-1] is events.recovery_query_failed
    with pytest.raises(StoreUnavailable):
        await totp.status("ada")
    with pytest.raises(StoreUnavailable):
        await totp.delete("ada", by="operator")


async def test_what_cannot_be_read_is_an_app_that_accepts_nothing(make, totp, records, enrol, heard):
    app, codes = await enrol(totp)
    elsewhere = make(master=MasterKey(b"n" * 32))
    assert await elsewhere.validate("ada", app.code()) == TotpRejected(Reason.DAMAGED)
    assert said(heard)[-1] is events.secret_undecodable
    assert await elsewhere.recover("ada", codes[0]) == TotpRejected(Reason.WRONG)

    await ModuleData(records, ClusterSettings()).set("totp", "ada", {"secret": 5})
    assert await totp.validate("ada", app.code()) == TotpRejected(Reason.DAMAGED)
    assert await totp.recover("ada", codes[0]) == TotpRejected(Reason.DAMAGED)
    assert said(heard)[-1] is events.recovery_query_failed
    assert await totp.renew_recovery("ada") == TotpRejected(Reason.DAMAGED)
    assert await totp.status("ada") == TotpStatus(0.0, 0)
    assert await totp.begin("ada") == EnrolmentFailed(Reason.ALREADY_ENROLLED)


async def test_the_secret_of_an_attacker_cannot_be_put_into_the_record_of_another(totp, records, enrol):
    eve, _ = await enrol(totp, "bob")
    await enrol(totp, "ada")
    data = ModuleData(records, ClusterSettings())
    await data.set("totp", "ada", await data.get("totp", "bob"))
    assert await totp.validate("ada", eve.code()) == TotpRejected(Reason.DAMAGED)


class Restless(FaultyRecords):
    """A store in which somebody else always writes first."""

    is_restless = False

    async def replace(self, key, value, **options):
        if self.is_restless:
            await self._inner.put(key, (await self._inner.get(key)).value)
        return await super().replace(key, value, **options)


async def test_a_store_where_others_always_write_first_refuses(make, enrol, clock, heard):
    store = Restless(MemoryRecords(clock))
    totp = make(store)
    app, codes = await enrol(totp)
    begun = await totp.begin("ada", is_replacing=True)
    store.is_restless = True
    assert await totp.validate("ada", app.code()) == TotpRejected(Reason.UNAVAILABLE)
    assert said(heard)[-1] is events.step_not_updated
    assert await totp.recover("ada", codes[0]) == TotpRejected(Reason.UNAVAILABLE)
    assert said(heard)[-1] is events.recovery_not_consumed
    assert await totp.renew_recovery("ada") == TotpRejected(Reason.UNAVAILABLE)
    assert said(heard)[-1] is events.recovery_not_renewed
    assert await totp.confirm("ada", App(begun.secret, clock).code()) == TotpRejected(Reason.UNAVAILABLE)
    assert said(heard)[-1] is events.secret_not_stored


# Recovery codes.


async def test_a_recovery_code_is_good_once_however_it_is_typed(totp, enrol, heard):
    _, codes = await enrol(totp)
    heard.forget()
    assert await totp.recover("ada", codes[3].lower().replace("-", " ")) == TotpAccepted(9)
    assert heard("totp") == [(events.recovery_consumed, {"user": "ada", "left": 9})]
    assert await totp.recover("ada", codes[3]) == TotpRejected(Reason.WRONG)
    assert said(heard)[-1] is events.recovery_wrong
    assert await totp.recover("ada", codes[4]) == TotpAccepted(8)


async def test_every_recovery_code_can_be_used_and_then_there_is_none(make, enrol, heard):
    totp = make(recovery_codes=4)
    _, codes = await enrol(totp)
    assert [await totp.recover("ada", code) for code in codes] == [
        TotpAccepted(left) for left in (3, 2, 1, 0)
    ]
    assert await totp.recover("ada", codes[0]) == TotpRejected(Reason.NO_CODES)
    assert said(heard)[-1] is events.recovery_exhausted


async def test_recovery_codes_are_those_of_their_person(totp, enrol, heard):
    _, codes = await enrol(totp)
    await enrol(totp, "bob")
    assert await totp.recover("bob", codes[0]) == TotpRejected(Reason.WRONG)
    assert await totp.recover("bare", codes[0]) == TotpRejected(Reason.NOT_ENROLLED)
    assert said(heard)[-1] is events.recovery_not_enrolled


async def test_a_recovery_code_that_cannot_be_consumed_is_refused(totp, records, enrol, heard):
    _, codes = await enrol(totp)
    records.fail_write = 1
    assert await totp.recover("ada", codes[0]) == TotpRejected(Reason.UNAVAILABLE)
    assert said(heard)[-1] is events.recovery_not_consumed
    assert await totp.recover("ada", codes[0]) == TotpAccepted(9)


async def test_renewed_recovery_codes_make_the_old_ones_void(totp, enrol, heard):
    app, old = await enrol(totp)
    await totp.recover("ada", old[0])
    new = await totp.renew_recovery("ada")
    assert (events.recovery_renewed, {"user": "ada", "codes": 10}) in heard("totp")
    assert len(new) == 10
    assert await totp.recover("ada", old[1]) == TotpRejected(Reason.WRONG)
    assert await totp.recover("ada", new[0]) == TotpAccepted(9)
    assert await totp.validate("ada", app.code()) == TotpAccepted(9)


async def test_nobody_without_an_app_has_recovery_codes(totp, records, heard):
    assert await totp.renew_recovery("ada") == TotpRejected(Reason.NOT_ENROLLED)
    assert said(heard) == [events.recovery_not_renewed]
    records.is_down = True
    assert await totp.renew_recovery("ada") == TotpRejected(Reason.UNAVAILABLE)


# Removing.


async def test_what_is_removed_is_gone_and_the_person_is_told(totp, enrol, heard, post):
    app, codes = await enrol(totp)
    await until(lambda: post.sent)
    heard.forget()
    assert await totp.delete("ada", by="operator")
    assert heard("totp") == [
        (events.deleted, {"user": "ada"}),
        (events.removed, {"user": "ada", "by": "operator"}),
    ]
    assert await totp.status("ada") is None
    assert await totp.validate("ada", app.code()) == TotpRejected(Reason.NOT_ENROLLED)
    assert await totp.recover("ada", codes[0]) == TotpRejected(Reason.NOT_ENROLLED)
    await until(lambda: len(post.sent) == 2)
    kind, to, _, fields = post.sent[-1]
    assert (kind, to, fields["by"]) == (MailKind.TOTP_REVOKED, "ada@example.org", "operator")


async def test_there_may_be_nothing_to_remove(totp, heard):
    assert not await totp.delete("ada", by="operator")
    assert said(heard) == [events.nothing_to_delete]


async def test_the_mail_is_in_the_language_of_the_person(totp, records, enrol, post):
    await ModuleData(records, ClusterSettings()).set("preferences", "ada", {"language": "de-AT"})
    await enrol(totp)
    await until(lambda: post.sent)
    assert post.sent[0][2] == "de-AT"


async def test_whoever_has_no_address_is_not_written_to(totp, enrol, post, tasks):
    await enrol(totp, "bare")
    await until(lambda: not len(tasks))
    assert not post.sent


async def test_a_language_that_cannot_be_asked_for_costs_only_that(totp, records, post):
    records.is_down = True
    await totp._write(MailKind.TOTP_REVOKED, "ada", "ada@example.org", {})
    assert post.sent == [(MailKind.TOTP_REVOKED, "ada@example.org", "", {})]


# Many at once.


@pytest.fixture(params=["memory", "sqlite"])
async def store(request, clock, tmp_path):
    if request.param == "memory":
        yield MemoryRecords(clock)
        return
    records = SQLiteRecords(tmp_path / "store.db", clock)
    await records.open()
    yield records
    await records.close()


async def test_of_fifty_who_send_one_code_at_once_exactly_one_is_accepted(make, store, enrol, heard):
    totp = make(store)
    app, _ = await enrol(totp)
    verdicts = await asyncio.gather(*(totp.validate("ada", app.code()) for _ in range(50)))
    assert verdicts.count(TotpAccepted(10)) == 1
    assert verdicts.count(TotpRejected(Reason.SPENT)) == 49
    assert said(heard).count(events.validated) == 1


async def test_of_fifty_who_send_one_recovery_code_at_once_exactly_one_is_accepted(make, store, enrol):
    totp = make(store)
    _, codes = await enrol(totp)
    verdicts = await asyncio.gather(*(totp.recover("ada", codes[0]) for _ in range(50)))
    assert verdicts.count(TotpAccepted(9)) == 1
    assert verdicts.count(TotpRejected(Reason.WRONG)) == 49


async def test_all_recovery_codes_at_once_are_all_accepted(make, store, enrol):
    totp = make(store)
    app, codes = await enrol(totp)
    verdicts = await asyncio.gather(
        *(totp.recover("ada", code) for code in codes), totp.validate("ada", app.code())
    )
    assert all(isinstance(verdict, TotpAccepted) for verdict in verdicts)
    assert (await totp.status("ada")).recovery_left == 0


async def test_of_fifty_who_confirm_at_once_exactly_one_gets_recovery_codes(make, store, clock):
    totp = make(store)
    app = App((await totp.begin("ada")).secret, clock)
    verdicts = await asyncio.gather(*(totp.confirm("ada", app.code()) for _ in range(50)))
    (confirmed,) = [verdict for verdict in verdicts if isinstance(verdict, Confirmed)]
    assert await totp.recover("ada", confirmed.recovery_codes[0]) == TotpAccepted(9)


async def test_an_app_removed_while_codes_come_stays_removed(make, store, enrol):
    totp = make(store)
    app, _ = await enrol(totp)
    *_, was_there = await asyncio.gather(
        *(totp.validate("ada", app.code()) for _ in range(20)), totp.delete("ada", by="operator")
    )
    assert was_there
    assert await totp.status("ada") is None


def test_more_rounds_are_tried_than_a_person_has_codes():
    assert module._ROUNDS > 20
