"""POST /oidc/par, and the way of a pushed request."""

import asyncio
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from tests.oidc.conftest import APP, HOUSE, ISSUER, SHOP_CALLBACK, SHOPPING, answer

from yett.identity.access import Assurance
from yett.oidc import Grant, Reason, events
from yett.oidc.clients import Client, Kind
from yett.oidc.dpop import DPoPFault, Proof
from yett.oidc.dpop import Reason as ProofReason
from yett.oidc.par import PREFIX, PushedRequests
from yett.oidc.par import events as par_events

REQUEST = {**SHOPPING, "client_id": "house"}


@dataclass
class Fault:
    error: str = "invalid_client"

    def response(self):
        return JSONResponse({"error": self.error}, 401)


class Auth:
    """Believes whoever names a client, and `secret`."""

    def __init__(self, clients):
        self.clients = clients

    async def authenticate(self, request, form, *, endpoint):
        assert endpoint == "/oidc/par"
        client = self.clients.get(form.get("client_id") or request.headers.get("x-client", ""))
        return client if isinstance(client, Client) and form.get("client_secret") == "s" else Fault()


class Proofs:
    """Believes the header."""

    async def check(self, request, *, url):
        assert url == f"{ISSUER}/oidc/par"
        thumbprint = request.headers.get("dpop", "")
        if thumbprint == "bad":
            return DPoPFault(ProofReason.SIGNATURE)
        return Proof(thumbprint, "n1") if thumbprint else None


@pytest.fixture
async def pushing(place):
    pushes = PushedRequests(
        place.provider.shelf,
        place.provider.clients,
        Auth(place.provider.clients),
        place.provider.rates,
        place.settings,
        place.clock,
        issuer=ISSUER,
        proofs=Proofs(),
    )
    place.pushes = pushes
    transport = httpx2.ASGITransport(app=Starlette(routes=pushes.routes))
    async with httpx2.AsyncClient(transport=transport, base_url=ISSUER) as client:
        yield client


async def push(pushing, *, headers=None, **changed):
    form = {
        name: value
        for name, value in {**REQUEST, "client_secret": "s", **changed}.items()
        if value is not None
    }
    return await pushing.post("/oidc/par", data=form, headers=headers or {})


async def bring(place, reference, **more):
    query = {"client_id": "house", "request_uri": reference, **more}
    return await place.browser.get("/oidc/authorize", params=query)


async def pushed(pushing, **changed):
    response = await push(pushing, **changed)
    assert response.status_code == 201, response.text
    return response.json()["request_uri"]


async def test_a_client_gets_a_reference_and_its_person_a_code(place, pushing, heard):
    response = await push(pushing)
    assert response.status_code == 201
    assert response.headers["cache-control"] == "no-store"
    assert response.json()["expires_in"] == 90
    reference = response.json()["request_uri"]
    assert reference.startswith(PREFIX)
    assert heard("oidc.par") == [(par_events.created, {"client": "house", "seconds": 90.0})]

    await place.sign_on()
    given = answer(await bring(place, reference), SHOP_CALLBACK)

    assert given["state"] == REQUEST["state"]
    assert isinstance(await place.redeem(given["code"], client_id="house", redirect_uri=SHOP_CALLBACK), Grant)


async def test_nothing_that_proves_the_client_is_kept(place, pushing):
    await push(pushing, client_assertion="eyJ", client_assertion_type="urn:x")
    ((_, record),) = await place.records.list("oidc/par/")
    assert b"client_secret" not in record.value
    assert b"assertion" not in record.value


async def test_a_reference_is_good_for_one_code(place, pushing, heard):
    await place.sign_on()
    reference = await pushed(pushing)
    assert "code" in answer(await bring(place, reference), SHOP_CALLBACK)

    page = await bring(place, reference)

    assert page.status_code == 400
    assert "location" not in page.headers
    assert heard("oidc.par")[-1] == (
        par_events.replayed,
        {"client": "house", "client_address": "192.0.2.7"},
    )


async def test_of_fifty_browsers_with_one_reference_one_gets_a_code(place, pushing):
    await place.sign_on()
    reference = await pushed(pushing)
    pages = await asyncio.gather(*(bring(place, reference) for _ in range(50)))
    assert sorted(page.status_code for page in pages) == [303] + [400] * 49


async def test_loading_the_sign_in_page_again_breaks_nothing(place, pushing):
    reference = await pushed(pushing, prompt="login")
    first, second = await bring(place, reference), await bring(place, reference)
    assert first.headers["location"] == second.headers["location"]
    # Signing in takes longer than the reference was to wait.
    place.clock.advance(600)
    await place.sign_on()
    to = parse_qs(urlsplit(first.headers["location"]).query)["next"][0]
    assert parse_qs(urlsplit(to).query) == {"client_id": ["house"], "request_uri": [reference]}
    assert "code" in answer(await place.browser.get(to), SHOP_CALLBACK)


