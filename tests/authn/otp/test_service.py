"""Codes by mail: asked for, sent, typed, spent once; and what is said of it."""

import asyncio
import re
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.authn.mailing import Post
from tests.authn.otp.conftest import MASTER
from tests.journeys.mail_server import MailServer, text_of
from tests.store.faults import FaultyRecords

from yett.authn.letters import CONSONANTS
from yett.authn.otp import (
    CodeAccepted,
    CodeRefused,
    CodeRejected,
    CodeSent,
    CodeType,
    EmailCodes,
    OTPSettings,
    Reason,
    Refusal,
    events,
    rules,
)
from yett.authn.otp.events import Blocked
from yett.kernel import FrozenClock, Supervisor
from yett.notify import MailKind
from yett.notify.mail import Mailer, MailSettings, Security, SMTPSettings
from yett.store import MemoryRecords, SQLiteRecords

ADA = ("ada", "ada@example.org", "browser")
WRONG = "BBBBBBBB"


def said(heard, *prefixes):
    return [event for event, _ in heard(*prefixes or ("otp",))]


class Restless(FaultyRecords):
    """A store in which somebody else always writes first."""

    is_restless = True

    async def replace(self, key, value, **options):
        if self.is_restless and "/people/" not in key:
            found = await self._inner.get(key)
            await self._inner.put(key, found.value, lifetime=300)
        return await super().replace(key, value, **options)


# Asking for a code.


async def test_a_code_is_mailed_and_only_its_hash_is_kept(codes, post, records, heard):
    sent = await codes.generate(*ADA, language="de")

    assert sent == CodeSent(CodeType.BASE20, 8, 300.0, 30.0)
    ((kind, to, language, fields),) = post.sent
    assert (kind, to, language) == (MailKind.OTP, "ada@example.org", "de")
    assert fields["minutes"] == "5"
    code = fields["code"].replace("-", "")
    assert len(code) == 8
    assert set(code) <= set(CONSONANTS)
    assert len(fields["code"]) == 9
    for key, record in await records.list(""):
        assert code.encode() not in record.value
        assert "browser" not in key
    assert said(heard) == [
        events.domain_allowed,
        events.generating_base20,
        events.stored,
        events.generated,
    ]
    assert code not in str(heard())


async def test_a_numeric_code_is_made_of_digits(make, post, heard):
    sent = await make(code_type="numeric", length=6).generate(*ADA)
    assert sent == CodeSent(CodeType.NUMERIC, 6, 300.0, 30.0)
    assert len(post.code) == 6
    assert post.code.isdigit()
    assert events.generating_numeric in said(heard)


async def test_an_unknown_type_is_numeric_with_a_warning(make, post, heard):
    await make(code_type="hexadecimal").generate(*ADA)
    assert post.code.isdigit()
    assert (events.code_type_invalid, {"value": "hexadecimal"}) in heard("otp")


@pytest.mark.parametrize(
    ("email", "event"),
    [
        ("", events.email_malformed),
        ("ada@example.org\r\nBcc: eve@evil.example", events.email_malformed),
        ("ada@example.com", events.domain_not_listed),
    ],
)
async def test_no_code_goes_to_an_address_that_is_not_allowed(make, post, heard, email, event):
    codes = make(allowed_domains=("example.org",))
    assert await codes.generate("ada", email, "browser") == CodeRefused(Refusal.DOMAIN)
    assert not post.sent
    assert said(heard) == [event, events.domain_refused]


async def test_a_browser_that_does_not_say_which_it_is_gets_no_code(codes, post, heard):
    assert await codes.generate("ada", "ada@example.org", "") == CodeRefused(Refusal.DEVICE)
    assert not post.sent
    assert events.device_missing in said(heard)


async def test_a_time_that_nobody_could_meet_makes_no_code(make, post, heard):
    codes = make(ttl=timedelta(seconds=1))
    assert not codes.is_available
    assert await codes.generate(*ADA) == CodeRefused(Refusal.UNAVAILABLE)
    assert not post.sent
    assert (events.ttl_invalid, {"seconds": 1.0}) in heard("otp")


