"""Tokens in the name of people whom an issuer vouches for (RFC 7523)."""

import asyncio
from dataclasses import replace

import pytest
from tests.authn.x509.making import DAY, build
from tests.oidc.exchange.house import ISSUER, URL, claims_of
from tests.oidc.exchange.house import build as build_house
from tests.oidc.foreign import Signer, hmac_signed, unsigned
from tests.signin.conftest import ADA

from yett.oidc.clients import GrantType
from yett.oidc.exchange import AssertionIssuerSettings, ExchangeSettings, events
from yett.oidc.jose import Flaw

PORTAL, MESH = "https://portal.example.test", "https://mesh.example.test"
PORTAL_KEY = Signer(number=2)
MESH_KEY = Signer(number=3, key_id="mesh-1")


def settings_in(folder, **more):
    portal = AssertionIssuerSettings(issuer=PORTAL, certificates=folder / "portal.pem", **more)
    mesh = AssertionIssuerSettings(issuer=MESH, jwks_uri=f"{MESH}/jwks")
    return ExchangeSettings(issuer=(portal, mesh))


@pytest.fixture
async def house(clock, tmp_path):
    (tmp_path / "portal.pem").write_bytes(build("CN=portal", key=PORTAL_KEY.key.private_key).pem)
    built = await build_house(clock, settings=settings_in(tmp_path))
    built.elsewhere.documents[f"{MESH}/jwks"] = {"keys": [MESH_KEY.jwk]}
    async with built.http:
        yield built
    await built.stop()


def assertion(house, signer=PORTAL_KEY, header=None, algorithm="", **changed):
    house.made += 1
    now = house.clock.now()
    claims = {"iss": PORTAL, "sub": "ada", "aud": URL, "jti": f"v-{house.made}", "iat": now, "exp": now + 60}
    claims = {name: value for name, value in {**claims, **changed}.items() if value is not None}
    return signer.sign(claims, algorithm, **(header or {}))


async def bring(house, text, **more):
    return await house.ask(GrantType.ASSERTION, assertion=text, **more)


async def test_a_person_who_is_vouched_for_gets_a_token_without_signing_in(house, heard):
    given = (await bring(house, assertion(house), scope="read email")).json()

    assert set(given) == {"access_token", "token_type", "expires_in", "scope"}
    claims = claims_of(given["access_token"])
    assert (claims["sub"], claims["client_id"], claims["scope"]) == ("ada", "shop", "read email")
    assert "sid" not in claims
    said = heard("oidc.jwt_bearer")
    assert said == [
        (events.assertion_served, {"user": "ada", "client": "shop", "issuer": PORTAL, "lifetime": 600.0})
    ]
    assert events.assertion_served.declaration.audit
    assert (await house.tokens.look(given["access_token"])).basis.user == "ada"


async def test_keys_may_be_published(house):
    text = assertion(house, MESH_KEY, iss=MESH)
    assert (await bring(house, text)).status_code == 200


@pytest.mark.parametrize("scope", ["openid", "offline_access", "admin"])
async def test_nothing_comes_of_it_that_rests_on_a_sign_in(house, scope):
    answer = await bring(house, assertion(house), scope=scope)
    assert answer.json()["error"] == "invalid_scope"


