"""Asking for a code over HTTP."""

import html
import json
import re
from dataclasses import replace
from functools import partial
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from tests.oidc.clients.test_rules import CALLBACK as NEAR
from tests.oidc.clients.test_rules import LOOPBACK, LOOPBACK_TRICKS, OWN, TRICKS
from tests.oidc.conftest import (
    APP,
    APP_CALLBACK,
    ASKED,
    CHALLENGE,
    HOST,
    HOUSE,
    ISSUER,
    SHOP,
    SHOP_CALLBACK,
    SHOPPING,
    VERIFIER,
    answer,
)
from tests.signin.conftest import ADA

from yett.identity.access import Assurance
from yett.net.pages import SIGN_ON_COOKIE
from yett.oidc import OIDCSettings, Provider, Reason, Refused, events
from yett.oidc.clients import AuthMethod, GrantType, Kind
from yett.oidc.model import Weak
from yett.sessions import SessionType


async def test_whoever_is_signed_on_goes_back_with_code_state_and_issuer(place):
    await place.sign_on()

    response = await place.ask()

    given = answer(response)
    assert set(given) == {"code", "state", "iss"}
    assert (given["state"], given["iss"]) == (ASKED["state"], ISSUER)
    assert len(given["code"]) == 43
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["referrer-policy"] == "no-referrer"


async def test_whoever_is_not_goes_to_sign_in_and_comes_back_with_the_same_request(place, heard):
    response = await place.ask()

    assert response.status_code == 303
    parts = urlsplit(response.headers["location"])
    assert parts.path == "/signin"
    query = parse_qs(parts.query, strict_parsing=True)
    assert "again" not in query
    assert heard("oidc.authorize") == [(events.sign_in_needed, {"client": "wiki", "is_again": False})]
    await place.sign_on()
    assert answer(await place.browser.get(query["next"][0]))["state"] == ASKED["state"]


@pytest.mark.parametrize("demand", [{"prompt": "login"}, {"max_age": "60"}, {"max_age": "0"}])
async def test_a_fresh_sign_in_is_asked_for_once(place, demand):
    await place.sign_on()
    place.clock.advance(61)

    response = await place.ask(**demand)

    query = parse_qs(urlsplit(response.headers["location"]).query, strict_parsing=True)
    assert query["again"] == ["1"]
    assert "code" in answer(await place.browser.get(query["next"][0]))


async def test_a_silent_request_is_answered_without_a_page(place, heard):
    assert answer(await place.ask(prompt="none"))["error"] == "login_required"
    assert heard("oidc.authorize") == [(events.login_required, {"client": "wiki"})]

    await place.sign_on()
    assert "code" in answer(await place.ask(prompt="none"))


async def test_a_session_of_another_kind_does_not_sign_on(place):
    issued = await place.sessions.create(SessionType.AUTHENTICATED, "ada", audience=HOST)
    place.browser.cookies.set(SIGN_ON_COOKIE, issued.token, domain=HOST)

    assert (await place.ask()).headers["location"].startswith("/signin?")


async def test_a_session_for_another_host_does_not_sign_on(place):
    issued = await place.sessions.create(SessionType.SIGN_ON, "ada", audience="wiki.example.test")
    place.browser.cookies.set(SIGN_ON_COOKIE, issued.token, domain=HOST)

    assert (await place.ask()).headers["location"].startswith("/signin?")


@pytest.mark.parametrize("person", [None, replace(ADA, is_disabled=True)])
async def test_somebody_gone_or_disabled_gets_no_code(place, heard, person):
    issued = await place.sign_on()
    if person is None:
        del place.people.table["ada"]
    else:
        place.people.table["ada"] = person

    assert answer(await place.ask())["error"] == "access_denied"
    assert heard("oidc") == [
        (events.person_refused, {"user": "ada", "client": "wiki", "session": issued.session.ref})
    ]


async def test_without_the_store_there_is_no_code(place, heard):
    await place.sign_on()
    place.records.is_broken = True

    assert answer(await place.ask())["error"] == "temporarily_unavailable"
    assert heard("oidc")[-1][0] is events.authorize_unavailable


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"client_id": "evil"}, (events.unknown_client, {})),
        ({"redirect_uri": "https://evil.test/"}, (events.invalid_redirect_uri, {"client": "wiki"})),
    ],
)
async def test_a_request_that_cannot_be_trusted_gets_a_page_and_goes_nowhere(place, heard, changed, said):
    await place.sign_on()

    response = await place.ask(**changed)

    assert response.status_code == 400
    assert "location" not in response.headers
    assert "evil" not in response.text
    assert heard("oidc.authcode") == [said]


