import asyncio
import json

import pytest
from tests.authn.passkey.authenticator import AT, BE, BS, ED, UP, UV, Authenticator, Key, raw, text

from yett.authn.passkey import PasskeyAccepted, PasskeyRejected, Reason, events
from yett.authn.passkey.config import Wish
from yett.authn.passkey.keyring import MODULE


def client(**changes):
    """Client data with other members, signed as they are."""
    return {"client": changes}


OTHER = "https://login.example.test"

# What the device does wrong, then what is changed after it signed, and why that is refused.
BAD = {
    "another site": ({"origin": "https://evil.example"}, {}, Reason.ORIGIN),
    "the same host on another port": ({"origin": OTHER}, {}, Reason.ORIGIN),
    "our origin with a tail": ({"origin": "https://login.example.test:8443.evil.example"}, {}, Reason.ORIGIN),
    "no TLS": ({"origin": "http://login.example.test:8443"}, {}, Reason.ORIGIN),
    "another domain signed": ({"rp_id": "evil.example"}, {}, Reason.RP_ID),
    "the parent domain signed": ({"rp_id": "example.test"}, {}, Reason.RP_ID),
    "nobody there": ({"flags": UV}, {}, Reason.NOT_PRESENT),
    "nobody verified": ({"flags": UP}, {}, Reason.NOT_VERIFIED),
    "a copy of what cannot be copied": ({"flags": UP | UV | BS}, {}, Reason.BACKUP),
    "another kind of key than it was": ({"flags": UP | UV | BE}, {}, Reason.BACKUP),
    "the type of a registration": (client(type="webauthn.create"), {}, Reason.WRONG_TYPE),
    "a type in other letters": (client(type="WebAuthn.get"), {}, Reason.WRONG_TYPE),
    "in a frame of another site": (client(crossOrigin=True), {}, Reason.CROSS_ORIGIN),
    "in a frame, without saying so": (
        client(crossOrigin=None, topOrigin="https://evil.example"), {}, Reason.CROSS_ORIGIN,
    ),
    "bound to a TLS connection": (
        client(tokenBinding={"status": "present", "id": "AAAA"}), {}, Reason.TOKEN_BINDING,
    ),
    "another challenge": (client(challenge=text(bytes(32))), {}, Reason.CHALLENGE),
    "half the challenge": (client(challenge="AAAA"), {}, Reason.CHALLENGE),
    "an empty challenge": (client(challenge=""), {}, Reason.MALFORMED),
    "a challenge that is a number": (client(challenge=7), {}, Reason.MALFORMED),
    "no challenge": (client(challenge=None), {}, Reason.MALFORMED),
    "no origin": (client(origin=None), {}, Reason.MALFORMED),
    "crossOrigin as text": (client(crossOrigin="false"), {}, Reason.MALFORMED),
    "another key": ({"key": Key()}, {}, Reason.SIGNATURE),
    "another algorithm": ({"key": Key(-8)}, {}, Reason.SIGNATURE),
    "a signature of nothing": ({}, {"signature": "AA"}, Reason.SIGNATURE),
    "no signature": ({}, {"signature": ""}, Reason.MALFORMED),
    "a huge signature": ({}, {"signature": "A" * 4000}, Reason.MALFORMED),
    "a changed bit": (
        {}, {"authenticatorData": lambda sent: text(raw(sent)[:-1] + bytes([raw(sent)[-1] ^ 1]))}, Reason.SIGNATURE,
    ),
    "a flag set afterwards": (
        {"flags": UP},
        {"authenticatorData": lambda sent: text(raw(sent)[:32] + bytes([UP | UV]) + raw(sent)[33:])},
        Reason.SIGNATURE,
    ),
    "client data with a space": ({}, {"clientDataJSON": lambda sent: text(raw(sent) + b" ")}, Reason.SIGNATURE),
    "cut authenticator data": ({}, {"authenticatorData": lambda sent: text(raw(sent)[:36])}, Reason.MALFORMED),
    "more than the flags say": ({}, {"authenticatorData": lambda sent: text(raw(sent) + b"\xa0")}, Reason.MALFORMED),
    "less than the flags say": ({"flags": UP | UV | ED}, {}, Reason.MALFORMED),
    "a promise of a key": ({"flags": UP | UV | AT}, {}, Reason.MALFORMED),
    "huge authenticator data": ({}, {"authenticatorData": "A" * 9000}, Reason.MALFORMED),
    "huge client data": ({}, {"clientDataJSON": "A" * 9000}, Reason.MALFORMED),
    "client data that is no JSON": ({}, {"clientDataJSON": text(b"{")}, Reason.MALFORMED),
    "client data that is a list": ({}, {"clientDataJSON": text(b"[]")}, Reason.MALFORMED),
    "client data of deep lists": ({}, {"clientDataJSON": text(b"[" * 3000)}, Reason.MALFORMED),
    "client data in no encoding": ({}, {"clientDataJSON": text(b'{"type":"\xff"}')}, Reason.MALFORMED),
    "base64 with padding": ({}, {"signature": lambda sent: sent + "="}, Reason.MALFORMED),
    "base64 of the other alphabet": ({}, {"signature": "+/+/"}, Reason.MALFORMED),
    "base64 with stray bits": ({}, {"signature": "AB"}, Reason.MALFORMED),
    "base64 with letters of elsewhere": ({}, {"signature": "ÄÖ"}, Reason.MALFORMED),
    "a number for a text": ({}, {"signature": 7}, Reason.MALFORMED),
    "another type": ({}, {"type": "password"}, Reason.MALFORMED),
    "ids that differ": ({}, {"rawId": text(bytes(32))}, Reason.MALFORMED),
    "an id of nobody": ({}, {"id": text(bytes(32)), "rawId": text(bytes(32))}, Reason.NOT_FOUND),
    "a huge id": ({}, {"id": "A" * 2000, "rawId": "A" * 2000}, Reason.MALFORMED),
    "no response": ({}, {"response": None}, Reason.MALFORMED),
    "a response that is a list": ({}, {"response": []}, Reason.MALFORMED),
    "no handle": ({"handle": ""}, {}, Reason.FOREIGN),
    "the handle of nobody": ({"handle": text(bytes(32))}, {}, Reason.FOREIGN),
    "a huge handle": ({"handle": text(bytes(65))}, {}, Reason.MALFORMED),
}  # fmt: skip


