from pathlib import Path

import pytest

from yett.identity.federation import FederationSettings, ProviderSettings, check_federation
from yett.identity.federation.config import ClientAuth


def mistakes(*providers):
    return [each.key.rpartition(".")[2] for each in check_federation(FederationSettings(provider=providers))]


def provider(**more):
    return ProviderSettings(**{"name": "acme", "issuer": "https://idp.example", "client_id": "us", **more})


def test_a_proper_provider_has_no_mistakes():
    assert mistakes(provider(), provider(name="other", client_id="x")) == []


@pytest.mark.parametrize(
    ("settings", "keys"),
    [
        ({"issuer": "http://idp.example"}, ["issuer"]),
        ({"issuer": "https://idp.example?x=1"}, ["issuer"]),
        ({"issuer": "https://idp.example#x"}, ["issuer"]),
        ({"issuer": "idp.example"}, ["issuer"]),
        ({"issuer": "http://10.0.0.1/", "dev_mode": True}, ["issuer"]),
        ({"scopes": ("profile",)}, ["scopes"]),
        ({"algorithms": ("ES256", "none")}, ["algorithms"]),
        ({"algorithms": ("HS256",)}, ["algorithms"]),
        ({"client_auth": ClientAuth.BASIC}, ["client_secret"]),
        ({"client_auth": ClientAuth.KEY, "client_secret": "x"}, ["client_key"]),
        ({"client_key": Path("key.pem"), "client_secret": "x"}, ["client_auth"]),
        ({"group_prefix": "x-"}, ["group_prefix"]),
    ],
)
def test_each_mistake_is_found(settings, keys):
    assert mistakes(provider(**settings)) == keys


def test_this_machine_may_be_plain_for_trying_things_out():
    assert mistakes(provider(issuer="http://127.0.0.1:8080", dev_mode=True)) == []


def test_names_and_issuers_are_there_once():
    assert mistakes(provider(), provider()) == ["name", "issuer"]
