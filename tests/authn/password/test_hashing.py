import dataclasses

import pytest
from argon2.exceptions import VerificationError

from yett.authn.password import Hasher, PasswordSettings, PasswordUnfit
from yett.identity.local.parse import password_hash_mistake

QUICK = PasswordSettings(memory=8192, passes=1)


def test_a_hash_matches_its_password_and_no_other():
    hasher = Hasher(QUICK)
    encoded = hasher.hash_new("correct horse battery")
    assert hasher.matches(encoded, b"correct horse battery")
    assert not hasher.matches(encoded, b"correct horse batterx")
    assert hasher.hash_new("correct horse battery") != encoded


def test_the_default_work_is_what_rfc_9106_recommends_at_least():
    # RFC 9106, section 4: 64 MiB and three passes.
    hasher = Hasher(PasswordSettings())
    assert hasher.hash_new("correct horse battery").startswith("$argon2id$v=19$m=65536,t=3,p=1$")


def test_hashes_and_the_decoy_are_what_the_users_file_takes():
    hasher = Hasher(QUICK)
    assert password_hash_mistake(hasher.decoy) == ""
    assert password_hash_mistake(hasher.hash(b"x")) == ""


def test_the_decoy_asks_for_the_same_work_as_a_real_hash_and_matches_nothing():
    hasher = Hasher(QUICK)
    real, decoy = hasher.hash(b"x").split("$"), hasher.decoy.split("$")
    assert real[:4] == decoy[:4]
    assert [len(part) for part in real] == [len(part) for part in decoy]
    assert not hasher.matches(hasher.decoy, b"x")
    assert Hasher(QUICK).decoy != hasher.decoy


@pytest.mark.parametrize("change", [{"memory": 16384}, {"passes": 2}, {"lanes": 2, "memory": 16384}])
def test_a_hash_of_other_parameters_is_outdated_and_still_matches(change):
    old = Hasher(QUICK).hash(b"x")
    new = Hasher(dataclasses.replace(QUICK, **change))
    assert new.is_outdated(old)
    assert not Hasher(QUICK).is_outdated(old)
    assert new.matches(old, b"x")


def test_a_hash_with_a_shorter_digest_or_of_another_kind_is_outdated():
    hasher = Hasher(QUICK)
    assert hasher.is_outdated(hasher.hash(b"x")[:-10])
    assert hasher.is_outdated("$2b$12$x")


def test_a_damaged_hash_is_an_error_and_no_match():
    hasher = Hasher(QUICK)
    with pytest.raises(VerificationError):
        hasher.matches("$argon2id$v=19$m=8,t=1,p=1$A$A", b"x")


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "at least 12"),
        ("x" * 1025, "1024"),
        ("", "between"),
        ("tab\tinside it", "control"),
        ("ä" * 11, "at least 12"),
    ],
)
def test_an_unfit_password_is_explained(password, why):
    with pytest.raises(PasswordUnfit, match=why):
        Hasher(QUICK).hash_new(password)
