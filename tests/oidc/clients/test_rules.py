"""Which addresses a client may have, and which of its own it may use."""

from dataclasses import replace
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.kernel import new_secret
from yett.oidc.clients import AuthMethod, Client, Flaw, Kind, rules

CALLBACK = "https://shop.example.net/oauth/callback"
LOOPBACK = "http://127.0.0.1/cb"
OWN = "com.example.app:/cb"
SHOP = Client(
    "shop",
    frozenset({CALLBACK, "https://shop.example.net/other?a=1"}),
    frozenset({"openid"}),
    kind=Kind.CONFIGURED,
    auth_method=AuthMethod.BASIC,
)
APP = Client(
    "app", frozenset({LOOPBACK, "http://[::1]:80/cb", OWN}), frozenset({"openid"}), kind=Kind.CONFIGURED
)

TRICKS = [
    "",
    CALLBACK + "/",
    CALLBACK + "?",
    CALLBACK + "#",
    CALLBACK + "#x",
    CALLBACK + "?a=1",
    CALLBACK + "&a=1",
    CALLBACK + ";a=1",
    CALLBACK + ";/../evil",
    CALLBACK + "/../../evil",
    CALLBACK + "/..;/evil",
    CALLBACK + "/%2e%2e/evil",
    CALLBACK + "%2f..",
    CALLBACK + "%23",
    CALLBACK + "%3f",
    CALLBACK + "%00",
    CALLBACK + "\x00",
    CALLBACK + "\n",
    CALLBACK + "\t",
    CALLBACK + " ",
    " " + CALLBACK,
    "\t" + CALLBACK,
    CALLBACK + "%0d%0aLocation:%20https://evil.test/",
    CALLBACK + "\r\nLocation: https://evil.test/",
    CALLBACK.upper(),
    CALLBACK.replace("https", "HTTPS"),
    CALLBACK.replace("shop", "Shop"),
    CALLBACK.replace("callback", "Callback"),
    CALLBACK.replace("https", "http"),
    CALLBACK.replace("https://", "//"),
    CALLBACK.replace("https://", "https:/"),
    CALLBACK.replace("https://", "https:///"),
    CALLBACK.replace("https://", "https:\\\\"),
    CALLBACK.replace("https://", "https:"),
    CALLBACK.replace("https://", ""),
    CALLBACK.replace("https://", "javascript://"),
    CALLBACK.replace("https://", "data:text/html,"),
    CALLBACK.replace("https://", "view-source:https://"),
    CALLBACK.replace("https://", "blob:https://"),
    "https://shop.example.net:443/oauth/callback",
    "https://shop.example.net:8443/oauth/callback",
    "https://shop.example.net:/oauth/callback",
    "https://shop.example.net.:443/oauth/callback",
    "https://shop.example.net./oauth/callback",
    "https://shop.example.net.evil.test/oauth/callback",
    "https://evil.test/shop.example.net/oauth/callback",
    "https://evil.test/?https://shop.example.net/oauth/callback",
    "https://evil.test/#https://shop.example.net/oauth/callback",
    "https://evil.test\\@shop.example.net/oauth/callback",
    "https://shop.example.net@evil.test/oauth/callback",
    "https://shop.example.net%40evil.test/oauth/callback",
    "https://shop.example.net%2eevil.test/oauth/callback",
    "https://shop.example.net%00.evil.test/oauth/callback",
    "https://shop.example.net%2f@evil.test/oauth/callback",
    "https://shop.example.net&evil.test/oauth/callback",
    "https://user:pass@shop.example.net/oauth/callback",
    "https://@shop.example.net/oauth/callback",
    "https://a.shop.example.net/oauth/callback",
    "https://ashop.example.net/oauth/callback",
    "https://shop-example.net/oauth/callback",
    "https://shop\uff0eexample.net/oauth/callback",
    "https://shop\u3002example.net/oauth/callback",
    "https://\u017fhop.example.net/oauth/callback",
    "https://sh\u043ep.example.net/oauth/callback",
    "https://xn--shp-tna.example.net/oauth/callback",
    "https://shop.example.net//oauth/callback",
    "https://shop.example.net/oauth//callback",
    "https://shop.example.net/oauth/./callback",
    "https://shop.example.net/oauth/x/../callback",
    "https://shop.example.net/oauth%2fcallback",
    "https://shop.example.net/oauth/%63allback",
    "https://shop.example.net/oauth\\callback",
    "https://shop.example.net\\oauth\\callback",
    "https://shop.example.net/oauth",
    "https://shop.example.net/",
    "https://shop.example.net/other",
    "https://shop.example.net/other?a=1&a=2",
    "https://shop.example.net/other?a=1&redirect_uri=https://evil.test/",
    "https://shop.example.net/other?a=2",
    "https://*/oauth/callback",
    "*",
    "null",
    "https://[::ffff:127.0.0.1]/oauth/callback",
]
LOOPBACK_TRICKS = [
    "http://127.0.0.1:0/cb",
    "http://127.0.0.1:65536/cb",
    "http://127.0.0.1:99999/cb",
    "http://127.0.0.1:123456/cb",
    "http://127.0.0.1:80:81/cb",
    "http://127.0.0.1:80@evil.test/cb",
    "http://127.0.0.1:@evil.test/cb",
    "http://127.0.0.1.evil.test/cb",
    "http://127.0.0.1:x/cb",
    "http://127.0.0.1:\u0663/cb",
    "http://127.0.0.1:/cb",
    "http://127.0.0.1:80/cb/",
    "http://127.0.0.1:80/cb?a=1",
    "http://127.0.0.1:80/CB",
    "http://127.0.0.1:80",
    "http://127.0.0.2:80/cb",
    "http://127.1:80/cb",
    "http://2130706433:80/cb",
    "http://0x7f.0.0.1:80/cb",
    "http://0.0.0.0:80/cb",
    "http://localhost:80/cb",
    "http://localhost/cb",
    "http://user@127.0.0.1:80/cb",
    "https://127.0.0.1:80/cb",
    "HTTP://127.0.0.1:80/cb",
    "http:\\\\127.0.0.1:80/cb",
    "http://[::2]:80/cb",
    "http://[0:0:0:0:0:0:0:1]:80/cb",
    "http://[::1%25lo]:80/cb",
    "com.example.app://cb",
    "com.example.app:/cb/x",
    "com.example.app:cb",
    "com.example.app2:/cb",
    "COM.EXAMPLE.APP:/cb",
]


