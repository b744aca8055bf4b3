"""Every way for a client to prove itself, over HTTP; and everything that is none."""

import asyncio
import base64
from dataclasses import replace
from ipaddress import ip_network

import pytest
from tests.authn.x509.making import root
from tests.oidc.client_auth.conftest import (
    ASSERTION_TYPE,
    CA,
    ISSUER,
    KEY,
    OWN,
    PUBLISHED_KEY,
    SECRET,
    SHOWN,
    client,
)
from tests.oidc.foreign import Signer, hmac_signed, unsigned

from yett.oidc.client_auth import ClientAuthSettings, Reason, events
from yett.oidc.clients import AuthMethod, TLSIdentity
from yett.oidc.jose import Flaw
from yett.oidc.jose.published import PAUSE
from yett.oidc.mtls import events as mtls

REFUSED = {"error": "invalid_client"}


def encoded(name, secret):
    """As RFC 6749, section 2.3.1, wants it."""
    from urllib.parse import quote_plus  # noqa: PLC0415

    return (quote_plus(name), quote_plus(secret))


def is_refused(answer):
    assert (answer.status_code, answer.json()) == (401, REFUSED)
    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert answer.headers["cache-control"] == "no-store"
    return True


# Secrets.


async def test_a_client_with_a_secret_is_known_by_it(place, heard):
    assert (await place.ask(basic=encoded("basic", SECRET))).json() == {"client": "basic"}
    # As curl and most libraries send it, which do not encode it first.
    assert (await place.ask(basic=("basic", SECRET))).json() == {"client": "basic"}
    assert (await place.ask(basic=encoded("basic", "the next one"))).json() == {"client": "basic"}
    assert (await place.ask(client_id="post", client_secret=SECRET)).json() == {"client": "post"}
    assert heard("oidc") == []


@pytest.mark.parametrize(
    ("request_", "said", "reason"),
    [
        ({"basic": ("basic", "wrong")}, events.secret_mismatch, None),
        ({"basic": ("basic", "")}, events.secret_mismatch, None),
        ({"basic": ("basic", SECRET[:-1])}, events.secret_mismatch, None),
        ({"client_id": "post", "client_secret": "wrong"}, events.secret_mismatch, None),
        ({"client_id": "post", "client_secret": "the next one"}, events.secret_mismatch, None),
        ({"client_id": "basic", "client_secret": SECRET}, events.unknown_method, Reason.METHOD),
        ({"basic": encoded("post", SECRET)}, events.unknown_method, Reason.METHOD),
        ({"client_id": "basic"}, events.unknown_method, Reason.METHOD),
        ({"client_id": "signed", "client_secret": "x"}, events.unknown_method, Reason.METHOD),
        ({"basic": ("public", "")}, events.unknown_method, Reason.METHOD),
        ({"client_id": "public", "client_secret": "x"}, events.unknown_method, Reason.METHOD),
        ({"basic": encoded("nobody", SECRET)}, events.unknown_client, None),
        ({"client_id": "nobody", "client_secret": SECRET}, events.unknown_client, None),
        ({"client_id": "nobody"}, events.unknown_client, None),
        ({"client_id": "wiki.example.test"}, events.unknown_client, None),
        ({"basic": ("wiki.example.test", "")}, events.unknown_client, None),
        ({"authorization": ["Bearer x"]}, events.unknown_method, Reason.METHOD),
        ({}, events.unknown_method, Reason.NOBODY),
    ],
)
async def test_anything_else_looks_the_same_and_is_told_apart_in_the_log(
    place, heard, request_, said, reason
):
    assert is_refused(await place.ask(**request_))

    ((emitter, fields),) = heard("oidc.client_auth")
    assert emitter is said
    assert fields.get("reason") is reason
    assert fields["client_address"] == "192.0.2.7"
    assert SECRET not in str(fields)
    assert "nobody" not in str(fields.get("client", ""))


