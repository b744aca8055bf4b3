import asyncio
import hashlib
import hmac
import json
import urllib.parse
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.identity.federation.idp import ADDRESS, MAKERS, ORIGIN, IdP, reply, sign

from yett.identity.federation import Answer, Arrived, Begun, Lost, Reason, Refused, events
from yett.identity.federation.config import PAR
from yett.identity.federation.signing import base64url


def query_of(url):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))


def names(heard):
    return [emitter.__name__ for emitter, _ in heard("identity.oidc")]


def reason(outcome):
    assert isinstance(outcome, Lost), outcome
    return outcome.refused.reason


async def test_nobody_goes_to_a_provider_that_is_there_for_tokens_only(house, idp):
    house.use(idp.settings())
    begun = await house.leave()
    federation = house.use(idp.settings(sign_in=False), idp.settings("other", client_id="x"))
    assert [each.name for each in federation.offered()] == ["other"]
    assert [each.name for each in federation.parties()] == ["acme", "other"]
    assert (federation.admits("acme"), federation.admits("other"), federation.admits("x")) == (
        False,
        True,
        False,
    )
    assert federation.is_used
    assert await house.leave() is None
    # Not even who had left before.
    assert await house.come(idp.visit(begun.url)) is None
    assert not idp.count("/token")
    federation = house.use(idp.settings(sign_in=False))
    assert (federation.offered(), federation.is_used) == ((), False)


async def test_somebody_goes_there_and_comes_back(house, idp, heard):
    idp.claims = {"email": "ada@example.test", "email_verified": True, "name": "Ada Lovelace"}
    idp.userinfo = {"preferred_username": "ada"}
    house.use(idp.settings())

    begun = await house.leave()
    assert isinstance(begun, Begun)
    sent = query_of(begun.url)
    assert begun.url.startswith(f"{idp.issuer}/authorize?tenant=1&")
    assert sent["redirect_uri"] == f"{ORIGIN}/signin/with/acme/callback"
    assert sent["scope"] == "openid profile email"
    assert sent["code_challenge_method"] == "S256"
    arrived = await house.come(idp.visit(begun.url))

    assert isinstance(arrived, Arrived)
    assert arrived.trip.to == "/wanted"
    profile = arrived.profile
    assert (profile.identity.issuer, profile.identity.subject) == (idp.issuer, "ada-at-idp")
    assert (profile.email, profile.username, profile.display_name) == (
        "ada@example.test",
        "ada",
        "Ada Lovelace",
    )
    assert names(heard) == [
        "initialized", "provider_wanted", "building", "discovering", "discovered", "push_unsupported", "built",
        "provider_wanted", "returning", "exchanging", "exchanged", "validating", "keys_wanted", "keys_fetched",
        "userinfo_wanted", "userinfo_asked", "userinfo_fetched",
    ]  # fmt: skip
    said = str(heard("identity.oidc"))
    for secret in (sent["state"], sent["nonce"], "access.", "refresh.", "a secret"):
        assert secret not in said


async def test_without_providers_there_is_nothing(house, heard):
    federation = house.use()
    assert federation.offered() == ()
    assert await house.leave() is None
    assert await house.come(Answer()) is None
    await federation.check_health()
    assert names(heard) == ["inactive"]


async def test_several_are_offered_in_their_order(house, idp, heard):
    federation = house.use(idp.settings("b", label="The B"), idp.settings("a", client_id="other"))
    assert [(each.name, each.title) for each in federation.offered()] == [("b", "The B"), ("a", "a")]
    assert (events.providers_listed, {"providers": 2}) in heard("identity.oidc")


async def test_a_provider_whose_key_cannot_be_read_is_out_and_the_others_go_on(house, idp, tmp_path, heard):
    broken = idp.settings("broken", client_secret="", client_key=tmp_path / "none.pem")
    federation = house.use(broken, idp.settings())
    assert [each.name for each in federation.offered()] == ["acme"]
    assert "invalid" in names(heard)


async def test_what_is_known_of_a_provider_outlives_settings_that_do_not_touch_it(house, idp):
    provider = idp.settings()
    house.use(provider)
    assert isinstance(await house.trip(idp), Arrived)
    house.use(provider, idp.settings("other", client_id="x"))
    assert isinstance(await house.trip(idp), Arrived)
    assert idp.count("/.well-known/openid-configuration") == 1
    assert idp.count("/jwks") == 1


