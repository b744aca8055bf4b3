"""What becomes of a proof: what is decided, what is said, what is kept."""

from dataclasses import replace

import pytest
from tests.signin.conftest import ADA, ADDRESS

from yett.sessions import Refusal, SessionType
from yett.signin import MFASettings, SignInSettings, events
from yett.signin.machine import Demand, Standing
from yett.signin.model import (
    Factor,
    Method,
    MustChangePassword,
    MustEnrol,
    NeedsFactor,
    SignedIn,
    Turned,
    TurnedAway,
    Visit,
    Visitor,
)

HOST = "login.example.test"
VISITOR = Visitor(ADDRESS, "Testfox/1.0", device="d" * 64)
APP = Standing(frozenset({Factor.TOTP, Factor.RECOVERY}))


@pytest.fixture
def flow(place):
    return place.flow


async def prove(flow, user="ada", method=Method.PASSWORD, *, earlier=None, **more):
    return await flow.proved(user, method, VISITOR, earlier=earlier, **more)


async def test_a_proof_makes_a_sign_on_session(flow, heard):
    outcome = await prove(flow)

    assert isinstance(outcome, SignedIn)
    session = outcome.issued.session
    assert (session.type, session.module_key, session.audience) == (SessionType.SIGN_ON, "ada", HOST)
    assert dict(session.metadata) == {
        "method": "password",
        "amr": "pwd",
        "assurance": "single",
        "client_address": ADDRESS,
        "user_agent": "Testfox/1.0",
        "entry": "local:",
    }
    assert heard("signin") == [
        (events.completed, {"user": "ada", "method": "password"}),
        (
            events.signed_in,
            {"user": "ada", "method": "password", "session": session.ref, "client_address": ADDRESS},
        ),
    ]
    assert (await flow.current(outcome.issued.token))[0].ref == session.ref


@pytest.mark.parametrize(
    ("method", "is_two_factor", "amr", "assurance"),
    [
        (Method.PASSWORD, False, "pwd", "single"),
        (Method.PASSKEY, True, "hwk mfa", "phishing_resistant"),
        (Method.PASSKEY, False, "hwk", "single"),
        (Method.X509, False, "x509", "single"),
        (Method.X509, True, "x509 mfa", "phishing_resistant"),
        (Method.KERBEROS, False, "wia", "single"),
        (Method.MAGIC_LINK, False, "otp", "single"),
    ],
)
async def test_a_session_tells_how_its_person_signed_in(flow, method, is_two_factor, amr, assurance):
    outcome = await prove(flow, method=method, is_two_factor=is_two_factor, metadata={"passkey": "abc"})

    kept = outcome.issued.session.metadata
    assert (kept["method"], kept["amr"], kept["assurance"]) == (method.value, amr, assurance)
    assert kept["passkey"] == "abc"


async def test_a_method_cannot_write_over_what_the_flow_keeps(flow):
    outcome = await prove(flow, metadata={"amr": "mfa", "assurance": "phishing_resistant"})

    kept = outcome.issued.session.metadata
    assert (kept["amr"], kept["assurance"]) == ("pwd", "single")


async def test_a_session_ends_with_its_certificate(flow, clock):
    outcome = await prove(flow, method=Method.X509, certificate_not_after=clock.now() + 60)
    assert outcome.issued.session.expires_at == clock.now() + 60


async def test_somebody_disabled_is_turned_away_with_any_proof(flow, place, heard, disabled_ada):
    place.people.table["ada"] = disabled_ada

    assert await prove(flow) == TurnedAway(Turned.WRONG)
    fields = {"user": "ada", "method": "password", "client_address": ADDRESS}
    assert heard("signin") == [(events.account_disabled, fields)]
    assert await flow.expired_password("ada", VISITOR) == TurnedAway(Turned.WRONG)


async def test_somebody_whom_the_directory_does_not_know_is_turned_away(flow, heard):
    assert await prove(flow, "eve", Method.KERBEROS) == TurnedAway(Turned.WRONG)
    fields = {"user": "eve", "method": "kerberos", "client_address": ADDRESS}
    assert heard("signin") == [(events.person_gone, fields)]


async def test_without_a_session_nobody_is_signed_in(flow, place, heard):
    place.records.is_broken = True

    assert await prove(flow) == TurnedAway(Turned.UNAVAILABLE)
    assert heard("signin") == [
        (events.completed, {"user": "ada", "method": "password"}),
        (events.session_failed, {"user": "ada", "reason": Refusal.NOT_INDEXED}),
    ]