@pytest.mark.parametrize(
    ("changed", "flaw"),
    [
        ({"sub": "bob"}, Flaw.SUBJECT),
        ({"sub": None}, Flaw.SUBJECT),
        ({"sub": ["ada"]}, Flaw.SUBJECT),
        ({"iss": MESH}, Flaw.SIGNATURE),
        ({"aud": "https://evil.example.test"}, Flaw.AUDIENCE),
        ({"aud": [ISSUER, "https://evil.example.test"]}, Flaw.AUDIENCE),
        ({"aud": None}, Flaw.AUDIENCE),
        ({"exp": None}, Flaw.UNREADABLE),
        ({"exp": 1_700_000_000}, Flaw.EXPIRED),
        ({"exp": 1_800_010_000}, Flaw.TOO_LONG),
        ({"nbf": 1_800_000_060}, Flaw.NOT_YET),
        ({"jti": None}, Flaw.IDENT),
        ({"signer": Signer(number=1)}, Flaw.SIGNATURE),
        ({"header": {"typ": "at+jwt"}}, Flaw.TYPE),
        ({"header": {"jwk": Signer(number=1).jwk}, "signer": Signer(number=1)}, Flaw.SIGNATURE),
    ],
)
async def test_any_other_assertion_is_refused(house, heard, changed, flaw):
    signer = MESH_KEY if changed.get("iss") == MESH else changed.pop("signer", PORTAL_KEY)
    if changed.get("iss") == MESH:
        signer = Signer(number=1, key_id="mesh-1")
    answer = await bring(house, assertion(house, signer, **changed))

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    emitter, fields = heard("oidc.jwt_bearer")[-1]
    assert (emitter, fields["client"], fields["reason"]) == (events.assertion_refused, "shop", flaw)


async def test_who_is_no_issuer_vouches_for_nobody(house, heard):
    for text in (
        assertion(house, iss="https://evil.example.test"),
        assertion(house, iss="shop"),
        assertion(house, iss=None),
        unsigned({"iss": PORTAL, "sub": "ada"}),
        hmac_signed({"iss": PORTAL, "sub": "ada", "aud": URL}, PORTAL_KEY.key.as_pem(private=False)),
        "x",
    ):
        assert (await bring(house, text)).json()["error"] == "invalid_grant"
    assert {fields["issuer"] for _, fields in heard("oidc.jwt_bearer")} == {"unknown", PORTAL}
    assert "evil" not in str(heard("oidc.jwt_bearer"))


async def test_an_assertion_is_good_once(house, heard):
    text = assertion(house)
    answers = await asyncio.gather(*(bring(house, text) for _ in range(50)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 49
    assert {fields.get("reason") for _, fields in heard("oidc.jwt_bearer")} == {None, Flaw.REPLAYED}


async def test_who_is_disabled_cannot_be_vouched_for(house):
    house.people.table["ada"] = replace(ADA, is_disabled=True)
    assert (await bring(house, assertion(house))).json()["error"] == "invalid_grant"


async def test_an_issuer_speaks_for_some_and_to_some(house, tmp_path):
    house.exchange.apply(settings_in(tmp_path, groups=("nobodies",)))
    assert (await bring(house, assertion(house))).json()["error"] == "invalid_grant"
    house.exchange.apply(settings_in(tmp_path, groups=("engineers",), clients=("rival",)))
    assert (await bring(house, assertion(house))).json()["error"] == "invalid_grant"
    assert (await bring(house, assertion(house), client="rival")).status_code == 200


async def test_an_issuer_lets_nobody_into_a_client_that_is_not_for_them(house):
    shop = house.provider.clients["shop"]
    house.provider.clients["shop"] = replace(shop, groups=frozenset({"nobodies"}))
    assert (await bring(house, assertion(house))).json()["error"] == "invalid_grant"


async def test_a_certificate_that_is_over_signs_nothing(house, heard):
    house.clock.advance(31 * DAY)
    assert (await bring(house, assertion(house))).json()["error"] == "invalid_grant"
    assert heard("oidc.jwt_bearer")[-1][1]["reason"] is Flaw.NO_KEY


async def test_a_file_that_goes_bad_leaves_the_keys_from_before(house, tmp_path):
    (tmp_path / "portal.pem").write_text("nothing")
    house.exchange.apply(settings_in(tmp_path))
    assert (await bring(house, assertion(house))).status_code == 200
    house.exchange.apply(ExchangeSettings())
    assert (await bring(house, assertion(house))).json()["error"] == "invalid_grant"


async def test_a_store_that_fails_makes_no_assertion_good(house, heard):
    house.records.broken_prefix = "oidc/once/"
    answer = await bring(house, assertion(house))
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert heard("oidc.jwt_bearer")[-1][0] is events.unavailable