async def test_each_provider_is_asked_how_it_is(house, idp, heard):
    federation = house.use(idp.settings(), replace(idp.settings("gone"), issuer="https://idp.example:1"))
    await federation.start()
    for _ in range(1000):
        if "health_checked" in names(heard):
            break
        await asyncio.sleep(0.01)
    assert (events.health_checked, {"providers": 2, "reachable": 1}) in heard("identity.oidc")


# The trip.


async def test_an_answer_counts_once(house, idp, heard):
    house.use(idp.settings())
    begun = await house.leave()
    answer = idp.visit(begun.url)
    assert isinstance(await house.come(answer), Arrived)
    assert reason(await house.come(answer)) is Reason.STATE_UNKNOWN
    assert (
        events.state_refused,
        {"provider": "acme", "reason": Reason.STATE_UNKNOWN, "client_address": ADDRESS},
    ) in heard("identity.oidc.callback")


async def test_of_fifty_at_once_one_counts(house, idp):
    house.use(idp.settings())
    begun = await house.leave()
    answer = idp.visit(begun.url)
    outcomes = await asyncio.gather(*(house.come(answer) for _ in range(50)))
    assert sum(isinstance(each, Arrived) for each in outcomes) == 1
    assert idp.count("/token") == 1


@pytest.mark.parametrize("browser", ["another browser", ""])
async def test_an_answer_in_another_browser_counts_for_nothing_and_is_used_up(house, idp, browser):
    house.use(idp.settings())
    begun = await house.leave()
    answer = idp.visit(begun.url)
    assert reason(await house.come(answer, browser=browser)) is Reason.OTHER_BROWSER
    assert reason(await house.come(answer)) is Reason.STATE_UNKNOWN
    assert not idp.count("/token")


async def test_an_answer_that_comes_late_counts_for_nothing(house, idp, clock):
    house.use(idp.settings(), trip_lifetime=timedelta(minutes=5))
    begun = await house.leave()
    clock.advance(301)
    assert reason(await house.come(idp.visit(begun.url))) in {Reason.STATE_EXPIRED, Reason.STATE_UNKNOWN}


@pytest.mark.parametrize("state", ["", "x", "a" * 43, "a" * 5000, "../trips", "ä" * 43])
async def test_a_state_of_nobody_counts_for_nothing(house, idp, state):
    house.use(idp.settings())
    assert reason(await house.come(Answer(state=state, code="x"))) in {
        Reason.STATE_MISSING,
        Reason.STATE_UNKNOWN,
    }


async def test_the_answer_of_another_provider_counts_for_nothing(house, idp, clock, context):
    async with IdP(clock, context) as other:
        house.use(idp.settings("honest"), other.settings("evil"))
        begun = await house.leave("honest")
        answer = idp.visit(begun.url)
        # The browser was made to bring the honest provider's code to the address of the other.
        assert reason(await house.come(answer, "evil")) is Reason.OTHER_PROVIDER
        assert not other.count("/token")


@pytest.mark.parametrize("issuer", ["https://evil.example", "", "HTTPS://IDP.EXAMPLE"])
async def test_an_answer_that_names_another_issuer_counts_for_nothing(house, idp, issuer):
    house.use(idp.settings())
    assert reason(await house.trip(idp, issuer=issuer)) is Reason.OTHER_ISSUER
    assert not idp.count("/token")


async def test_a_provider_that_always_names_itself_has_to(house, idp):
    idp.described = {"authorization_response_iss_parameter_supported": True}
    house.use(idp.settings())
    assert isinstance(await house.trip(idp), Arrived)
    assert reason(await house.trip(idp, issuer=None)) is Reason.OTHER_ISSUER


async def test_one_that_never_does_need_not(house, idp):
    house.use(idp.settings())
    assert isinstance(await house.trip(idp, issuer=None), Arrived)


async def test_the_provider_says_no(house, idp, heard):
    house.use(idp.settings())
    outcome = await house.trip(idp, error="access_denied", code="")
    assert reason(outcome) is Reason.PROVIDER_ERROR
    assert outcome.trip.to == "/wanted"
    assert (
        events.provider_error,
        {"provider": "acme", "error": "access_denied", "client_address": ADDRESS},
    ) in heard("identity.oidc.callback")


async def test_what_a_stranger_writes_as_an_error_does_not_reach_the_log(house, idp, heard):
    house.use(idp.settings())
    assert reason(await house.trip(idp, error='x"\r\nforged', code="")) is Reason.PROVIDER_ERROR
    assert "forged" not in str(heard())


@pytest.mark.parametrize("code", ["", "a\r\nb", "x" * 5000])
async def test_an_answer_without_a_proper_code_counts_for_nothing(house, idp, code):
    house.use(idp.settings())
    assert reason(await house.trip(idp, code=code)) is Reason.MALFORMED


