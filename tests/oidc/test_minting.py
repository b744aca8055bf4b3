import base64
import json
from dataclasses import replace
from datetime import timedelta

import httpx2
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from starlette.applications import Starlette
from tests.keys.test_epochs import Broken
from tests.signin.conftest import ADA

from yett.keys import MasterKey
from yett.oidc import Minted, Minting, OIDCSettings, Unminted, Wanted, events
from yett.oidc.signing import KeySet, NoKey
from yett.oidc.signing import events as signing_events

ISSUER = "https://login.example.test"
MASTER = MasterKey(b"m" * 32)
WIKI = Wanted("Wiki", "https://wiki.internal", 300.0)
LATE = 2_000_000_000.0


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def read(token, keys):
    """What a service does with a token; raises unless one of the keys has signed it."""
    header, payload, signature = token.split(".")
    found = json.loads(decode(header))
    assert found["alg"] == "EdDSA"
    (key,) = [key for key in keys["keys"] if key["kid"] == found["kid"]]
    Ed25519PublicKey.from_public_bytes(decode(key["x"])).verify(
        decode(signature), f"{header}.{payload}".encode()
    )
    return found, json.loads(decode(payload))


@pytest.fixture
def minting(clock):
    return Minting(MASTER, OIDCSettings(), clock, issuer=ISSUER)


async def mint(minting, person=ADA, wanted=WIKI, *, auth_time=None, ends_at=LATE):
    return await minting.mint(person, wanted, session="s1", auth_time=auth_time, ends_at=ends_at)


async def fetch(minting, path="/oidc/jwks"):
    app = Starlette(routes=KeySet([minting.published]).routes)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=ISSUER) as client:
        return await client.get(path)


async def test_a_token_says_who_where_and_until_when_and_the_published_keys_verify_it(minting, clock, heard):
    made = await mint(minting, auth_time=clock.now() - 60.5)
    answer = await fetch(minting)

    header, claims = read(made.token, answer.json())

    now = int(clock.now())
    assert header["typ"] == "at+jwt"
    assert claims.pop("jti")
    assert claims == {
        "iss": ISSUER,
        "sub": "ada",
        "aud": "https://wiki.internal",
        "client_id": "Wiki",
        "iat": now,
        "nbf": now,
        "exp": now + 300,
        "sid": "s1",
        "auth_time": now - 61,
        "name": ADA.display_name,
        "email": ADA.email,
        "groups": list(ADA.groups),
    }
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert heard("oidc.mint_bearer", "oidc.jwks") == [
        (events.bearer_minted, {"user": "ada", "client": "Wiki", "session": "s1", "lifetime": 300.0}),
        (signing_events.jwks_requested, {}),
    ]


async def test_an_assertion_is_no_access_token(minting):
    """RFC 7523, section 3; whoever gets it cannot show it to applications of ours."""
    wanted = Wanted("Wiki", "https://idp.example", 60.0)
    made = await minting.mint(ADA, wanted, session="s1", auth_time=7, ends_at=LATE, is_assertion=True)
    header, claims = read(made.token, (await fetch(minting)).json())
    assert header["typ"] == "JWT"
    assert (claims["iss"], claims["sub"], claims["aud"]) == (ISSUER, "ada", "https://idp.example")
    assert claims["exp"] - claims["iat"] == 60
    assert "client_id" not in claims


async def test_a_changed_token_does_not_verify(minting):
    header, payload, signature = (await mint(minting)).token.split(".")
    claims = json.loads(decode(payload)) | {"sub": "root"}
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    keys = (await fetch(minting)).json()
    with pytest.raises(InvalidSignature):
        read(f"{header}.{forged}.{signature}", keys)


async def test_a_token_can_be_checked_until_it_is_over_though_keys_change(minting, clock):
    clock.advance(-(clock.now() % 86400) + 86400 - 1)
    made = await mint(minting)
    clock.advance(300)
    read(made.token, (await fetch(minting)).json())


