"""The second factor, with real authenticators and codes by mail."""

import asyncio
from dataclasses import replace

import pytest
from tests.signin.house import BOB, HOST, LIZ
from tests.signin.place import ADDRESS

from yett.authn.otp import Refusal
from yett.authn.totp import Reason, TotpRejected
from yett.notify import MailKind
from yett.sessions import SessionType
from yett.signin import MFASettings, SyncResult, events
from yett.signin.factors import Given, Wrong
from yett.signin.machine import Demand
from yett.signin.model import (
    Factor,
    Method,
    MustEnrol,
    NeedsFactor,
    Purpose,
    SignedIn,
    Turned,
    TurnedAway,
    Visitor,
)
from yett.signin.second import NotYet, Sent

VISITOR = Visitor(ADDRESS, "Testfox/1.0", "de", device="d" * 64)
ALWAYS = MFASettings(password=Demand.ALWAYS)
OVER = TurnedAway(Turned.OVER)


async def begin(house, user="bob", method=Method.PASSWORD):
    outcome = await house.flow.proved(user, method, VISITOR, earlier=None)
    assert isinstance(outcome, NeedsFactor), outcome
    return outcome.issued.token


async def submit(house, token, code, by=Factor.TOTP, visitor=VISITOR, earlier=None):
    return await house.second.submit(token, code, by, visitor, earlier=earlier)


async def test_an_authenticator_finishes_a_sign_in(house, heard):
    await house.enrol("bob")
    token = await begin(house)
    heard.forget()

    outcome = await submit(house, token, house.code("bob"))

    assert isinstance(outcome, SignedIn)
    session = outcome.issued.session
    assert session.type is SessionType.SIGN_ON
    kept = dict(session.metadata)
    assert (kept["method"], kept["factor"], kept["amr"]) == ("password", "totp", "pwd otp mfa")
    assert kept["assurance"] == "mfa"
    assert not {"purpose", "groups"} & kept.keys()
    assert [event for event, _ in heard("signin")] == [
        events.validating,
        events.validated,
        events.retrieving,
        events.retrieved,
        events.completed,
        events.signed_in,
        events.answered,
    ]
    assert heard("signin")[-1][1] == {"user": "bob", "purpose": Purpose.SIGN_IN}
    assert await house.second.find(token) == OVER


async def test_a_recovery_code_finishes_one_too(house, heard):
    codes = await house.enrol("bob")
    token = await begin(house)

    outcome = await submit(house, token, codes[3].lower())

    assert outcome.issued.session.metadata["factor"] == "recovery"
    assert (events.recovered, {"user": "bob", "left": len(codes) - 1}) in heard("signin")
    token = await begin(house)
    assert isinstance(await submit(house, token, codes[3]), NotYet)


async def test_a_wrong_code_is_said_and_counted(house, heard):
    await house.enrol("bob")
    token = await begin(house)
    wrong = f"{(int(house.code('bob')) + 1) % 1_000_000:06}"

    assert await submit(house, token, wrong) == NotYet(Wrong.WRONG, 4)
    assert heard("signin")[-1][0] is events.totp_failed
    assert await submit(house, token, "BCDFG-HJKLM") == NotYet(Wrong.WRONG, 3)
    assert heard("signin")[-1][0] is events.totp_and_recovery_failed


async def test_a_sign_in_dies_of_too_many_wrong_codes(house, heard):
    await house.enrol("bob")
    token = await begin(house)

    outcomes = [await submit(house, token, "000000") for _ in range(5)]

    assert [type(each) for each in outcomes] == [NotYet] * 4 + [TurnedAway]
    assert outcomes[-1] == OVER
    assert events.tries_used_up in [event for event, _ in heard("signin")]
    assert await submit(house, token, house.code("bob")) == OVER


async def test_of_fifty_right_codes_at_once_one_gets_in(house):
    await house.enrol("bob")
    house.use(MFASettings(tries=100, free_attempts=1000))
    token = await begin(house)

    outcomes = await asyncio.gather(*(submit(house, token, house.code("bob")) for _ in range(50)))

    assert sum(isinstance(each, SignedIn) for each in outcomes) == 1
    assert [each.type for each in house.sessions.live("bob")] == [SessionType.SIGN_ON]