async def test_a_damaged_address_gets_a_page(place, heard):
    response = await place.browser.get("/oidc/authorize?client_id=%zz")

    assert response.status_code == 400
    assert heard("oidc.authorize") == [
        (events.request_refused, {"client": "unknown", "reason": Reason.MALFORMED})
    ]


@pytest.mark.parametrize(
    ("changed", "error", "said"),
    [
        ({"code_challenge": None}, "invalid_request", events.pkce_missing),
        ({"code_challenge_method": "plain"}, "invalid_request", events.plain_rejected),
        ({"scope": "admin"}, "invalid_scope", events.unauthorized_scope),
        ({"response_type": "token"}, "unsupported_response_type", events.request_refused),
        ({"request": "e30"}, "request_not_supported", events.request_refused),
        ({"max_age": "x"}, "invalid_request", events.request_refused),
    ],
)
async def test_a_faulty_request_is_answered_to_the_client(place, heard, changed, error, said):
    await place.sign_on()

    given = answer(await place.ask(**changed))

    assert (given["error"], given["state"], given["iss"]) == (error, ASKED["state"], ISSUER)
    assert "code" not in given
    assert [emitter for emitter, _ in heard("oidc")] == [said]


async def test_an_answer_without_a_proper_state_carries_none(place):
    assert set(answer(await place.ask(state=None))) == {"error", "error_description", "iss"}


@pytest.mark.parametrize("method", ["HEAD", "DELETE", "PUT"])
async def test_only_get_makes_a_code(place, method):
    await place.sign_on()
    response = await place.browser.request(method, "/oidc/authorize", params=ASKED)

    assert response.status_code == 405
    assert await place.records.list("oidc/codes/") == []


async def test_whoever_proved_too_little_goes_to_prove_more_and_comes_back(place, heard):
    await place.sign_on(assurance="single")

    response = await place.ask(acr_values="phishing_resistant mfa")

    parts = urlsplit(response.headers["location"])
    query = parse_qs(parts.query, strict_parsing=True)
    assert (parts.path, query["acr"]) == ("/signin/step-up", ["mfa"])
    assert heard("oidc.authorize") == [
        (
            events.more_proof_needed,
            {"user": "ada", "client": "wiki", "needed": Assurance.MFA, "held": Assurance.SINGLE},
        )
    ]
    # Whoever comes back without having proven it is asked again, and gets no code.
    again = await place.browser.get(query["next"][0])
    assert urlsplit(again.headers["location"]).path == "/signin/step-up"
    await place.sign_on(assurance="mfa")
    assert "code" in answer(await place.browser.get(query["next"][0]))


async def test_a_silent_request_for_more_proof_is_answered_without_a_page(place):
    assert answer(await place.ask(prompt="none", acr_values="mfa"))["error"] == "login_required"
    await place.sign_on()
    assert answer(await place.ask(prompt="none", acr_values="mfa"))["error"] == "interaction_required"


# Applications elsewhere.


def next_of(response):
    """Where the sign-in page will lead back to."""
    return parse_qs(urlsplit(response.headers["location"]).query, strict_parsing=True)["next"][0]


async def house(place, **changed):
    """Ask for a code for an application that needs no consent."""
    return await place.shop(client_id="house", **changed)


async def test_an_application_elsewhere_gets_a_code_with_state_and_issuer(place):
    await place.sign_on()
    given = answer(await house(place), SHOP_CALLBACK)
    assert set(given) == {"code", "state", "iss"}
    assert (given["state"], given["iss"]) == (SHOPPING["state"], ISSUER)


async def test_it_need_not_send_a_state(place):
    await place.sign_on()
    assert set(answer(await house(place, state=None), SHOP_CALLBACK)) == {"code", "iss"}


async def test_an_answer_may_travel_in_a_form(place):
    await place.sign_on()
    page = await house(place, response_mode="form_post", state='"><script>alert(1)</script>')

    assert page.status_code == 200
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.text))
    assert set(fields) == {"code", "state", "iss"}
    assert html.unescape(fields["state"]) == '"><script>alert(1)</script>'
    assert "<script>alert" not in page.text
    assert f'action="{SHOP_CALLBACK}"' in page.text
    assert '<button class="button" type="submit">Continue</button>' in page.text
    assert page.headers["cache-control"] == "no-store"
    policy = page.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    script = re.search(r'<script src="([^"]+)" defer>', page.text)[1]
    code = await place.browser.get(script)
    assert code.headers["content-type"].startswith("text/javascript")
    assert "submit()" in code.text