# The store.


async def test_nobody_is_sent_away_whom_nobody_would_know_again(house, idp, records, heard):
    house.use(idp.settings())
    records.break_("federation/trips", "put")
    assert await house.leave() == Refused(Reason.STORE)
    assert "trip_unstored" in names(heard)


async def test_an_answer_that_may_count_twice_does_not_count(house, idp, records, heard):
    house.use(idp.settings())
    begun = await house.leave()
    records.break_("federation/trips", "take")
    outcome = await house.come(idp.visit(begun.url))
    assert outcome.refused == Refused(Reason.STORE)
    assert outcome.refused.is_passing
    assert "trip_undeleted" in names(heard)


async def test_a_trip_that_cannot_be_read_counts_for_nothing(house, idp, records):
    house.use(idp.settings())
    begun = await house.leave()
    ((key, _),) = await records.list("federation/trips")
    await records.put(key, b'{"provider": 7}')
    assert reason(await house.come(idp.visit(begun.url))) is Reason.STATE_UNKNOWN


# Signing in anew.


async def test_who_has_to_sign_in_anew_did(house, idp):
    house.use(idp.settings())
    begun = await house.leave(is_again=True)
    sent = query_of(begun.url)
    assert (sent["prompt"], sent["max_age"]) == ("login", "0")
    assert isinstance(await house.come(idp.visit(begun.url)), Arrived)


@pytest.mark.parametrize("seconds", [None, -3600, 3600])
async def test_an_old_sign_in_there_is_not_a_new_one(house, idp, clock, seconds):
    idp.claims = {"auth_time": seconds and int(clock.now() + seconds)}
    house.use(idp.settings())
    assert reason(await house.trip(idp, is_again=True)) is Reason.AUTH_TIME
    assert isinstance(await house.trip(idp), Arrived)


# ID tokens, by a provider that signs whatever it is told.

NOW = 1_800_000_000


@pytest.mark.parametrize(
    ("claims", "wrong"),
    [
        ({"iss": "https://evil.example"}, Reason.ISSUER),
        ({"iss": None}, Reason.ISSUER),
        ({"sub": None}, Reason.SUBJECT),
        ({"sub": ""}, Reason.SUBJECT),
        ({"sub": 7}, Reason.SUBJECT),
        ({"sub": "x" * 256}, Reason.SUBJECT),
        ({"sub": "\ud800"}, Reason.SUBJECT),
        ({"sub": "ada\n"}, Reason.SUBJECT),
        ({"sub": "\N{LATIN SMALL LETTER A WITH DIAERESIS}da"}, Reason.SUBJECT),
        ({"exp": 10**400}, Reason.EXPIRED),
        ({"nonce": "\ud800"}, Reason.NONCE),
        ({"aud": "somebody else"}, Reason.AUDIENCE),
        ({"aud": None}, Reason.AUDIENCE),
        ({"aud": ["the gateway", "another"]}, Reason.PARTY),
        ({"aud": ["the gateway", 7]}, Reason.AUDIENCE),
        ({"azp": "another"}, Reason.PARTY),
        ({"nonce": None}, Reason.NONCE),
        ({"nonce": "another"}, Reason.NONCE),
        ({"nonce": 7}, Reason.NONCE),
        ({"exp": NOW - 61}, Reason.EXPIRED),
        ({"exp": None}, Reason.EXPIRED),
        ({"exp": "tomorrow"}, Reason.EXPIRED),
        ({"exp": True}, Reason.EXPIRED),
        ({"exp": 1e300}, Reason.EXPIRED),
        ({"iat": NOW + 3600}, Reason.ISSUED_AT),
        ({"iat": NOW - 90_000}, Reason.ISSUED_AT),
        ({"iat": None}, Reason.ISSUED_AT),
        ({"nbf": NOW + 3600}, Reason.NOT_BEFORE),
        ({"nbf": "x"}, Reason.NOT_BEFORE),
        ({"at_hash": "another"}, Reason.ACCESS_TOKEN_HASH),
        ({"at_hash": 7}, Reason.ACCESS_TOKEN_HASH),
        ({"c_hash": "another"}, Reason.CODE_HASH),
    ],
)
async def test_a_token_that_says_something_wrong_lets_nobody_in(house, idp, heard, claims, wrong):
    idp.claims = claims
    house.use(idp.settings())
    assert reason(await house.trip(idp)) is wrong
    assert heard("identity.oidc.validate_id_token")[-1] == (
        events.invalid_token,
        {"provider": "acme", "reason": wrong},
    )


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": ["the gateway"]},
        {"aud": ["the gateway", "another"], "azp": "the gateway"},
        {"exp": NOW - 30},
        {"iat": NOW + 30},
        {"iat": NOW - 0.5},
        {"at_hash": None, "c_hash": None},
        {"nbf": NOW + 30},
        {"more": {"deep": [1, 2, 3]}},
    ],
)
async def test_a_token_that_is_right_or_nearly_lets_somebody_in(house, idp, claims):
    idp.claims = claims
    house.use(idp.settings())
    assert isinstance(await house.trip(idp), Arrived)


