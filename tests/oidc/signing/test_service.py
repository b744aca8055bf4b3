import asyncio
import base64
import hashlib
import hmac
import json
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from joserfc import jwt
from joserfc.jwk import KeySet
from tests.oidc.signing.conftest import ISSUER, ONE, TWO

from yett.kernel import CommandFailed
from yett.keys import MasterKey
from yett.keys import NoKey as AnyNoKey
from yett.oidc.signing import (
    Algorithm,
    KeyCommands,
    NoKey,
    SigningSettings,
    compact,
    events,
    material,
    ring,
    rules,
)
from yett.oidc.signing.material import base64url
from yett.store import StoreUnavailable

DAY = 86400.0


def claims(clock, **more):
    return {"iss": ISSUER, "sub": "ada", "exp": int(clock.now()) + 600, **more}


def head_of(token):
    return json.loads(base64.urlsafe_b64decode(token.partition(".")[0] + "=="))


async def settled(condition):
    while not condition():  # noqa: ASYNC110 - only the test wants to know
        await asyncio.sleep(0)


async def test_what_is_signed_is_known_again_here_and_by_others(node, clock):
    signing = await node(SigningSettings())
    keys = KeySet.import_key_set({"keys": [dict(each) for each in signing.published()]})
    for algorithm in signing.algorithms:
        token = signing.sign(claims(clock), typ="JWT", algorithm=algorithm)
        assert signing.verify(token, typ="JWT") == claims(clock)
        assert head_of(token)["alg"] == algorithm
        # The name of RFC 8037 is deprecated by RFC 9864, and still the one that libraries agree on.
        if algorithm != "EdDSA":
            assert jwt.decode(token, keys, algorithms=[algorithm]).claims == claims(clock)


async def test_the_first_algorithm_signs_where_nobody_says_and_others_do_not(signing, clock):
    assert head_of(signing.sign(claims(clock), typ="JWT"))["alg"] == "ES256"
    with pytest.raises(NoKey, match="there is no key for RS256"):
        signing.sign(claims(clock), typ="JWT", algorithm="RS256")
    for nonsense in ("none", "HS256", "es256"):
        with pytest.raises(AnyNoKey):
            signing.sign(claims(clock), typ="JWT", algorithm=nonsense)


async def test_of_nodes_that_start_together_one_makes_the_keys(node, clock, heard):
    nodes = await asyncio.gather(*(node(TWO) for _ in range(4)))
    sets = {tuple(sorted(key.kid for key in each.keys)) for each in nodes}
    assert len(sets) == 1
    assert len(*sets) == 2
    token = nodes[0].sign(claims(clock), typ="JWT")
    assert all(each.verify(token, typ="JWT") for each in nodes)
    assert sum(said is events.key_generated for said, _ in heard("oidc.keys")) == 2


async def test_after_a_restart_the_same_keys_sign(node, heard):
    first = await node(TWO)
    heard.forget()
    again = await node(TWO)
    assert again.keys == first.keys
    assert heard("oidc") == [(events.history_loaded, {"keys": 2})]


async def test_a_key_changes_without_a_token_being_lost(node, clock, heard):
    signing = await node(ONE)
    old = signing.sign(claims(clock), typ="JWT")
    heard.forget()

    clock.advance(29 * DAY)
    await signing.tick()
    assert heard("oidc") == [
        (events.key_generated, {"kid": signing.keys[1].kid, "algorithm": Algorithm.ES256, "ahead": DAY}),
        (events.history_rotated, {"made": 1, "gone": 0}),
    ]
    assert head_of(signing.sign(claims(clock), typ="JWT"))["kid"] == head_of(old)["kid"]

    clock.advance(DAY)
    late = signing.sign(claims(clock), typ="JWT")
    assert head_of(late)["kid"] == signing.keys[1].kid != head_of(old)["kid"]
    assert signing.verify(old, typ="JWT", expired=True)

    await signing.tick()
    clock.advance(2 * DAY + 1)
    await signing.tick()
    assert [key.kid for key in signing.keys] == [head_of(late)["kid"]]
    assert signing.verify(old, typ="JWT", expired=True) is None


