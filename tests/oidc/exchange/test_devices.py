"""Tokens for devices: clients of the provider besides the programs of the settings (see `tests/oidc/device`)."""

import asyncio
from dataclasses import replace
from ipaddress import ip_network

import pytest
from tests.oidc.exchange.house import KEY, SECRET, build, claims_of
from tests.signin.conftest import ADA

from yett.authn.device_code import Approval, Completed, Declined, DeviceCodeSettings, Question, Reason
from yett.oidc.clients import GrantType
from yett.oidc.device import DeviceClientSettings, events
from yett.oidc.tokens.texts import FAMILIES

CLI = DeviceClientSettings(id="cli", scopes=("read",))


@pytest.fixture
async def house(clock):
    built = await build(clock, programs=(CLI,))
    async with built.http:
        yield built
    await built.stop()


async def begin(house, client="shop", secret=SECRET, **form):
    auth = None if client in {"app", "cli"} else (client, secret)
    data = {"client_id": client, "scope": "openid read", **form}
    data = {name: value for name, value in data.items() if value is not None}
    return await house.http.post("/oidc/device_authorization", data=data, auth=auth)


async def fetch(house, codes, client="shop", **more):
    return await house.ask(GrantType.DEVICE, client=client, device_code=codes["device_code"], **more)


async def confirmed(house, client="shop", **form):
    codes = (await begin(house, client, **form)).json()
    session = await house.sign_on()
    await house.confirm(codes, session)
    return codes, session


async def test_a_client_gets_what_any_grant_would_give_it(house, heard):
    codes, session = await confirmed(house)
    given = (await fetch(house, codes)).json()

    assert set(given) == {"access_token", "token_type", "expires_in", "scope", "refresh_token", "id_token"}
    access, identity = claims_of(given["access_token"]), claims_of(given["id_token"])
    assert (access["sub"], access["client_id"], access["scope"]) == ("ada", "shop", "openid read")
    assert (identity["aud"], identity["amr"]) == ("shop", ["pwd"])
    assert identity["auth_time"] == int(session.created_at)
    said = [emitter for emitter, _ in heard("oidc.device_code")]
    assert said == [events.generating, events.granted]


async def test_without_openid_there_is_no_id_token(house):
    codes, _ = await confirmed(house, scope="read")
    given = (await fetch(house, codes)).json()
    assert "id_token" not in given
    assert (await house.refresh(given["refresh_token"])).status_code == 200


async def test_a_code_is_good_once_however_many_ask(house):
    codes, _ = await confirmed(house)
    answers = await asyncio.gather(*(fetch(house, codes) for _ in range(50)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 49


async def test_a_client_proves_who_it_is_at_both_ends(house):
    assert (await begin(house, secret="wrong")).status_code == 401
    codes, _ = await confirmed(house)
    assert (await fetch(house, codes, secret="wrong")).status_code == 401
    assert (await fetch(house, codes, client="rival")).json()["error"] == "invalid_grant"
    assert (await fetch(house, codes)).status_code == 200


async def test_a_public_client_needs_no_proof_and_may_bind_its_tokens(house):
    codes, _ = await confirmed(house, "app")
    given = (await fetch(house, codes, client="app", dpop=house.proof())).json()
    assert claims_of(given["access_token"])["cnf"] == {"jkt": KEY.thumbprint}


async def test_a_client_without_the_grant_gets_no_codes(house, heard):
    answer = await begin(house, "coder")
    assert (answer.status_code, answer.json()) == (400, {"error": "unauthorized_client"})
    assert heard("oidc.device_code")[-1][1]["client"] == "coder"


@pytest.mark.parametrize(
    ("form", "said"), [({"scope": "admin"}, "invalid_scope"), ({"client_id": "rival"}, "invalid_request")]
)
async def test_a_request_for_codes_is_for_the_client_and_its_scopes(house, form, said):
    assert (await begin(house, **form)).json()["error"] == said


async def test_until_somebody_decides_the_device_waits(house):
    codes = (await begin(house)).json()
    assert (await fetch(house, codes)).json() == {"error": "authorization_pending"}
    assert (await fetch(house, codes)).json() == {"error": "slow_down"}


@pytest.mark.parametrize("happens", ["disabled", "signed_out", "client_gone"])
async def test_who_is_out_at_the_hand_over_has_confirmed_nothing(house, heard, happens):
    codes, session = await confirmed(house)
    match happens:
        case "disabled":
            house.people.table["ada"] = replace(ADA, is_disabled=True)
        case "signed_out":
            await house.sessions.revoke(session.ref)
        case _:
            shop = house.provider.clients["shop"]
            house.provider.clients["shop"] = replace(shop, grants=frozenset({GrantType.CODE}))
            assert (await fetch(house, codes)).json()["error"] == "unauthorized_client"
            return
    assert (await fetch(house, codes)).json() == {"error": "access_denied"}
    assert heard("oidc.device_code")[-1][0] is events.approver_out


async def test_tokens_that_cannot_be_kept_are_none(house, heard):
    codes, _ = await confirmed(house)
    house.records.broken_prefix = FAMILIES
    answer = await fetch(house, codes)
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert heard("oidc.device_code")[-1][0] is events.not_generated


async def test_programs_of_the_settings_get_what_they_always_got(house):
    codes, _ = await confirmed(house, "cli", scope="read")
    given = (await fetch(house, codes, client=None, client_id="cli")).json()
    assert set(given) == {"access_token", "token_type", "expires_in", "scope"}


async def test_while_device_codes_are_off_nobody_gets_any(house):
    codes, _ = await confirmed(house)
    house.codes.apply(DeviceCodeSettings())
    assert (await fetch(house, codes)).json()["error"] == "unsupported_grant_type"
    assert GrantType.DEVICE not in house.exchange.grants
    assert (await begin(house)).status_code == 404


@pytest.mark.parametrize(("address", "is_near"), [("10.1.2.3", True), ("192.0.2.1", False), ("", False)])
async def test_people_confirm_a_client_only_from_its_networks(house, heard, address, is_near):
    house.provider.clients["shop"] = replace(
        house.provider.clients["shop"], people_networks=(ip_network("10.0.0.0/8"),)
    )
    codes, session = (await begin(house)).json(), await house.sign_on()
    found = await house.codes.find(codes["user_code"], ADA, address)
    assert isinstance(found, Question) is is_near
    near = await house.codes.find(codes["user_code"], ADA, "10.1.2.3")
    approval = Approval("ada", session.ref, session.created_at, session.ends_at, address)

    done = await house.codes.complete(near.ref, approval, is_approved=True, person=ADA)

    assert isinstance(done, Completed) is is_near
    assert (await fetch(house, codes)).status_code == (200 if is_near else 400)
    far = (events.approver_far, {"user": "ada", "client": "shop", "client_address": address})
    assert heard("oidc.device_code").count(far) == (0 if is_near else 2)
    assert is_near or done == Declined(Reason.NOT_ALLOWED)
