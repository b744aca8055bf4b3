"""Proofs over HTTP: each is good once, and nothing is good that nobody could look up."""

import asyncio
from datetime import timedelta

import pytest
from tests.oidc.foreign import Signer

from yett.oidc.dpop import DPoPSettings, Reason, access_hash, events


async def test_a_proof_names_the_key_that_tokens_are_bound_to(place):
    answer = await place.show(place.proof())
    assert answer.json() == {"jkt": place.signer.thumbprint}
    assert "dpop-nonce" not in answer.headers


async def test_without_one_there_is_none(place, heard):
    assert (await place.show()).json() == {"jkt": None}
    assert heard("oidc") == []


async def test_two_at_once_are_none(place, heard):
    answer = await place.show(place.proof(), place.proof())
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")
    assert heard("oidc.dpop") == [(events.refused, {"reason": Reason.SEVERAL})]


async def test_a_proof_is_good_once(place, heard):
    proof = place.proof()
    assert (await place.show(proof)).status_code == 200
    answer = await place.show(proof)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")
    assert heard("oidc.dpop") == [(events.replayed, {})]
    place.clock.advance(60)
    assert (await place.show(proof)).status_code == 400


async def test_a_longer_lifetime_makes_no_proof_good_again(place):
    place.proofs.apply(DPoPSettings(proof_lifetime=timedelta(seconds=5)))
    proof = place.proof()
    assert (await place.show(proof)).status_code == 200
    place.clock.advance(200)
    place.proofs.apply(DPoPSettings(proof_lifetime=timedelta(minutes=5)))
    assert (await place.show(proof)).status_code == 400
    assert (await place.show(place.proof())).status_code == 200


async def test_of_fifty_at_once_one_is_good(place):
    proof = place.proof()
    answers = await asyncio.gather(*(place.show(proof) for _ in range(50)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 49


async def test_the_same_id_of_another_key_is_another_proof(place):
    assert (await place.show(place.proof(jti="same"))).status_code == 200
    place.signer = Signer(number=1)
    assert (await place.show(place.proof(jti="same"))).status_code == 200


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"htm": "GET"}, Reason.METHOD),
        ({"htu": "https://evil.example.test/"}, Reason.TARGET),
        ({"iat": 1}, Reason.EXPIRED),
        ({"iat": 1_900_000_000}, Reason.FUTURE),
    ],
)
async def test_a_proof_for_something_else_is_refused(place, heard, changed, reason):
    answer = await place.show(place.proof(**changed))

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")
    assert answer.headers["cache-control"] == "no-store"
    assert heard("oidc.dpop") == [(events.refused, {"reason": reason})]


async def test_what_is_refused_takes_no_room(place):
    for _ in range(20):
        await place.show(place.proof(htm="GET"), token="t")
        await place.show(place.proof(ath=access_hash("t")), token="t", jkt="another")
    assert await place.records.list("oidc/") == []


async def test_a_resource_says_how_to_do_better(place):
    answer = await place.show(place.proof(), token="access")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith('DPoP error="invalid_dpop_proof", algs="ES256 ')
    good = await place.show(place.proof(ath=access_hash("access")), token="access")
    assert good.status_code == 200


async def test_a_store_that_fails_makes_no_proof_good(place, heard):
    place.records.is_broken = True
    answer = await place.show(place.proof())
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert heard("oidc.dpop")[0][0] is events.unavailable


# Nonces (RFC 9449, section 8).


async def test_where_nonces_are_asked_for_a_client_is_told_what_to_repeat(place, heard):
    place.proofs.apply(DPoPSettings(require_nonce=True))
    answer = await place.show(place.proof())
    assert (answer.status_code, answer.json()["error"]) == (400, "use_dpop_nonce")
    nonce = answer.headers["dpop-nonce"]

    good = await place.show(place.proof(nonce=nonce))

    assert good.status_code == 200
    assert "dpop-nonce" not in good.headers
    assert [said for said, _ in heard("oidc.dpop")] == [
        events.nonce_generated,
        events.nonce_stored,
        events.nonce_validated,
    ]


async def test_the_next_nonce_comes_with_the_answer(place):
    place.proofs.apply(DPoPSettings(require_nonce=True))
    nonce = (await place.show(place.proof())).headers["dpop-nonce"]
    place.clock.advance(300)

    answer = await place.show(place.proof(nonce=nonce))

    assert answer.status_code == 200
    assert answer.headers["dpop-nonce"] != nonce
    place.clock.advance(300)
    again = await place.show(place.proof(nonce=nonce), token="")
    assert (again.status_code, again.json()["error"]) == (400, "use_dpop_nonce")


async def test_a_made_up_nonce_is_refused_and_said(place, heard):
    place.proofs.apply(DPoPSettings(require_nonce=True))
    answer = await place.show(place.proof(nonce="made-up", ath=access_hash("t")), token="t")
    assert (answer.status_code, answer.json()["error"]) == (401, "use_dpop_nonce")
    assert 'error="use_dpop_nonce"' in answer.headers["www-authenticate"]
    assert heard("oidc.dpop.nonce")[-1][0] is events.nonce_refused


async def test_a_nonce_that_nobody_can_look_up_is_not_good(place, heard):
    place.proofs.apply(DPoPSettings(require_nonce=True))
    place.records.broken_prefix = "oidc/dpop/nonce/"
    answer = await place.show(place.proof(nonce="x"))
    assert answer.status_code == 503
    assert events.nonce_unavailable in [said for said, _ in heard("oidc.dpop.nonce")]
