"""Tokens for devices: made at the confirmation, handed over to whoever is still welcome."""

import json
from dataclasses import replace

import pytest
from tests.oidc.device.conftest import SETTINGS, TV
from tests.oidc.test_minting import decode
from tests.signin.conftest import ADA

from yett.authn.device_code import Declined, Reason
from yett.keys import NoKey
from yett.oidc import Unminted
from yett.oidc.client_auth import events as client_auth
from yett.oidc.device import DeviceGrantSettings, events


async def test_a_confirmed_device_gets_a_token_of_that_moment(place, heard):
    codes = await place.ask(scope="read")
    session = await place.sign_on()
    await place.confirm(codes, session)
    place.clock.advance(6)

    answer = (await place.redeem(codes)).json()

    claims = json.loads(decode(answer["access_token"].split(".")[1]))
    assert (claims["sub"], claims["sid"], claims["aud"]) == ("ada", session.ref, "https://api.internal")
    assert (answer["expires_in"], answer["scope"], claims["scope"]) == (3594, "read", "read")
    assert heard("oidc") == [
        (events.generating, {"user": "ada", "client": "cli", "session": session.ref}),
        (
            events.granted,
            {"user": "ada", "client": "cli", "session": session.ref, "lifetime": 3594},
        ),
    ]
    assert events.granted.declaration.audit


async def test_the_token_says_how_whoever_confirmed_had_signed_in(place):
    codes = await place.ask()
    session = await place.sign_on()
    await place.sessions.annotate(session.ref, {"amr": "hwk mfa", "assurance": "phishing_resistant"})
    await place.confirm(codes, session)
    place.clock.advance(6)

    answer = (await place.redeem(codes)).json()

    claims = json.loads(decode(answer["access_token"].split(".")[1]))
    assert (claims["acr"], claims["amr"]) == ("phishing_resistant", ["hwk", "mfa"])


@pytest.mark.parametrize(
    "happens",
    ["disabled", "gone", "out_of_the_group", "signed_out"],
)
async def test_who_is_out_at_the_hand_over_has_confirmed_nothing(place, heard, happens):
    codes = await place.ask()
    session = await place.sign_on()
    await place.confirm(codes, session)
    match happens:
        case "disabled":
            place.people.table["ada"] = replace(ADA, is_disabled=True)
        case "gone":
            del place.people.table["ada"]
        case "out_of_the_group":
            place.people.table["ada"] = replace(ADA, groups=())
        case _:
            await place.sessions.revoke(session.ref)

    answer = await place.redeem(codes)

    assert (answer.status_code, answer.json()) == (400, {"error": "access_denied"})
    assert heard("oidc")[-1] == (
        events.approver_out,
        {"user": "ada", "client": "cli", "session": session.ref},
    )
    assert (await place.redeem(codes)).json() == {"error": "invalid_grant"}


async def test_without_a_key_nothing_is_confirmed(place, heard, monkeypatch):
    codes = await place.ask()

    async def fails(*_, **__):
        raise NoKey(1, is_initial=True)

    monkeypatch.setattr(place.minting, "make", fails)

    assert await place.confirm(codes) == Declined(Reason.NO_TOKENS)

    emitter, fields = heard("oidc.device_code")[-1]
    assert (emitter, fields["reason"]) == (events.not_generated, Unminted.KEY)
    assert "Failed to generate tokens for device authorization" in [
        said.declaration.message for said, _ in heard("devicecode")
    ]


async def test_a_person_in_too_many_groups_gets_no_token(place, heard):
    codes = await place.ask()
    place.people.table["ada"] = replace(ADA, groups=tuple(f"group-{number:05}" for number in range(2000)))

    assert await place.confirm(codes) == Declined(Reason.NO_TOKENS)

    assert heard("oidc.device_code")[-1][1]["reason"] is Unminted.TOO_LONG
    assert "Invalid token response type" in [said.declaration.message for said, _ in heard("devicecode")]


async def test_a_person_who_goes_while_deciding_gets_no_token(place, heard):
    codes = await place.ask()
    session = await place.sign_on()
    del place.people.table["ada"]

    assert await place.confirm(codes, session) == Declined(Reason.NO_TOKENS)

    assert "Failed to get token response" in [said.declaration.message for said, _ in heard("devicecode")]


async def test_a_program_that_was_taken_out_of_the_settings_gets_nothing(place):
    codes = await place.ask()
    await place.confirm(codes)
    place.grant.apply(DeviceGrantSettings(client=(TV,)))

    assert (await place.redeem(codes)).json() == {"error": "invalid_client"}
    place.grant.apply(SETTINGS)
    assert (await place.redeem(codes)).status_code == 200


async def test_another_program_gets_nothing_by_a_code_that_is_not_its_own(place):
    codes = await place.ask()
    await place.confirm(codes)

    assert (await place.redeem(codes, client="tv")).json() == {"error": "invalid_grant"}
    assert (await place.redeem(codes)).status_code == 200


async def test_what_is_refused_names_no_client_that_is_not_ours(place, heard):
    await place.device.post("/oidc/device_authorization", data={"client_id": "hunter2"})

    assert heard("oidc")[-1][0] is client_auth.unknown_client
    assert "hunter2" not in str(heard())


async def test_a_program_that_is_taken_out_of_the_settings_during_the_hand_over_gets_nothing(
    place, heard, monkeypatch
):
    codes = await place.ask()
    await place.confirm(codes)
    poll = place.codes.poll

    async def reloaded(*asked):
        granted = await poll(*asked)
        place.grant.apply(DeviceGrantSettings(client=(TV,)))
        return granted

    monkeypatch.setattr(place.codes, "poll", reloaded)
    assert (await place.redeem(codes)).json() == {"error": "access_denied"}
    assert heard("oidc")[-1][0] is events.approver_out
