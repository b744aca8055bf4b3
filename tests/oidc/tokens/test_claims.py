from dataclasses import replace

import pytest
from tests.oidc.tokens.conftest import WIKI
from tests.signin.place import ADA

from yett.oidc.tokens import Basis, claims

NAMES = {"name": ADA.display_name, "preferred_username": "ada"}
MAIL = {"email": ADA.email, "email_verified": True}


@pytest.mark.parametrize(
    ("scope", "asked", "told"),
    [
        ("openid", (), {}),
        ("openid profile", (), NAMES),
        ("openid email", (), MAIL),
        ("openid groups", (), {"groups": list(ADA.groups)}),
        ("openid", ("email", "iss", "sub", "password"), {"email": ADA.email}),
        ("profile_ emai l", (), {}),
    ],
)
def test_a_client_hears_what_its_scopes_stand_for_and_what_it_asked_for(scope, asked, told):
    assert claims.about(ADA, scope, asked) == told


def test_what_nobody_knows_is_left_out():
    person = replace(ADA, email="", display_name="", groups=())
    told = claims.about(person, "openid profile email groups", ("email",))
    assert told == {"preferred_username": "ada", "groups": []}


def test_claims_that_are_asked_for_cannot_take_the_place_of_ours():
    basis = Basis(
        "wiki", "ada", "openid", "g", claims={"id_token": {"iss": None, "aud": None, "email": None}}
    )
    said = claims.identity("https://us", WIKI, basis, ADA, now=10.9, jti="j", hashes={}, has_claims=True)
    assert (said["iss"], said["aud"], said["email"]) == ("https://us", "wiki", ADA.email)
    assert (said["iat"], said["exp"]) == (10, 310)
    assert not {"nonce", "auth_time", "amr", "sid", "cnf", "at_hash"} & said.keys()


def test_id_tokens_can_be_kept_short():
    basis = Basis("wiki", "ada", "openid profile email", "g", claims={"id_token": {"email": None}})
    said = claims.identity("i", WIKI, basis, ADA, now=1.0, jti="j", hashes={}, has_claims=False)
    assert said["email"] == ADA.email
    assert "name" not in said


@pytest.mark.parametrize("asked", [{}, {"userinfo": None}, {"userinfo": []}, {"userinfo": "email"}])
def test_a_claims_parameter_without_that_part_asks_for_nothing(asked):
    assert claims.asked_for(asked, "userinfo") == ()


def test_an_access_token_is_for_its_audience():
    basis = Basis("wiki", "ada", "read", "g")
    client = replace(WIKI, audience="https://api.example.test")
    said = claims.access("i", client, basis, ADA, now=5.5, expires_at=9.5, jti="j")
    assert said["aud"] == "https://api.example.test"
    assert (said["iat"], said["nbf"], said["exp"]) == (5, 5, 9)
    assert "groups" not in said