@pytest.mark.parametrize(("device", "wrong", "reason"), BAD.values(), ids=BAD)
async def test_what_is_wrong_with_an_answer_is_found(passkeys, enrol, use, device, wrong, reason):
    authenticator, _ = await enrol(passkeys)
    for name, value in device.items():
        setattr(authenticator, name, value)
    assert await use(passkeys, authenticator, **wrong) == PasskeyRejected(reason)


@pytest.mark.parametrize("answer", [None, [], "", 7, {}, {"id": {}}, {"response": {"response": {}}}])
async def test_anything_else_for_an_answer_is_refused(passkeys, answer):
    asked = await passkeys.begin_authentication(device="browser")
    verdict = await passkeys.finish_authentication(asked.id, answer, device="browser")
    assert verdict == PasskeyRejected(Reason.MALFORMED)


async def test_a_refusal_uses_up_the_question(passkeys, enrol):
    device, _ = await enrol(passkeys)
    asked = await passkeys.begin_authentication(device="browser")
    await passkeys.finish_authentication(asked.id, {}, device="browser")
    verdict = await passkeys.finish_authentication(asked.id, device.get(asked.options), device="browser")
    assert verdict == PasskeyRejected(Reason.NO_CEREMONY)


async def test_an_answer_cannot_be_replayed(passkeys, enrol, heard):
    device, _ = await enrol(passkeys)
    asked = await passkeys.begin_authentication(device="browser")
    answer = device.get(asked.options)
    assert isinstance(
        await passkeys.finish_authentication(asked.id, answer, device="browser"), PasskeyAccepted
    )
    again = await passkeys.finish_authentication(asked.id, answer, device="browser")
    assert again == PasskeyRejected(Reason.NO_CEREMONY)
    assert heard("webauthn")[-1] == (events.no_ceremony, {})
    other = await passkeys.begin_authentication(device="browser")
    swapped = await passkeys.finish_authentication(other.id, answer, device="browser")
    assert swapped == PasskeyRejected(Reason.CHALLENGE)


