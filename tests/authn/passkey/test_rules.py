from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.authn.passkey import PasskeySettings, check_passkeys, rules
from yett.authn.passkey.config import Attestation
from yett.authn.passkey.model import Keyring, Passkey, Reason, Revoked

DAY = 86400.0
NOW = 1_000 * DAY
KEY = Passkey(
    id="AAAA", public_key="", handle="", sign_count=0, device="Phone", created_at=0.0, expires_at=None,
    aaguid="", format="none", is_trusted=False, is_backup_eligible=False, is_backed_up=False,
)  # fmt: skip


@pytest.mark.parametrize(
    ("stored", "received", "is_grown"),
    [
        (0, 0, True),
        (0, 1, True),
        (5, 6, True),
        (5, 5, False),
        (5, 4, False),
        (5, 0, False),
        (2**32 - 1, 0, False),
    ],
)
def test_counters_grow_or_stay_at_zero_for_ever(stored, received, is_grown):
    assert rules.is_grown(stored, received) is is_grown


@pytest.mark.parametrize(
    ("size", "reason"), [(15, Reason.CREDENTIAL), (16, None), (1023, None), (1024, Reason.CREDENTIAL)]
)
def test_ids_of_keys_have_16_to_1023_bytes(size, reason):
    assert rules.judge_credential_id(bytes(size), bytes(size)) is reason


def test_the_moment_it_ends_a_passkey_is_over():
    assert not rules.is_live(replace(KEY, expires_at=NOW), NOW)
    assert rules.is_live(replace(KEY, expires_at=NOW + 0.1), NOW)
    assert rules.is_live(KEY, NOW)


def test_validity_of_nothing_is_for_ever():
    assert rules.expiry(NOW, timedelta(0)) is None
    assert rules.expiry(NOW, timedelta(days=1)) == NOW + DAY


REMINDERS = (timedelta(days=14), timedelta(days=3))


@pytest.mark.parametrize(
    ("left", "reminded", "is_due"),
    [
        (15, None, False),
        (14, None, True),
        (10, None, True),
        (10, -1, False),
        (10, -5, True),
        (3, -1, True),
        (2, -1.5, True),
        (2, -0.5, False),
        (0, None, False),
        (-1, None, False),
    ],
)
def test_each_reminder_is_due_once_and_none_after_the_end(left, reminded, is_due):
    told = None if reminded is None else NOW + reminded * DAY
    passkey = replace(KEY, expires_at=NOW + left * DAY, reminded_at=told)
    assert rules.is_due(passkey, NOW, REMINDERS) is is_due
    assert not rules.is_due(replace(passkey, expires_at=None), NOW, REMINDERS)


def test_only_so_many_revoked_passkeys_are_remembered():
    keyring = Keyring()
    for number in range(rules.MAX_REVOKED + 5):
        keyring = rules.without(keyring, Revoked(replace(KEY, id=str(number)), NOW, "ada", ""))
    assert len(keyring.revoked) == rules.MAX_REVOKED
    assert keyring.revoked[-1].passkey.id == str(rules.MAX_REVOKED + 4)


@given(st.text(max_size=700))
def test_any_name_of_a_device_is_made_fit(typed):
    name = rules.device_name(typed, "Passkey")
    assert 0 < len(name) <= rules.MAX_DEVICE
    assert name.isprintable()


HOST = "login.example.org"


@pytest.mark.parametrize(
    ("settings", "keys"),
    [
        ({}, []),
        ({"rp_id": HOST}, []),
        ({"rp_id": "example.org"}, []),
        ({"rp_id": "org"}, ["rp_id"]),
        ({"rp_id": "ample.org"}, ["rp_id"]),
        ({"rp_id": "wiki.example.org"}, ["rp_id"]),
        ({"rp_id": "a.login.example.org"}, ["rp_id"]),
        ({"trusted_roots": Path("/x")}, ["trusted_roots"]),
        ({"trusted_roots": Path("/x"), "attestation": Attestation.DIRECT}, []),
        ({"aaguids": ("00000000-0000-0000-0000-000000000001",)}, ["aaguids"]),
        ({"reminders": (timedelta(0),)}, ["reminders"]),
    ],
)
def test_settings_that_do_not_fit_together_are_said(settings, keys):
    found = [mistake.key.rpartition(".")[2] for mistake in check_passkeys(PasskeySettings(**settings), HOST)]
    assert found == keys