async def test_a_key_stays_for_as_long_as_the_last_thing_that_it_signed(node, clock, tasks):
    signing = await node(ONE)
    lasting = signing.sign(claims(clock, exp=int(clock.now() + 365 * DAY)), typ="JWT")
    await settled(lambda: not any("needed" in task.get_name() for task in tasks._tasks))
    for _ in range(12):
        clock.advance(30 * DAY)
        await signing.tick()
    another = await node(ONE)
    assert another.verify(lasting, typ="JWT")
    assert len(another.keys) < 5


async def test_for_how_long_a_key_is_needed_is_kept_before_anybody_has_what_needs_it(signing, records, clock):
    ends_at = int(clock.now() + 365 * DAY)
    await signing.sign_patiently(claims(clock, exp=ends_at), typ="JWT")
    (kept,) = ring.from_bytes((await records.get(ring.RING)).value)
    assert kept.needed_until >= ends_at


async def test_one_node_hears_of_what_another_makes(node, clock):
    one, two = await node(ONE), await node(ONE)
    await one.rotate(is_at_once=True)
    token = one.sign(claims(clock), typ="JWT")
    await settled(lambda: two.verify(token, typ="JWT") is not None)
    assert head_of(two.sign(claims(clock), typ="JWT"))["kid"] == head_of(token)["kid"]


async def test_a_rotation_that_is_asked_for_is_published_before_it_signs(signing, clock):
    before = head_of(signing.sign(claims(clock), typ="JWT"))["kid"]
    assert await signing.rotate(is_at_once=False) == 1
    assert len(signing.published()) == 2
    assert head_of(signing.sign(claims(clock), typ="JWT"))["kid"] == before
    clock.advance(rules.SOON)
    assert head_of(signing.sign(claims(clock), typ="JWT"))["kid"] != before


async def test_what_a_withdrawn_key_signed_is_refused(signing, clock, heard):
    token = signing.sign(claims(clock), typ="JWT")
    kid = head_of(token)["kid"]
    assert (await signing.withdraw(kid)).kid == kid
    assert signing.verify(token, typ="JWT") is None
    assert kid not in [key["kid"] for key in signing.published()]
    assert signing.verify(signing.sign(claims(clock), typ="JWT"), typ="JWT")
    assert (events.key_withdrawn, {"kid": kid, "algorithm": Algorithm.ES256}) in heard("oidc.keys")
    assert await signing.withdraw("other") is None


# Attacks.


async def test_tokens_that_somebody_else_could_have_made_are_refused(node, clock):
    signing = await node(SigningSettings())
    good = claims(clock)
    public = {key.algorithm: key for key in signing.keys}
    es, rs = public[Algorithm.ES256], public[Algorithm.RS256]
    body = compact.body(good)

    def hs256(secret, kid=es.kid):
        text = f"{compact.head('HS256', kid, 'JWT')}.{body}"
        return f"{text}.{base64url(hmac.digest(secret, text.encode(), hashlib.sha256))}"

    pem = material.public_of(es.public, es.algorithm).public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    own = material.make(Algorithm.ES256, 2048)
    own_kid = material.jwk_of(own.public_key(), Algorithm.ES256)["kid"]

    def forged(algorithm, kid):
        text = f"{compact.head(algorithm, kid, 'JWT')}.{body}"
        return f"{text}.{base64url(material.signer(own, Algorithm.ES256)(text.encode()))}"

    real = signing.sign(good, typ="JWT")
    head, _, signature = real.split(".")
    for token in (
        f"{compact.head('none', es.kid, 'JWT')}.{body}.",
        hs256(pem),
        hs256(json.dumps(dict(es.public)).encode()),
        hs256(b""),
        forged("ES256", es.kid),
        forged("ES256", own_kid),
        forged("ES256", "../../etc/passwd"),
        forged("ES256", "https://evil.example/jwks.json#1"),
        forged("ES256", "' OR 1=1 --"),
        forged("ES256", ""),
        forged("RS256", es.kid),
        forged("ES256", rs.kid),
        f"{head}.{compact.body({**good, 'sub': 'root'})}.{signature}",
        f"{head}.{body}.{signature[:-4]}",
        f"{head}.{body}.",
        f"{compact.head('RS256', es.kid, 'JWT')}.{body}.{signature}",
        real + ".",
        real.replace(".", "..", 1),
    ):
        assert signing.verify(token, typ="JWT") is None, token
    # Zeros are the signature that broken libraries take for any (CVE-2022-21449).
    assert signing.verify(f"{head}.{body}.{base64url(bytes(64))}", typ="JWT") is None