async def test_a_demand_for_a_fresh_sign_in_cannot_be_taken_out_of_the_address(place, pushing):
    await place.sign_on()
    place.clock.advance(5)
    reference = await pushed(pushing, prompt="login")
    for _ in range(2):
        page = await bring(place, reference, prompt="none", max_age="9999")
        assert parse_qs(urlsplit(page.headers["location"]).query)["again"] == ["1"]
    await place.sign_on()
    assert "code" in answer(await bring(place, reference), SHOP_CALLBACK)


async def test_a_sign_in_for_which_nobody_had_to_be_there_is_asked_for_once(place, pushing):
    reference = await pushed(pushing, max_age="60")
    await place.sign_on(amr="x509")
    code = answer(await bring(place, reference), SHOP_CALLBACK)["code"]
    grant = await place.redeem(code, client_id="house", redirect_uri=SHOP_CALLBACK)
    # The client sees that nobody knows when somebody was there.
    assert grant.auth_time == 0


async def test_what_else_is_in_the_address_does_not_count(place, pushing):
    await place.sign_on()
    reference = await pushed(pushing)
    page = await bring(
        place,
        reference,
        redirect_uri="https://evil.test/",
        scope="admin",
        response_mode="form_post",
        state="x",
    )
    assert answer(page, SHOP_CALLBACK)["state"] == REQUEST["state"]


@pytest.mark.parametrize(
    "query",
    [
        {"client_id": "shop"},
        {"client_id": "evil"},
        {},
    ],
)
async def test_a_reference_is_its_clients(place, pushing, query):
    await place.sign_on()
    reference = await pushed(pushing)
    page = await place.browser.get("/oidc/authorize", params={"request_uri": reference, **query})
    assert page.status_code == 400
    assert "code" in answer(await bring(place, reference), SHOP_CALLBACK)


async def test_two_references_or_clients_are_none(place, pushing):
    await place.sign_on()
    reference = await pushed(pushing)
    for more in (("request_uri", reference), ("client_id", "house")):
        query = urlencode([("client_id", "house"), ("request_uri", reference), more])
        assert (await place.browser.get(f"/oidc/authorize?{query}")).status_code == 400


async def test_a_reference_that_is_too_old_or_was_never_there_gets_a_page(place, pushing, heard):
    reference = await pushed(pushing)
    place.clock.advance(90)
    for each in (reference, PREFIX + "guess"):
        page = await bring(place, each)
        assert page.status_code == 400
        assert heard("oidc.authorize")[-1] == (events.pushed_unknown, {"client": "house"})


async def test_an_error_uses_the_reference_up(place, pushing):
    reference = await pushed(pushing, prompt="none")
    assert answer(await bring(place, reference), SHOP_CALLBACK)["error"] == "login_required"
    assert (await bring(place, reference)).status_code == 400


async def test_a_client_that_has_to_push_gets_nothing_without(place, pushing):
    place.use(replace(HOUSE, must_push=True))
    await place.sign_on()
    refused = answer(await place.shop(client_id="house"), SHOP_CALLBACK)
    assert (refused["error"], refused["error_description"]) == ("invalid_request", Reason.PUSH_REQUIRED.value)
    assert "code" in answer(await bring(place, await pushed(pushing)), SHOP_CALLBACK)


async def test_a_long_request_may_be_pushed(place, pushing):
    reference = await pushed(pushing, state="%" * 4096)
    page = await bring(place, reference)
    assert len(page.headers["location"]) < 1000


async def test_a_request_goes_on_over_a_posted_form_too(place, pushing):
    await place.sign_on()
    reference = await pushed(pushing)
    response = await place.browser.post(
        "/oidc/authorize", data={"client_id": "house", "request_uri": reference}
    )
    assert "code" in answer(await place.browser.get(response.headers["location"]), SHOP_CALLBACK)


async def test_a_proof_that_comes_along_binds_the_code(place, pushing):
    await place.sign_on()
    response = await push(pushing, headers={"DPoP": "j" * 43})
    assert response.headers["dpop-nonce"] == "n1"
    code = answer(await bring(place, response.json()["request_uri"]), SHOP_CALLBACK)["code"]
    assert (await place.redeem(code, client_id="house", redirect_uri=SHOP_CALLBACK)).jkt == "j" * 43