@pytest.mark.parametrize(
    "request_",
    [
        {"basic": encoded("basic", SECRET), "client_secret": SECRET},
        {"basic": encoded("basic", SECRET), "client_id": "post"},
        {"client_id": "post", "client_secret": SECRET, "client_assertion": "x"},
        {"authorization": ["Basic eDp5", "Basic eDp5"]},
    ],
)
async def test_two_ways_at_once_are_a_mistake(place, request_):
    answer = await place.ask(**request_)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_a_public_client_is_known_by_its_name(place):
    assert (await place.ask(client_id="public")).json() == {"client": "public"}


async def test_a_client_may_be_bound_to_networks(place, heard):
    place.clients["basic"] = replace(place.clients["basic"], networks=(ip_network("198.51.100.0/24"),))
    assert is_refused(await place.ask(basic=encoded("basic", SECRET)))
    assert heard("oidc.client_auth")[0][0] is events.address_not_allowed
    place.state["client_address"] = "198.51.100.9"
    assert (await place.ask(basic=encoded("basic", SECRET))).status_code == 200


# Guessing.


async def test_whoever_fails_again_and_again_has_to_wait(place, heard):
    place.auth.apply(ClientAuthSettings(free_attempts=3))
    for _ in range(3):
        assert is_refused(await place.ask(basic=("basic", "wrong")))
    answer = await place.ask(basic=encoded("basic", SECRET))

    assert (answer.status_code, answer.json()["error"]) == (429, "temporarily_unavailable")
    assert answer.headers["retry-after"] == "1"
    assert heard("oidc.client_auth")[-1][0] is events.throttled
    assert events.throttled.declaration.audit
    place.clock.advance(2)
    assert (await place.ask(basic=encoded("basic", SECRET))).status_code == 200
    assert (await place.ask(basic=encoded("basic", SECRET))).status_code == 200


async def test_names_that_nobody_has_are_slowed_down_alike(place):
    place.auth.apply(ClientAuthSettings(free_attempts=3))
    for name in ("basic", "nobody"):
        answers = [(await place.ask(basic=(name, "wrong"))).status_code for _ in range(5)]
        assert answers == [401, 401, 401, 429, 429]


async def test_a_thousand_at_once_are_not_a_thousand_free_guesses(place):
    place.auth.apply(ClientAuthSettings(free_attempts=5))
    answers = await asyncio.gather(*(place.ask(basic=("basic", f"guess-{n}")) for n in range(50)))
    assert [answer.status_code for answer in answers].count(401) == 5


async def test_many_clients_from_one_address_are_guesses_too(place):
    place.auth.apply(ClientAuthSettings(free_attempts_per_address=5))
    answers = [(await place.ask(basic=(f"name-{n}", "x"))).status_code for n in range(7)]
    assert answers == [401] * 5 + [429] * 2
    place.state["client_address"] = "192.0.2.8"
    assert (await place.ask(basic=("name-1", "x"))).status_code == 401


async def test_clients_that_are_right_never_wait_however_many_come_at_once(place):
    answers = await asyncio.gather(*(place.signed(place.assertion()) for _ in range(100)))
    assert {answer.status_code for answer in answers} == {200}


# Assertions.


@pytest.mark.parametrize("aud", [ISSUER, f"{ISSUER}/oidc/token", f"{ISSUER}/oidc/par", [ISSUER]])
async def test_a_client_with_a_key_signs_who_it_is(place, aud):
    assert (await place.signed(place.assertion(aud=aud))).json() == {"client": "signed"}


async def test_a_key_may_be_published(place):
    text = place.assertion("published", PUBLISHED_KEY)
    assert (await place.signed(text)).json() == {"client": "published"}
    assert place.server.asked == 1


async def test_a_key_that_is_changed_where_it_is_published_is_found(place):
    await place.signed(place.assertion("published", PUBLISHED_KEY))
    place.server.keys = [KEY.jwk]
    assert is_refused(await place.signed(place.assertion("published", KEY)))
    place.clock.advance(PAUSE)
    assert (await place.signed(place.assertion("published", KEY))).status_code == 200
    assert place.server.asked == 2


async def test_made_up_key_ids_do_not_make_us_ask_again(place):
    for number in range(8):
        text = place.assertion("published", Signer(number=1, key_id=f"x{number}"))
        assert is_refused(await place.signed(text))
    assert place.server.asked == 1