async def test_so_may_an_error(place):
    page = await house(place, response_mode="form_post", prompt="none")
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.text))
    assert fields["error"] == "login_required"
    assert fields["iss"] == ISSUER


@pytest.mark.parametrize("mode", ["fragment", "web_message", "query.jwt", "QUERY", "form_post "])
async def test_other_ways_of_travelling_are_refused_in_the_address(place, mode):
    await place.sign_on()
    assert answer(await house(place, response_mode=mode), SHOP_CALLBACK)["error"] == "invalid_request"


async def test_a_form_leads_to_no_scheme_of_a_programs_own(place):
    asked = {"client_id": "app", "redirect_uri": "com.example.app:/callback", "scope": "openid"}
    response = await place.shop(**asked, response_mode="form_post")
    assert answer(response, "com.example.app:/callback")["error"] == "invalid_request"


async def test_a_posted_request_is_answered_by_a_get_that_carries_the_cookie(place):
    await place.sign_on()
    asked = {**SHOPPING, "client_id": "house", "prompt": "none"}

    response = await place.browser.post("/oidc/authorize", data=asked)

    assert response.status_code == 303
    to = urlsplit(response.headers["location"])
    assert (to.path, to.netloc, parse_qs(to.query)["prompt"]) == ("/oidc/authorize", "", ["none"])
    assert "code" in answer(await place.browser.get(response.headers["location"]), SHOP_CALLBACK)


async def test_what_nobody_understands_does_not_make_its_address_long(place):
    await place.sign_on()
    asked = {
        **SHOPPING,
        "client_id": "house",
        "max_age": "9",
        "login_hint": "ada",
        "browser_info": "x" * 12_000,
    }
    response = await place.browser.post("/oidc/authorize", data=asked)
    to = dict(parse_qsl(urlsplit(response.headers["location"]).query))
    del asked["browser_info"]
    assert to == asked
    assert "code" in answer(await place.browser.get(response.headers["location"]), SHOP_CALLBACK)


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"client_id=%zz", "application/x-www-form-urlencoded", 400),
        (b"client_id=a&client_id=b", "application/x-www-form-urlencoded", 400),
        (b"a=" + b"x" * 20_000, "application/x-www-form-urlencoded", 413),
        (b"{}", "application/json", 415),
        (
            urlencode({**SHOPPING, "redirect_uri": "https://evil.test/"}).encode(),
            "application/x-www-form-urlencoded",
            400,
        ),
    ],
)
async def test_a_posted_request_that_is_not_proper_goes_nowhere(place, body, kind, status):
    response = await place.browser.post("/oidc/authorize", content=body, headers={"Content-Type": kind})
    assert response.status_code == status
    assert "location" not in response.headers


async def test_a_posted_fault_of_a_known_client_is_answered_to_it(place):
    response = await place.browser.post("/oidc/authorize", data={**SHOPPING, "scope": "admin"})
    assert answer(response, SHOP_CALLBACK)["error"] == "invalid_scope"


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"request": "eyJ"}, "request_not_supported"),
        ({"request_uri": "https://shop.example.net/request"}, "request_uri_not_supported"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unsupported_response_type"),
        ({"response_type": "id_token"}, "unsupported_response_type"),
        ({"response_type": "none"}, "unsupported_response_type"),
        ({"prompt": "create"}, "invalid_request"),
        ({"prompt": "none consent"}, "invalid_request"),
        ({"prompt": "login  consent"}, "invalid_request"),
        ({"claims": "["}, "invalid_request"),
        ({"claims": "x" * 5000}, "invalid_request"),
        ({"dpop_jkt": "short"}, "invalid_request"),
        ({"id_token_hint": "not a token"}, "invalid_request"),
        ({"login_hint": "x" * 257}, "invalid_request"),
        ({"login_hint": "a\nb"}, "invalid_request"),
        ({"idp_hint": "x" * 257}, "invalid_request"),
        ({"code_challenge": "A" * 43}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"claims": json.dumps({"id_token": {"acr": {"essential": True, "values": ["gold"]}}})},
         "unmet_authentication_requirements"),
        ({"claims": json.dumps({"id_token": {"sub": {"value": "a"}}, "userinfo": {"sub": {"value": "b"}}})},
         "login_required"),
    ],
)  # fmt: skip
async def test_what_is_not_done_here_is_refused_and_never_ignored(place, changed, error):
    await place.sign_on()
    given = answer(await house(place, **changed), SHOP_CALLBACK)
    assert (given["error"], given["state"], given["iss"]) == (error, SHOPPING["state"], ISSUER)