async def test_of_two_sign_ins_with_one_code_one_gets_in(house):
    await house.enrol("bob")
    tokens = [await begin(house), await begin(house)]

    outcomes = await asyncio.gather(*(submit(house, token, house.code("bob")) for token in tokens))

    assert sum(isinstance(each, SignedIn) for each in outcomes) == 1


async def test_guesses_over_many_sign_ins_have_to_wait(house, heard):
    await house.enrol("bob")
    seen = []
    for _ in range(4):
        token = await begin(house)
        seen += [await submit(house, token, "000000") for _ in range(5)]

    throttled = [each for each in seen if isinstance(each, TurnedAway) and each.why is Turned.THROTTLED]
    assert len(throttled) == 10
    assert throttled[0].retry_after == pytest.approx(30.0)
    assert events.codes_throttled in [event for event, _ in heard("signin")]
    # Even a right code waits, or waiting would tell which it is.
    assert (await submit(house, token, house.code("bob"))).why is Turned.THROTTLED


async def test_whoever_guesses_elsewhere_does_not_keep_the_person_out_at_home(house):
    await house.enrol("bob")
    await submit(house, await begin(house), house.code("bob"))
    elsewhere = replace(VISITOR, address="203.0.113.9")
    for _ in range(3):
        token = await begin(house)
        for _ in range(5):
            await submit(house, token, "000000", visitor=elsewhere)
    house.clock.advance(30)

    assert isinstance(await submit(house, await begin(house), house.code("bob")), SignedIn)


# Codes by mail.


async def test_a_code_by_mail_is_sent_when_nothing_else_is_possible(house, heard):
    house.use(ALWAYS)
    token = await begin(house)

    (kind, to, language, _) = house.mails.sent[-1]
    assert (kind, to, language) == (MailKind.OTP, "bob@example.test", "de")
    outcome = await submit(house, token, house.mails.code.lower(), Factor.EMAIL)
    assert outcome.issued.session.metadata["factor"] == "email"
    assert outcome.issued.session.metadata["amr"] == "pwd otp mfa"
    assert events.otp_not_generated not in [event for event, _ in heard("signin")]


async def test_a_wrong_code_by_mail_is_said(house, heard):
    house.use(ALWAYS)
    token = await begin(house)

    assert await submit(house, token, "BBBBBBBB", Factor.EMAIL) == NotYet(Wrong.WRONG, 4)
    assert heard("signin")[-1][0] is events.otp_failed


async def test_a_code_is_good_in_its_own_browser_only(house):
    house.use(ALWAYS)
    token = await begin(house)
    other = replace(VISITOR, device="e" * 64)

    assert await submit(house, token, house.mails.code, Factor.EMAIL, other) == NotYet(Wrong.EXPIRED, 4)


async def test_without_mail_the_page_still_comes_and_offers_to_send_again(house, heard):
    house.use(ALWAYS)
    house.mails.is_broken = True
    token = await begin(house)
    assert (events.otp_not_generated, {"user": "bob", "reason": Refusal.NOT_MAILED}) in heard("signin")

    waiting = await house.second.find(token)
    house.clock.advance(31)
    assert (await house.second.send(waiting, VISITOR))[0] is Sent.FAILED
    assert (events.resend_failed, {"user": "bob", "reason": Refusal.NOT_MAILED}) in heard("signin")
    house.mails.is_broken = False
    house.clock.advance(31)
    assert (await house.second.send(waiting, VISITOR))[0] is Sent.SENT
    assert heard("signin")[-1] == (events.resent, {"user": "bob"})
    assert isinstance(await submit(house, token, house.mails.code, Factor.EMAIL), SignedIn)


async def test_another_code_has_to_wait_a_little(house):
    house.use(ALWAYS)
    waiting = await house.second.find(await begin(house))

    sent, wait = await house.second.send(waiting, VISITOR)

    assert (sent, wait > 0) == (Sent.TOO_SOON, True)


async def test_mail_is_no_way_around_an_authenticator(house):
    await house.enrol("bob")
    sent = len(house.mails.sent)
    token = await begin(house)

    waiting = await house.second.find(token)
    assert waiting.offers == {Factor.TOTP, Factor.RECOVERY}
    assert (await house.second.send(waiting, VISITOR))[0] is Sent.FAILED
    assert await submit(house, token, "BCDFGHJK", Factor.EMAIL) == NotYet(Wrong.WRONG, 5)
    assert len(house.mails.sent) == sent
    house.use(MFASettings(email_besides=True))
    assert Factor.EMAIL in (await house.second.find(token)).offers