async def test_codes_are_available_with_a_mail_server_only(codes, post):
    assert codes.is_available
    post.is_configured = False
    assert not codes.is_available


async def test_a_second_person_gets_no_code_in_the_same_browser(codes, post, heard, clock):
    await codes.generate(*ADA)
    refused = await codes.generate("bob", "bob@example.org", "browser")
    assert refused == CodeRefused(Refusal.OTHER_EMAIL, 300.0)
    assert len(post.sent) == 1
    assert heard("otp")[-1] == (events.other_email, {"user": "bob", "wait_seconds": 300.0})
    assert isinstance(await codes.generate("bob", "bob@example.org", "another"), CodeSent)
    clock.advance(300)
    assert isinstance(await codes.generate("bob", "bob@example.org", "browser"), CodeSent)


async def test_another_code_can_be_asked_for_after_a_while_and_so_many_times(codes, post, heard, clock):
    await codes.generate(*ADA)
    assert await codes.generate(*ADA) == CodeRefused(Refusal.TOO_SOON, 30.0)
    assert said(heard)[-1] is events.resend_too_soon
    for resends in (1, 2, 3):
        clock.advance(30)
        assert isinstance(await codes.generate(*ADA), CodeSent)
        assert heard("otp")[-1][1]["resends"] == resends
    clock.advance(30)
    assert await codes.generate(*ADA) == CodeRefused(Refusal.TOO_MANY, 270.0)
    assert heard("otp")[-1] == (
        events.resend_blocked,
        {"user": "ada", "blocked_by": Blocked.RESENDS, "wait_seconds": 270.0},
    )
    assert len(post.sent) == 4


async def test_a_resent_code_is_another_one_and_the_first_is_good_no_more(codes, post, clock):
    await codes.generate(*ADA)
    first = post.code
    clock.advance(30)
    await codes.generate(*ADA)
    assert await codes.validate("browser", "ada", first) == CodeRejected(Reason.WRONG, 4)
    assert await codes.validate("browser", "ada", post.code) == CodeAccepted()


async def test_asking_again_buys_no_further_guesses(codes, clock):
    await codes.generate(*ADA)
    for left in (4, 3):
        assert await codes.validate("browser", "ada", WRONG) == CodeRejected(Reason.WRONG, left)
    clock.advance(30)
    await codes.generate(*ADA)
    assert await codes.validate("browser", "ada", WRONG) == CodeRejected(Reason.WRONG, 2)


async def test_a_person_is_not_flooded_from_many_browsers(make, post, heard, clock):
    codes = make(max_per_hour=3)
    for number in range(3):
        await codes.generate("ada", "ada@example.org", f"browser {number}")
    clock.advance(60)
    refused = await codes.generate("ada", "ada@example.org", "one more")
    assert refused == CodeRefused(Refusal.TOO_MANY, 3540.0)
    assert len(post.sent) == 3
    assert (events.person_blocked, {"user": "ada", "limit": 3, "wait_seconds": 3540.0}) in heard("otp")
    assert isinstance(await codes.generate("bob", "bob@example.org", "one more"), CodeSent)
    clock.advance(3540)
    assert isinstance(await codes.generate("ada", "ada@example.org", "and another"), CodeSent)


async def test_a_mail_that_fails_is_said_and_can_be_asked_for_again(codes, post, heard, clock):
    post.is_working = False
    assert await codes.generate(*ADA) == CodeRefused(Refusal.NOT_MAILED, 30.0)
    assert heard("otp")[-1] == (events.not_sent, {"user": "ada", "email": "ada@example.org"})
    post.is_working = True
    clock.advance(30)
    assert isinstance(await codes.generate(*ADA), CodeSent)


