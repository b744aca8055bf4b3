"""What a relying party and its provider say to one another, beyond a plain sign-in; with `asking` behind it."""

import base64
import json
import urllib.parse
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from joserfc import jwt
from joserfc.jwk import ECKey
from tests.identity.federation.idp import CLIENT, SECRET, IdP, reply

from yett.identity.federation import Arrived, Begun, Lost, Reason, Refused, events
from yett.identity.federation.config import PAR, ClientAuth
from yett.identity.federation.party import is_final
from yett.identity.federation.rules import challenge_of


def names(heard):
    return [emitter.__name__ for emitter, _ in heard("identity.oidc")]


def query_of(url):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))


async def described(federation, name="acme"):
    party = federation.party(name)
    return party, (await party.discovery.get()).metadata


# Proving who we are.


async def test_a_secret_is_shown_as_the_provider_prefers_it(house, idp):
    house.use(idp.settings())
    await house.trip(idp)
    (asked,) = [each for each in idp.asked if each.path == "/token"]
    pair = base64.b64decode(asked.headers["authorization"].removeprefix("Basic ")).decode()
    assert [urllib.parse.unquote_plus(each) for each in pair.split(":")] == [CLIENT, SECRET]
    assert "client_secret" not in asked.form


async def test_a_secret_is_posted_where_that_is_all_it_takes(house, idp):
    idp.described = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    house.use(idp.settings())
    await house.trip(idp)
    (asked,) = [each for each in idp.asked if each.path == "/token"]
    assert (asked.form["client_id"], asked.form["client_secret"]) == (CLIENT, SECRET)
    assert "authorization" not in asked.headers


async def test_without_a_secret_only_the_name_is_said(house, idp):
    house.use(idp.settings(client_secret=""))
    assert isinstance(await house.trip(idp), Arrived)
    (asked,) = [each for each in idp.asked if each.path == "/token"]
    assert asked.form["client_id"] == CLIENT
    assert "authorization" not in asked.headers


async def test_a_key_signs_who_we_are_for_this_provider_alone(house, idp, tmp_path, clock):
    key = ec.generate_private_key(ec.SECP256R1())
    file = tmp_path / "key.pem"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    house.use(idp.settings(client_secret="", client_key=file, client_key_id="ours"))
    assert isinstance(await house.trip(idp), Arrived)
    assert isinstance(await house.trip(idp), Arrived)
    first, second = [each.form["client_assertion"] for each in idp.asked if each.path == "/token"]
    public = ECKey.import_key(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    token = jwt.decode(first, public, algorithms=["ES256"])
    assert token.header == {"alg": "ES256", "typ": "JWT", "kid": "ours"}
    assert (token.claims["iss"], token.claims["sub"], token.claims["aud"]) == (CLIENT, CLIENT, idp.issuer)
    assert token.claims["exp"] == clock.now() + 60
    assert token.claims["jti"] != jwt.decode(second, public, algorithms=["ES256"]).claims["jti"]


async def test_what_the_operator_says_counts_more_than_the_provider(house, idp):
    idp.described = {"token_endpoint_auth_methods_supported": ["client_secret_basic"]}
    house.use(idp.settings(client_auth=ClientAuth.POST))
    await house.trip(idp)
    (asked,) = [each for each in idp.asked if each.path == "/token"]
    assert asked.form["client_secret"] == SECRET


# Handing requests over.


def offering(idp, **more):
    idp.described = {"pushed_authorization_request_endpoint": f"{idp.issuer}/par", **more}


async def test_where_it_is_not_offered_the_browser_carries_the_request(house, idp, heard):
    house.use(idp.settings())
    assert "state" in query_of((await house.leave()).url)
    assert {"push_unsupported", "built"} <= set(names(heard))


async def test_where_it_is_required_a_provider_without_it_is_not_used(house, idp):
    house.use(idp.settings(par=PAR.REQUIRED))
    assert await house.leave() == Refused(Reason.PAR_MISSING)


async def test_a_provider_that_insists_gets_it_whatever_is_set(house, idp):
    offering(idp, require_pushed_authorization_requests=True)
    house.use(idp.settings(par=PAR.OFF))
    assert "request_uri" in query_of((await house.leave()).url)


async def test_switched_off_the_browser_carries_the_request(house, idp):
    offering(idp)
    house.use(idp.settings(par=PAR.OFF))
    assert "state" in query_of((await house.leave()).url)
    assert not idp.count("/par")


FAILING = [
    (reply(400, {"error": "invalid_request"}), "push_refused"),
    (reply(400, b"<html>"), "push_unreadable"),
    (reply(500), "push_unreadable"),
    (reply(201, {"expires_in": 60}), "push_refused"),
    (reply(201, {"request_uri": "with space", "expires_in": 60}), "push_refused"),
    (reply(201, {"request_uri": ["urn:x"]}), "push_refused"),
    (b"not http\r\n\r\n", "push_refused"),
]


@pytest.mark.parametrize(("answer", "said"), FAILING)
async def test_a_request_that_cannot_be_handed_over_is_not_made(house, idp, heard, answer, said):
    offering(idp)
    idp.answers = {"/par": answer}
    house.use(idp.settings())
    refused = await house.leave()
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.PAR
    assert refused.is_passing
    assert said in names(heard)


@pytest.mark.parametrize(("answer", "said"), FAILING)
async def test_or_goes_through_the_browser_where_the_operator_wants_that(house, idp, heard, answer, said):
    offering(idp)
    idp.answers = {"/par": answer}
    house.use(idp.settings(par=PAR.FALLBACK))
    assert "state" in query_of((await house.leave()).url)
    assert {said, "push_fallback", "built"} <= set(names(heard))


async def test_but_never_to_a_provider_that_insists(house, idp):
    offering(idp, require_pushed_authorization_requests=True)
    idp.answers = {"/par": reply(500)}
    house.use(idp.settings(par=PAR.FALLBACK))
    assert isinstance(await house.leave(), Refused)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"request_uri": "https://idp.example/r/1", "expires_in": 60}, "push_uri_odd"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:1"}, "push_lifetime_missing"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:1", "expires_in": "60"}, "push_lifetime_missing"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:1", "expires_in": -1}, "push_lifetime_missing"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:1", "expires_in": 3600}, "push_lifetime_odd"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:1", "expires_in": 2}, "push_lifetime_odd"),
    ],
)
async def test_odd_answers_are_used_and_told(house, idp, heard, answer, said):
    offering(idp)
    idp.answers = {"/par": reply(201, answer)}
    house.use(idp.settings())
    assert query_of((await house.leave()).url)["request_uri"] == answer["request_uri"]
    assert {said, "pushed"} <= set(names(heard))


