import base64
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.identity import is_name
from yett.identity.federation import Identity, ProviderSettings
from yett.identity.federation.config import GroupSettings
from yett.identity.federation.rules import (
    basic_credentials,
    challenge_of,
    error_of,
    identity_key,
    is_in_domains,
    profile_of,
    read_pushed,
    shown_error,
    texts,
    token_of,
    username_of,
    well_known,
    with_query,
)

BASE = {"iss": "https://idp.example", "sub": "1"}


def provider(**more):
    return ProviderSettings(name="acme", issuer="https://idp.example", client_id="us", **more)


def profile(claims=(), more=(), **settings):
    return profile_of(provider(**settings), {**BASE, **dict(claims)}, dict(more))


def test_the_challenge_is_that_of_rfc_7636_appendix_b():
    assert (
        challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
        == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    )


def test_where_a_provider_describes_itself():
    assert well_known("https://a/b") == "https://a/b/.well-known/openid-configuration"
    assert well_known("https://a/b/") == "https://a/b/.well-known/openid-configuration"


def test_a_query_that_is_there_stays():
    assert with_query("https://a/x", {"a": "b c"}) == "https://a/x?a=b+c"
    assert with_query("https://a/x?t=1", {"a": "&"}) == "https://a/x?t=1&a=%26"


def test_both_halves_of_basic_credentials_are_encoded_first():
    text = base64.b64decode(basic_credentials("a:b", "c d:é").removeprefix("Basic ")).decode()
    assert text == "a%3Ab:c+d%3A%C3%A9"


# Addresses: verified, and by the same one who says so.


@pytest.mark.parametrize(
    ("claims", "more", "email"),
    [
        ({"email": "a@x.org", "email_verified": True}, {}, "a@x.org"),
        ({"email": "a@x.org", "email_verified": "true"}, {}, "a@x.org"),
        ({}, {"email": "a@x.org", "email_verified": True}, "a@x.org"),
        ({"email": "a@x.org"}, {}, ""),
        ({"email": "a@x.org", "email_verified": False}, {}, ""),
        ({"email": "a@x.org", "email_verified": 1}, {}, ""),
        ({"email": "a@x.org", "email_verified": "True"}, {}, ""),
        ({"email_verified": True}, {"email": "victim@x.org"}, ""),
        ({"email": "a@x.org"}, {"email_verified": True}, ""),
        ({"email": ["a@x.org"], "email_verified": True}, {}, ""),
        ({"email": "a@x.org\r\nBcc: b@x.org", "email_verified": True}, {}, ""),
        ({"email": "a@b@x.org", "email_verified": True}, {}, ""),
        ({"email": "a@x.org,b@x.org", "email_verified": True}, {}, ""),
        ({"email": "a@", "email_verified": True}, {}, ""),
        ({"email": "ä@x.org", "email_verified": True}, {}, ""),
    ],
)
def test_only_a_verified_address_is_one(claims, more, email):
    assert profile(claims, more).email == email


@pytest.mark.parametrize(
    ("email", "domains", "fits"),
    [
        ("a@x.org", (), True),
        ("", (), True),
        ("a@x.org", ("x.org",), True),
        ("a@X.ORG", ("x.org",), True),
        ("a@evil-x.org", ("x.org",), False),
        ("a@x.org.evil.org", ("x.org",), False),
        ("a@sub.x.org", ("x.org",), False),
        ("", ("x.org",), False),
        ("x.org", ("x.org",), False),
    ],
)
def test_domains_are_compared_whole(email, domains, fits):
    assert is_in_domains(email, domains) is fits


# Names.


@pytest.mark.parametrize(
    ("value", "domains", "name"),
    [
        ("ada", (), "ada"),
        ("Ada", (), "ada"),
        (" ada ", (), "ada"),
        ("ada@x.org", (), None),
        ("ada@x.org", ("x.org",), "ada"),
        ("ada@X.org", ("x.org",), "ada"),
        ("ada@evil.org", ("x.org",), None),
        ("ada@evil.org@x.org", ("x.org",), None),
        ("\N{KELVIN SIGN}ate", (), None),
        ("ada@\N{KELVIN SIGN}.org", ("k.org",), None),
        ("../etc", (), None),
        ("", (), None),
        (7, (), None),
        (["ada"], (), None),
        ("a" * 64, (), None),
    ],
)
def test_a_name_is_cut_only_where_it_is_known_whose_it_is(value, domains, name):
    assert username_of(value, domains) == name


def test_an_address_is_a_name_only_when_it_is_verified():
    settings = {"username_claim": "email", "allowed_domains": ("x.org",)}
    assert profile({"email": "admin@x.org"}, **settings).username is None
    assert profile({"email": "admin@x.org", "email_verified": True}, **settings).username == "admin"


def test_an_address_is_no_name_unverified_wherever_the_mail_address_stands():
    settings = {"username_claim": "email", "email_claim": "mail", "allowed_domains": ("x.org",)}
    assert profile({"email": "admin@x.org"}, **settings).username is None
    verified = {"email": "admin@x.org", "email_verified": True}
    assert profile(verified, **settings).username == "admin"