async def test_codes_by_mail_can_be_switched_off(house):
    house.use(MFASettings(password=Demand.ALWAYS, email_codes=False))
    outcome = await house.flow.proved("bob", Method.PASSWORD, VISITOR, earlier=None)
    assert isinstance(outcome, MustEnrol)


# Groups that demand a factor.


async def test_a_code_by_mail_leads_people_of_such_a_group_to_enrol_one_of_their_own(house, heard):
    house.use(MFASettings(require_groups=("staff",)))
    token = await begin(house)

    outcome = await submit(house, token, house.mails.code, Factor.EMAIL)

    assert isinstance(outcome, MustEnrol)
    assert (events.signup_verified, {"user": "bob"}) in heard("signin")
    assert await house.second.find(outcome.issued.token) == OVER
    session, person = await house.second.enrolling(outcome.issued.token)
    assert (person.name, session.metadata["purpose"]) == ("bob", "enrol")
    done = await house.second.enrolled(outcome.issued.token, Factor.TOTP, VISITOR, earlier=None)
    assert done.issued.session.metadata["amr"] == "pwd otp mfa"
    assert await house.second.enrolled(outcome.issued.token, Factor.TOTP, VISITOR, earlier=None) == OVER


async def test_whoever_came_into_such_a_group_meanwhile_is_not_let_in_either(house):
    house.use(replace(ALWAYS, require_groups=("admins",)))
    token = await begin(house)
    house.people.table["bob"] = replace(BOB, groups=("admins",))

    assert isinstance(await submit(house, token, house.mails.code, Factor.EMAIL), MustEnrol)


async def test_a_sign_in_that_waits_for_a_code_is_not_one_that_may_enrol(house):
    await house.enrol("bob")
    token = await begin(house)
    assert await house.second.enrolling(token) == OVER
    assert await house.second.enrolled(token, Factor.TOTP, VISITOR, earlier=None) == OVER


# Who it is.


@pytest.mark.parametrize("change", ["gone", "disabled"])
async def test_whoever_is_gone_meanwhile_does_not_get_in(house, change):
    await house.enrol("bob")
    token = await begin(house)
    if change == "gone":
        del house.people.table["bob"]
    else:
        house.people.table["bob"] = replace(BOB, is_disabled=True)

    assert await submit(house, token, house.code("bob")) == OVER
    assert house.sessions.live("bob") == []


async def test_groups_of_people_from_ldap_are_read_anew_or_those_of_the_start_count(house, heard):
    await house.enrol("liz")
    token = await begin(house, "liz")
    house.syncing.result = SyncResult.FAILED

    assert isinstance(await submit(house, token, house.code("liz")), SignedIn)

    assert house.syncing.asked == ["liz"]
    assert (events.groups_cached, {"user": "liz"}) in heard("signin")


async def test_somebody_who_left_ldap_between_the_factors_is_not_let_in(house, monkeypatch):
    await house.enrol("liz")
    token = await begin(house, "liz")

    async def sync(_name):
        del house.people.table["liz"]
        return SyncResult.NOT_THERE

    monkeypatch.setattr(house.second, "_ldap", replace(house.second._ldap, sync=sync))
    assert await submit(house, token, house.code("liz")) == OVER
    assert house.people.table.get(LIZ.name) is None


async def test_somebody_whom_ldap_finds_no_more_is_not_let_in_though_still_remembered(house):
    await house.enrol("liz")
    token = await begin(house, "liz")
    house.syncing.result = SyncResult.NOT_THERE
    assert await submit(house, token, house.code("liz")) == OVER


async def test_a_factor_that_another_step_checked_finishes_the_sign_in_of_that_person(house):
    await house.enrol("bob")
    token = await begin(house)
    assert await house.second.given("", "bob", Factor.TOTP, VISITOR, earlier=None) is None
    assert await house.second.given(token, "ada", Factor.TOTP, VISITOR, earlier=None) is None
    assert await house.second.given(token, "bob", Factor.PASSKEY, VISITOR, earlier=None) is None
    outcome = await house.second.given(token, "bob", Factor.TOTP, VISITOR, earlier=None)
    assert isinstance(outcome, SignedIn)