async def test_a_sign_in_is_remembered_when_its_session_is_gone(flow, clock):
    first = (await prove(flow)).issued
    assert await flow.before(first.session) is None
    await flow.sign_out(first.session)
    clock.advance(60)

    second = (await prove(flow)).issued

    assert await flow.before(second.session) == Visit(first.session.ref, clock.now() - 60, ADDRESS)


async def test_a_new_sign_in_ends_the_one_before_in_the_same_browser(flow):
    first = (await prove(flow)).issued
    second = (await prove(flow, earlier=first.session)).issued

    assert second.token != first.token
    assert await flow.current(first.token) is None
    assert await flow.current(second.token) is not None


async def test_a_sign_in_that_fails_leaves_the_one_before(flow, place):
    first = (await prove(flow)).issued
    place.records.is_broken = True

    assert isinstance(await prove(flow, earlier=first.session), TurnedAway)
    assert await flow.current(first.token) is not None


async def test_a_session_of_somebody_who_is_gone_or_disabled_is_nobodys(flow, place, disabled_ada):
    issued = (await prove(flow)).issued

    place.people.table["ada"] = disabled_ada
    assert await flow.current(issued.token) is None
    del place.people.table["ada"]
    assert await flow.current(issued.token) is None


@pytest.mark.parametrize("kind", [each for each in SessionType if each is not SessionType.SIGN_ON])
async def test_only_a_sign_on_session_signs_on(flow, place, kind):
    other = await place.sessions.create(kind, "ada", audience=HOST)

    assert await flow.current(other.token) is None
    assert await flow.current("") is None
    assert await flow.current("no token") is None


# Second factors.


async def test_whoever_has_a_second_factor_is_asked_for_it(flow, place, heard):
    place.factors.table["ada"] = APP

    outcome = await prove(flow)

    assert isinstance(outcome, NeedsFactor)
    assert outcome.offers == {Factor.TOTP, Factor.RECOVERY}
    session = outcome.issued.session
    assert (session.type, session.module_key, session.audience) == (SessionType.MFA_PENDING, "ada", HOST)
    assert session.metadata["purpose"] == "signin"
    assert session.metadata["groups"] == "engineers wiki"
    assert heard("signin") == [(events.factor_required, {"user": "ada", "method": "password"})]
    assert await flow.current(outcome.issued.token) is None


async def test_two_factors_at_once_need_no_third(flow, place):
    place.factors.table["ada"] = APP
    assert isinstance(await prove(flow, method=Method.PASSKEY, is_two_factor=True), SignedIn)


async def test_a_passkey_is_no_second_factor_besides_itself(flow, place):
    place.factors.table["ada"] = Standing(frozenset({Factor.PASSKEY}))
    assert isinstance(await prove(flow, method=Method.PASSKEY), SignedIn)
    assert isinstance(await prove(flow), NeedsFactor)


async def test_a_code_by_mail_is_no_second_factor_besides_a_link_by_mail(flow, place, heard):
    place.factors.table["ada"] = Standing(can_mail=True)
    strict = MFASettings(magiclink=Demand.ALWAYS, password=Demand.ALWAYS, enrol_after_first_factor=False)
    flow.apply(SignInSettings(), strict)

    assert await prove(flow, method=Method.MAGIC_LINK) == TurnedAway(Turned.NO_FACTOR)
    assert heard("signin") == [(events.no_factor, {"user": "ada", "method": "magiclink"})]
    outcome = await prove(flow)
    assert outcome.offers == {Factor.EMAIL}
    assert place.factors.sent == [("ada", {Factor.EMAIL}, "d" * 64)]


async def test_whoever_needs_a_factor_and_has_none_is_sent_to_enrol_one(flow):
    flow.apply(SignInSettings(), MFASettings(require_groups=("engineers",)))

    outcome = await prove(flow)

    assert isinstance(outcome, MustEnrol)
    assert outcome.issued.session.metadata["purpose"] == "enrol"


async def test_when_nobody_knows_whether_there_is_a_factor_nobody_is_let_in(flow, place, heard):
    place.factors.is_broken = True

    assert await prove(flow) == TurnedAway(Turned.UNAVAILABLE)
    assert [event for event, _ in heard("signin")] == [events.enrolment_unknown]