async def test_of_fifty_answers_to_one_question_exactly_one_gets_in(passkeys, enrol):
    device, _ = await enrol(passkeys)
    asked = await passkeys.begin_authentication(device="browser")
    answer = device.get(asked.options)
    verdicts = await asyncio.gather(
        *(passkeys.finish_authentication(asked.id, answer, device="browser") for _ in range(50))
    )
    assert sum(isinstance(verdict, PasskeyAccepted) for verdict in verdicts) == 1
    assert sum(verdict == PasskeyRejected(Reason.NO_CEREMONY) for verdict in verdicts) == 49


async def test_of_two_answers_with_one_count_exactly_one_gets_in(passkeys, enrol):
    device, _ = await enrol(passkeys)
    one = await passkeys.begin_authentication(device="browser")
    other = await passkeys.begin_authentication(device="browser")
    first = device.get(one.options)
    device.count -= 1
    second = device.get(other.options)
    verdicts = await asyncio.gather(
        passkeys.finish_authentication(one.id, first, device="browser"),
        passkeys.finish_authentication(other.id, second, device="browser"),
    )
    assert sum(isinstance(verdict, PasskeyAccepted) for verdict in verdicts) == 1
    assert PasskeyRejected(Reason.CLONED) in verdicts


@pytest.mark.parametrize("browser", ["another", "", "browser "])
async def test_a_question_counts_for_the_browser_that_was_asked(passkeys, enrol, browser):
    device, _ = await enrol(passkeys)
    asked = await passkeys.begin_authentication(device="browser")
    verdict = await passkeys.finish_authentication(asked.id, device.get(asked.options), device=browser)
    assert verdict == PasskeyRejected(Reason.NO_CEREMONY)


async def test_a_browser_without_a_cookie_of_ours_is_never_believed(passkeys, enrol):
    device, _ = await enrol(passkeys)
    asked = await passkeys.begin_authentication(device="")
    verdict = await passkeys.finish_authentication(asked.id, device.get(asked.options), device="")
    assert verdict == PasskeyRejected(Reason.NO_CEREMONY)


async def test_a_question_counts_for_five_minutes(passkeys, enrol, clock):
    device, _ = await enrol(passkeys)
    asked = await passkeys.begin_authentication(device="browser")
    clock.advance(300)
    verdict = await passkeys.finish_authentication(asked.id, device.get(asked.options), device="browser")
    assert verdict == PasskeyRejected(Reason.NO_CEREMONY)


async def test_the_question_for_a_new_passkey_is_none_for_a_sign_in(passkeys, enrol):
    device, _ = await enrol(passkeys)
    asked = await passkeys.begin_registration("ada", "", device="browser")
    verdict = await passkeys.finish_authentication(asked.id, device.get(asked.options), device="browser")
    assert verdict == PasskeyRejected(Reason.NO_CEREMONY)


@pytest.mark.parametrize("number", ["", "x", "../../etc", "é" * 10, "a" * 5000, "a\x00b"])
async def test_ids_of_no_question_are_refused(passkeys, number):
    verdict = await passkeys.finish_authentication(number, {}, device="browser")
    assert verdict == PasskeyRejected(Reason.NO_CEREMONY)


async def test_a_person_who_was_named_needs_a_passkey_of_their_own(passkeys, enrol, use):
    adas, _ = await enrol(passkeys, "ada")
    bobs, _ = await enrol(passkeys, "bob")
    assert await use(passkeys, bobs, user="ada") == PasskeyRejected(Reason.FOREIGN)
    assert isinstance(await use(passkeys, adas, user="ada"), PasskeyAccepted)


