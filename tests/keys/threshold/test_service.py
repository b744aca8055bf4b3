import asyncio
import itertools
from dataclasses import replace

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from tests.keys.threshold.conftest import ISSUER, until

from yett.keys import key_id
from yett.keys.threshold import NotMade, State, Unavailable, events, wire
from yett.keys.threshold.link import Declined
from yett.oidc.signing import compact


def token(shared, clock, **more):
    kid = key_id(Ed25519PublicKey.from_public_bytes(shared.public))
    claims = {"iss": ISSUER, "sub": "ada", "exp": clock.now() + 600, **more}
    return f"{compact.head('EdDSA', kid, 'at+jwt')}.{compact.body(claims)}".encode()


def verify(shared, signature, message):
    Ed25519PublicKey.from_public_bytes(shared.public).verify(signature, message)


def said(heard, event):
    return [fields for each, fields in heard() if each is event]


async def test_a_key_is_made_by_all_and_signs_with_any_quorum(place, three, clock, heard):
    shared = await three.make()
    assert shared.group.threshold == 2
    assert sorted(shared.group.shares) == [1, 2, 3]
    assert [bool(each.shares.get(shared.public)) for each in place.cosigners.values()] == [True, True]
    message = token(shared, clock)
    for _ in range(4):
        verify(shared, await three.sign(shared, message), message)
    names = [event.__name__ for event, _ in heard("threshold")]
    assert names[:2] == ["cosigner_connected", "cosigner_connected"]
    assert names[2:] == ["ready", "generation_begun", "generation_complete"]
    # Co-signers take turns.
    assert len(said(heard, events.signed)) == 4


async def test_many_at_once_each_with_nonces_of_its_own(three, clock):
    shared = await three.make()
    messages = [token(shared, clock, jti=str(number)) for number in range(100)]
    signatures = await asyncio.gather(*(three.sign(shared, message) for message in messages))
    for message, signature in zip(messages, signatures, strict=True):
        verify(shared, signature, message)
    assert len({signature[:32] for signature in signatures}) == 100


async def test_what_is_missing_is_said_once_and_when_it_is_back(place, three, clock, heard):
    shared = await three.make()
    message = token(shared, clock)
    port = place.cosigners["a"].port
    await place.cosigners["a"].stop()
    await until(lambda: three.state is State.DEGRADED)
    verify(shared, await three.sign(shared, message), message)
    with pytest.raises(NotMade, match="not every co-signer is there"):
        await three.make()
    await place.cosigners["b"].stop()
    await until(lambda: three.state is State.UNAVAILABLE)
    assert not three.can_sign(shared)
    with pytest.raises(Unavailable, match="1 of 2 signers are there"):
        await three.sign(shared, message)
    await place.cosigner("a", peers=("b",), port=port)
    await until(lambda: three.state is State.DEGRADED)
    verify(shared, await three.sign(shared, message), message)
    assert [fields["absent"] for fields in said(heard, events.degraded)] == [("a",), ("b",)]
    assert [fields["here"] for fields in said(heard, events.unavailable)] == [1]
    assert len(said(heard, events.cosigner_away)) == 2


async def test_who_does_not_answer_is_passed_over(place, clock, heard):
    slow = await place.cosigner("a", peers=("b",), crooked=True)
    await place.cosigner("b", peers=("a",))
    threshold = await place.threshold()
    shared = await threshold.make()
    slow.bend = lambda request, answer: None if isinstance(request, wire.Sign) else answer
    message = token(shared, clock)
    for _ in range(3):
        verify(shared, await threshold.sign(shared, message), message)
    # Asked once; after that it comes last for a while.
    assert [fields["cosigner"] for fields in said(heard, events.signing_timed_out)] == ["a"]


