import asyncio
import dataclasses
import re
from datetime import timedelta

import cbor2
import pytest
from tests.authn.passkey.authenticator import BE, BS, UP, UV, Authenticator, Key, raw, text
from tests.authn.passkey.makers import MODEL, Made, Maker, SelfMade

from yett.authn.passkey import Passkey, PasskeyRejected, Reason, Registered, events
from yett.authn.passkey.config import Attachment, Attestation, Wish
from yett.authn.passkey.keyring import MODULE


def client(**changes):
    return {"client": changes}


def object_of(**parts):
    """Change the attestation object from the outside."""

    def change(sent):
        return text(cbor2.dumps({**cbor2.loads(raw(sent)), **parts}))

    return {"attestationObject": change}


def data_of(change):
    """Change the authenticator data inside of the attestation object."""

    def outer(sent):
        whole = cbor2.loads(raw(sent))
        return text(cbor2.dumps({**whole, "authData": change(whole["authData"])}))

    return {"attestationObject": outer}


class Odd(Key):
    """A key whose public half says something else."""

    def __init__(self, **changes):
        super().__init__()
        self.changes = {int(name.replace("m", "-").strip("_")): value for name, value in changes.items()}

    @property
    def cose(self):
        return super().cose | self.changes


BAD = {
    "another site": ({"origin": "https://evil.example"}, {}, Reason.ORIGIN),
    "another domain": ({"rp_id": "evil.example"}, {}, Reason.RP_ID),
    "nobody there": ({"flags": UV}, {}, Reason.NOT_PRESENT),
    "nobody verified": ({"flags": UP}, {}, Reason.NOT_VERIFIED),
    "a copy of what cannot be copied": ({"flags": UP | UV | BS}, {}, Reason.BACKUP),
    "the type of a sign-in": (client(type="webauthn.get"), {}, Reason.WRONG_TYPE),
    "another challenge": (client(challenge=text(bytes(32))), {}, Reason.CHALLENGE),
    "in a frame": (client(crossOrigin=True), {}, Reason.CROSS_ORIGIN),
    "a top origin": (client(topOrigin="https://login.example.test:8443"), {}, Reason.CROSS_ORIGIN),
    "an id that is another": ({}, {"id": text(bytes(32)), "rawId": text(bytes(32))}, Reason.CREDENTIAL),
    "a short id": ({"id": bytes(15)}, {}, Reason.CREDENTIAL),
    "a huge id": ({"id": bytes(1024)}, {}, Reason.MALFORMED),
    "a key of another curve": ({"key": Odd(m1=2)}, {}, Reason.KEY),
    "a point that is on no curve": ({"key": Odd(m2=bytes(32))}, {}, Reason.KEY),
    "an algorithm that was not asked for": ({"key": Odd(_3=-35)}, {}, Reason.KEY),
    "a format nobody knows": ({"fmt": "self-made"}, {}, Reason.ATTESTATION),
    "SafetyNet": ({"fmt": "android-safetynet"}, {}, Reason.ATTESTATION),
    "an empty packed statement": ({"fmt": "packed"}, {}, Reason.ATTESTATION),
    "an empty TPM statement": ({"fmt": "tpm"}, {}, Reason.ATTESTATION),
    "an empty Android statement": ({"fmt": "android-key"}, {}, Reason.ATTESTATION),
    "an empty Apple statement": ({"fmt": "apple"}, {}, Reason.ATTESTATION),
    "an empty U2F statement": ({"fmt": "fido-u2f"}, {}, Reason.ATTESTATION),
    "none, with something": ({}, object_of(attStmt={"sig": b"x"}), Reason.ATTESTATION),
    "certificates that are none": (
        {"fmt": "packed"}, object_of(attStmt={"alg": -7, "sig": b"x", "x5c": [b"x"]}), Reason.ATTESTATION,
    ),
    "certificates that are texts": ({}, object_of(attStmt={"x5c": ["x"]}), Reason.MALFORMED),
    "too many certificates": ({}, object_of(attStmt={"x5c": [b"x"] * 7}), Reason.MALFORMED),
    "a statement that is a list": ({}, object_of(attStmt=[]), Reason.MALFORMED),
    "a format that is a number": ({}, object_of(fmt=7), Reason.MALFORMED),
    "no data": ({}, object_of(authData=b""), Reason.MALFORMED),
    "data that is a text": ({}, object_of(authData="x"), Reason.MALFORMED),
    "no object": ({}, {"attestationObject": text(cbor2.dumps([]))}, Reason.MALFORMED),
    "nothing": ({}, {"attestationObject": ""}, Reason.MALFORMED),
    "no CBOR": ({}, {"attestationObject": "AAAA"}, Reason.MALFORMED),
    "deep CBOR": ({}, {"attestationObject": text(b"\x81" * 20_000)}, Reason.MALFORMED),
    "CBOR that promises much": ({}, {"attestationObject": text(b"\xbb" + b"\xff" * 8)}, Reason.MALFORMED),
    "CBOR with a regular expression": ({}, object_of(more=re.compile("a")), Reason.MALFORMED),
    "CBOR with a huge number": ({}, object_of(more=1 << 3000), Reason.MALFORMED),
    "something behind the key": ({}, data_of(lambda data: data + b"\x00"), Reason.MALFORMED),
    "half a key": ({}, data_of(lambda data: data[:-5]), Reason.MALFORMED),
    "an id without an end": ({}, data_of(lambda data: data[:53] + b"\xff\xff" + data[55:]), Reason.MALFORMED),
    "no key": ({}, data_of(lambda data: data[:32] + b"\x05" + data[33:37]), Reason.MALFORMED),
    "a head alone": ({}, data_of(lambda data: data[:37]), Reason.MALFORMED),
    "a huge object": ({}, {"attestationObject": "A" * 60_000}, Reason.MALFORMED),
    "transports that are none": ({}, {"transports": "usb"}, Reason.MALFORMED),
}  # fmt: skip


