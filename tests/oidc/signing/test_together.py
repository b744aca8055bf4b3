import asyncio

import pytest
from tests.keys.threshold.conftest import GATEWAY, ISSUER, Place, until

from yett.kernel import CommandFailed
from yett.keys import NoKey
from yett.keys.threshold import events as shared_events
from yett.oidc.signing import Algorithm, KeyCommands, Signing, SigningSettings, events, rules

ALONE = SigningSettings(algorithms=(Algorithm.EDDSA,))
BOTH = SigningSettings(algorithms=(Algorithm.ES256, Algorithm.EDDSA))


@pytest.fixture
async def place(tmp_path, tasks, clock, heard):  # noqa: ARG001 - what is said at the start is to be heard, too
    made = Place(tmp_path, tasks, clock)
    await made.cosigner("a", peers=("b",))
    await made.cosigner("b", peers=("a",))
    yield made
    await made.stop()


@pytest.fixture
async def node(records, clock, tasks, place):
    """Makes nodes on the one store, with co-signers unless told otherwise."""
    made = []

    async def make(settings=ALONE, *, is_shared=True):
        threshold = await place.threshold() if is_shared else None
        signing = Signing(records, GATEWAY, settings, clock, tasks, issuer=ISSUER, threshold=threshold)
        signing.threshold = threshold
        made.append(signing)
        await signing.start()
        return signing

    yield make
    for signing in made:
        await signing.stop()


def claims(clock):
    return {"iss": ISSUER, "sub": "ada", "exp": clock.now() + 600}


def said(heard, event):
    return [fields for each, fields in heard() if each is event]


async def test_the_key_is_shared_from_the_first_start_on(node, clock, heard):
    signing = await node()
    (key,) = signing.keys
    token = await signing.sign_patiently(claims(clock), typ="at+jwt")
    assert signing.verify(token, typ="at+jwt") == claims(clock)
    assert said(heard, events.threshold_active) == [{"kid": key.kid, "quorum": 2, "participants": 3}]
    assert said(heard, shared_events.share_kept) == [{"key": key.kid}]
    # There is nothing that could sign alone.
    with pytest.raises(NoKey):
        signing.sign(claims(clock), typ="at+jwt")
    await signing.look_after()
    assert said(heard, events.health_checked)[-1]["is_healthy"]


async def test_after_a_restart_the_same_key_signs_and_other_nodes_have_it_too(node, clock):
    first = await node()
    await first.stop()
    again, other = await node(), await node()
    assert [key.kid for key in again.keys] == [key.kid for key in other.keys] == [first.keys[0].kid]
    tokens = await asyncio.gather(
        *(each.sign_patiently(claims(clock), typ="JWT") for each in (again, other) for _ in range(20))
    )
    assert all(first.verify(token, typ="JWT") for token in tokens)


async def test_a_key_of_one_alone_gives_way_and_back(node, clock, place):
    alone = await node(is_shared=False)
    (before,) = alone.keys
    token = await alone.sign_patiently(claims(clock), typ="JWT")
    await alone.stop()

    shared = await node()
    kept, new = sorted(shared.keys, key=lambda key: key.use_from)
    assert (kept.kid, new.use_from) == (before.kid, clock.now() + rules.SOON)
    # Nothing is signed with a key that nobody can have seen.
    assert shared.signs(kept)
    clock.advance(rules.SOON)
    assert shared.signs(new)
    shared_token = await shared.sign_patiently(claims(clock), typ="JWT")
    assert shared.verify(token, typ="JWT", expired=True)

    place.names = []
    await shared.threshold.apply(place.settings())
    await shared.apply(ALONE)
    (third,) = (key for key in shared.keys if key.kid not in {kept.kid, new.kid})
    assert shared.signs(third)
    assert shared.verify(shared_token, typ="JWT")
    assert shared.verify(token, typ="JWT", expired=True)


async def test_what_only_this_gateway_signs_is_warned_of_once(node, heard):
    signing = await node(BOTH)
    await signing.apply(BOTH)
    assert said(heard, events.threshold_mismatch) == [{"algorithm": Algorithm.ES256}]
    await signing.apply(ALONE)
    await signing.apply(BOTH)
    assert len(said(heard, events.threshold_mismatch)) == 2


async def test_without_a_quorum_nothing_is_issued_and_what_else_can_be_is(node, clock, place, heard):
    signing = await node(BOTH)
    ports = {name: each.port for name, each in place.cosigners.items()}
    for each in place.cosigners.values():
        await each.stop()
    await until(lambda: said(heard, events.threshold_unhealthy))
    with pytest.raises(NoKey):
        await signing.sign_patiently(claims(clock), typ="JWT", algorithm="EdDSA")
    assert len(said(heard, events.signing_retried)) == 2
    assert said(heard, events.signing_failed) == [{"algorithm": "EdDSA"}]
    assert len(said(heard, events.threshold_unhealthy)) == 1
    await signing.look_after()
    assert said(heard, events.health_checked)[-1]["failing"] == ("EdDSA",)
    assert await signing.sign_patiently(claims(clock), typ="JWT", algorithm="ES256")
    for name, port in ports.items():
        await place.cosigner(name, peers=tuple({"a", "b"} - {name}), port=port)
    await until(lambda: len(said(heard, events.threshold_active)) == 2)
    assert await signing.sign_patiently(claims(clock), typ="JWT", algorithm="EdDSA")


async def test_cosigners_that_come_late_are_waited_for(node, clock, place, heard):
    port = place.cosigners["a"].port
    await place.cosigners["a"].stop()
    signing = await node()
    assert signing.keys == ()
    with pytest.raises(NoKey):
        await signing.sign_patiently(claims(clock), typ="JWT")
    with pytest.raises(CommandFailed, match="not every co-signer is there"):
        await KeyCommands(signing).rotate()
    await place.cosigner("a", peers=("b",), port=port)
    await until(lambda: said(heard, events.threshold_active))
    assert await signing.sign_patiently(claims(clock), typ="JWT")


async def test_a_lost_share_leads_to_another_key(node, clock, place):
    signing = await node()
    (before,) = signing.keys
    port = place.cosigners["b"].port
    await place.cosigners["b"].stop()
    await until(lambda: not signing.threshold.links[1].is_up)
    (file,) = (place.folder / "b").iterdir()
    file.write_text("damaged")
    await place.cosigner("b", peers=("a",), port=port)
    await until(lambda: len(signing.keys) == 2)
    assert signing.signs(before)
    clock.advance(rules.SOON)
    assert not signing.signs(before)
    assert await signing.sign_patiently(claims(clock), typ="JWT")


async def test_keys_are_rotated_by_everybody_together(node, clock, place):
    signing = await node()
    (before,) = signing.keys
    assert await KeyCommands(signing).rotate(at_once=True) == "1 keys made; they sign now."
    assert len(signing.keys) == 2
    assert before in signing.keys
    assert await signing.sign_patiently(claims(clock), typ="JWT")
    assert [len(list((place.folder / name).iterdir())) for name in "ab"] == [2, 2]
