import pytest
from tests.oidc.registration.conftest import APP, ISSUER

from yett.oidc.registration import Mode, RegistrationEndpoint


async def test_the_answer_is_that_of_the_rfc(office):
    answer = await office.register(
        grant_types=["authorization_code", "refresh_token"], token_endpoint_auth_method="client_secret_post"
    )
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert told["client_id"].startswith("dc-")
    assert told["client_name"] == "Nice App"
    assert told["redirect_uris"] == APP["redirect_uris"]
    assert told["grant_types"] == ["authorization_code", "refresh_token"]
    assert told["token_endpoint_auth_method"] == "client_secret_post"
    assert len(told["client_secret"]) == 43
    assert told["registration_client_uri"].startswith(f"{ISSUER}/oidc/register?client_id=dc-")


async def test_a_client_looks_at_what_it_registered(office):
    told = await office.registered()
    headers = {"Authorization": f"Bearer {told['registration_access_token']}"}
    answer = await office.browser.get(told["registration_client_uri"], headers=headers)
    assert answer.status_code == 200
    assert answer.json() == told


@pytest.mark.parametrize("mode", [Mode.OFF, Mode.CLOSED])
async def test_where_nobody_may_register_there_is_nothing(office, mode):
    office.use(mode=mode)
    assert (await office.register()).status_code == 404
    assert RegistrationEndpoint(office.registrations, issuer=ISSUER).facts() == {}


async def test_discovery_is_told_where_somebody_may(office):
    facts = RegistrationEndpoint(office.registrations, issuer=ISSUER).facts()
    assert facts == {"registration_endpoint": f"{ISSUER}/oidc/register"}


async def test_nobody_else_looks_at_it(office):
    told, other = await office.registered(), await office.registered()
    for token in ("", "x", told["client_secret"], other["registration_access_token"]):
        headers = {"Authorization": f"Bearer {token}"}
        answer = await office.browser.get(told["registration_client_uri"], headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
    office.use(mode=Mode.OFF)
    headers = {"Authorization": f"Bearer {told['registration_access_token']}"}
    assert (await office.browser.get(told["registration_client_uri"], headers=headers)).status_code == 404


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"", "application/json"), (b"{", "application/json"), (b"[" * 9000, "application/json"),
     (b"\xff", "application/json"),
     (b'{"redirect_uris":["https://a.example/"],"redirect_uris":["https://b.example/"]}', "application/json"),
     (b'{"redirect_uris":["https://a.example/"],"x":{"a":1,"a":2}}', "application/json"),
     (b"{}" + b" " * 20_000, "application/json"), (b"{}", "text/plain"), (b"[]", "application/json"),
     (b'{"redirect_uris":"' + b"x" * 15_000 + b'"}', "application/json")],
)  # fmt: skip
async def test_what_is_no_document_is_refused(office, body, kind):
    answer = await office.browser.post("/oidc/register", content=body, headers={"Content-Type": kind})
    assert answer.status_code == 400
    assert answer.json()["error"] in {"invalid_client_metadata", "invalid_redirect_uri"}