async def test_a_mail_server_that_takes_long_does_not_hold_up_the_page(make, post, heard):
    arrived = asyncio.Event()

    class Slow(Post):
        async def send(self, kind, to, **more):
            await arrived.wait()
            await post.send(kind, to, **more)
            return False

    codes = make(mail_wait=0.01)
    codes._mailer = Slow()
    assert isinstance(await codes.generate(*ADA), CodeSent)
    assert not post.sent
    arrived.set()
    async with asyncio.timeout(5):
        while events.not_sent not in said(heard):  # noqa: ASYNC110 - a task of the code under test says it
            await asyncio.sleep(0)
    assert await codes.validate("browser", "ada", post.code) == CodeAccepted()


async def test_a_mailer_that_breaks_has_not_sent(make):
    class Broken(Post):
        async def send(self, *_, **__):
            raise RuntimeError("a mistake of ours")

    codes = make()
    codes._mailer = Broken()
    assert await codes.generate(*ADA) == CodeRefused(Refusal.NOT_MAILED, 30.0)


async def test_the_code_in_the_mail_that_a_real_server_got_is_the_right_one(records, clock, tasks):
    with MailServer() as server:
        smtp = SMTPSettings(
            host="127.0.0.1", port=server.port, security=Security.NONE, sender="Yett <yett@example.org>"
        )
        mailer = Mailer(smtp, MailSettings(), tasks, clock, host="yett.example.org")
        await mailer.start()
        codes = EmailCodes(records, MASTER, mailer, OTPSettings(), clock, tasks)

        assert isinstance(await codes.generate(*ADA, language="de"), CodeSent)

        (mail,) = await server.wait_for(1)
        assert mail["To"] == "ada@example.org"
        text = text_of(mail)
        assert "5 Minuten" in text
        code = re.search(r"\b[B-Z]{4}-[B-Z]{4}\b", text)[0]
        assert code not in mail["Subject"]
        assert await codes.validate("browser", "ada", code) == CodeAccepted()
        await mailer.stop()


async def test_without_randomness_there_is_no_code(make, post, heard):
    def broken(_):
        raise OSError("no entropy")

    assert await make(random=broken).generate(*ADA) == CodeRefused(Refusal.UNAVAILABLE)
    assert not post.sent
    assert said(heard)[-1] is events.not_generated


@pytest.mark.parametrize("write", [1, 2])
async def test_a_code_that_the_store_does_not_take_is_not_sent(codes, records, post, heard, write):
    records.fail_write = write
    assert await codes.generate(*ADA) == CodeRefused(Refusal.UNAVAILABLE)
    assert not post.sent
    assert said(heard)[-1] is events.not_broadcast


async def test_nothing_is_sent_while_the_store_cannot_say_what_is_open(codes, records, post, heard):
    records.is_down = True
    assert await codes.generate(*ADA) == CodeRefused(Refusal.UNAVAILABLE)
    assert not post.sent
    assert said(heard)[-1] is events.not_generated


async def test_a_code_that_others_write_over_is_not_sent(make, post, heard, clock):
    store = Restless(MemoryRecords(clock))
    codes = make(store)
    store.is_restless = False
    await codes.generate(*ADA)
    store.is_restless = True
    clock.advance(30)
    assert await codes.generate(*ADA) == CodeRefused(Refusal.UNAVAILABLE)
    assert len(post.sent) == 1
    assert said(heard)[-1] is events.no_quorum


@pytest.mark.parametrize("value", [b"\xc1", msgspec.msgpack.encode({"kind": "other"})])
async def test_what_is_no_code_is_not_overwritten(codes, records, post, heard, value):
    # It may be the lock of another version.
    await records.put(f"authn/otp/codes/{rules.key_of('browser')}", value)
    assert await codes.generate(*ADA) == CodeRefused(Refusal.UNAVAILABLE)
    assert not post.sent
    assert said(heard)[-1] is events.not_generated


# Typing it.


async def test_the_right_code_is_accepted_once(codes, post, records, heard):
    await codes.generate(*ADA)
    heard.forget()
    assert await codes.validate("browser", "ada", post.code) == CodeAccepted()
    assert said(heard) == [events.attempted, events.deleted, events.removed, events.validated]
    assert await codes.validate("browser", "ada", post.code) == CodeRejected(Reason.NONE)
    assert said(heard)[-1] is events.none_found
    assert await records.list("authn/otp/codes/") == []