async def test_what_nobody_knows_is_ignored(place):
    await place.sign_on()
    more = {
        "display": "touch",
        "ui_locales": "de fr",
        "claims_locales": "de",
        "whatever": "x",
        "acr_values": "gold",
    }
    assert "code" in answer(await house(place, **more), SHOP_CALLBACK)


async def test_a_weak_challenge_is_told(place, heard):
    await house(place, code_challenge="ab" * 21 + "a")
    assert (events.entropy_low, {"client": "house", "what": Weak.CHALLENGE}) in heard()


async def test_a_client_without_the_grant_gets_no_codes(place):
    place.use(replace(HOUSE, grants=(GrantType.CLIENT,)))
    assert answer(await house(place), SHOP_CALLBACK)["error"] == "unauthorized_client"


async def test_an_old_client_may_send_a_nonce_in_place_of_a_challenge(place):
    await place.sign_on()
    without = {"code_challenge": None, "code_challenge_method": None}
    code = answer(await house(place, **without), SHOP_CALLBACK)["code"]
    redeemed = {"client_id": "house", "redirect_uri": SHOP_CALLBACK}

    assert (await place.redeem(code, verifier="", **redeemed)).user == "ada"
    # A verifier for it means that somebody has taken the challenge away.
    code = answer(await house(place, **without), SHOP_CALLBACK)["code"]
    assert (await place.redeem(code, **redeemed)).reason is Reason.VERIFIER_WRONG
    assert answer(await house(place, nonce=None, **without), SHOP_CALLBACK)["error"] == "invalid_request"
    assert answer(await place.shop(**without), SHOP_CALLBACK)["error"] == "invalid_request"
    asked = {"client_id": "app", "redirect_uri": "http://127.0.0.1:5000/callback", "scope": "openid"}
    assert answer(await place.shop(**asked, **without), asked["redirect_uri"])["error"] == "invalid_request"


async def test_of_a_program_on_a_machine_any_port_is_taken_and_the_code_is_for_that_one(place):
    await place.sign_on()
    place.use(replace(APP, consent=HOUSE.consent))
    to = "http://127.0.0.1:50123/callback"
    code = answer(await place.shop(client_id="app", redirect_uri=to, scope="openid"), to)["code"]
    other = await place.redeem(code, client_id="app", redirect_uri="http://127.0.0.1:50124/callback")
    assert other.reason is Reason.OTHER_REDIRECT_URI


async def test_members_of_the_clients_groups_may_sign_in_and_nobody_else(place, heard):
    issued = await place.sign_on()
    place.use(replace(HOUSE, groups=("bakers",)))
    assert answer(await house(place), SHOP_CALLBACK)["error"] == "access_denied"
    assert heard("oidc.authorize")[-1] == (
        events.group_refused,
        {"user": "ada", "client": "house", "session": issued.session.ref},
    )
    place.use(replace(HOUSE, groups=("bakers", "engineers")))
    code = answer(await house(place), SHOP_CALLBACK)["code"]
    place.people.table["ada"] = replace(ADA, groups=())
    redeemed = await place.redeem(code, client_id="house", redirect_uri=SHOP_CALLBACK)
    assert redeemed.reason is Reason.PERSON


async def test_people_sign_in_from_the_networks_that_a_client_names(place, heard):
    await place.sign_on()
    place.use(replace(HOUSE, people_networks=("10.0.0.0/8", "2001:db8::/32")))
    assert answer(await house(place), SHOP_CALLBACK)["error"] == "access_denied"
    assert heard("oidc.authcode") == [
        (events.address_refused, {"client": "house", "client_address": "192.0.2.7"})
    ]
    for address in ("10.9.8.7", "::ffff:10.9.8.7", "2001:db8::1"):
        place.origin["client_address"] = address
        assert "code" in answer(await house(place), SHOP_CALLBACK)
    place.origin.clear()
    assert answer(await house(place), SHOP_CALLBACK)["error"] == "access_denied"


