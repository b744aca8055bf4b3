import base64
import urllib.parse

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwt
from joserfc.jwk import ECKey
from tests.identity.federation.idp import CLIENT, SECRET, reply

from yett.identity.federation import Counter, Given, Reason, Refused, Trade, TradeGrant, Trading, Wrong
from yett.identity.federation.config import ClientAuth


def wish(idp, **more):
    return Trade(
        **{
            "provider": "acme",
            "issuer": idp.issuer,
            "client_id": CLIENT,
            "grant": TradeGrant.TOKEN_EXCHANGE,
            "scope": "read",
            **more,
        }
    )


async def trade(federation, wanted, token="h.p.s"):
    counter = await Trading(federation).open(wanted)
    return await counter.give(token) if isinstance(counter, Counter) else counter


@pytest.mark.parametrize(
    ("grant", "member"), [(TradeGrant.TOKEN_EXCHANGE, "subject_token"), (TradeGrant.JWT_BEARER, "assertion")]
)
async def test_a_token_is_given_for_ours_to_whoever_proves_who_asks(house, idp, grant, member):
    federation = house.use(idp.settings())
    given = await trade(federation, wish(idp, grant=grant))
    (asked,) = [each for each in idp.asked if each.path == "/token"]
    assert given == Given(f"traded.{len(idp.asked)}", 300)
    assert (asked.form[member], asked.form["scope"]) == ("h.p.s", "read")
    pair = base64.b64decode(asked.headers["authorization"].removeprefix("Basic ")).decode()
    assert [urllib.parse.unquote_plus(each) for each in pair.split(":")] == [CLIENT, SECRET]


async def test_a_secret_may_be_posted(house, idp):
    federation = house.use(idp.settings(client_auth=ClientAuth.POST))
    assert isinstance(await trade(federation, wish(idp)), Given)
    (asked,) = [each for each in idp.asked if each.path == "/token"]
    assert (asked.form["client_id"], asked.form["client_secret"]) == (CLIENT, SECRET)


async def test_a_key_may_prove_who_asks(house, idp, tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    file = tmp_path / "key.pem"
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(pem)
    federation = house.use(idp.settings(client_secret="", client_key=file))
    assert isinstance(await trade(federation, wish(idp, grant=TradeGrant.JWT_BEARER)), Given)
    (asked,) = [each for each in idp.asked if each.path == "/token"]
    proof = jwt.decode(asked.form["client_assertion"], ECKey.import_key(pem), algorithms=["ES256"])
    assert (proof.claims["sub"], proof.claims["aud"]) == (CLIENT, idp.issuer)
    assert asked.form["assertion"] == "h.p.s"


async def test_a_provider_describes_itself_once(house, idp):
    federation = house.use(idp.settings())
    for _ in range(3):
        assert isinstance(await trade(federation, wish(idp)), Given)
    assert (idp.count("/.well-known/openid-configuration"), idp.count("/token")) == (1, 3)


async def test_a_provider_that_people_cannot_sign_in_through_gives_tokens_all_the_same(house, idp):
    federation = house.use(idp.settings(sign_in=False))
    assert isinstance(await trade(federation, wish(idp)), Given)


NOTHING_ELSE = {
    "authorization_endpoint": None,
    "jwks_uri": None,
    "userinfo_endpoint": None,
    "response_types_supported": ["none"],
    "code_challenge_methods_supported": ["plain"],
}


async def test_a_server_that_does_nothing_but_give_tokens_is_good_for_that_and_for_nothing_else(house, idp):
    idp.described = NOTHING_ELSE
    federation = house.use(idp.settings(sign_in=False))
    assert isinstance(await trade(federation, wish(idp)), Given)
    assert (await federation.party("acme").look())["keys"] == 0
    assert isinstance((await trade(house.use(idp.settings()), wish(idp))), Refused)
    idp.described = {"token_endpoint": None}
    federation = house.use(idp.settings(sign_in=False, label="Anew"))
    house.clock.advance(100_000)
    assert (await trade(federation, wish(idp))).reason is Reason.DISCOVERY


@pytest.mark.parametrize(
    "changes",
    [{"provider": "other"}, {"issuer": "https://elsewhere.example"}, {"client_id": "x"}, {"issuer": ""}],
)
async def test_a_provider_that_is_another_one_by_now_is_told_nothing(house, idp, changes):
    assert await trade(house.use(idp.settings()), wish(idp, **changes)) is None
    assert not idp.asked


async def test_a_provider_that_is_gone_is_told_nothing(house, idp):
    house.use(idp.settings())
    assert await trade(house.use(), wish(idp)) is None


async def test_a_provider_whose_tokens_are_bound_to_a_key_is_not_asked(house, idp):
    assert await trade(house.use(idp.settings(dpop=True)), wish(idp)) is None
    assert not idp.asked


async def test_a_provider_that_cannot_be_used_now_says_so(house, idp):
    federation = house.use(idp.settings())
    idp.answers = {"/.well-known/openid-configuration": reply(503)}
    assert (await trade(federation, wish(idp))).reason is Reason.DISCOVERY


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (
            reply(400, {"error": "invalid_grant", "error_description": "h.p.s"}),
            Refused(Reason.EXCHANGE, "invalid_grant"),
        ),
        (reply(503), Refused(Reason.UNREACHABLE, "status 503")),
        (reply(200, b"no"), Wrong.NO_OBJECT),
        (reply(200, {"access_token": "a", "token_type": "DPoP"}), Wrong.TOKEN_TYPE),
        (reply(200, b"x" * 300_000), Refused(Reason.UNREACHABLE, "the answer has more than 262144 bytes")),
    ],
)
async def test_what_comes_back_is_judged(house, idp, answer, outcome):
    federation = house.use(idp.settings())
    idp.answers = {"/token": answer}
    assert await trade(federation, wish(idp)) == outcome


async def test_what_breaks_off_is_no_answer(house, idp):
    federation = house.use(idp.settings())
    idp.answers = {"/token": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}"}
    assert (await trade(federation, wish(idp))).reason is Reason.UNREACHABLE
