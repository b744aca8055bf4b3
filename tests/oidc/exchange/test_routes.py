"""The token endpoint over HTTP: strict in what it reads, exact in what it answers (RFC 6749, section 5)."""

import pytest
from tests.oidc.exchange.house import SECRET

from yett.oidc.clients import GrantType

FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"grant_type=client_credentials&grant_type=client_credentials", FORM),
        (b"grant_type=client_credentials&scope=a&scope=b", FORM),
        (b"grant_type=%zz", FORM),
        (b"grant_type=\xff", FORM),
        (b"grant_type", FORM),
        (b"x=" + b"y" * 20_000, FORM),
        (b"&".join(b"a%d=1" % number for number in range(40)), FORM),
        (b'{"grant_type":"client_credentials"}', "application/json"),
        (b"grant_type=client_credentials", "text/plain"),
        (b"", FORM),
    ],
)
async def test_what_is_no_proper_form_is_refused(house, content, kind):
    headers = {"Content-Type": kind}
    answer = await house.http.post("/oidc/token", content=content, headers=headers, auth=("shop", SECRET))

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")


async def test_parameters_in_the_address_do_not_count(house):
    answer = await house.http.post(
        "/oidc/token?grant_type=client_credentials", data={"x": "1"}, auth=("shop", SECRET)
    )
    assert answer.json()["error"] == "invalid_request"


async def test_there_is_nothing_to_get(house):
    assert (await house.http.get("/oidc/token")).status_code == 405
    assert (await house.http.put("/oidc/token")).status_code == 405


async def test_programs_in_browsers_may_ask(house):
    answer = await house.http.options(
        "/oidc/token", headers={"Origin": "https://spa.test", "Access-Control-Request-Method": "POST"}
    )
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "DPoP" in answer.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in answer.headers
    for secret in (SECRET, "wrong"):
        asked = await house.ask(GrantType.CLIENT, secret=secret)
        assert asked.headers["access-control-allow-origin"] == "*"
