"""The device grant over HTTP (RFC 8628, sections 3.2 and 3.5)."""

import pytest
from tests.oidc.device.conftest import GRANT_TYPE, ISSUER

from yett.authn.device_code import DeviceCodeSettings


async def test_codes_come_with_where_to_type_them(place):
    answer = await place.device.post("/oidc/device_authorization", data={"client_id": "cli"})

    codes = answer.json()
    assert codes["verification_uri"] == f"{ISSUER}/device"
    assert codes["verification_uri_complete"] == f"{ISSUER}/device?user_code={codes['user_code']}"
    assert (codes["expires_in"], codes["interval"]) == (600, 5)
    assert answer.headers["cache-control"] == "no-store"


async def test_a_device_hears_in_the_standards_words_how_far_its_code_is(place):
    codes = await place.ask()

    assert (await place.redeem(codes)).json() == {"error": "authorization_pending"}
    assert (await place.redeem(codes)).json() == {"error": "slow_down"}
    place.clock.advance(600)
    assert (await place.redeem(codes)).json() == {"error": "expired_token"}


async def test_a_store_that_fails_is_no_refusal(place):
    codes = await place.ask()
    place.codes._shelf._records.is_broken = True

    answer = await place.redeem(codes)
    asked = await place.device.post("/oidc/device_authorization", data={"client_id": "cli"})

    assert (answer.status_code, answer.json()) == (503, {"error": "temporarily_unavailable"})
    assert (asked.status_code, asked.json()) == (503, {"error": "temporarily_unavailable"})


async def test_who_asks_for_too_many_codes_is_told_when_to_come_back(place):
    place.codes.apply(DeviceCodeSettings(enabled=True, max_per_address=1))
    await place.ask()

    answer = await place.device.post("/oidc/device_authorization", data={"client_id": "cli"})

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "600")


@pytest.mark.parametrize("path", ["/oidc/device_authorization", "/oidc/token"])
@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"client_id=cli&client_id=cli", "application/x-www-form-urlencoded"),
        (b"client_id=%zz", "application/x-www-form-urlencoded"),
        (b"\xff", "application/x-www-form-urlencoded"),
        (b"x=" + b"y" * 20_000, "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
    ],
)
async def test_what_is_no_proper_form_is_refused(place, path, content, kind):
    answer = await place.device.post(path, content=content, headers={"Content-Type": kind})

    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})


async def test_while_device_codes_are_off_there_is_nothing(place):
    place.codes.apply(DeviceCodeSettings())

    assert (await place.device.post("/oidc/token", data={"grant_type": GRANT_TYPE})).status_code == 404
    assert (await place.device.post("/oidc/device_authorization")).status_code == 404
    assert (await place.device.get("/oidc/token")).status_code == 405