async def test_a_person_who_was_named_need_not_be_named_by_the_device(passkeys, enrol, use):
    device, _ = await enrol(passkeys)
    assert isinstance(await use(passkeys, device, user="ada", userHandle=None), PasskeyAccepted)
    assert await use(passkeys, device, user="ada", userHandle=text(bytes(32))) == PasskeyRejected(
        Reason.FOREIGN
    )


async def test_a_named_person_is_asked_for_their_passkeys_and_nobody_else_for_any(passkeys, enrol):
    _, kept = await enrol(passkeys)
    named = await passkeys.begin_authentication(user="ada", device="browser")
    assert [each["id"] for each in named.options["allowCredentials"]] == [kept.id]
    unnamed = await passkeys.begin_authentication(device="browser")
    assert unnamed.options["allowCredentials"] == []


async def test_a_counter_that_goes_back_stops_both_keys(passkeys, enrol, use, clock, heard):
    device, kept = await enrol(passkeys, count=5)
    await use(passkeys, device)
    clock.advance(60)
    device.count = 3
    assert await use(passkeys, device) == PasskeyRejected(Reason.CLONED)
    expected = {"user": "ada", "hash": kept.hash, "stored": 6, "received": 4, "revoked": True}
    assert (events.cloned, expected) in heard("webauthn.authentication")
    device.count = 100
    assert await use(passkeys, device) == PasskeyRejected(Reason.NOT_FOUND)
    (gone,) = (await passkeys.history("ada")).revoked
    assert (gone.reason, gone.revoked_by) == ("cloned", "gateway")


async def test_a_clone_is_only_refused_where_the_settings_say_so(make, enrol, use, clock):
    passkeys = await make(revoke_cloned=False)
    device, _ = await enrol(passkeys, count=5)
    await use(passkeys, device)
    clock.advance(60)
    device.count = 3
    assert await use(passkeys, device) == PasskeyRejected(Reason.CLONED)
    device.count = 100
    assert isinstance(await use(passkeys, device), PasskeyAccepted)


async def test_an_answer_that_was_overtaken_is_refused_and_nothing_revoked(passkeys, enrol, clock):
    device, _ = await enrol(passkeys)
    one = await passkeys.begin_authentication(device="browser")
    slow = device.get(one.options)
    clock.advance(1)
    other = await passkeys.begin_authentication(device="browser")
    await passkeys.finish_authentication(other.id, device.get(other.options), device="browser")
    late = await passkeys.finish_authentication(one.id, slow, device="browser")
    assert late == PasskeyRejected(Reason.CLONED)
    assert len(await passkeys.list("ada")) == 1


async def test_a_forged_counter_revokes_nothing(passkeys, enrol, use, clock):
    device, _ = await enrol(passkeys, count=5)
    await use(passkeys, device)
    clock.advance(60)
    forger = Authenticator(id=device.id, handle=device.handle, count=0)
    assert await use(passkeys, forger) == PasskeyRejected(Reason.SIGNATURE)
    assert len(await passkeys.list("ada")) == 1


async def test_keys_that_are_copied_on_purpose_do_not_count(passkeys, enrol, use):
    device, _ = await enrol(passkeys, step=0, flags=UP | UV | BE | BS)
    for _ in range(3):
        assert isinstance(await use(passkeys, device), PasskeyAccepted)
    device.flags = UP | UV | BE
    assert isinstance(await use(passkeys, device), PasskeyAccepted)
    assert not (await passkeys.list("ada"))[0].is_backed_up


async def test_an_expired_passkey_is_refused_and_only_its_holder_learns_that(
    passkeys, enrol, use, clock, heard
):
    device, kept = await enrol(passkeys)
    clock.advance(365 * 86400)
    assert await use(passkeys, Authenticator(id=device.id, handle=device.handle)) == PasskeyRejected(
        Reason.SIGNATURE
    )
    assert await use(passkeys, device) == PasskeyRejected(Reason.EXPIRED)
    assert heard("webauthn")[-1] == (events.expired, {"user": "ada", "hash": kept.hash})