async def test_too_many_requests_of_one_address_for_one_client_get_a_page(place, heard):
    await place.sign_on()
    place.use(requests_per_minute=2)
    assert [(await house(place)).status_code for _ in range(3)] == [303, 303, 429]
    page = await house(place)
    assert int(page.headers["retry-after"]) == 30
    assert "location" not in page.headers
    assert heard("oidc.authcode")[-1] == (
        events.rate_limited,
        {"client": "house", "client_address": "192.0.2.7", "retry_after": 30.0},
    )
    # Others are counted apart, and those behind the proxy not at all.
    assert "code" in answer(await place.ask())
    place.origin["client_address"] = "192.0.2.8"
    assert (await house(place)).status_code == 303
    guesses = [await place.shop(client_id=f"guess{number}") for number in range(3)]
    assert [each.status_code for each in guesses] == [400, 400, 429]


async def test_a_machine_without_random_numbers_makes_no_codes(place, heard):
    issued = await place.sign_on()

    def fail():
        raise OSError("the kernel has no entropy")

    provider = Provider(
        place.records,
        place.sessions,
        place.people,
        OIDCSettings(),
        place.clock,
        issuer=ISSUER,
        new_secret=fail,
    )
    provider.register_client("wiki", [ASKED["redirect_uri"]])
    place.provider.authorize = provider.authorize

    assert answer(await place.ask())["error"] == "server_error"
    assert heard("oidc.auth") == [
        (events.random_failed, {"client": "wiki", "error": "NoRandomBytes: the kernel has no entropy"})
    ]
    assert issued.session.module_key == "ada"


async def test_where_others_are_not_served_they_are_not_known(place, heard):
    await place.sign_on()
    place.use(enabled=False)
    assert (await house(place)).status_code == 400
    assert "code" in answer(await place.ask())
    assert heard("oidc.init")[-1] == (events.disabled, {})


async def test_a_weak_secret_in_the_settings_is_told(place, heard):
    place.use(SHOP, replace(HOUSE, secret="changemechangeme"))
    assert (events.entropy_low, {"client": "house", "what": Weak.SECRET}) in heard("oidc.validation")


# Who is expected.


async def test_a_hint_of_ours_says_who_is_expected(place, heard):
    await place.sign_on()
    known = {"eyJ.ada": {"sub": "ada", "aud": "house"}, "eyJ.bob": {"sub": "bob", "aud": ["x", "house"]},
             "eyJ.shop": {"sub": "ada", "aud": "shop"}}  # fmt: skip
    place.provider.verify_hint = known.get

    assert "code" in answer(await house(place, id_token_hint="eyJ.ada"), SHOP_CALLBACK)
    assert answer(await house(place, id_token_hint="eyJ.bob"), SHOP_CALLBACK)["error"] == "login_required"
    assert heard("oidc.authorize")[-1][0] is events.other_person
    assert answer(await house(place, id_token_hint="eyJ.shop"), SHOP_CALLBACK)["error"] == "invalid_request"
    assert answer(await house(place, id_token_hint="eyJ.forged"), SHOP_CALLBACK)["error"] == "invalid_request"


async def test_a_claim_may_say_so_too(place):
    await place.sign_on()
    for subject, is_in in (("ada", True), ("bob", False)):
        claims = json.dumps({"id_token": {"sub": {"value": subject}}})
        given = answer(await house(place, claims=claims), SHOP_CALLBACK)
        assert ("code" in given) is is_in


async def test_what_the_client_expects_survives_the_sign_in(place):
    place.provider.verify_hint = {"eyJ.bob": {"sub": "bob", "aud": "house"}}.get
    response = await house(place, id_token_hint="eyJ.bob", login_hint="bob")
    query = parse_qs(urlsplit(response.headers["location"]).query)
    assert query["login_hint"] == ["bob"]
    await place.sign_on()
    assert answer(await place.browser.get(next_of(response)), SHOP_CALLBACK)["error"] == "login_required"


async def test_a_client_may_say_at_which_provider_people_sign_in(place):
    response = await house(place, idp_hint="acme")
    query = parse_qs(urlsplit(response.headers["location"]).query)
    assert query["with"] == ["acme"]
    # Whoever was asked to sign in anew, and did, is not sent there again.
    assert "idp_hint" not in next_of(response)
    await place.sign_on()
    assert "code" in answer(await house(place, idp_hint="acme"), SHOP_CALLBACK)


async def test_whoever_is_to_choose_an_account_signs_in_with_it(place):
    await place.sign_on()
    response = await house(place, prompt="select_account")
    assert parse_qs(urlsplit(response.headers["location"]).query)["again"] == ["1"]
    assert "code" in answer(await place.browser.get(next_of(response)), SHOP_CALLBACK)