def test_that_one_address_is_verified_says_nothing_of_another():
    """`email_verified` is about `email` (OpenID Connect Core, 5.1), and other claims are often one's own to write."""
    settings = {"email_claim": "upn"}
    own = {"upn": "admin@x.org", "email": "eve@x.org", "email_verified": True}
    assert profile(own, **settings).email == ""
    assert profile({"upn": "admin@x.org", "email_verified": True}, **settings).email == ""
    same = {"upn": "Ada@x.org", "email": "ada@x.org", "email_verified": True}
    assert profile(same, **settings).email == "Ada@x.org"
    assert profile({"upn": "ada@x.org", "upn_verified": True}, **settings).email == "ada@x.org"


@given(st.text(), st.lists(st.text(), max_size=3))
def test_whatever_comes_of_any_text_is_a_proper_name(value, domains):
    name = username_of(value, domains)
    assert name is None or is_name(name)


def test_a_shown_name_is_one_short_line():
    assert (
        profile({"name": "Ada\r\nLove\x00lace\u202e" + "x" * 500}).display_name == "AdaLovelace" + "x" * 109
    )
    assert profile({"name": 7}).display_name == ""


# Groups.


def test_groups_are_given_by_claims_that_the_operator_named():
    rules = (
        GroupSettings(value="eng", group="engineers"),
        GroupSettings(claim="department", value="R&D", group="research"),
        GroupSettings(value="absent", group="never"),
    )
    said = profile({"groups": ["eng", "admins"]}, {"department": "R&D"}, group=rules)
    assert said.groups == ("engineers", "research")


def test_groups_are_taken_over_only_when_that_is_wanted():
    claims = {"groups": ["ops", "Not A Name", 7, "ops"]}
    assert profile(claims).groups == ()
    assert profile(claims, take_groups=True).groups == ("ops",)
    assert profile(claims, take_groups=True, group_prefix="acme-").groups == ("acme-ops",)


# Second factors.


@pytest.mark.parametrize(
    ("claims", "settings", "is_two_factor"),
    [
        ({"amr": ["pwd", "mfa"]}, {}, False),
        ({"amr": ["pwd", "mfa"]}, {"trust_amr": ("mfa",)}, True),
        ({"amr": "mfa"}, {"trust_amr": ("mfa",)}, True),
        ({"amr": ["pwd"]}, {"trust_amr": ("mfa",)}, False),
        ({"amr": [["mfa"]]}, {"trust_amr": ("mfa",)}, False),
        ({"acr": "urn:two"}, {"trust_acr": ("urn:two",)}, True),
        ({"acr": "urn:one"}, {"trust_acr": ("urn:two",)}, False),
        ({"acr": ["urn:two"]}, {"trust_acr": ("urn:two",)}, False),
        ({}, {"trust_amr": ("mfa",), "trust_acr": ("urn:two",)}, False),
    ],
)
def test_a_second_factor_counts_where_it_is_trusted(claims, settings, is_two_factor):
    assert profile(claims, **settings).is_two_factor is is_two_factor


def test_it_counts_only_where_it_is_signed():
    assert not profile({}, {"amr": ["mfa"], "acr": "x"}, trust_amr=("mfa",), trust_acr=("x",)).is_two_factor


# Small things.


def test_identities_are_told_apart():
    assert identity_key(Identity("https://a", "b")) != identity_key(Identity("https://ab", ""))
    assert identity_key(Identity("https://a", "1b")) != identity_key(Identity("https://a1", "b"))


def test_pushed_requests_are_read_strictly():
    assert read_pushed({}) is None
    assert read_pushed({"request_uri": ""}) is None
    assert read_pushed({"request_uri": "a b"}) is None
    assert read_pushed({"request_uri": "urn:x", "expires_in": True}).seconds == 60


def test_words_of_others_are_shown_only_when_they_are_words():
    assert error_of({"error": "invalid_grant"}) == "invalid_grant"
    assert error_of({"error": 'a"b'}) == error_of({"error": 7}) == error_of({}) == ""
    assert shown_error("access_denied") == "access_denied"
    assert shown_error("x" * 101) == shown_error("a\nb") == "malformed"


def test_lists_of_texts_have_texts_only():
    assert texts("a") == ("a",)
    assert texts(["a", 7, None, ["b"]]) == ("a",)
    assert texts({"a": 1}) == texts(None) == texts(7) == ()


def test_tokens_have_no_spaces():
    assert token_of("abc.def") == "abc.def"
    for each in ("", "a b", "a\nb", "é", 7, None, "x" * 40_000):
        assert token_of(each) == ""


def test_nothing_of_a_query_gets_out_of_its_place():
    made = urllib.parse.urlsplit(with_query("https://a/", {"state": "a&b=c#d"}))
    assert urllib.parse.parse_qs(made.query) == {"state": ["a&b=c#d"]}