async def test_verification_can_be_left_out_where_it_is_only_preferred(make, enrol, use):
    passkeys = await make(user_verification=Wish.PREFERRED)
    device, kept = await enrol(passkeys, flags=UP)
    assert await use(passkeys, device) == PasskeyAccepted("ada", kept.hash, is_user_verified=False)


async def test_extensions_of_the_authenticator_are_let_be(passkeys, enrol, use):
    device, _ = await enrol(passkeys)
    device.extensions = b"\xa1\x63abc\xf5"
    assert isinstance(await use(passkeys, device), PasskeyAccepted)


@pytest.mark.parametrize("key", ["AAAA", text(b"\xa0"), text(b"\x04"), text(b"\xff" * 80)])
async def test_a_damaged_key_lets_nobody_in(passkeys, enrol, use, data, key, heard):
    device, kept = await enrol(passkeys)
    version, datum = await data.load(MODULE, "ada")
    datum["active"][0]["public_key"] = key
    await data.replace(MODULE, "ada", datum, seen=version)
    assert await use(passkeys, device) == PasskeyRejected(Reason.KEY)
    assert heard("webauthn")[-1] == (events.key_unusable, {"user": "ada", "hash": kept.hash})


async def test_a_damaged_record_lets_nobody_in(passkeys, enrol, use, data):
    device, _ = await enrol(passkeys)
    version, _ = await data.load(MODULE, "ada")
    await data.replace(MODULE, "ada", {"active": 7}, seen=version)
    assert await use(passkeys, device) == PasskeyRejected(Reason.UNAVAILABLE)


@pytest.mark.parametrize(
    ("operation", "part"),
    [
        ("put", "ceremonies"),
        ("take", "ceremonies"),
        ("get", "owners"),
        ("get", "moduledata"),
        ("replace", "moduledata"),
    ],
)
async def test_when_the_store_fails_nobody_gets_in(passkeys, enrol, records, heard, operation, part):
    device, _ = await enrol(passkeys)
    heard.forget()
    records.fails = lambda name, key: name == operation and part in key
    asked = await passkeys.begin_authentication(device="browser")
    if not isinstance(asked, PasskeyRejected):
        asked = await passkeys.finish_authentication(asked.id, device.get(asked.options), device="browser")
    assert asked == PasskeyRejected(Reason.UNAVAILABLE)
    assert heard("webauthn")[-1][0] is events.not_stored


async def test_without_randomness_nobody_is_asked(make, heard):
    def none(_):
        raise OSError("no entropy")

    passkeys = await make(random=none)
    assert await passkeys.begin_authentication(device="browser") == PasskeyRejected(Reason.UNAVAILABLE)
    assert heard("webauthn")[-1][0] is events.challenge_failed


async def test_an_answer_that_others_keep_beating_is_refused(passkeys, enrol, use, data, heard):
    device, _ = await enrol(passkeys)

    async def beaten(*_, **__):
        return False

    data.replace = beaten
    assert await use(passkeys, device) == PasskeyRejected(Reason.UNAVAILABLE)
    assert heard("webauthn")[-1][0] is events.not_stored


@pytest.mark.parametrize(
    ("said", "change"),
    [
        (events.origin_mismatch, {"origin": "https://evil.example"}),
        (events.rp_id_mismatch, {"rp_id": "evil.example"}),
        (events.signature_failed, {"key": Key()}),
        (events.refused, {"flags": UP}),
    ],
)
async def test_each_refusal_has_its_line(passkeys, enrol, use, heard, said, change):
    device, _ = await enrol(passkeys)
    for name, value in change.items():
        setattr(device, name, value)
    await use(passkeys, device)
    assert heard("webauthn")[-1][0] is said


async def test_nothing_secret_is_said(passkeys, enrol, use, heard):
    device, kept = await enrol(passkeys)
    await use(passkeys, device)
    lines = json.dumps([str(values) for _, values in heard("webauthn")])
    assert kept.public_key not in lines
    assert device.handle not in lines
    assert kept.id not in lines