@pytest.mark.parametrize(
    "way",
    [str.lower, lambda code: f" {code} ", lambda code: code.replace("-", ""), " ".join],
)
async def test_how_the_code_is_typed_does_not_matter(codes, post, way):
    await codes.generate(*ADA)
    assert await codes.validate("browser", "ada", way(post.code)) == CodeAccepted()


async def test_a_code_is_good_in_its_browser_and_for_its_person_only(codes, post):
    await codes.generate(*ADA)
    assert await codes.validate("another", "ada", post.code) == CodeRejected(Reason.NONE)
    assert await codes.validate("browser", "bob", post.code) == CodeRejected(Reason.NONE)
    assert await codes.validate("", "ada", post.code) == CodeRejected(Reason.NONE)
    assert await codes.validate("browser", "ada", post.code) == CodeAccepted()


async def test_a_code_of_one_browser_is_wrong_in_another(codes, post):
    await codes.generate("ada", "ada@example.org", "one")
    first = post.code
    await codes.generate("ada", "ada@example.org", "two")
    assert (await codes.validate("two", "ada", first)).reason is Reason.WRONG


async def test_wrong_codes_are_counted_and_the_last_one_locks(codes, post, heard, clock):
    await codes.generate(*ADA)
    for left in (4, 3, 2, 1):
        assert await codes.validate("browser", "ada", WRONG) == CodeRejected(Reason.WRONG, left)
    heard.forget()
    assert await codes.validate("browser", "ada", WRONG) == CodeRejected(Reason.LOCKED)
    assert heard("otp")[1:] == [
        (events.wrong, {"user": "ada", "tries": 5, "left": 0}),
        (events.locked, {"user": "ada", "tries": 5, "wait_seconds": 900.0}),
    ]
    assert await codes.validate("browser", "ada", post.code) == CodeRejected(Reason.LOCKED)
    assert said(heard)[-1] is events.locked_refused
    clock.advance(899)
    assert await codes.generate(*ADA) == CodeRefused(Refusal.LOCKED, 1.0)
    assert heard("otp")[-1][1]["blocked_by"] is Blocked.TRIES
    clock.advance(1)
    # The locked code never comes to life again.
    assert await codes.validate("browser", "ada", post.code) == CodeRejected(Reason.EXPIRED)
    assert isinstance(await codes.generate(*ADA), CodeSent)


@pytest.mark.parametrize("typed", ["", "-", "B", "x" * 5000, "\x00" * 8, "\u212a" * 8, "BBBBBBBB\ud800"])
async def test_what_cannot_be_a_code_is_a_wrong_code(codes, typed):
    await codes.generate(*ADA)
    assert await codes.validate("browser", "ada", typed) == CodeRejected(Reason.WRONG, 4)


async def test_a_code_that_comes_too_late_has_expired_and_is_gone(codes, post, heard, clock):
    await codes.generate(*ADA)
    clock.advance(300)
    assert await codes.validate("browser", "ada", post.code) == CodeRejected(Reason.EXPIRED)
    assert said(heard)[-1] is events.expired
    assert await codes.validate("browser", "ada", post.code) == CodeRejected(Reason.NONE)


async def test_an_expired_code_that_cannot_be_deleted_is_expired_all_the_same(
    codes, post, records, heard, clock
):
    await codes.generate(*ADA)
    clock.advance(300)
    records.fail_write = 1
    assert await codes.validate("browser", "ada", post.code) == CodeRejected(Reason.EXPIRED)
    assert said(heard)[-2:] == [events.expired_not_deleted, events.expired]


async def test_a_store_that_cannot_be_read_refuses(codes, post, records, heard):
    await codes.generate(*ADA)
    records.is_down = True
    assert await codes.validate("browser", "ada", post.code) == CodeRejected(Reason.UNAVAILABLE)
    assert said(heard)[-1] is events.query_failed