@pytest.mark.parametrize(
    "poison",
    [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "p1"},
        {**PUBLISHED_KEY.jwk, "use": "enc"},
        {**PUBLISHED_KEY.jwk, "key_ops": ["encrypt"]},
        {**PUBLISHED_KEY.jwk, "alg": "HS256"},
        PUBLISHED_KEY.key.as_dict(private=True) | {"kid": "p1"},
        {"kid": "p1"},
    ],
)
async def test_what_is_published_is_not_simply_believed(place, heard, poison):
    place.server.keys = [poison]
    assert is_refused(await place.signed(place.assertion("published", PUBLISHED_KEY)))
    claims = {
        "iss": "published",
        "sub": "published",
        "aud": ISSUER,
        "jti": "x",
        "exp": place.clock.now() + 60,
    }
    assert is_refused(await place.signed(hmac_signed(claims, b"secret", kid="p1")))
    assert {fields["reason"] for _, fields in heard("oidc.client_auth")} == {Flaw.NO_KEY}


async def test_an_assertion_is_good_once(place, heard):
    text = place.assertion()
    assert (await place.signed(text)).status_code == 200
    assert is_refused(await place.signed(text))
    assert heard("oidc.client_auth")[-1] == (
        events.assertion_failed,
        {"client": "signed", "client_address": "192.0.2.7", "reason": Flaw.REPLAYED},
    )