async def answer(passkeys, device, user="ada", **wrong):
    asked = await passkeys.begin_registration(user, "", device="session")
    sent = device.create(asked.options, **wrong)
    return await passkeys.finish_registration(asked.id, sent, user=user, device="session")


@pytest.mark.parametrize(("device", "wrong", "reason"), BAD.values(), ids=BAD)
async def test_what_is_wrong_with_a_new_key_is_found(passkeys, device, wrong, reason):
    assert await answer(passkeys, Authenticator(**device), **wrong) == PasskeyRejected(reason)


async def test_a_question_is_for_one_person_one_session_and_one_answer(passkeys):
    for user, session in (("bob", "session"), ("ada", "other"), ("ada", "")):
        asked = await passkeys.begin_registration("ada", "", device="session")
        sent = Authenticator().create(asked.options)
        verdict = await passkeys.finish_registration(asked.id, sent, user=user, device=session)
        assert verdict == PasskeyRejected(Reason.NO_CEREMONY)
        again = await passkeys.finish_registration(asked.id, sent, user="ada", device="session")
        assert again == PasskeyRejected(Reason.NO_CEREMONY)


async def test_of_fifty_answers_to_one_question_exactly_one_counts(passkeys):
    asked = await passkeys.begin_registration("ada", "", device="session")
    sent = Authenticator().create(asked.options)
    verdicts = await asyncio.gather(
        *(passkeys.finish_registration(asked.id, sent, user="ada", device="session") for _ in range(50))
    )
    assert sum(isinstance(verdict, Registered) for verdict in verdicts) == 1


async def test_of_fifty_enrolments_of_one_key_exactly_one_is_written_down(passkeys):
    made = await answer(passkeys, Authenticator())
    kept = await asyncio.gather(*(passkeys.enrol(made, name=str(number)) for number in range(50)))
    assert sum(isinstance(each, Passkey) for each in kept) == 1
    assert len(await passkeys.list("ada")) == 1


async def test_a_key_of_somebody_else_cannot_be_enrolled(passkeys, enrol):
    device, _ = await enrol(passkeys, "ada")
    stolen = await answer(passkeys, dataclasses.replace(device), user="bob")
    assert await passkeys.enrol(stolen) == PasskeyRejected(Reason.TAKEN)
    assert await passkeys.list("bob") == ()


async def test_nobody_gets_more_passkeys_than_are_allowed_however_many_come_at_once(make):
    passkeys = await make(max_per_user=3)
    made = [await answer(passkeys, Authenticator()) for _ in range(8)]
    kept = await asyncio.gather(*(passkeys.enrol(each) for each in made))
    assert sum(isinstance(each, Passkey) for each in kept) == 3
    assert len(await passkeys.list("ada")) == 3
    assert await passkeys.begin_registration("ada", "", device="x") == PasskeyRejected(Reason.TOO_MANY)