async def test_a_wrong_share_is_found_out_and_does_not_keep_others_from_signing(place, clock, heard):
    crook = await place.cosigner("a", peers=("b",), crooked=True)
    await place.cosigner("b", peers=("a",))
    threshold = await place.threshold()
    shared = await threshold.make()
    crook.bend = lambda _, answer: (
        msgspec.structs.replace(answer, share=bytes([answer.share[0] ^ 1]) + answer.share[1:])
        if isinstance(answer, wire.Signed)
        else answer
    )
    message = token(shared, clock)
    for _ in range(3):
        verify(shared, await threshold.sign(shared, message), message)
    assert [fields["cosigner"] for fields in said(heard, events.signing_failed)] == ["a"]


def unsigned(envelope):
    return msgspec.structs.replace(envelope, signature=b"")


def altered(envelope):
    return msgspec.structs.replace(envelope, body=envelope.body[:-1] + bytes([envelope.body[-1] ^ 1]))


FAULTS = [
    (wire.Nonces, unsigned, events.envelope_unsigned),
    (wire.Nonces, altered, events.envelope_forged),
    (wire.Announced, unsigned, events.envelope_unsigned),
    (wire.Announced, altered, events.envelope_forged),
    (wire.Dealt, unsigned, events.envelope_unsigned),
    (wire.Dealt, altered, events.envelope_forged),
]


@pytest.mark.parametrize(("step", "change", "event"), FAULTS)
async def test_what_is_not_signed_by_its_sender_makes_no_key(place, heard, step, change, event):
    crook = await place.cosigner("a", peers=("b",), crooked=True)
    await place.cosigner("b", peers=("a",))
    crook.bend = lambda request, answer: (
        wire.Sealed(answer.id, tuple(map(change, answer.envelopes))) if isinstance(request, step) else answer
    )
    threshold = await place.threshold()
    with pytest.raises(NotMade):
        await threshold.make()
    assert said(heard, event)
    assert len(said(heard, events.generation_failed)) == 1
    assert not place.cosigners["b"].shares.load()


async def test_what_was_said_in_an_earlier_ceremony_is_no_good_in_this_one(place, heard):
    crook = await place.cosigner("a", peers=("b",), crooked=True)
    await place.cosigner("b", peers=("a",))
    threshold = await place.threshold()
    kept = []
    crook.bend = lambda _, answer: kept.append(answer) or answer
    await threshold.make()
    earlier = next(each for each in kept if isinstance(each, wire.Sealed))
    crook.bend = lambda request, answer: (
        wire.Sealed(answer.id, earlier.envelopes) if isinstance(request, wire.Nonces) else answer
    )
    with pytest.raises(NotMade):
        await threshold.make()
    assert said(heard, events.envelope_replayed)
    assert not said(heard, events.envelope_forged)


async def test_who_is_silent_in_the_middle_holds_up_nobody_for_long(place, heard):
    crook = await place.cosigner("a", peers=("b",), crooked=True)
    await place.cosigner("b", peers=("a",))
    crook.bend = lambda request, answer: None if isinstance(request, wire.Dealt) else answer
    threshold = await place.threshold()
    with pytest.raises(NotMade, match="in time"):
        await threshold.make()
    assert said(heard, events.generation_timed_out) == [{"absent": ()}]


async def test_failing_again_and_again_is_critical_and_pauses(place, heard):
    # `a` was not told of `b`.
    await place.cosigner("a")
    await place.cosigner("b", peers=("a",))
    threshold = await place.threshold()
    for _ in range(3):
        with pytest.raises(NotMade, match="strangers"):
            await threshold.make()
    assert said(heard, events.generation_given_up) == [{"tries": 3}]
    assert [fields["cosigner"] for fields in said(heard, events.generation_failed)] == ["a"] * 3
    with pytest.raises(NotMade, match="within a minute"):
        await threshold.make()


