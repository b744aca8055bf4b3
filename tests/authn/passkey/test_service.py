import asyncio

import pytest
from tests.authn.passkey.authenticator import Key

from yett.authn.passkey import Passkey, PasskeyAccepted, PasskeyRejected, PasskeySettings, Reason, events
from yett.notify import MailKind
from yett.store import StoreUnavailable


@pytest.mark.parametrize("algorithm", [-7, -8, -257], ids=["ES256", "EdDSA", "RS256"])
async def test_a_passkey_is_made_and_lets_its_person_in_without_a_name(
    passkeys, enrol, use, algorithm, heard
):
    device, kept = await enrol(passkeys, key=Key(algorithm))
    assert isinstance(kept, Passkey)
    assert await use(passkeys, device) == PasskeyAccepted("ada", kept.hash, is_user_verified=True)
    said = [each for each, _ in heard("webauthn.registration", "webauthn.enroll", "webauthn.authentication")]
    assert said == [
        events.registration_began,
        events.registration_answered,
        events.registered,
        events.enrolling,
        events.enrolled,
        events.traced,
        events.challenge_issued,
        events.traced,
        events.counter_validated,
        events.authenticated,
        events.authentication_done,
    ]


async def test_what_is_kept_of_a_passkey(passkeys, enrol, use, clock):
    device, kept = await enrol(passkeys, name=" My\x00 phone ", flags=1 | 4 | 8 | 16)
    assert kept.device == "My phone"
    assert kept.expires_at == clock.now() + 365 * 86400
    assert (kept.is_backup_eligible, kept.is_backed_up, kept.is_trusted) == (True, True, False)
    assert kept.transports == ("internal",)
    assert kept.last_used_at is None
    clock.advance(60)
    await use(passkeys, device)
    (listed,) = await passkeys.list("ada")
    assert listed.last_used_at == clock.now()
    assert listed.sign_count == 1


async def test_the_name_of_a_person_is_never_given_to_an_authenticator_as_handle(passkeys):
    one = await passkeys.begin_registration("ada", "Ada", device="browser")
    other = await passkeys.begin_registration("ada", "Ada", device="browser")
    assert one.options["user"]["id"] != other.options["user"]["id"]
    assert len(one.options["user"]["id"]) == 43


async def test_second_passkeys_share_the_handle_and_leave_out_devices_that_have_one(passkeys, enrol):
    device, kept = await enrol(passkeys)
    asked = await passkeys.begin_registration("ada", "Ada", device="browser")
    assert asked.options["user"]["id"] == device.handle
    assert asked.options["excludeCredentials"] == [
        {"type": "public-key", "id": kept.id, "transports": ["internal"]}
    ]


async def test_options_say_what_the_settings_say(make):
    passkeys = await make()
    asked = await passkeys.begin_registration("ada", "", device="browser")
    assert asked.options["authenticatorSelection"] == {
        "residentKey": "required", "requireResidentKey": True, "userVerification": "required",
    }  # fmt: skip
    assert [each["alg"] for each in asked.options["pubKeyCredParams"]] == [-7, -8, -257]
    assert asked.options["rp"] == {"id": "login.example.test", "name": "login.example.test"}
    assert asked.options["user"]["displayName"] == "ada"
    assert asked.options["timeout"] == 300_000
    assert asked.expires_in == 300


async def test_a_revoked_passkey_opens_nothing_and_cannot_be_enrolled_again(passkeys, enrol, use, heard):
    device, kept = await enrol(passkeys)
    assert await passkeys.revoke("ada", kept.hash, by="ada", reason="lost")
    assert await passkeys.list("ada") == ()
    assert await use(passkeys, device) == PasskeyRejected(Reason.NOT_FOUND)
    _, again = await enrol(passkeys, device=device)
    assert again == PasskeyRejected(Reason.TAKEN)
    (gone,) = (await passkeys.history("ada")).revoked
    assert (gone.revoked_by, gone.reason, gone.passkey.hash) == ("ada", "lost", kept.hash)
    expected = {"user": "ada", "hash": kept.hash, "device": "Phone", "reason": "lost", "revoked_by": "ada"}
    assert (events.revoked, expected) in heard("webauthn.revoke")
    assert (events.not_found, {"hash": kept.hash, "revoked": True}) in heard("webauthn")
    assert (events.enrol_refused, {"user": "ada", "hash": kept.hash, "reason": Reason.TAKEN}) in heard(
        "webauthn"
    )