@pytest.mark.parametrize("algorithm", MAKERS)
async def test_each_kind_of_key_is_understood(house, clock, context, algorithm):
    async with IdP(clock, context, algorithm=algorithm) as idp:
        idp.claims = {"at_hash": None, "c_hash": None}
        house.use(idp.settings())
        assert isinstance(await house.trip(idp), Arrived)


def part(value):
    return base64url(json.dumps(value).encode())


def unsigned(claims):
    return f"{part({'alg': 'none'})}.{part(claims)}."


async def test_a_token_that_nobody_signed_lets_nobody_in(house, idp):
    idp.id_token = unsigned
    house.use(idp.settings())
    assert reason(await house.trip(idp)) is Reason.ALGORITHM


async def test_a_token_signed_with_what_everybody_knows_lets_nobody_in(house, idp):
    """With the public key, or our own secret, as the secret of an HMAC."""

    def hs256(secret):
        def make(claims):
            text = f"{part({'alg': 'HS256', 'kid': 'ec'})}.{part(claims)}"
            return f"{text}.{base64url(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"

        return make

    house.use(idp.settings())
    for secret in (idp.key.as_pem(private=False), b"a secret: of +theirs"):
        idp.id_token = hs256(secret)
        assert reason(await house.trip(idp)) is Reason.ALGORITHM


async def test_a_token_of_another_key_under_the_right_name_lets_nobody_in(house, idp):
    stranger = MAKERS["ES256"]()
    idp.id_token = lambda claims: sign({"alg": "ES256", "kid": idp.key.kid}, claims, stranger)
    house.use(idp.settings())
    assert reason(await house.trip(idp)) is Reason.SIGNATURE


async def test_a_key_that_comes_with_the_token_is_not_believed(house, idp):
    stranger = MAKERS["ES256"]()
    header = {
        "alg": "ES256",
        "kid": idp.key.kid,
        "jwk": stranger.as_dict(private=False),
        "jku": "https://evil.example/jwks",
    }
    idp.id_token = lambda claims: sign(header, claims, stranger)
    house.use(idp.settings())
    assert reason(await house.trip(idp)) is Reason.SIGNATURE


async def test_an_algorithm_that_the_operator_did_not_list_is_refused(house, idp):
    house.use(idp.settings(algorithms=("RS256",)))
    assert reason(await house.trip(idp)) is Reason.ALGORITHM


@pytest.mark.parametrize("text", ["x", "a.b", "a.b.c.d", "..", "é.a.b", "x" * 40_000, 7, None, "a.b.c d"])
async def test_what_is_no_token_lets_nobody_in(house, idp, text):
    idp.tokens = {"id_token": text}
    house.use(idp.settings())
    assert reason(await house.trip(idp)) in {Reason.NO_JWT, Reason.TOO_LONG, Reason.NO_ID_TOKEN}


async def test_a_claim_that_comes_twice_lets_nobody_in(house, idp):
    def twice(claims):
        raw = json.dumps(claims).encode()
        return sign({"alg": "ES256", "kid": "ec"}, raw[:-1] + b', "sub": "somebody-else"}', idp.key)

    idp.id_token = twice
    house.use(idp.settings())
    assert reason(await house.trip(idp)) is Reason.NO_JWT


async def test_a_token_with_a_header_that_must_be_understood_lets_nobody_in(house, idp):
    def critical(claims):
        header = {"alg": "ES256", "kid": "ec", "crit": ["exp"], "exp": 1}
        return f"{part(header)}.{part(claims)}.{'A' * 86}"

    idp.id_token = critical
    house.use(idp.settings())
    assert reason(await house.trip(idp)) is Reason.NO_JWT


# What the provider says of itself.