async def test_a_cosigner_insists_on_its_quorum(place):
    await place.cosigner("a", peers=("b",), quorum=3)
    await place.cosigner("b", peers=("a",))
    threshold = await place.threshold()
    with pytest.raises(NotMade, match="a: quorum_too_small"):
        await threshold.make()
    await threshold.apply(place.settings(quorum=3))
    await until(lambda: threshold.state is State.READY)
    assert (await threshold.make()).group.threshold == 3


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"iss": "https://evil.example"}, "another issuer"),
        ({"exp": 9e12}, "too long"),
        ({"exp": "never"}, "does not end"),
    ],
)
async def test_nothing_else_is_signed(three, clock, heard, change, why):
    shared = await three.make()
    with pytest.raises(Unavailable):
        await three.sign(shared, token(shared, clock, **change))
    assert all(why in fields["detail"] for fields in said(heard, events.refused))
    assert len(said(heard, events.refused)) == 2
    with pytest.raises(Unavailable):
        await three.sign(shared, b"transfer everything")


async def test_what_was_committed_to_signs_once_whoever_asks_how_often(three, clock):
    shared = await three.make()
    link = three.links[0]
    number = next(number for number, member in shared.members.items() if member == link.party.public)
    commitment = await link.commitment(shared.public)
    other = replace(await three.links[1].commitment(shared.public))
    together = sorted([commitment, other], key=lambda each: each.number)
    messages = [token(shared, clock, jti=str(each)) for each in range(50)]
    answers = await asyncio.gather(
        *(link.signature_share(shared.public, message, together) for message in messages),
        return_exceptions=True,
    )
    assert number == commitment.number
    assert sum(isinstance(each, bytes) for each in answers) == 1
    refused = [each for each in answers if isinstance(each, Declined)]
    assert {each.reason for each in refused} == {wire.Reason.NO_NONCE}
    assert len(refused) == 49


async def test_shares_outlive_a_restart_and_one_that_is_damaged_is_removed(place, three, clock, heard):
    shared = await three.make()
    three.watch([shared])
    for name, port in [(name, each.port) for name, each in place.cosigners.items()]:
        await place.cosigners[name].stop()
        await until(lambda: three.state is not State.READY)
        file = place.folder / name / shared.public.hex()
        assert shared.share.secret.hex() not in file.read_text()
        if name == "b":
            text = file.read_text()
            file.write_text(text[:-4] + ("AAAA" if text[-4:] != "AAAA" else "BBBB"))
        await place.cosigner(name, peers=tuple({"a", "b"} - {name}), port=port)
        await until(lambda: three.state is State.READY)
    assert said(heard, events.share_corrupt) == [{"key": shared.public.hex()}]
    await until(lambda: not three.is_current(shared))
    # `a` still has its own, so that a quorum is left until there is another key.
    assert three.has_members(shared)
    assert three.can_sign(shared)
    message = token(shared, clock)
    verify(shared, await three.sign(shared, message), message)


async def test_other_cosigners_make_a_key_outdated_and_too_few_of_them_useless(place, three):
    shared = await three.make()
    assert three.is_current(shared)
    await place.cosigner("c", peers=("a", "b"))
    await three.apply(place.settings())
    assert not three.is_current(shared)
    assert three.has_members(shared)
    place.names = ["c"]
    await three.apply(place.settings())
    assert not three.has_members(shared)
    place.names = []
    await three.apply(place.settings())
    assert not three.is_on


@pytest.mark.parametrize("quorum", [2, 3, 4])
async def test_larger_groups(place, clock, quorum):
    names = "abc"
    for name in names:
        await place.cosigner(name, peers=tuple(set(names) - {name}))
    threshold = await place.threshold(quorum=quorum)
    shared = await threshold.make()
    message = token(shared, clock)
    for gone in itertools.islice(names, 4 - quorum):
        verify(shared, await threshold.sign(shared, message), message)
        await place.cosigners[gone].stop()
        await until(lambda name=gone: not next(x for x in threshold.links if x.name == name).is_up)
    verify(shared, await threshold.sign(shared, message), message)