@pytest.mark.parametrize("uri", TRICKS)
def test_an_address_that_is_nearly_one_of_the_clients_is_none(uri):
    assert not rules.accepts(SHOP, uri)


@pytest.mark.parametrize("uri", [*TRICKS, *LOOPBACK_TRICKS])
def test_nor_is_it_for_a_program_on_peoples_machines(uri):
    assert not rules.accepts(APP, uri)


@pytest.mark.parametrize("uri", [CALLBACK, "https://shop.example.net/other?a=1"])
def test_a_clients_own_address_is_accepted_letter_by_letter(uri):
    assert rules.accepts(SHOP, uri)


@pytest.mark.parametrize(
    "uri",
    [
        LOOPBACK,
        "http://127.0.0.1:1/cb",
        "http://127.0.0.1:65535/cb",
        "http://[::1]/cb",
        "http://[::1]:8080/cb",
        OWN,
    ],
)
def test_of_a_loopback_address_any_port_is_taken(uri):
    assert rules.accepts(APP, uri)
    assert rules.accepts(replace(APP, kind=Kind.INTERNAL), uri) == (uri in APP.redirect_uris)


@given(st.text())
def test_any_text_gets_a_verdict(uri):
    assert rules.accepts(APP, uri) == (uri in APP.redirect_uris)
    assert rules.flaw_in_address(uri) is None or uri not in SHOP.redirect_uris


