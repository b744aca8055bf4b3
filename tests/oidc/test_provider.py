"""From the code to the grant, and everything that can come between."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.oidc.conftest import CALLBACK, CHALLENGE, ISSUER, VERIFIER
from tests.signin.conftest import ADA

from yett.identity.access import Assurance
from yett.oidc import CODE_REF, Client, Grant, OIDCSettings, Provider, Reason, Refused, events
from yett.sessions import SessionType


@pytest.fixture
def said(heard):
    """What the provider said, without its introduction."""
    heard.forget()
    return lambda: [each for each in heard("oidc") if each[0] is not events.initializing]


async def test_a_code_redeems_to_who_signed_in_when_and_how(place, said):
    issued = await place.sign_on()
    place.clock.advance(5)
    code = await place.code(scope="openid")

    grant = await place.redeem(code)

    session = issued.session
    assert isinstance(grant, Grant)
    assert (grant.user, grant.sign_on_ref, grant.methods) == ("ada", session.ref, ("pwd",))
    assert (grant.auth_time, grant.nonce, grant.scope) == (session.created_at, "n-0S6", "openid")
    assert said() == [
        (events.code_generated, {"user": "ada", "client": "wiki", "session": session.ref}),
        (events.pkce_result, {"client": "wiki", "is_right": True}),
        (events.code_exchanged, {"user": "ada", "client": "wiki", "session": session.ref}),
    ]


async def test_of_two_redemptions_exactly_one_gets_the_grant(place):
    await place.sign_on()
    code = await place.code()

    outcomes = await asyncio.gather(place.redeem(code), place.redeem(code))

    assert sum(isinstance(outcome, Grant) for outcome in outcomes) == 1
    assert Refused(Reason.CODE_REUSED) in outcomes


async def test_a_code_used_twice_ends_what_came_from_it_and_nothing_else(place, said):
    issued = await place.sign_on()
    code = await place.code()
    grant = await place.redeem(code)
    parent = issued.session.ref
    from_it = await place.sessions.create(
        SessionType.AUTHENTICATED,
        "ada",
        audience="wiki.example.test",
        parent=parent,
        metadata={CODE_REF: grant.code_ref},
    )
    other = await place.sessions.create(
        SessionType.AUTHENTICATED, "ada", audience="grafana.example.test", parent=parent
    )

    assert await place.redeem(code) == Refused(Reason.CODE_REUSED)

    assert {session.ref for session in place.sessions.live("ada")} == {parent, other.session.ref}
    assert from_it.session.ref not in {session.ref for session in place.sessions.live("ada")}
    assert said()[-1] == (events.code_reused, {"user": "ada", "client": "wiki", "ended": 1})
    assert events.code_reused.declaration.audit


@pytest.mark.parametrize(
    ("changed", "reason", "emitter"),
    [
        ({"verifier": CHALLENGE}, Reason.VERIFIER_WRONG, events.pkce_failed),
        ({"verifier": "short"}, Reason.VERIFIER_MALFORMED, events.verifier_malformed),
        ({"client_id": "grafana"}, Reason.OTHER_CLIENT, events.client_mismatch),
        ({"redirect_uri": CALLBACK + "x"}, Reason.OTHER_REDIRECT_URI, events.client_mismatch),
    ],
)
async def test_whoever_did_not_ask_gets_nothing_and_the_code_is_spent(place, said, changed, reason, emitter):
    await place.sign_on()
    code = await place.code()

    assert await place.redeem(code, **changed) == Refused(reason)

    assert said()[-1][0] is emitter
    assert await place.redeem(code) == Refused(Reason.CODE_REUSED)


async def test_a_guess_is_refused_without_recording_what_was_guessed(place, said):
    assert await place.redeem("guess", client_id="<script>") == Refused(Reason.CODE_UNKNOWN)
    assert said() == [(events.code_invalid, {"client": "unknown", "reason": Reason.CODE_UNKNOWN})]


async def test_a_code_is_good_for_its_minute(place):
    await place.sign_on()
    code = await place.code()
    place.clock.advance(59)
    late = await place.code()

    assert isinstance(await place.redeem(code), Grant)
    place.clock.advance(60)
    assert await place.redeem(late) == Refused(Reason.CODE_UNKNOWN)


async def test_another_lifetime_holds_from_then_on(place):
    await place.sign_on()
    place.provider.apply(OIDCSettings(code_lifetime=timedelta(seconds=5)))
    code = await place.code()
    place.clock.advance(5)

    assert await place.redeem(code) == Refused(Reason.CODE_UNKNOWN)


async def test_signing_out_before_the_code_is_used_voids_it(place, said):
    issued = await place.sign_on()
    code = await place.code()
    await place.sessions.revoke(issued.session.ref)

    assert await place.redeem(code) == Refused(Reason.SIGN_ON_ENDED)
    assert said()[-1] == (
        events.sign_on_ended,
        {"user": "ada", "client": "wiki", "reason": Reason.SIGN_ON_ENDED},
    )


@pytest.mark.parametrize("is_gone", [True, False])
async def test_somebody_disabled_or_removed_before_the_code_is_used_gets_nothing(place, said, is_gone):
    await place.sign_on()
    code = await place.code()
    if is_gone:
        del place.people.table["ada"]
    else:
        place.people.table["ada"] = replace(ADA, is_disabled=True)

    assert await place.redeem(code) == Refused(Reason.PERSON)
    assert said()[-1][0] is events.sign_on_ended


async def test_a_client_that_was_forgotten_gets_nothing_for_its_codes(place):
    await place.sign_on()
    code = await place.code()

    assert place.provider.forget_client("wiki")
    assert not place.provider.forget_client("wiki")
    assert await place.redeem(code) == Refused(Reason.UNKNOWN_CLIENT)


async def test_without_the_store_there_is_no_grant(place, said):
    await place.sign_on()
    code = await place.code()
    place.records.is_broken = True

    assert await place.redeem(code) == Refused(Reason.UNAVAILABLE)
    assert said()[-1][0] is events.exchange_unavailable
    place.records.is_broken = False
    assert isinstance(await place.redeem(code), Grant)


async def test_a_registration_replaces_the_one_before(place):
    other = "https://wiki.example.test/new"

    assert place.provider.register_client("wiki", [other]) == Client(
        "wiki", frozenset({other}), frozenset({"openid", "profile", "email", "groups"})
    )
    assert (await place.ask()).status_code == 400


async def test_a_registration_that_is_not_proper_changes_nothing(place, said):
    assert place.provider.register_client("wiki", ["https://*.evil.test/"]) == Refused(Reason.WILDCARD)
    assert place.provider.register_client("wiki", ["http://evil.test/"]) == Refused(Reason.REDIRECT_URI)

    assert place.provider.clients["wiki"].redirect_uris == {CALLBACK}
    assert said() == [
        (events.wildcard_rejected, {"client": "wiki"}),
        (events.registration_refused, {"client": "wiki", "reason": Reason.REDIRECT_URI}),
    ]


async def test_a_provider_says_under_which_name_it_begins(place, heard):
    Provider(place.records, place.sessions, place.people, OIDCSettings(), place.clock, issuer=ISSUER)

    assert heard("oidc.init")[-1] == (events.initializing, {"issuer": ISSUER})


async def test_neither_code_nor_verifier_is_ever_said(place, heard):
    await place.sign_on()
    code = await place.code()
    await place.redeem(code, verifier=CHALLENGE)
    await place.redeem(code)

    everything = repr([fields for _, fields in heard()])
    assert code not in everything
    assert VERIFIER not in everything
    assert CHALLENGE not in everything


async def test_a_code_tells_how_well_its_person_proved_who_they_are(place):
    await place.sign_on(assurance="phishing_resistant", amr="hwk mfa")
    grant = await place.redeem(await place.code(acr_values="mfa"))
    assert (grant.assurance, grant.methods) == (Assurance.PHISHING_RESISTANT, ("hwk", "mfa"))


async def test_a_sign_on_that_does_not_say_how_it_was_proven_counts_little(place):
    await place.sign_on(assurance="who knows")
    assert (await place.redeem(await place.code())).assurance is Assurance.SINGLE


@pytest.mark.parametrize("methods", ["wia", "x509", "x509 mfa"])
async def test_a_sign_in_for_which_nobody_had_to_be_there_is_never_a_recent_one(place, methods):
    await place.sign_on(amr=methods)
    assert (await place.ask(max_age="3600")).headers["location"].startswith("/signin?")
    assert (await place.redeem(await place.code())).auth_time == 0


async def test_a_second_factor_shows_that_somebody_is_there(place):
    issued = await place.sign_on(amr="wia otp mfa")
    assert (await place.redeem(await place.code(max_age="3600"))).auth_time == issued.session.created_at