async def test_when_the_provider_cannot_be_asked_what_it_said_before_is_used(house, idp, clock, heard):
    offering(idp)
    house.use(idp.settings(par=PAR.FALLBACK))
    assert "request_uri" in query_of((await house.leave()).url)
    clock.advance(7200)
    idp.answers = {"/.well-known/openid-configuration": reply(503)}
    assert "state" in query_of((await house.leave()).url)
    assert {"discovery_failed", "discovery_fallback"} <= set(names(heard))


async def test_and_handed_over_all_the_same_where_nothing_falls_back(house, idp, clock, heard):
    offering(idp)
    house.use(idp.settings())
    await house.leave()
    clock.advance(7200)
    idp.answers = {"/.well-known/openid-configuration": reply(503)}
    assert "request_uri" in query_of((await house.leave()).url)
    assert "discovery_fallback" not in names(heard)


# Tokens that are bound to a key.


@pytest.fixture
async def bound(clock, context):
    async with IdP(clock, context, is_bound=True) as running:
        yield running


def proof_of(asked):
    header, claims, _ = asked.headers["dpop"].split(".")
    return [json.loads(base64.urlsafe_b64decode(each + "=" * (-len(each) % 4))) for each in (header, claims)]


async def test_each_request_for_tokens_carries_a_proof_of_its_own(house, bound, clock):
    offering(bound)
    house.use(bound.settings(dpop=True))
    begun = await house.leave()
    assert isinstance(await house.come(bound.visit(begun.url)), Arrived)
    by_path = {each.path: each for each in bound.asked if "dpop" in each.headers}
    assert set(by_path) == {"/par", "/token", "/userinfo"}
    numbers = set()
    for path, asked in by_path.items():
        key = ECKey.import_key(proof_of(asked)[0]["jwk"])
        token = jwt.decode(asked.headers["dpop"], key, algorithms=["ES256"])
        assert token.header["typ"] == "dpop+jwt"
        assert token.claims["htu"] == bound.issuer + path
        assert token.claims["htm"] == asked.method
        assert token.claims["iat"] == clock.now()
        assert set(token.header["jwk"]) == {"kty", "crv", "x", "y"}
        numbers.add(token.claims["jti"])
    assert len(numbers) == 3
    info = by_path["/userinfo"]
    access = info.headers["authorization"].removeprefix("DPoP ")
    assert proof_of(info)[1]["ath"] == challenge_of(access)
    assert bound.pushed[query_of(begun.url)["request_uri"]]["dpop_jkt"] == key.thumbprint()