async def test_without_a_pending_session_a_sign_in_does_not_go_on(flow, place, heard):
    place.factors.table["ada"] = APP
    place.records.is_broken = True

    assert await prove(flow) == TurnedAway(Turned.UNAVAILABLE)
    assert [event for event, _ in heard("signin")] == [events.factor_required, events.session_failed]


async def test_many_groups_fit_into_a_half_finished_sign_in(flow, place):
    place.people.table["ada"] = replace(ADA, groups=tuple(f"group-{n:05}" for n in range(5000)))
    place.factors.table["ada"] = APP
    assert isinstance(await prove(flow), NeedsFactor)


# A password that has run out.


async def test_an_expired_password_is_good_for_changing_it_only(flow, heard):
    outcome = await flow.expired_password("ada", VISITOR)

    assert isinstance(outcome, MustChangePassword)
    assert outcome.issued.session.type is SessionType.PASSWORD_EXPIRED
    assert await flow.current(outcome.issued.token) is None
    assert heard("signin") == [(events.password_expired, {"user": "ada"})]


async def test_without_a_session_an_expired_password_leads_nowhere(flow, place, heard):
    place.records.is_broken = True

    assert await flow.expired_password("ada", VISITOR) == TurnedAway(Turned.UNAVAILABLE)
    assert heard("signin")[1] == (
        events.password_session_failed,
        {"user": "ada", "reason": Refusal.NOT_INDEXED},
    )


# Signing in anew.


async def test_whoever_is_disabled_meanwhile_has_no_session(flow, place, disabled_ada, heard):
    read = place.factors.standing

    async def standing(person):
        # Whoever ends all sessions now does not see the one that is to come.
        place.people.table["ada"] = disabled_ada
        await place.sessions.revoke_all("ada")
        return await read(person)

    place.factors.standing = standing
    assert await prove(flow) == TurnedAway(Turned.WRONG)
    assert place.sessions.live("ada") == []
    assert heard("signin")[-1][0] is events.account_disabled


async def test_a_session_is_not_for_the_next_one_of_the_same_name(flow, place):
    read = place.factors.standing

    async def standing(person):
        place.people.table["ada"] = replace(ADA, id="4711")
        await place.sessions.revoke_all("ada")
        return await read(person)

    place.factors.standing = standing
    assert await prove(flow) == TurnedAway(Turned.WRONG)
    assert place.sessions.live("ada") == []


async def test_whoever_was_asked_anew_is_fresh_for_a_while(flow, clock, heard, place):
    stale = (await prove(flow)).issued.session
    assert not flow.is_fresh(stale)

    fresh = (await prove(flow, again=True)).issued.session

    assert flow.is_fresh(fresh)
    assert not flow.is_fresh(stale)
    assert (events.reauth_created, {"user": "ada", "session": fresh.ref}) in heard("signin")
    clock.advance(SignInSettings().fresh_for.total_seconds())
    await place.sessions.tick()
    assert not flow.is_fresh(fresh)
    assert fresh.ref in {each.ref for each in place.sessions.live("ada")}


async def test_without_the_note_somebody_is_in_and_not_fresh(flow, place, heard, monkeypatch):
    create = place.sessions.create

    async def fail_for_reauth(kind, *arguments, **options):
        if kind is SessionType.REAUTH:
            place.records.is_broken = True
        try:
            return await create(kind, *arguments, **options)
        finally:
            place.records.is_broken = False

    monkeypatch.setattr(place.sessions, "create", fail_for_reauth)
    outcome = await prove(flow, again=True)

    assert isinstance(outcome, SignedIn)
    assert not flow.is_fresh(outcome.issued.session)
    assert (events.reauth_failed, {"user": "ada", "reason": Refusal.NOT_INDEXED}) in heard("signin")


async def test_somebody_signed_out_while_asked_anew_is_not_fresh(flow, place, heard, monkeypatch):
    create = place.sessions.create

    async def sign_out_meanwhile(kind, *arguments, **options):
        issued = await create(kind, *arguments, **options)
        if kind is SessionType.REAUTH:
            await place.sessions.revoke(options["parent"])
        return issued

    monkeypatch.setattr(place.sessions, "create", sign_out_meanwhile)
    session = (await prove(flow, again=True)).issued.session

    assert place.sessions.live("ada") == []
    assert heard("signin.reauth") == [(events.reauth_invalid, {"user": "ada", "session": session.ref})]


async def test_signing_out_ends_the_freshness_too(flow, place):
    session = (await prove(flow, again=True)).issued.session
    await flow.sign_out(session)
    assert place.sessions.live("ada") == []
