import base64
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.oidc.registration.conftest import APP, EC

from yett.keys import MasterKey
from yett.oidc.registration import RegistrationSettings, rules
from yett.oidc.registration.ids import MAX_ID, Ids, fingerprint
from yett.oidc.registration.model import Registration

NOW = 1_800_000_000.0
IDS = Ids(MasterKey(bytes(32)))
FULL = {
    **APP,
    "redirect_uris": ["https://app.example.org/cb", "https://app.example.org/other"],
    "jwks": {"keys": [EC]},
    "token_endpoint_auth_method": "private_key_jwt",
    "id_token_signed_response_alg": "ES256",
    "post_logout_redirect_uris": ["https://app.example.org/bye"],
    "backchannel_logout_uri": "https://app.example.org/backchannel",
    "backchannel_logout_session_required": True,
    "dpop_bound_access_tokens": True,
    "require_pushed_authorization_requests": True,
    "scope": "openid email",
}


def read(document=FULL) -> Registration:
    found = rules.read(document, RegistrationSettings(), algorithms=("ES256",), taken=())
    assert isinstance(found, Registration), found
    return found


def make(document=FULL, ids=IDS):
    return ids.make(read(document), now=NOW, lifetime=86400.0)


def test_an_id_carries_all_that_was_registered():
    made = make()
    assert IDS.read(made.client_id) == made
    assert made.registration == read()
    assert (made.issued_at, made.expires_at) == (NOW, NOW + 86400)


def test_ids_are_short():
    assert len(make(APP).client_id) < 130
    assert len(make().client_id) < 350


def test_two_registrations_are_two_clients():
    one, other = make(), make()
    assert one.client_id != other.client_id
    assert IDS.secret_of(one.client_id) != IDS.secret_of(other.client_id)


def test_what_is_too_much_for_an_id_gets_none():
    many = [f"https://{hashlib.sha256(bytes([number])).hexdigest()[:60]}.org/" for number in range(10)]
    after = [f"{each}bye" for each in reversed(many)]
    assert make({**APP, "redirect_uris": many, "post_logout_redirect_uris": after}) is not None
    others = [f"https://{hashlib.sha512(bytes([number])).hexdigest()[:60]}.org/" for number in range(10)]
    assert make({**APP, "redirect_uris": many, "post_logout_redirect_uris": others}) is None


@pytest.mark.parametrize("place", range(0, 300, 7))
def test_a_changed_id_is_none(place):
    text = make().client_id
    if place < len(text):
        other = "A" if text[place] != "A" else "B"
        assert IDS.read(text[:place] + other + text[place + 1 :]) is None


def test_other_spellings_of_an_id_are_none():
    text = make().client_id
    for changed in (
        text + "=",
        text + "A",
        text[:-1],
        text.replace("dc-", "dc_"),
        text.upper(),
        f" {text}",
        text + "\n",
    ):
        assert IDS.read(changed) is None


def test_ids_of_another_cluster_are_none():
    other = Ids(MasterKey(b"o" * 32))
    assert other.read(make().client_id) is None
    assert other.secret_of("x") != IDS.secret_of("x")


def test_a_secret_and_the_token_beside_it_differ():
    assert IDS.secret_of("x") != IDS.management_token_of("x")
    assert len(IDS.secret_of("x")) == 43


@given(st.text(max_size=200))
def test_any_text_gets_an_answer(text):
    assert IDS.read(text) is None
    assert IDS.read(f"dc-{text}") is None
    assert len(fingerprint(text)) == 64


@given(st.binary(max_size=300))
def test_any_bytes_get_an_answer(raw):
    assert IDS.read("dc-" + base64.urlsafe_b64encode(raw).rstrip(b"=").decode()) is None


def test_the_longest_id_is_bounded():
    assert IDS.read("dc-" + "A" * MAX_ID) is None
    assert json.dumps(make().client_id).isascii()