async def test_a_key_that_was_turned_away_for_their_number_can_come_again(make, enrol):
    passkeys = await make(max_per_user=1)
    waiting = await answer(passkeys, Authenticator())
    _, kept = await enrol(passkeys)
    assert await passkeys.enrol(waiting) == PasskeyRejected(Reason.TOO_MANY)
    await passkeys.revoke("ada", kept.hash, by="ada", reason="")
    assert isinstance(await passkeys.enrol(waiting), Passkey)


async def test_passkeys_that_ran_out_make_room(make, enrol, clock, heard):
    passkeys = await make(max_per_user=1)
    _, old = await enrol(passkeys)
    clock.advance(366 * 86400)
    _, new = await enrol(passkeys)
    assert await passkeys.list("ada") == (new,)
    (over,) = (await passkeys.history("ada")).revoked
    assert (over.passkey, over.reason, over.revoked_by) == (old, "expired", "gateway")
    assert events.revoked in [each for each, _ in heard("webauthn.revoke")]


async def test_passkeys_without_an_end(make, enrol, use, clock):
    passkeys = await make(validity=timedelta(0))
    device, kept = await enrol(passkeys)
    assert kept.expires_at is None
    clock.advance(100 * 365 * 86400)
    assert not isinstance(await use(passkeys, device), PasskeyRejected)


# Attestation.


@pytest.fixture(scope="module")
def maker():
    return Maker()


@pytest.fixture
def roots(tmp_path, maker):
    path = tmp_path / "roots.pem"
    path.write_bytes(maker.pem)
    return path


@pytest.mark.parametrize(("fmt", "aaguid"), [("packed", MODEL), ("fido-u2f", bytes(16))])
async def test_a_device_that_its_maker_vouches_for_is_trusted(make, roots, maker, fmt, aaguid, heard):
    passkeys = await make(trusted_roots=roots, attestation=Attestation.DIRECT)
    made = await answer(passkeys, Made().by(maker, fmt=fmt, aaguid=aaguid))
    assert made.passkey.is_trusted
    assert [each for each, _ in heard("webauthn")][-2:] == [events.attestation_validated, events.registered]


@pytest.mark.parametrize(
    "certificate",
    [
        {"unit": "Something else"},
        {"unit": None},
        {"ca": True},
        {"model": bytes(16)},
        {"model": MODEL + b"\x00"},
        {"critical": True},
        {"days": (30, -1)},
    ],
    ids=str,
)
async def test_certificates_that_are_not_for_attestation_of_this_model_are_refused(
    make, roots, maker, certificate
):
    passkeys = await make(trusted_roots=roots, attestation=Attestation.DIRECT)
    verdict = await answer(passkeys, Made().by(maker, **certificate))
    assert verdict == PasskeyRejected(Reason.ATTESTATION)


async def test_a_certificate_that_names_no_model_will_do(make, roots, maker):
    passkeys = await make(trusted_roots=roots, attestation=Attestation.DIRECT)
    assert isinstance(await answer(passkeys, Made().by(maker, model=None)), Registered)


@pytest.mark.parametrize(
    "device", [Authenticator(), SelfMade(fmt="packed"), Made().by(Maker())], ids=["none", "self", "other"]
)
async def test_devices_that_nobody_trusted_vouches_for_are_refused(make, roots, device, heard):
    passkeys = await make(trusted_roots=roots, attestation=Attestation.DIRECT)
    assert await answer(passkeys, device) == PasskeyRejected(Reason.ATTESTATION)
    assert heard("webauthn")[-1][0] is events.attestation_failed


async def test_without_roots_a_right_statement_is_accepted_and_vouches_for_nothing(passkeys, maker):
    made = await answer(passkeys, Made().by(maker))
    assert (made.passkey.format, made.passkey.is_trusted) == ("packed", False)
    made = await answer(passkeys, SelfMade(fmt="packed", key=Key(-8)))
    assert not made.passkey.is_trusted


async def test_a_statement_signed_by_another_key_is_refused(passkeys, maker):
    device = Made().by(maker)
    device.batch = Made().by(maker).batch
    assert await answer(passkeys, device) == PasskeyRejected(Reason.ATTESTATION)


async def test_only_models_that_are_allowed_are_enrolled(make, roots, maker):
    allowed = "00010203-0405-0607-0809-0a0b0c0d0e0f"
    passkeys = await make(trusted_roots=roots, attestation=Attestation.DIRECT, aaguids=(allowed,))
    assert isinstance(await answer(passkeys, Made().by(maker)), Registered)
    other = Made().by(maker, aaguid=bytes(16), model=None)
    assert await answer(passkeys, other) == PasskeyRejected(Reason.MODEL)