async def test_a_token_is_good_for_its_purpose_issuer_and_time_only(signing, clock):
    access = signing.sign(claims(clock), typ="at+jwt")
    assert signing.verify(access, typ="JWT") is None
    assert signing.verify(access, typ=None) == claims(clock)
    foreign = signing.sign(claims(clock, iss="https://other.example"), typ="JWT")
    assert signing.verify(foreign, typ="JWT") is None
    for wrong in ({}, {"exp": "never"}, {"exp": None}):
        token = signing.sign({"iss": ISSUER, **{k: v for k, v in wrong.items() if k != "exp"}}, typ="JWT")
        assert signing.verify(token, typ="JWT") is None
    token = signing.sign(claims(clock), typ="JWT")
    clock.advance(600)
    assert signing.verify(token, typ="JWT") is None
    assert signing.verify(token, typ="JWT", expired=True)


async def test_claims_that_are_no_text_are_told(signing, clock):
    with pytest.raises(ValueError, match="surrogates"):
        signing.sign(claims(clock, name="\ud800"), typ="JWT")


# Failing.


async def test_whether_it_works_is_looked_at_now_and_then(node, records, heard):
    records.is_down = True
    signing = await node(TWO)
    heard.forget()
    await signing.look_after()
    records.is_down = False
    await signing.look_after()
    said = heard("oidc.healthcheck")
    assert said == [
        (events.health_checked, {"is_healthy": False, "keys": 0, "failing": ("ES256", "EdDSA")}),
        (events.health_checked, {"is_healthy": True, "keys": 2, "failing": ()}),
    ]


async def test_without_the_store_there_are_no_keys_until_it_is_back(node, records, clock, heard):
    records.is_down = True
    signing = await node(ONE)
    assert not signing.is_ready
    with pytest.raises(NoKey):
        signing.published()
    with pytest.raises(NoKey) as told:
        await signing.sign_patiently(claims(clock), typ="JWT")
    assert told.value.is_initial
    assert heard("oidc.token.signing") == [
        (events.signing_retried, {"algorithm": "ES256", "attempt": 1}),
        (events.signing_retried, {"algorithm": "ES256", "attempt": 2}),
        (events.signing_failed, {"algorithm": "ES256"}),
    ]
    assert {said for said, _ in heard("oidc.key_history")} == {events.history_not_stored}

    records.is_down = False
    token = await signing.sign_patiently(claims(clock), typ="JWT")
    assert signing.verify(token, typ="JWT")
    assert signing.is_ready


async def test_what_is_known_stays_in_use_while_the_store_is_away(signing, records, clock, heard):
    records.is_down = True
    clock.advance(29 * DAY)
    await signing.tick()
    assert heard("oidc.key_history")[-1][0] is events.history_not_stored
    assert signing.verify(signing.sign(claims(clock), typ="JWT"), typ="JWT")
    with pytest.raises(StoreUnavailable):
        await signing.rotate(is_at_once=True)


async def test_after_a_change_of_the_cluster_key_old_tokens_check_and_new_keys_sign(node, clock, heard):
    first = await node(ONE)
    token = first.sign(claims(clock), typ="JWT")
    await first.stop()
    heard.forget()
    other = await node(ONE, master=MasterKey(b"o" * 32))
    assert (events.key_unreadable, {"kid": head_of(token)["kid"], "algorithm": Algorithm.ES256}) in heard()
    assert other.verify(token, typ="JWT")
    assert head_of(other.sign(claims(clock), typ="JWT"))["kid"] != head_of(token)["kid"]
    heard.forget()
    await other.tick()
    assert heard() == []