async def test_revoking_what_is_not_there_says_so(passkeys, enrol, heard):
    assert not await passkeys.revoke("bob", "0" * 32, by="ada", reason="")
    await enrol(passkeys)
    assert not await passkeys.revoke("ada", "0" * 32, by="ada", reason="")
    said = [each for each, _ in heard("webauthn.revoke")]
    assert said == [events.revoking, events.none_to_revoke, events.revoking, events.not_active]


async def test_a_revocation_that_was_not_stored_is_told_loudly(passkeys, enrol, records, heard):
    _, kept = await enrol(passkeys)
    records.fails = lambda name, _: name == "replace"
    with pytest.raises(StoreUnavailable):
        await passkeys.revoke("ada", kept.hash, by="ada", reason="lost")
    assert heard("webauthn.revoke")[-1][0] is events.revoke_not_stored


async def test_people_are_told_by_mail(passkeys, enrol, post, tasks):
    _, kept = await enrol(passkeys)
    await passkeys.revoke("ada", kept.hash, by="operator", reason="lost")
    while len(tasks):  # noqa: ASYNC110 - tasks end by themselves
        await asyncio.sleep(0)
    assert [(kind, to) for kind, to, _, _ in post.mails] == [
        (MailKind.PASSKEY_CREATED, "ada@example.test"),
        (MailKind.PASSKEY_REVOKED, "ada@example.test"),
    ]
    assert post.mails[1][3]["by"] == "operator"


async def test_where_passkeys_are_disabled_everybody_is_rejected(make, heard):
    passkeys = await make(enabled=False)
    nothing = PasskeyRejected(Reason.UNAVAILABLE)
    assert await passkeys.begin_registration("ada", "", device="browser") == nothing
    assert await passkeys.finish_registration("x", {}, user="ada", device="browser") == nothing
    assert await passkeys.begin_authentication(device="browser") == nothing
    assert await passkeys.finish_authentication("x", {}, device="browser") == nothing
    assert await passkeys.working("ada") == ()
    assert heard("webauthn") == [(events.disabled, {})]


@pytest.mark.parametrize(
    "content", [None, b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
async def test_roots_that_cannot_be_read_leave_no_passkeys_at_all(make, tmp_path, content, heard):
    path = tmp_path / "roots.pem"
    if content is not None:
        path.write_bytes(content)
    passkeys = await make(trusted_roots=path)
    assert not passkeys.is_ready
    assert [each for each, _ in heard("webauthn")] == [events.failed]


async def test_settings_take_effect_at_once(passkeys, enrol):
    await enrol(passkeys)
    passkeys.apply(PasskeySettings(max_per_user=1))
    assert await passkeys.begin_registration("ada", "", device="browser") == PasskeyRejected(Reason.TOO_MANY)


async def test_only_passkeys_that_work_are_counted_as_such(passkeys, enrol, clock):
    _, kept = await enrol(passkeys)
    assert await passkeys.working("ada") == (kept,)
    clock.advance(366 * 86400)
    assert await passkeys.working("ada") == ()
    assert await passkeys.list("ada") == (kept,)


async def test_it_is_known_of_whom_every_passkey_ran_out(passkeys, enrol, clock):
    assert not await passkeys.has_lapsed("ada")
    _, first = await enrol(passkeys)
    assert not await passkeys.has_lapsed("ada")
    clock.advance(366 * 86400)
    assert await passkeys.has_lapsed("ada")
    await passkeys.revoke("ada", first.hash, by="operator", reason="replaced")
    assert not await passkeys.has_lapsed("ada")


async def test_what_could_not_start_is_not_taken_for_having_none(passkeys, enrol, make):
    _, kept = await enrol(passkeys)
    passkeys.is_ready = False
    assert await passkeys.working("ada") == (kept,)
    off = await make(enabled=False)
    assert await off.working("ada") == ()
    assert not await off.has_lapsed("ada")


async def test_people_call_their_passkeys_something_else(passkeys, enrol, heard):
    _, kept = await enrol(passkeys)
    assert await passkeys.rename("ada", kept.hash, " Old\x07 phone ")
    (renamed,) = await passkeys.list("ada")
    assert (renamed.device, renamed.id) == ("Old phone", kept.id)
    assert heard("webauthn.rename") == [
        (events.renamed, {"user": "ada", "hash": kept.hash, "device": "Old phone"})
    ]


@pytest.mark.parametrize(("user", "name"), [("bob", "Mine"), ("ada", " \x00 ")])
async def test_nobody_renames_the_passkeys_of_others_or_to_nothing(passkeys, enrol, user, name):
    _, kept = await enrol(passkeys)
    assert not await passkeys.rename(user, kept.hash, name)
    assert (await passkeys.list("ada"))[0].device == kept.device