@pytest.mark.parametrize(
    ("uri", "flaw"),
    [
        ("https://wiki.example.test/_yett/callback", None),
        ("https://wiki.example.test:8443/cb?a=1", None),
        ("https://[2001:db8::1]/cb", None),
        ("http://127.0.0.1:5000/cb", None),
        ("http://localhost/cb", None),
        ("http://[::1]:80/cb", None),
        ("http://wiki.example.test/cb", Flaw.ADDRESS),
        ("http://127.0.0.1.example.test/cb", Flaw.ADDRESS),
        ("https://*.example.test/cb", Flaw.WILDCARD),
        ("https://wiki.example.test/*", Flaw.WILDCARD),
        ("https://wiki.example.test/cb#x", Flaw.ADDRESS),
        ("https://wiki.example.test", Flaw.ADDRESS),
        ("https://user@wiki.example.test/cb", Flaw.ADDRESS),
        ("https://Wiki.example.test/cb", Flaw.ADDRESS),
        ("HTTPS://wiki.example.test/cb", Flaw.ADDRESS),
        ("https://wiki.example.test./cb", Flaw.ADDRESS),
        ("https://wiki..example.test/cb", Flaw.ADDRESS),
        ("https://-wiki.example.test/cb", Flaw.ADDRESS),
        ("https://wiki.example.test:0/cb", Flaw.ADDRESS),
        ("https://wiki.example.test:x/cb", Flaw.ADDRESS),
        ("https://wiki.example.test:99999/cb", Flaw.ADDRESS),
        ("https:///cb", Flaw.ADDRESS),
        ("https://[::1/cb", Flaw.ADDRESS),
        ("/cb", Flaw.ADDRESS),
        ("javascript:alert(1)", Flaw.ADDRESS),
        ("com.example.app:/cb", Flaw.ADDRESS),
        ("https://wiki.example.test/a b", Flaw.ADDRESS),
        ("https://wiki.example.test/a/../b", Flaw.ADDRESS),
        ("https://wiki.example.test/a/%2E%2e/b", Flaw.ADDRESS),
        ("https://wiki.example.test\\@evil.test/", Flaw.ADDRESS),
        ("https://wiki.example.test/" + "a" * 1024, Flaw.ADDRESS),
        ("https://w\u00efki.example.test/cb", Flaw.ADDRESS),
        ("", Flaw.ADDRESS),
    ],
)
def test_an_address_to_register_is_absolute_and_plain(uri, flaw):
    assert rules.flaw_in_address(uri) is flaw


@pytest.mark.parametrize(
    ("uri", "flaw"),
    [
        (OWN, None),
        ("com.example.app:/", None),
        ("com.example.app://cb", Flaw.ADDRESS),
        ("myapp:/cb", Flaw.ADDRESS),
        ("javascript:/alert", Flaw.ADDRESS),
        ("com.example.app:cb", Flaw.ADDRESS),
        ("com.example.app:/a/../b", Flaw.ADDRESS),
        ("com.example.app:/cb?x=1", Flaw.ADDRESS),
        ("Com.example.app:/cb", Flaw.ADDRESS),
    ],
)
def test_a_native_client_may_have_a_scheme_that_has_an_owner(uri, flaw):
    assert rules.flaw_in_address(uri, is_native=True) is flaw


def test_a_client_needs_a_name_and_an_address():
    assert rules.flaw_in_client(SHOP) is None
    assert rules.flaw_in_client(replace(SHOP, client_id="a b")) is Flaw.NAME
    assert rules.flaw_in_client(replace(SHOP, redirect_uris=frozenset())) is Flaw.ADDRESS
    assert rules.flaw_in_client(replace(SHOP, redirect_uris=frozenset({OWN}))) is Flaw.ADDRESS
    assert rules.flaw_in_client(APP) is None


@pytest.mark.parametrize(
    ("address", "is_in"),
    [
        ("10.1.2.3", True),
        ("11.1.2.3", False),
        ("::ffff:10.1.2.3", True),
        ("2001:db8::7", True),
        ("fe80::1%eth0", False),
        ("", False),
        ("unix", False),
        ("10.1.2.3.4", False),
    ],
)
def test_whoever_has_no_address_is_in_no_network(address, is_in):
    assert rules.is_within(address, (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))) is is_in


def test_an_address_belongs_to_somebody_only_with_https():
    assert rules.is_claimed(CALLBACK)
    assert not rules.is_claimed(LOOPBACK)
    assert not rules.is_claimed(OWN)
    assert rules.origin_of(CALLBACK) == "https://shop.example.net"
    assert rules.origin_of("http://[::1]:80/cb") == "http://[::1]:80"
    assert rules.origin_of(OWN) == ""


@pytest.mark.parametrize(
    "text",
    ["aaaaaaaaaaaaaaaaaaaaaaaa", "changemechangeme", "passwordpassword", "abcabcabcabcabcabcabc", "0" * 64],
)
def test_a_secret_that_repeats_itself_is_weak(text):
    assert rules.is_weak_secret(text)


def test_secrets_of_a_generator_are_not():
    assert not any(rules.is_weak_secret(new_secret()) for _ in range(200))
    assert not any(rules.is_weak_secret(new_secret()[:24]) for _ in range(50))


def test_a_challenge_of_few_characters_is_no_hash():
    assert rules.is_weak_challenge("A" * 43)
    assert rules.is_weak_challenge("abc" * 14 + "a")
    assert not any(rules.is_weak_challenge(new_secret()) for _ in range(200))