async def test_what_a_client_wants_to_hear_travels_with_the_code_as_far_as_its_scopes_go(place):
    await place.sign_on(assurance="phishing_resistant")
    claims = {
        "userinfo": {"email": None, "phone_number": {"essential": True}},
        "id_token": {
            "acr": {"essential": True, "values": ["mfa", "gold"]},
            "name": {"essential": True},
        },
    }
    code = answer(await house(place, claims=json.dumps(claims), dpop_jkt="j" * 43), SHOP_CALLBACK)["code"]
    grant = await place.redeem(code, client_id="house", redirect_uri=SHOP_CALLBACK)

    assert grant.claims == {
        "userinfo": {"email": {}},
        "id_token": {"acr": {"essential": True, "values": ["mfa", "gold"]}, "name": {"essential": True}},
    }
    assert grant.jkt == "j" * 43
    # The client said which words it understands.
    assert grant.assurance is Assurance.MFA


async def test_proof_that_is_essential_is_asked_for(place):
    await place.sign_on(assurance="single")
    claims = json.dumps({"id_token": {"acr": {"essential": True, "value": "phishing_resistant"}}})
    response = await house(place, claims=claims)
    parts = urlsplit(response.headers["location"])
    assert (parts.path, parse_qs(parts.query)["acr"]) == ("/signin/step-up", ["phishing_resistant"])


async def test_refresh_while_away_is_not_offered_to_who_has_no_refresh_tokens(place):
    await place.sign_on()
    place.use(replace(HOUSE, grants=(GrantType.CODE,)))
    code = answer(await house(place, scope="openid offline_access"), SHOP_CALLBACK)["code"]
    grant = await place.redeem(code, client_id="house", redirect_uri=SHOP_CALLBACK)
    assert grant.scope == "openid"


async def test_an_answer_names_its_issuer_whatever_it_is(place):
    """A client of two providers compares it, so that nobody gets a code for the other (RFC 9207)."""
    for changed in ({"prompt": "none"}, {"scope": "admin"}, {"response_type": "token"}):
        assert answer(await house(place, **changed), SHOP_CALLBACK)["iss"] == ISSUER


# Whatever comes.