async def test_no_token_outlives_the_session_or_an_hour(minting, clock):
    assert (await mint(minting, ends_at=clock.now() + 20.9)).expires_at == clock.now() + 20
    assert (await mint(minting, wanted=replace(WIKI, lifetime=1e6))).expires_at == clock.now() + 3600


@pytest.mark.parametrize(
    ("changes", "more", "reason"),
    [
        ({"is_disabled": True}, {}, Unminted.PERSON),
        ({}, {"ends_at": 0.0}, Unminted.OVER),
        ({"groups": tuple(f"group-{number:050}" for number in range(400))}, {}, Unminted.TOO_LONG),
        ({"display_name": "\ud800"}, {}, Unminted.MALFORMED),
    ],
)
async def test_what_cannot_be_vouched_for_gets_no_token(minting, changes, more, reason, heard):
    assert await mint(minting, replace(ADA, **changes), **more) is reason
    ((said, fields),) = heard("oidc.mint_bearer")
    assert said is events.bearer_not_minted
    assert fields["reason"] is reason


async def test_without_a_key_there_is_no_token_and_nothing_published(clock, heard):
    minting = Minting(Broken(), OIDCSettings(), clock, issuer=ISSUER)
    assert await mint(minting) is Unminted.KEY
    ((said, fields),) = heard("oidc.mint_bearer")
    assert said is events.bearer_not_minted
    assert "no such algorithm" in fields["error"]
    assert (await fetch(minting)).status_code == 503


async def test_a_minted_token_does_not_show_itself(minting):
    made = await mint(minting)
    assert isinstance(made, Minted)
    assert made.token not in repr(made)


class Shared:
    """The provider's keys, as far as they matter here."""

    is_shared = True

    def __init__(self):
        self.asked = []

    async def sign_patiently(self, claims, *, typ, algorithm=""):
        self.asked.append((claims, typ, algorithm))
        return "a.b.c"


async def test_with_co_signers_no_other_key_signs_or_is_published(minting):
    signer = Shared()
    minting.sign_with(signer)
    assert (await mint(minting)).token == "a.b.c"
    ((claims, typ, algorithm),) = signer.asked
    assert (claims["iss"], claims["sub"], typ, algorithm) == (ISSUER, ADA.name, "at+jwt", "EdDSA")
    assert minting.published() == []


async def test_tokens_from_before_there_were_co_signers_stay_good_for_as_long_as_they_last(minting, clock):
    made = await mint(minting)
    minting.sign_with(Shared())
    read(made.token, {"keys": minting.published()})
    clock.advance(3601)
    assert minting.published() == []


async def test_without_a_quorum_there_is_no_token(minting):
    signer = Shared()

    async def fails(*_, **__):
        raise NoKey("EdDSA", is_initial=False)

    signer.sign_patiently = fails
    minting.sign_with(signer)
    assert await mint(minting) is Unminted.KEY


async def test_another_rotation_holds_from_then_on(minting):
    before = (await mint(minting)).token.split(".")[0]
    minting.apply(OIDCSettings(key_rotation=timedelta(hours=3)))
    assert (await mint(minting)).token.split(".")[0] != before


@pytest.mark.parametrize(
    ("metadata", "claims"),
    [
        ({"amr": "pwd otp mfa", "assurance": "mfa"}, {"amr": ["pwd", "otp", "mfa"], "acr": "mfa"}),
        ({"amr": "", "assurance": ""}, {}),
        ({"assurance": "made up"}, {"acr": "single"}),
    ],
)
async def test_a_token_says_how_its_person_signed_in(minting, metadata, claims):
    made = await minting.mint(ADA, WIKI, session="s1", auth_time=None, ends_at=LATE, metadata=metadata)
    found = json.loads(decode(made.token.split(".")[1]))
    assert {name: found[name] for name in ("amr", "acr") if name in found} == claims