@pytest.mark.parametrize(("proof", "jkt"), [("j" * 43, "k" * 43), ("bad", None)])
async def test_a_proof_of_another_key_is_refused(pushing, proof, jkt):
    response = await push(pushing, headers={"DPoP": proof}, dpop_jkt=jkt)
    assert response.status_code in {400, 401}
    assert response.json()["error"] == "invalid_dpop_proof"


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"redirect_uri": "https://evil.test/"}, "invalid_request"),
        ({"scope": "admin"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": None}, "invalid_request"),
        ({"request": "eyJ"}, "request_not_supported"),
        ({"request_uri": PREFIX + "x"}, "invalid_request"),
        ({"request_uri": "https://house.test/r"}, "invalid_request"),
        ({"claims": "["}, "invalid_request"),
    ],
)
async def test_a_request_that_is_not_proper_is_refused_when_it_is_pushed(pushing, heard, changed, error):
    response = await push(pushing, **changed)
    assert (response.status_code, response.json()["error"]) == (400, error)
    assert heard("oidc.par")[-1][0] is par_events.refused


async def test_a_client_pushes_for_itself_only(pushing):
    form = {**REQUEST, "client_secret": "s"}
    del form["client_id"]
    own = await pushing.post("/oidc/par", data=form, headers={"X-Client": "house"})
    assert own.status_code == 201


async def test_whoever_is_no_client_pushes_nothing(pushing, heard):
    response = await push(pushing, client_secret="wrong")
    assert (response.status_code, response.json()) == (401, {"error": "invalid_client"})
    assert heard("oidc.par") == [(par_events.auth_failed, {"client_address": "", "error": "invalid_client"})]
    assert (await push(pushing, client_id="wiki")).json()["error"] == "unauthorized_client"


async def test_what_is_too_large_or_no_form_is_refused(pushing, heard):
    response = await push(pushing, state="x" * 17_000)
    assert response.status_code == 413
    assert heard("oidc.par") == [(par_events.too_large, {"client_address": "", "limit": 16384})]
    assert (await pushing.post("/oidc/par", json={})).status_code == 415
    assert (await pushing.get("/oidc/par")).status_code == 405


async def test_without_the_store_nothing_is_pushed_and_nothing_read(place, pushing, heard):
    reference = await pushed(pushing)
    place.records.is_broken = True
    assert (await push(pushing)).status_code == 503
    assert heard("oidc.par")[-1][0] is par_events.not_generated
    assert (await bring(place, reference)).status_code == 503


async def test_too_many_pushes_are_refused(place, pushing, heard):
    place.use(requests_per_minute=1)
    app = {"client_id": "app", "redirect_uri": "http://127.0.0.1:5/callback", "scope": "openid"}
    place.use(APP, HOUSE)
    assert (await push(pushing, **app)).status_code == 201
    refused = await push(pushing, **app)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "61")
    # One that proves who it is pushes for all its people from one address.
    assert [(await push(pushing)).status_code for _ in range(3)] == [201, 201, 201]
    # Anybody may have registered a client with a secret, and requests take room.
    stranger = replace(place.provider.clients.get("house"), client_id="dc-1", kind=Kind.REGISTERED)
    place.provider.clients.find_with(lambda name: stranger if name == "dc-1" else None)
    answers = [(await push(pushing, client_id="dc-1")).status_code for _ in range(3)]
    assert answers == [201, 429, 429]
    assert heard("oidc.authcode")[-1][0] is events.rate_limited


async def test_an_empty_parameter_counts_as_left_out(pushing):
    form = {**REQUEST, "client_secret": "s", "client_id": "", "dpop_jkt": "", "prompt": ""}
    response = await pushing.post("/oidc/par", data=form, headers={"X-Client": "house", "DPoP": "j" * 43})
    assert response.status_code == 201


async def test_other_settings_hold_from_then_on(place, pushing):
    place.pushes.apply(replace(place.settings, enabled=False))
    assert (await push(pushing)).status_code == 404


async def test_a_program_on_a_machine_may_push_without_a_secret(place, pushing):
    place.use(replace(APP, consent=HOUSE.consent))
    await place.sign_on()
    to = "http://127.0.0.1:5000/callback"
    reference = await pushed(pushing, client_id="app", redirect_uri=to, scope="openid")
    page = await place.browser.get("/oidc/authorize", params={"client_id": "app", "request_uri": reference})
    assert "code" in answer(page, to)


async def test_more_proof_is_asked_for_a_pushed_request_as_for_any(place, pushing):
    await place.sign_on(assurance="single")
    reference = await pushed(pushing, acr_values="mfa")
    page = await bring(place, reference)
    assert urlsplit(page.headers["location"]).path == "/signin/step-up"
    assert parse_qs(urlsplit(page.headers["location"]).query)["acr"] == [Assurance.MFA.value]


async def test_a_machine_without_random_numbers_makes_no_references(place, pushing, heard):
    def fail():
        raise OSError("the kernel has no entropy")

    place.provider.shelf._new_secret = fail
    response = await push(pushing)
    assert (response.status_code, response.json()["error"]) == (503, "temporarily_unavailable")
    assert heard("oidc.par") == [
        (par_events.not_generated, {"client": "house", "error": "OSError: the kernel has no entropy"})
    ]
