import asyncio
import base64
import json

import pytest

from yett.identity.federation import events
from yett.identity.federation.proofs import Proofs
from yett.identity.federation.signing import derive_key
from yett.store import Space

URL = "https://idp.example/token?tenant=1"


def claims_of(proof):
    part = proof.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


@pytest.fixture
def make(records, clock):
    def build(**more):
        return Proofs("acme", derive_key(b"a" * 32), records, clock, **more)

    return build


def said(heard):
    return [emitter for emitter, _ in heard("identity.oidc.dpop")]


async def test_a_proof_is_for_one_request(make, clock):
    claims = claims_of(await make().make("POST", URL))
    assert (claims["htm"], claims["htu"], claims["iat"]) == ("POST", "https://idp.example/token", clock.now())
    assert "ath" not in claims
    # RFC 9449, section 7.1: the hash of that token.
    token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
    assert (
        claims_of(await make().make("GET", URL, token))["ath"]
        == "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"
    )


async def test_no_number_is_used_twice_by_any_node(make, heard):
    numbers = iter(["one", "one", "two", "two", "three"])
    first = claims_of(await make(number=lambda: next(numbers)).make("POST", URL))
    second = claims_of(await make(number=lambda: next(numbers)).make("POST", URL))
    assert (first["jti"], second["jti"]) == ("one", "two")
    assert said(heard) == [events.jti_twice]


async def test_fifty_at_once_have_fifty_numbers(make):
    proofs = make()
    made = await asyncio.gather(*(proofs.make("POST", URL) for _ in range(50)))
    assert len({claims_of(each)["jti"] for each in made}) == 50


async def test_a_store_that_is_away_costs_the_note_and_not_the_proof(make, records, heard):
    records.break_("federation/proofs", "get")
    assert await make().make("POST", URL)
    records.mend()
    records.break_("federation/proofs", "create")
    assert await make().make("POST", URL)
    assert said(heard) == [events.jti_unchecked, events.jti_unstored]


async def test_a_store_that_is_slow_is_not_waited_for(make, heard, monkeypatch):
    async def slow(*_, **__):
        await asyncio.Event().wait()

    monkeypatch.setattr(Space, "create", slow)
    assert await make(patience=0.02).make("POST", URL)
    assert said(heard) == [events.jti_too_slow]


async def test_a_nonce_is_for_the_server_that_gave_it(make):
    proofs = make()
    assert proofs.hear(URL, "n1")
    assert not proofs.hear(URL, "n1")
    assert claims_of(await proofs.make("POST", "https://idp.example/other"))["nonce"] == "n1"
    assert "nonce" not in claims_of(await proofs.make("POST", "https://other.example/token"))
    for odd in ("", "é", "x" * 2000):
        assert not proofs.hear(URL, odd)


async def test_nonces_of_many_servers_are_not_kept_for_ever(make):
    proofs = make()
    for number in range(500):
        assert proofs.hear(f"https://s{number}.example/", "n")
    assert len(proofs._nonces) <= 100