NAMES = [
    *SHOPPING,
    "prompt",
    "max_age",
    "claims",
    "response_mode",
    "dpop_jkt",
    "id_token_hint",
    "request_uri",
    "acr_values",
]
NASTY = [
    b"", b"\x00", b"%00", b"%0d%0aX: y", b"%ff", b"%c0%af", b"\xff", b"%u0041", b"%", b"%2", b"+", b"&", b"=", b"&&=&",
    b"%F0%9F%92%A9", b"%ed%a0%80", b"a" * 9000, b"%41" * 3000, b"[" * 4000, b"%7b%22userinfo%22:" * 200, b"-1", b"1e9",
    b"99999999999999999999", b"urn:ietf:params:oauth:request_uri:", b"urn:ietf:params:oauth:request_uri:%00",
    b"https://evil.test/", b"//evil.test", b"javascript:alert(1)", b"none", b"none%20none", b"query", b"code%20code",
    b"%7b%22id_token%22:%7b%22acr%22:%7b%22essential%22:true,%22values%22:%5b%5d%7d%7d%7d",
    b"%7b%22userinfo%22:null%7d",
    b"%7b%22id_token%22:%7b%22sub%22:%7b%22value%22:%22ada%22%7d%7d%7d",
    b"%7b%22userinfo%22:%7b%22%5cud800%22:null%7d%7d",
    b"form_post", b"openid%20openid", b"offline_access", b"%20openid", b"eyJ.eyJ.x",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
async def test_whatever_comes_nobody_is_sent_elsewhere_and_nothing_breaks(place, name):
    await place.sign_on()
    place.use(requests_per_minute=1_000_000)
    base = {**SHOPPING, "client_id": "house"}
    for nasty in NASTY:
        rest = urlencode({key: value for key, value in base.items() if key != name}).encode()
        added = b"&" + name.encode() + b"=" + nasty
        for query in (rest + added, urlencode(base).encode() + added):
            plain = query.replace(b"\x00", b"%00").replace(b"\xff", b"%ff").decode()
            response = await place.browser.get(f"/oidc/authorize?{plain}")
            assert response.status_code in {200, 303, 400}, query
            to = response.headers.get("location", "/signin")
            assert to.startswith((SHOP_CALLBACK + "?", "/signin")), query
        posted = await place.browser.post(
            "/oidc/authorize",
            content=rest + added,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        assert posted.status_code in {200, 303, 400, 413}, nasty
        to = posted.headers.get("location", "/oidc/authorize")
        assert to.startswith((SHOP_CALLBACK + "?", "/oidc/authorize")), nasty


# Strangers.


async def test_a_stranger_cannot_use_us_to_send_people_anywhere(place, heard):
    """Whoever may register could put any address behind a link to the sign-in host (RFC 9700, section 4.11.2)."""
    stranger = replace(
        place.provider.clients.get("shop"),
        client_id="dc-" + "x" * 900,
        kind=Kind.REGISTERED,
        redirect_uris=frozenset({SHOP_CALLBACK, "com.example.app:/callback"}),
        auth_method=AuthMethod.NONE,
    )
    place.provider.clients.find_with(lambda name: stranger if name == stranger.client_id else None)

    for changed in (
        {"scope": "admin"},
        {"response_type": "token"},
        {"code_challenge": None},
        {"state": "\n"},
    ):
        for more in ({}, {"prompt": "none"}, {"response_mode": "form_post"}):
            page = await place.shop(client_id=stranger.client_id, **changed, **more)
            assert page.status_code == 400
            assert "location" not in page.headers
            assert 'http-equiv="refresh"' not in page.text
            assert "<form" not in page.text
            # Whoever wants to may go on, and the application hears what was wrong.
            to = urlsplit(html.unescape(re.search(rf'href="({SHOP_CALLBACK}[^"]+)"', page.text)[1]))
            assert {"error", "iss"} <= set(parse_qs(to.query))
            assert "Go to shop.example.net" in page.text
    assert all(len(fields["client"]) <= 80 for _, fields in heard("oidc.authorize"))
    own = await place.shop(
        client_id=stranger.client_id, redirect_uri="com.example.app:/callback", scope="admin"
    )
    assert own.status_code == 400
    assert "com.example.app" not in own.text
    # A proper request is answered: what is silent has no page (OpenID Connect Core, section 3.1.2.6).
    silent = await place.shop(client_id=stranger.client_id, prompt="none")
    assert answer(silent, SHOP_CALLBACK)["error"] == "login_required"


# Attacks, each with what the log has to say of it.


@pytest.mark.parametrize("client_id", ["shop", "app"])
@pytest.mark.parametrize("uri", [*TRICKS, *LOOPBACK_TRICKS])
async def test_an_address_that_is_nearly_the_applications_gets_a_page_and_an_entry(
    place, heard, client_id, uri
):
    await place.sign_on()
    # Addresses of the rules' tests, so that each trick is as near as can be.
    place.use(replace(SHOP, redirect_uris=(NEAR,)), replace(APP, redirect_uris=(LOOPBACK, OWN)))
    own = {"shop": NEAR, "app": LOOPBACK}[client_id]
    query = urlencode({**SHOPPING, "scope": "openid", "client_id": client_id, "redirect_uri": uri})
    both = urlencode({"redirect_uri": own})
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for send in (
        partial(place.browser.get, f"/oidc/authorize?{query}"),
        partial(place.browser.post, "/oidc/authorize", content=query, headers=form),
        # One of its own beside it makes it no better.
        partial(place.browser.get, f"/oidc/authorize?{query}&{both}"),
        partial(place.browser.get, f"/oidc/authorize?{both}&{query}"),
    ):
        heard.forget()
        page = await send()
        assert page.status_code == 400
        assert not {"location", "refresh"}.intersection(page.headers)
        assert "http-equiv" not in page.text
        assert heard("oidc.authcode") == [(events.invalid_redirect_uri, {"client": client_id})]
    assert await place.records.list("oidc/codes/") == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, events.pkce_missing),
        ({"code_challenge": ""}, events.pkce_missing),
        ({"code_challenge": None}, events.pkce_missing),
        ({"code_challenge_method": None}, events.plain_rejected),
        ({"code_challenge_method": ""}, events.plain_rejected),
        ({"code_challenge_method": "plain"}, events.plain_rejected),
        ({"code_challenge_method": "plain", "code_challenge": VERIFIER}, events.plain_rejected),
        ({"code_challenge_method": "s256"}, events.request_refused),
        ({"code_challenge_method": "S512"}, events.request_refused),
        ({"code_challenge_method": "S256 plain"}, events.request_refused),
        ({"code_challenge": CHALLENGE[:-1]}, events.request_refused),
        ({"code_challenge": CHALLENGE + "="}, events.request_refused),
        ({"code_challenge": CHALLENGE + "A" * 86}, events.request_refused),
        ({"code_challenge": "A" * 43}, events.entropy_low),
    ],
)
async def test_a_request_with_a_weaker_challenge_gets_no_code_and_an_entry(place, heard, changed, said):
    await place.sign_on()
    given = answer(await place.shop(**changed), SHOP_CALLBACK)
    assert (given["error"], given["state"]) == ("invalid_request", SHOPPING["state"])
    assert said in [emitter for emitter, _ in heard("oidc")]
    assert await place.records.list("oidc/codes/") == []