# When something of ours fails.


async def test_settings_shape_what_is_asked(make):
    passkeys = await make(
        authenticators=Attachment.CROSS_PLATFORM, user_verification=Wish.PREFERRED,
        discoverable=Wish.PREFERRED, attestation=Attestation.DIRECT, rp_name="Example",
    )  # fmt: skip
    asked = await passkeys.begin_registration("ada", "Ada", device="session")
    assert asked.options["authenticatorSelection"] == {
        "authenticatorAttachment": "cross-platform", "residentKey": "preferred",
        "requireResidentKey": False, "userVerification": "preferred",
    }  # fmt: skip
    assert asked.options["attestation"] == "direct"
    assert asked.options["rp"]["name"] == "Example"


async def test_without_randomness_nothing_is_asked(make, heard):
    def none(_):
        raise OSError("no entropy")

    passkeys = await make(random=none)
    assert await passkeys.begin_registration("ada", "", device="x") == PasskeyRejected(Reason.UNAVAILABLE)
    assert heard("webauthn")[-1][0] is events.registration_challenge_failed


async def test_a_display_name_that_cannot_be_written_is_said(passkeys, heard):
    verdict = await passkeys.begin_registration("ada", "Ada \ud800", device="x")
    assert verdict == PasskeyRejected(Reason.UNAVAILABLE)
    assert heard("webauthn")[-1][0] is events.registration_not_marshalled


@pytest.mark.parametrize(
    ("operation", "part", "said"),
    [
        ("get", "moduledata", events.enrol_not_loaded),
        ("put", "ceremonies", events.registration_not_stored),
        ("take", "ceremonies", events.registration_not_stored),
        ("create", "owners", events.enrol_not_stored),
        ("create", "moduledata", events.enrol_not_stored),
    ],
)
async def test_when_the_store_fails_nothing_is_enrolled(passkeys, records, heard, operation, part, said):
    records.fails = lambda name, key: name == operation and part in key
    verdict = await passkeys.begin_registration("ada", "", device="session")
    if not isinstance(verdict, PasskeyRejected):
        sent = Authenticator().create(verdict.options)
        verdict = await passkeys.finish_registration(verdict.id, sent, user="ada", device="session")
    if not isinstance(verdict, PasskeyRejected):
        verdict = await passkeys.enrol(verdict)
    assert verdict == PasskeyRejected(Reason.UNAVAILABLE)
    assert said in [each for each, _ in heard("webauthn")]
    records.fails = lambda *_: False
    assert await passkeys.list("ada") == ()


async def test_a_key_whose_enrolment_failed_can_be_enrolled_later(passkeys, records):
    made = await answer(passkeys, Authenticator())
    records.fails = lambda name, key: name == "create" and "moduledata" in key
    assert await passkeys.enrol(made) == PasskeyRejected(Reason.UNAVAILABLE)
    records.fails = lambda *_: False
    assert isinstance(await passkeys.enrol(made), Passkey)


async def test_a_claim_that_cannot_be_taken_back_is_said(passkeys, records, heard):
    made = await answer(passkeys, Authenticator(flags=UP | UV | BE))
    records.fails = lambda name, key: "moduledata" in key or name == "delete"
    assert await passkeys.enrol(made) == PasskeyRejected(Reason.UNAVAILABLE)
    assert [each for each, _ in heard("webauthn")][-2:] == [events.enrol_not_stored] * 2


async def test_a_damaged_keyring_is_not_written_over(passkeys, data):
    await data.set(MODULE, "ada", {"active": "gone"})
    verdict = await passkeys.begin_registration("ada", "", device="session")
    assert verdict == PasskeyRejected(Reason.UNAVAILABLE)
    assert await data.get(MODULE, "ada") == {"active": "gone"}


@pytest.mark.parametrize(
    ("said", "device", "wrong"),
    [
        (events.registration_challenge_mismatch, client(challenge=text(bytes(32))), {}),
        (events.registration_origin_mismatch, {"origin": "https://evil.example"}, {}),
        (events.registration_refused, {}, {"attestationObject": "AAAA"}),
    ],
)
async def test_each_refusal_has_its_line(passkeys, heard, said, device, wrong):
    await answer(passkeys, Authenticator(**device), **wrong)
    assert heard("webauthn")[-1][0] is said