async def test_the_session_before_ends(house):
    await house.enrol("bob")
    first = await submit(house, await begin(house), house.code("bob"))
    house.clock.advance(30)
    second = await submit(house, await begin(house), house.code("bob"), earlier=first.issued.session)
    assert await house.flow.current(first.issued.token) is None
    assert await house.flow.current(second.issued.token) is not None


# When things break.


async def test_a_pending_session_of_another_version_leads_nowhere(house):
    for metadata in (
        {},
        {"method": "telepathy", "purpose": "signin"},
        {"method": "password", "purpose": "x"},
    ):
        issued = await house.sessions.create(SessionType.MFA_PENDING, "bob", audience=HOST, metadata=metadata)
        assert await house.second.find(issued.token) == OVER


async def test_a_store_that_fails_lets_nobody_in(house, heard):
    await house.enrol("bob")
    token = await begin(house)
    for prefix, said in (
        ("signin/tries/", events.try_not_counted),
        ("signin/codes/", events.try_not_counted),
        ("signin/used/", events.retrieval_failed),
    ):
        house.records.broken_prefix = prefix
        house.clock.advance(30)
        outcome = await submit(house, token, house.code("bob"))
        assert outcome == TurnedAway(Turned.UNAVAILABLE, outcome.retry_after)
        assert said in [event for event, _ in heard("signin")]
    assert house.sessions.live("bob")[0].type is SessionType.MFA_PENDING


async def test_an_authenticator_that_cannot_be_read_lets_nobody_in(house, heard, monkeypatch):
    await house.enrol("bob")
    token = await begin(house)

    async def unavailable(_user, _code):
        return TotpRejected(Reason.UNAVAILABLE)

    monkeypatch.setattr(house.totp, "validate", unavailable)
    assert await submit(house, token, "000000") == NotYet(Wrong.UNAVAILABLE, 4)
    assert heard("signin")[-1][0] is events.totp_call_failed


async def test_a_code_by_mail_that_cannot_be_read_lets_nobody_in(house, heard):
    house.use(ALWAYS)
    token = await begin(house)
    house.records.broken_prefix = "authn/otp/"
    assert await submit(house, token, house.mails.code, Factor.EMAIL) == NotYet(Wrong.UNAVAILABLE, 4)
    assert heard("signin")[-1] == (events.otp_call_failed, {"user": "bob"})


async def test_no_code_is_ever_said(house, heard):
    house.use(ALWAYS)
    token = await begin(house)
    await submit(house, token, "BCDFGHJK", Factor.EMAIL)
    code = house.mails.code
    await submit(house, token, code, Factor.EMAIL)
    said = repr([record.values for record in heard.records])
    assert code not in said
    assert code.replace("-", "") not in said
    assert "BCDFGHJK" not in said


async def test_a_right_code_that_is_sent_again_and_again_is_not_stopped_by_its_own_copies(house, monkeypatch):
    await house.enrol("bob")
    token = await begin(house)
    check = house.factors.check

    async def slow(*about):
        checked = await check(*about)
        for _ in range(100 if isinstance(checked, Given) else 0):
            await asyncio.sleep(0)
        return checked

    monkeypatch.setattr(house.factors, "check", slow)
    outcomes = await asyncio.gather(*(submit(house, token, house.code("bob")) for _ in range(50)))

    assert [outcome for outcome in outcomes if not isinstance(outcome, SignedIn)] == [OVER] * 49
    # None of them counts against the person.
    for _ in range(MFASettings().free_attempts - 1):
        assert isinstance(await submit(house, await begin(house), "000000"), NotYet)


async def test_whoever_has_code_after_code_sent_elsewhere_uses_up_none_of_those_at_home(house):
    house.use(ALWAYS)
    token = await begin(house)
    await submit(house, token, house.mails.code, Factor.EMAIL)
    for number in range(30):
        thief = replace(VISITOR, address="203.0.113.9", device=f"{number:064}")
        await house.flow.proved("bob", Method.PASSWORD, thief, earlier=None)
    assert len(house.mails.sent) == 20

    token = await begin(house)

    assert len(house.mails.sent) == 21
    assert isinstance(await submit(house, token, house.mails.code, Factor.EMAIL), SignedIn)