async def test_a_damaged_record_signs_nothing_until_an_operator_begins_anew(node, records, clock, heard):
    await records.put(ring.RING, b"\x00damaged")
    signing = await node(ONE)
    assert heard("oidc.init")[0][0] is events.keys_invalid
    with pytest.raises(NoKey):
        signing.sign(claims(clock), typ="JWT")
    with pytest.raises(ring.Unreadable):
        await signing.rotate(is_at_once=False)
    assert (await records.get(ring.RING)).value == b"\x00damaged"
    await signing.rotate(is_at_once=True)
    assert signing.verify(signing.sign(claims(clock), typ="JWT"), typ="JWT")


async def test_news_that_are_damaged_change_nothing(signing, records, clock, heard):
    token = signing.sign(claims(clock), typ="JWT")
    await records.put(ring.RING, b"{}")
    await settled(lambda: heard("oidc.init"))
    assert signing.verify(token, typ="JWT")


async def test_a_write_that_fails_leaves_the_keys_as_they_were(signing, records, clock, heard):
    before = signing.keys
    clock.advance(29 * DAY)
    records.fail_write = 1
    await signing.tick()
    assert signing.keys == before
    assert heard("oidc.key_history")[-1][0] is events.history_not_stored
    await signing.tick()
    assert len(signing.keys) == 2


# Keys of the operator's.


@pytest.fixture
def own_key(tmp_path):
    path = tmp_path / "own.pem"
    private = ec.generate_private_key(ec.SECP256R1())
    path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


async def test_a_key_of_the_operators_signs_in_place_of_a_made_one(node, clock, own_key):
    settings = replace(TWO, key_files=(own_key,))
    signing = await node(settings)
    token = signing.sign(claims(clock), typ="JWT")
    assert signing.verify(token, typ="JWT")
    assert {key.algorithm: key.is_operators for key in signing.keys} == {
        Algorithm.ES256: True,
        Algorithm.EDDSA: False,
    }
    assert await signing.rotate(is_at_once=True) == 1

    # Without the file another key signs, and older tokens still check.
    await signing.apply(TWO)
    assert head_of(signing.sign(claims(clock), typ="JWT"))["kid"] != head_of(token)["kid"]
    assert signing.verify(token, typ="JWT")

    await signing.apply(settings)
    assert head_of(signing.sign(claims(clock), typ="JWT"))["kid"] == head_of(token)["kid"]


async def test_a_key_in_a_file_of_the_operators_is_not_said_to_be_withdrawn(node, own_key, heard):
    signing = await node(replace(ONE, key_files=(own_key,)))
    kid = signing.keys[0].kid
    with pytest.raises(CommandFailed, match=r"oidc\.signing\.key_files"):
        await KeyCommands(signing).withdraw(kid)
    assert signing.keys[0].kid == kid
    assert events.key_withdrawn not in [said for said, _ in heard("oidc.keys")]
    await signing.apply(ONE)
    assert kid in await KeyCommands(signing).withdraw(kid)
    assert kid not in [key.kid for key in signing.keys]


async def test_what_others_get_ahead_of_again_and_again_is_not_said_to_be_done(signing, records, heard):
    async def too_late(*_, **__):
        return None

    before = signing.keys
    records.replace = too_late
    heard.forget()
    with pytest.raises(StoreUnavailable):
        await signing.rotate(is_at_once=True)
    with pytest.raises(StoreUnavailable):
        await signing.withdraw(before[0].kid)
    assert signing.keys == before
    assert heard("oidc.keys") == []


async def test_a_file_of_no_use_is_not_replaced_by_a_key_of_our_own(node, clock, tmp_path, heard):
    signing = await node(replace(TWO, key_files=(tmp_path / "none.pem",)))
    assert not signing.is_ready
    with pytest.raises(NoKey):
        await signing.sign_patiently(claims(clock), typ="JWT")
    assert heard("oidc.keys")[0][0] is events.key_absent
    assert signing.published() == []


async def test_an_algorithm_that_is_switched_off_still_checks(node, clock):
    signing = await node(TWO)
    token = signing.sign(claims(clock), typ="JWT", algorithm="EdDSA")
    await signing.apply(ONE)
    assert signing.algorithms == ("ES256",)
    assert signing.verify(token, typ="JWT")
    with pytest.raises(NoKey):
        signing.sign(claims(clock), typ="JWT", algorithm="EdDSA")