@pytest.mark.parametrize(
    ("value", "event"),
    [
        (b"\xc1", events.unreadable),
        (msgspec.msgpack.encode({"kind": "other"}), events.type_invalid),
        (msgspec.msgpack.encode([1, 2]), events.type_invalid),
    ],
)
async def test_what_is_no_code_in_the_store_refuses(codes, records, heard, value, event):
    await records.put(f"authn/otp/codes/{rules.key_of('browser')}", value)
    assert await codes.validate("browser", "ada", WRONG) == CodeRejected(Reason.UNAVAILABLE)
    assert said(heard)[-1] is event


async def test_a_code_of_another_kind_of_record_refuses(codes, post, records, heard):
    await codes.generate(*ADA)
    key = f"authn/otp/codes/{rules.key_of('browser')}"
    kept = msgspec.msgpack.decode((await records.get(key)).value)
    await records.put(key, msgspec.msgpack.encode(kept | {"kind": "otp/2"}))
    assert await codes.validate("browser", "ada", post.code) == CodeRejected(Reason.UNAVAILABLE)
    assert said(heard)[-1] is events.type_invalid


@pytest.mark.parametrize("write", [1, 2])
async def test_a_right_code_that_cannot_be_spent_is_refused_and_not_good_later(
    codes, post, records, heard, write
):
    await codes.generate(*ADA)
    records.fail_write = write
    assert await codes.validate("browser", "ada", post.code) == CodeRejected(Reason.UNAVAILABLE)
    assert said(heard)[-1] is events.not_deleted
    if write == 2:
        # It was marked as spent already.
        assert await codes.validate("browser", "ada", post.code) == CodeRejected(Reason.NONE)


async def test_a_wrong_code_that_cannot_be_counted_is_not_called_wrong(codes, records, heard):
    await codes.generate(*ADA)
    records.fail_write = 1
    assert await codes.validate("browser", "ada", WRONG) == CodeRejected(Reason.UNAVAILABLE)
    assert said(heard)[-1] is events.tries_not_counted
    for _ in range(4):
        await codes.validate("browser", "ada", WRONG)
    records.fail_write = 1
    assert await codes.validate("browser", "ada", WRONG) == CodeRejected(Reason.UNAVAILABLE)
    assert said(heard)[-1] is events.not_locked


async def test_a_code_that_others_write_over_is_refused(make, post, heard, clock):
    store = Restless(MemoryRecords(clock))
    codes = make(store)
    await codes.generate(*ADA)
    for typed, event in ((WRONG, events.no_quorum_for_tries), (post.code, events.not_deleted)):
        assert await codes.validate("browser", "ada", typed) == CodeRejected(Reason.UNAVAILABLE)
        assert said(heard)[-1] is event


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


async def test_of_fifty_who_send_one_code_at_once_exactly_one_is_accepted(make, store, post):
    codes = make(store)
    await codes.generate(*ADA)
    verdicts = await asyncio.gather(*(codes.validate("browser", "ada", post.code) for _ in range(50)))
    assert verdicts.count(CodeAccepted()) == 1
    assert verdicts.count(CodeRejected(Reason.NONE)) == 49


async def test_fifty_guesses_at_once_are_not_more_than_five(make, store, post, heard):
    codes = make(store)
    await codes.generate(*ADA)
    guesses = [WRONG[:-2] + a + b for a in "BCDFGHJ" for b in "BCDFGHJ"]
    verdicts = await asyncio.gather(*(codes.validate("browser", "ada", guess) for guess in guesses))
    assert sum(verdict.reason is Reason.WRONG for verdict in verdicts) == 4
    assert sum(verdict.reason is Reason.LOCKED for verdict in verdicts) == 45
    assert said(heard).count(events.wrong) == 5
    assert said(heard).count(events.locked) == 1
    assert await codes.validate("browser", "ada", post.code) == CodeRejected(Reason.LOCKED)


