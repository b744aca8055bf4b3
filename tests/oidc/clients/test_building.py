"""Clients of the settings: built, or told what is wrong with them."""

import base64
import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network

import pytest

from yett.oidc.clients import AuthMethod, Client, ClientSettings, GrantType, Kind, TLSIdentitySettings
from yett.oidc.clients.building import build, check_clients, has_weak_secret

SECRET = "3Vn7qk0ZrPq1xTn6yL2wB8uD4sC9eH5j"
SHOP = ClientSettings(id="shop", secret=SECRET, redirect_uris=("https://shop.example.net/cb",))
KEY = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}  # RFC 8037, A.2
KEYS = json.dumps({"keys": [KEY]})
PRIVATE = json.dumps({"keys": [{**KEY, "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}]})
SIGNED = replace(SHOP, secret="", auth_method=AuthMethod.PRIVATE_KEY, jwks=KEYS)
THUMBPRINT = base64.urlsafe_b64encode(hashlib.sha256(b"x").digest()).rstrip(b"=").decode()


def test_a_client_has_what_the_settings_say():
    built = build(
        replace(
            SHOP,
            name="The Shop",
            secrets=("b" * 16,),
            secret_hashes=("00" * 32,),
            networks=("10.0.0.0/8",),
            people_networks=("2001:db8::/32",),
            groups=("staff",),
            access_lifetime=timedelta(minutes=5),
            pkce=False,
        )
    )
    assert isinstance(built, Client)
    assert (built.kind, built.title, built.label) == (Kind.CONFIGURED, "The Shop", "shop")
    assert built.secret_hashes == (
        hashlib.sha256(SECRET.encode()).digest(),
        hashlib.sha256(b"b" * 16).digest(),
        bytes(32),
    )
    assert (built.networks, built.people_networks) == (
        (ip_network("10.0.0.0/8"),),
        (ip_network("2001:db8::/32"),),
    )
    assert built.groups == {"staff"}
    assert built.lifetimes.access == timedelta(minutes=5)
    assert not built.must_challenge
    assert SECRET not in repr(built)


def test_a_public_client_has_to_send_a_challenge_whatever_else():
    app = ClientSettings(id="app", auth_method=AuthMethod.NONE, redirect_uris=("http://127.0.0.1/cb",))
    built = build(app)
    assert isinstance(built, Client)
    assert built.must_challenge
    assert built.is_public


def test_keys_come_from_the_settings_or_a_file(tmp_path):
    file = tmp_path / "keys.json"
    file.write_text(KEYS)
    inline, read = build(SIGNED), build(replace(SIGNED, jwks="", jwks_file=file))
    assert inline.keys == read.keys == (KEY,)


@pytest.mark.parametrize(
    ("client", "key", "words"),
    [
        (replace(SHOP, secret=""), "secret", "is required"),
        (replace(SHOP, auth_method=AuthMethod.NONE), "secret", "good for nothing"),
        (replace(SIGNED, secret=SECRET), "secret", "good for nothing"),
        (replace(SIGNED, jwks=""), "jwks", "is required"),
        (replace(SIGNED, jwks_uri="https://shop.example.net/keys"), "jwks_uri", "only without jwks"),
        (replace(SIGNED, jwks="{"), "jwks", "is no JSON Web Key set"),
        (replace(SIGNED, jwks="[]"), "jwks", "is no JSON Web Key set"),
        (replace(SIGNED, jwks="[" * 60000), "jwks", "is no JSON Web Key set"),
        (replace(SIGNED, jwks='{"keys": []}'), "jwks", "is no JSON Web Key set"),
        (replace(SIGNED, jwks=PRIVATE), "jwks", "do not count"),
        (replace(SIGNED, jwks='{"keys": [{"kty": "oct", "k": "AAAA"}]}'), "jwks", "do not count"),
        (replace(SIGNED, jwks="", jwks_uri="http://shop.example.net/keys"), "jwks_uri", ""),
        (replace(SHOP, secret="", auth_method=AuthMethod.TLS), "tls", "has to name a subject"),
        (replace(SHOP, secret="", auth_method=AuthMethod.SELF_SIGNED_TLS), "tls", "thumbprints"),
        (replace(SHOP, tls=TLSIdentitySettings(san_dns="a.test")), "tls", "good for nothing"),
        (replace(SHOP, redirect_uris=()), "redirect_uris", "is required"),
        (replace(SHOP, redirect_uris=("https://*.example.net/",)), "redirect_uris", "wildcards"),
        (replace(SHOP, redirect_uris=("http://shop.example.net/",)), "redirect_uris", "https"),
        (replace(SHOP, redirect_uris=("com.example.app:/cb",)), "redirect_uris", "https"),
        (replace(SHOP, after_logout=("shop.example.net",)), "after_logout", "https"),
        (replace(SHOP, backchannel_logout="http://shop.example.net/bye"), "backchannel_logout", ""),
        (replace(SHOP, networks=("10.0.0.1/8",)), "networks", "host bits"),
        (replace(SHOP, people_networks=("here",)), "people_networks", ""),
        (replace(SHOP, pkce=False, scopes=("read",)), "pkce", "openid"),
        (
            replace(SHOP, secret="", auth_method=AuthMethod.NONE, grants=(GrantType.CLIENT, GrantType.CODE)),
            "grants",
            "cannot prove",
        ),
        (replace(SHOP, secret="", auth_method=AuthMethod.NONE, pkce=False), "pkce", "left out only"),
    ],
)
def test_whatever_does_not_go_together_is_told(client, key, words):
    mistakes = build(client)
    assert isinstance(mistakes, tuple)
    assert any(each.key == f"oidc.client[shop].{key}" and words in each.reason for each in mistakes), mistakes
    assert SECRET not in str(mistakes)


def test_a_client_for_itself_needs_no_address():
    assert isinstance(build(replace(SHOP, redirect_uris=(), grants=(GrantType.CLIENT,))), Client)


def test_certificates_are_named_by_subject_or_by_thumbprint():
    by_name = replace(
        SHOP, secret="", auth_method=AuthMethod.TLS, tls=TLSIdentitySettings(subject_dn="CN=shop")
    )
    by_print = replace(
        SHOP,
        secret="",
        auth_method=AuthMethod.SELF_SIGNED_TLS,
        tls=TLSIdentitySettings(thumbprints=(THUMBPRINT,)),
    )
    assert build(by_name).tls.subject_dn == "CN=shop"
    assert build(by_print).tls.thumbprints == {THUMBPRINT}


def test_a_file_of_keys_that_is_not_there_is_told(tmp_path):
    (mistake,) = build(replace(SIGNED, jwks="", jwks_file=tmp_path / "none.json"))
    assert (mistake.key, mistake.reason) == ("oidc.client[shop].jwks_file", "No such file or directory")
    (tmp_path / "big.json").write_bytes(b" " * 300_000)
    (tmp_path / "raw.json").write_bytes(b"\xff")
    assert build(replace(SIGNED, jwks="", jwks_file=tmp_path / "big.json"))[0].reason.startswith("is no JSON")
    assert build(replace(SIGNED, jwks="", jwks_file=tmp_path / "raw.json"))[0].reason == "is not UTF-8"


def test_clients_are_checked_side_by_side():
    others = (
        SHOP,
        SHOP,
        replace(SHOP, id="app:wiki"),
        replace(SHOP, id="dc-x"),
        replace(SHOP, id="tv"),
        replace(SHOP, id="a", audience="wiki"),
        replace(SHOP, id="b", secret=""),
    )
    told = {
        (each.key, each.reason.split(":")[0])
        for each in check_clients(others, taken={"tv"}, audiences={"wiki"})
    }
    assert {key for key, _ in told} == {
        "oidc.client",
        "oidc.client[app:wiki].id",
        "oidc.client[dc-x].id",
        "oidc.client[tv].id",
        "oidc.client[a].audience",
        "oidc.client[b].secret",
    }
    assert list(check_clients((SHOP,))) == []


def test_a_weak_secret_is_seen_wherever_it_stands():
    assert not has_weak_secret(SHOP)
    assert has_weak_secret(replace(SHOP, secrets=("changemechangeme",)))