@pytest.mark.parametrize(
    ("verifier", "said"),
    [
        ("", events.verifier_malformed),
        ("short", events.verifier_malformed),
        ("A" * 129, events.verifier_malformed),
        (VERIFIER[:-1] + "\n", events.verifier_malformed),
        (VERIFIER[:-1] + "\u0130", events.verifier_malformed),
        (CHALLENGE, events.pkce_failed),
        (VERIFIER.lower(), events.pkce_failed),
        ("another-verifier-of-another-browser-of-another", events.pkce_failed),
    ],
)
async def test_a_code_with_another_verifier_gives_nothing_but_an_entry(place, heard, verifier, said):
    await place.sign_on()
    code = answer(await house(place), SHOP_CALLBACK)["code"]
    redeemed = await place.redeem(code, verifier=verifier, client_id="house", redirect_uri=SHOP_CALLBACK)
    assert isinstance(redeemed, Refused)
    assert [emitter for emitter, _ in heard("oidc.token.exchange")] == [said] * (said is events.pkce_failed)
    assert (said, {"client": "house"}) in heard("oidc")
    # Trying has spent it.
    late = await place.redeem(code, client_id="house", redirect_uri=SHOP_CALLBACK)
    assert late == Refused(Reason.CODE_REUSED)
    assert (events.code_invalid, {"client": "house", "reason": Reason.CODE_REUSED}) in heard("oidc")


@pytest.mark.parametrize(
    "changed",
    [{"client_id": "shop"}, {"client_id": "app"}, {"client_id": "wiki"}, {"redirect_uri": APP_CALLBACK}],
)
async def test_a_code_that_was_mixed_up_gives_nothing_but_an_entry(place, heard, changed):
    """Who holds a code that was made for another client, or for another of its addresses (RFC 9700, section 4.4)."""
    await place.sign_on()
    given = answer(await house(place), SHOP_CALLBACK)
    assert given["iss"] == ISSUER
    asked = {"client_id": "house", "redirect_uri": SHOP_CALLBACK, **changed}
    assert isinstance(await place.redeem(given["code"], **asked), Refused)
    (said,) = heard("oidc.token.exchange")
    assert said[0] is events.client_mismatch
    assert said[1]["issued_to"] == "house"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"state": "x" * 4097}, Reason.STATE),
        ({"state": "x" * 4096 + "&" * 1900}, Reason.STATE),
        ({"state": "&" * 2000}, Reason.TOO_LONG),
        ({"nonce": "x" * 513}, Reason.NONCE),
        ({"scope": " ".join(["openid"] * 33)}, Reason.SCOPE),
        ({"claims": "x" * 4097}, Reason.CLAIMS),
        ({"claims": json.dumps({"userinfo": {f"c{each}": None for each in range(33)}})}, Reason.CLAIMS),
        ({"login_hint": "x" * 257}, Reason.HINT),
        ({"id_token_hint": "x" * 4097}, Reason.HINT),
        ({"max_age": "9" * 10}, Reason.MAX_AGE),
        ({"acr_values": "x" * 5900}, Reason.TOO_LONG),
        ({f"p{each}": "x" for each in range(40)}, Reason.MALFORMED),
    ],
)
async def test_what_is_too_large_is_refused_with_an_entry(place, heard, changed, reason):
    await place.sign_on()
    page = await house(place, **changed)
    assert "code=" not in page.headers.get("location", "")
    assert page.status_code == (400 if reason is Reason.MALFORMED else 303)
    if reason is Reason.SCOPE:
        assert (events.unauthorized_scope, {"client": "house"}) in heard("oidc.authcode")
        return
    client = "unknown" if reason is Reason.MALFORMED else "house"
    assert (events.request_refused, {"client": client, "reason": reason}) in heard("oidc.authorize")