async def test_the_right_code_among_many_guesses_counts_only_before_the_lock(make, store, post):
    codes = make(store)
    await codes.generate(*ADA)
    typed = [WRONG] * 25 + [post.code] + [WRONG] * 25
    verdicts = await asyncio.gather(*(codes.validate("browser", "ada", each) for each in typed))
    accepted = verdicts.count(CodeAccepted())
    wrong = sum(isinstance(each, CodeRejected) and each.reason is Reason.WRONG for each in verdicts)
    locked = sum(isinstance(each, CodeRejected) and each.reason is Reason.LOCKED for each in verdicts)
    assert accepted <= 1
    assert wrong <= 4
    assert (locked > 0) is (accepted == 0)


async def test_fifty_who_ask_at_once_get_one_code(make, store, post):
    codes = make(store, max_per_hour=60)
    asked = await asyncio.gather(*(codes.generate(*ADA) for _ in range(50)))
    assert sum(isinstance(each, CodeSent) for each in asked) == 1
    assert len(post.sent) == 1
    assert await codes.validate("browser", "ada", post.code) == CodeAccepted()


async def test_from_fifty_browsers_at_once_a_person_gets_no_more_than_allowed(make, store, post):
    codes = make(store, max_per_hour=7)
    await asyncio.gather(*(codes.generate("ada", "ada@example.org", f"browser {n}") for n in range(50)))
    assert len(post.sent) == 7


# Whatever happens, in whatever order.


@given(st.lists(st.sampled_from(["ask", "right", "old", "wrong", "wait", "long"]), max_size=40))
@settings(max_examples=60)
def test_no_order_of_steps_accepts_a_code_twice_or_forgives_more_than_five(steps):
    asyncio.run(_walk(steps))


async def _walk(steps):
    clock, post = FrozenClock(), Post()
    codes = EmailCodes(MemoryRecords(clock), MASTER, post, OTPSettings(), clock, Supervisor())
    spent, wrong = set(), 0
    for step in steps:
        if step == "ask":
            before = len(post.sent)
            await codes.generate(*ADA)
            if len(post.sent) > before and post.sent[-1] is post.sent[0]:
                wrong = 0
        elif step == "wait":
            clock.advance(31)
        elif step == "long":
            clock.advance(901)
            wrong = 0
        elif step == "wrong" or not post.sent:
            verdict = await codes.validate("browser", "ada", WRONG)
            wrong += verdict.reason is Reason.WRONG
            assert wrong <= 5 * (1 + len(spent))
        else:
            code = post.sent[-1 if step == "right" else 0][3]["code"]
            if await codes.validate("browser", "ada", code) == CodeAccepted():
                assert code not in spent
                assert code == post.code
                spent.add(code)


async def test_settings_can_change(codes, post):
    codes.configure(OTPSettings(code_type="numeric", length=10))
    await codes.generate(*ADA)
    assert len(post.code) == 10


async def test_codes_of_somebody_who_is_out_are_good_for_nothing(codes, post, heard):
    await codes.generate(*ADA)
    of_ada = post.code
    await codes.generate("bob", "bob@example.org", "bob's")

    assert await codes.forget("ada") == 1
    assert await codes.forget("ada") == 0

    assert [fields for event, fields in heard("otp") if event is events.forgotten] == [
        {"user": "ada", "codes": 1}
    ]
    assert await codes.validate("browser", "ada", of_ada) == CodeRejected(Reason.NONE)
    assert await codes.validate("bob's", "bob", post.code) == CodeAccepted()


async def test_an_operator_ends_the_waits_of_one_person(make, records, post, heard):
    codes = make(max_per_hour=1, max_tries=1)
    await codes.generate(*ADA)
    await codes.generate("bob", "bob@example.org", "bob's")
    await codes.validate("browser", "ada", WRONG)
    await records.put("authn/otp/codes/damaged", b"\xc1")

    assert await codes.unlock("ada", by="operator") == 1

    assert heard("otp")[-1] == (events.unlocked, {"user": "ada", "codes": 1, "by": "operator"})
    assert await codes.validate("bob's", "bob", post.code) == CodeAccepted()
    assert isinstance(await codes.generate(*ADA), CodeSent)