async def test_a_nonce_that_the_provider_wants_is_added_and_kept(house, bound):
    def picky(asked):
        if proof_of(asked)[1].get("nonce") == "n1":
            return b""
        return reply(400, {"error": "use_dpop_nonce"}, DPoP_Nonce="n1")

    bound.answers = {"/token": picky}
    house.use(bound.settings(dpop=True))
    assert isinstance(await house.trip(bound), Arrived)
    assert bound.count("/token") == 2
    assert isinstance(await house.trip(bound), Arrived)
    assert bound.count("/token") == 3


async def test_the_same_for_userinfo(house, bound):
    def picky(asked):
        if proof_of(asked)[1].get("nonce") == "n2":
            return b""
        return reply(401, DPoP_Nonce="n2", WWW_Authenticate='DPoP error="use_dpop_nonce"')

    bound.answers = {"/userinfo": picky}
    house.use(bound.settings(dpop=True))
    assert isinstance(await house.trip(bound), Arrived)
    assert bound.count("/userinfo") == 2


async def test_a_provider_that_always_wants_another_nonce_is_asked_twice(house, bound):
    count = iter(range(100))
    bound.answers = {
        "/token": lambda _: reply(400, {"error": "use_dpop_nonce"}, DPoP_Nonce=f"n{next(count)}")
    }
    house.use(bound.settings(dpop=True))
    assert (await house.trip(bound)).refused.reason is Reason.EXCHANGE
    assert bound.count("/token") == 2


async def test_tokens_that_anybody_could_use_are_refused_where_they_were_to_be_bound(house, idp):
    house.use(idp.settings(dpop=True))
    assert (await house.trip(idp)).refused.reason is Reason.NOT_BOUND


async def test_tokens_of_another_kind_are_refused(house, bound):
    house.use(bound.settings())
    assert (await house.trip(bound)).refused.reason is Reason.TOKEN_TYPE


async def test_a_provider_that_takes_no_proofs_is_not_used_where_they_are_wanted(house, idp):
    idp.described = {"dpop_signing_alg_values_supported": None}
    house.use(idp.settings(dpop=True))
    assert (await house.leave()).reason is Reason.DISCOVERY


# Answers of the token endpoint.


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (reply(400, {"error": "invalid_client"}), Reason.EXCHANGE),
        (reply(400, b"no"), Reason.EXCHANGE),
        (reply(302, Location="https://evil.example/"), Reason.EXCHANGE),
        (reply(500), Reason.UNREACHABLE),
        (reply(429), Reason.UNREACHABLE),
        (reply(200, b"[]"), Reason.EXCHANGE),
        (reply(200, b'{"access_token": "a", "access_token": "b", "token_type": "Bearer"}'), Reason.EXCHANGE),
        (reply(200, {"access_token": "a"}), Reason.EXCHANGE),
        (reply(200, {"access_token": "a\r\nb", "token_type": "Bearer"}), Reason.EXCHANGE),
        (reply(200, {"access_token": "a", "token_type": "Bearer"}), Reason.NO_ID_TOKEN),
        (reply(200, {"access_token": "a", "token_type": "mac", "id_token": "x"}), Reason.TOKEN_TYPE),
        (b"garbage", Reason.UNREACHABLE),
    ],
)
async def test_an_answer_without_tokens_lets_nobody_in(house, idp, heard, answer, why):
    idp.answers = {"/token": answer}
    house.use(idp.settings())
    outcome = await house.trip(idp)
    assert isinstance(outcome, Lost)
    assert outcome.refused.reason is why
    assert heard("identity.oidc.token")[-1][0] is events.exchange_failed