@pytest.mark.parametrize(
    "described",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"token_endpoint": None},
        {"token_endpoint": "http://idp.example/token"},
        {"token_endpoint": ["https://idp.example/"]},
        {"token_endpoint": "https://user:pw@idp.example/token"},
        {"token_endpoint": "https://idp.example/token#part"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": ""},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"userinfo_endpoint": "gopher://idp.example/"},
        {"response_types_supported": ["token"]},
        {"code_challenge_methods_supported": ["plain"]},
        {"id_token_signing_alg_values_supported": ["HS256"]},
    ],
)
async def test_a_description_that_cannot_be_believed_sends_nobody(house, idp, heard, described):
    idp.described = described
    house.use(idp.settings())
    refused = await house.leave()
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.DISCOVERY
    assert "discovery_refused" in names(heard)


@pytest.mark.parametrize("endpoint", ["token_endpoint", "jwks_uri", "userinfo_endpoint"])
async def test_an_address_that_leads_inside_is_not_asked(house, idp, endpoint):
    """By number, and by a name that only leads there once it is looked up."""
    for address in ("https://169.254.169.254/latest/meta-data/", "https://inside.example/"):
        house.lookup.elsewhere = {"inside.example": ("10.0.0.7",), "169.254.169.254": ("169.254.169.254",)}
        idp.described = {endpoint: address}
        house.federation = None
        house.use(idp.settings("acme" if "169" in address else "other"))
        outcome = await house.trip(idp, "acme" if "169" in address else "other")
        assert isinstance(outcome, Lost)
        assert outcome.refused.is_passing


# The whole way, with everything on.


async def test_a_code_is_good_for_nobody_without_the_verifier(house, idp):
    house.use(idp.settings())
    first, second = await house.leave(), await house.leave()
    stolen = idp.visit(first.url).code
    answer = replace(idp.visit(second.url), code=stolen)
    assert reason(await house.come(answer)) is Reason.EXCHANGE


async def test_requests_are_handed_over_where_the_provider_takes_them(house, idp, heard):
    idp.described = {"pushed_authorization_request_endpoint": f"{idp.issuer}/par"}
    house.use(idp.settings(par=PAR.REQUIRED))
    begun = await house.leave()
    assert set(query_of(begun.url)) == {"tenant", "client_id", "request_uri"}
    assert isinstance(await house.come(idp.visit(begun.url)), Arrived)
    assert {"pushing", "pushed", "built_with_push"} <= set(names(heard))
    assert "built" not in names(heard)


async def test_the_browser_is_the_only_one_who_may_be_slow(house, idp):
    """A provider that does not answer is given up."""
    idp.answers = {"/token": lambda _: None}
    house.use(idp.settings(timeout=timedelta(milliseconds=200)))
    outcome = await house.trip(idp)
    assert outcome.refused.reason is Reason.UNREACHABLE


async def test_an_answer_that_is_huge_is_not_taken(house, idp):
    idp.answers = {"/token": reply(body={"access_token": "x" * 300_000})}
    house.use(idp.settings())
    assert reason(await house.trip(idp)) is Reason.UNREACHABLE


# What nobody would send who meant well.


@pytest.mark.parametrize(
    "claims",
    [
        {"name": "\ud800\udfff", "groups": ["\ud800"], "preferred_username": "\ud800"},
        {"email": "\ud800@example.test", "email_verified": True},
        {"name": "<script>alert(1)</script>" * 400},
        {"groups": ["x"] * 1500},
        {"groups": {"a": ["b"]}, "amr": {"mfa": True}, "acr": ["x"], "name": {"a": 1}},
        {"preferred_username": "ada\x00", "email": "a@b@c", "email_verified": "true"},
    ],
)
async def test_whatever_is_claimed_makes_a_proper_profile_or_none(house, idp, claims):
    idp.claims = claims
    house.use(idp.settings(take_groups=True, trust_amr=("mfa",), trust_acr=("x",)))
    arrived = await house.trip(idp)
    assert isinstance(arrived, Arrived)
    profile = arrived.profile
    assert profile.username is None
    assert profile.email == ""
    assert not profile.is_two_factor
    assert len(profile.display_name) <= 120
    assert all(each.isascii() for each in profile.groups)
    assert json.dumps([profile.display_name, *profile.groups]).encode("utf-8")


async def test_an_answer_that_drips_is_given_up(house, idp):
    """The whole answer has a time, not each piece of it."""
    idp.answers = {"/userinfo": b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"}
    house.use(idp.settings(timeout=timedelta(milliseconds=300)))
    assert (await house.trip(idp)).refused.reason is Reason.UNREACHABLE


async def test_nothing_is_kept_of_a_trip_that_does_not_begin(house, idp, records):
    idp.answers = {"/.well-known/openid-configuration": reply(503)}
    house.use(idp.settings())
    assert isinstance(await house.leave(), Refused)
    assert await records.list("federation/trips/") == []