async def test_of_fifty_at_once_one_is_good(place):
    text = place.assertion()
    answers = await asyncio.gather(*(place.signed(text) for _ in range(50)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 49


def other(number=1, **more):
    return Signer(number=number, key_id="k1", **more)


@pytest.mark.parametrize(
    ("changed", "flaw"),
    [
        ({"signer": other()}, Flaw.SIGNATURE),
        ({"signer": Signer("ed", key_id="k1")}, Flaw.SIGNATURE),
        ({"signer": Signer(number=0, key_id="../../etc/passwd")}, Flaw.NO_KEY),
        ({"signer": Signer(number=0, key_id="https://evil.example.test/jwks")}, Flaw.NO_KEY),
        ({"header": {"jwk": Signer(number=1).jwk}, "signer": other()}, Flaw.SIGNATURE),
        ({"header": {"jku": "https://evil.example.test/jwks"}, "signer": other()}, Flaw.SIGNATURE),
        ({"aud": "https://evil.example.test"}, Flaw.AUDIENCE),
        ({"aud": [ISSUER, "https://evil.example.test"]}, Flaw.AUDIENCE),
        ({"iss": "https://evil.example.test"}, Flaw.ISSUER),
        ({"jti": None}, Flaw.IDENT),
        ({"exp": None}, Flaw.UNREADABLE),
        ({"exp": 1_900_000_000}, Flaw.TOO_LONG),
        ({"exp": 1_700_000_000}, Flaw.EXPIRED),
        ({"nbf": 1_800_000_100}, Flaw.NOT_YET),
        ({"header": {"typ": "dpop+jwt"}}, Flaw.TYPE),
    ],
)
async def test_any_other_assertion_is_refused_and_told_apart_in_the_log(place, heard, changed, flaw):
    assert is_refused(await place.signed(place.assertion(**changed)))

    ((emitter, fields),) = heard("oidc.client_auth")
    assert (emitter, fields["client"], fields["reason"]) == (events.assertion_failed, "signed", flaw)


async def test_nothing_but_a_signature_is_a_signature(place):
    claims = {"iss": "signed", "sub": "signed", "aud": ISSUER, "jti": "x", "exp": place.clock.now() + 60}
    for text in (
        unsigned(claims),
        unsigned(claims) + "AAAA",
        hmac_signed(claims, KEY.key.as_pem(private=False)),
        hmac_signed(claims, b"", kid="k1"),
        "x" * 9000,
        "a.b.c",
    ):
        answer = await place.signed(text, client_id="signed")
        assert answer.status_code == 401, text


@pytest.mark.parametrize("form", [{"client_assertion_type": None}, {"client_assertion_type": "saml"}])
async def test_an_assertion_says_that_it_is_one(place, form):
    assert is_refused(await place.signed(place.assertion(), **form))


async def test_the_form_may_name_no_other_client(place):
    assert is_refused(await place.signed(place.assertion(), client_id="basic"))
    assert (await place.signed(place.assertion(), client_id="signed")).status_code == 200


@pytest.mark.parametrize("name", ["basic", "public", "mtls", "wiki.example.test", "nobody", "keyless"])
async def test_an_assertion_proves_only_those_who_agreed_on_it(place, name):
    assert is_refused(await place.signed(place.assertion(name)))


async def test_who_is_held_to_fapi_signs_with_what_fapi_allows(place, heard):
    signer = Signer("rsa")
    assert is_refused(await place.signed(place.assertion("strict", signer, "RS256")))
    assert heard("oidc.client_auth")[-1][1]["reason"] is Flaw.ALGORITHM
    assert (await place.signed(place.assertion("strict", signer, "PS256"))).json() == {"client": "strict"}
    assert is_refused(await place.signed(place.assertion("strict", signer, "PS256", aud=[ISSUER])))


async def test_a_store_that_fails_makes_no_assertion_good(place, heard):
    place.records.is_broken = True
    answer = await place.signed(place.assertion())
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert heard("oidc.client_auth")[-1][0] is events.unavailable


# Certificates.


async def test_a_client_with_a_certificate_is_known_by_it(place, heard):
    place.shows(SHOWN)
    assert (await place.ask(client_id="mtls")).json() == {"client": "mtls"}
    assert [said for said, _ in heard("oidc")] == [mtls.matched]


async def test_a_certificate_that_nobody_signed_is_known_by_its_thumbprint(place):
    place.shows(OWN)
    assert (await place.ask(client_id="own")).json() == {"client": "own"}


async def test_a_certificate_that_nobody_signed_may_be_among_the_clients_keys(place):
    made = root("CN=Other").issue("CN=keyed")
    signer = Signer("ec")
    jwk = {**signer.jwk, "x5c": [base64.b64encode(made.der).decode()]}
    place.clients["keyed"] = client("keyed", AuthMethod.SELF_SIGNED_TLS, keys=(jwk,))
    place.shows(made)
    assert (await place.ask(client_id="keyed")).json() == {"client": "keyed"}
    place.shows(OWN)
    assert is_refused(await place.ask(client_id="keyed"))


@pytest.mark.parametrize(
    ("shown", "name"),
    [
        (None, "mtls"),
        (None, "own"),
        (OWN, "mtls"),
        (SHOWN, "own"),
        (CA.issue("CN=own"), "mtls"),
        (root("CN=Evil").issue("CN=mtls"), "mtls"),
        (SHOWN, "basic"),
        (SHOWN, "signed"),
        (SHOWN, "nobody"),
    ],
)
async def test_another_certificate_proves_nobody(place, shown, name):
    if shown is not None:
        place.shows(shown)
    assert is_refused(await place.ask(client_id=name))


async def test_a_certificate_is_not_enough_where_a_secret_was_agreed_on(place):
    place.shows(SHOWN)
    place.clients["basic"] = replace(place.clients["basic"], tls=TLSIdentity(subject_dn="CN=mtls"))
    assert is_refused(await place.ask(client_id="basic"))


async def test_a_secret_besides_the_certificate_is_another_way(place):
    place.shows(SHOWN)
    assert is_refused(await place.ask(basic=("mtls", "x")))
    answer = await place.ask(client_id="mtls", client_assertion_type=ASSERTION_TYPE)
    assert answer.status_code == 400


async def test_long_names_are_counted_apart(place):
    place.auth.apply(ClientAuthSettings(free_attempts=2))
    names = ["x" * 100 + end for end in "abc"]
    for name in names:
        assert [(await place.ask(client_id=name, client_secret="s")).status_code for _ in range(2)] == [
            401,
            401,
        ]
    assert (await place.ask(client_id=names[0], client_secret="s")).status_code == 429