# Userinfo.


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (reply(body={"sub": "somebody else"}), Reason.USERINFO),
        (reply(body={}), Reason.USERINFO),
        (reply(body={"sub": ["ada-at-idp"]}), Reason.USERINFO),
        (reply(401), Reason.UNREACHABLE),
        (reply(200, b"eyJhbGciOiJub25lIn0.e30."), Reason.UNREACHABLE),
    ],
)
async def test_what_is_said_of_somebody_else_lets_nobody_in(house, idp, heard, answer, why):
    idp.answers = {"/userinfo": answer}
    house.use(idp.settings())
    assert (await house.trip(idp)).refused.reason is why
    assert "userinfo_refused" in names(heard)


async def test_userinfo_is_not_asked_where_it_is_off_or_missing(house, idp):
    house.use(idp.settings(userinfo=False))
    assert isinstance(await house.trip(idp), Arrived)
    idp.described = {"userinfo_endpoint": None}
    house.use(idp.settings("other"))
    assert isinstance(await house.trip(idp, "other"), Arrived)
    assert not idp.count("/userinfo")


# Later.


async def test_tokens_are_renewed_until_the_provider_says_no(house, idp, heard):
    house.use(idp.settings())
    arrived = await house.trip(idp)
    party, metadata = await described(house.federation)
    newer = await party.refresh(metadata, arrived.tokens.refresh_token)
    assert newer.refresh_token != arrived.tokens.refresh_token
    again = await party.refresh(metadata, arrived.tokens.refresh_token)
    assert is_final(again)
    idp.answers = {"/token": reply(503)}
    assert not is_final(await party.refresh(metadata, newer.refresh_token))
    assert heard("identity.oidc.token")[-1] == (
        events.refresh_failed,
        {"provider": "acme", "detail": "status 503", "is_final": False},
    )


async def test_an_id_token_that_comes_later_is_about_the_same_person(house, idp):
    house.use(idp.settings())
    arrived = await house.trip(idp)
    party, metadata = await described(house.federation)
    newer = await party.refresh(metadata, arrived.tokens.refresh_token)
    claims = await party.validate(metadata, newer, subject="ada-at-idp")
    assert claims["sub"] == "ada-at-idp"
    assert (await party.validate(metadata, newer, subject="eve")).reason is Reason.SUBJECT


async def test_tokens_are_given_back(house, idp, heard):
    house.use(idp.settings())
    party, metadata = await described(house.federation)
    await party.revoke(metadata, "refresh.1", "refresh_token")
    assert idp.revoked == ["refresh.1"]
    idp.answers = {"/revoke": reply(503)}
    await party.revoke(metadata, "refresh.2", "refresh_token")
    assert names(heard)[-2:] == ["revoked", "revoke_failed"]


async def test_or_thrown_away_where_the_provider_does_not_take_them(house, idp, heard):
    idp.described = {"revocation_endpoint": None}
    house.use(idp.settings())
    party, metadata = await described(house.federation)
    await party.revoke(metadata, "refresh.1", "refresh_token")
    assert names(heard)[-1] == "revoke_unsupported"


@pytest.mark.parametrize(
    ("answer", "is_active"),
    [
        (reply(body={"active": True}), True),
        (reply(body={"active": False}), False),
        (reply(body={"active": "true"}), None),
        (reply(401, {"active": True}), None),
        (b"garbage", None),
    ],
)
async def test_whether_a_token_is_good_is_known_or_not(house, idp, answer, is_active):
    idp.answers = {"/introspect": answer}
    house.use(idp.settings())
    party, metadata = await described(house.federation)
    assert await party.introspect(metadata, "access.1") is is_active


async def test_an_operator_is_told_what_can_be_said_of_a_provider(house, idp):
    house.use(idp.settings())
    found = await house.federation.party("acme").look()
    assert found["issuer"] == idp.issuer
    assert found["keys"] == 1
    idp.answers = {"/jwks": reply(404)}
    house.use(idp.settings("other"))
    assert (await house.federation.party("other").look()).reason is Reason.KEYS
    idp.answers["/.well-known/openid-configuration"] = reply(404)
    house.use(idp.settings("third"))
    assert (await house.federation.party("third").look()).reason is Reason.DISCOVERY


async def test_nothing_secret_is_said(house, idp, heard):
    house.use(idp.settings(timeout=timedelta(seconds=5)))
    begun = await house.leave()
    assert isinstance(begun, Begun)
    arrived = await house.come(idp.visit(begun.url))
    said = str(heard()) + repr(arrived) + repr(house.federation.party("acme").settings.client_auth)
    for secret in (SECRET, arrived.tokens.access_token, arrived.tokens.refresh_token, arrived.trip.verifier):
        assert secret not in said
