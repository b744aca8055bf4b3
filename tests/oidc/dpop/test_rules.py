"""What a proof has to say, row by row (RFC 9449, section 4.3)."""

import pytest
from tests.oidc.dpop.conftest import URL
from tests.oidc.foreign import Signer, hmac_signed, part, text_of, unsigned

from yett.oidc.dpop import Reason, access_hash
from yett.oidc.dpop.rules import Wanted, is_same_target, judge

NOW = 1_800_000_000.0
ONE, TWO = Signer(number=0), Signer(number=1)
WANTED = Wanted("POST", URL)
CLAIMS = {"jti": "x", "htm": "POST", "htu": URL, "iat": NOW}


def verdict(text, wanted=WANTED):
    return judge(text, wanted, now=NOW, lifetime=60, skew=10)


def proof(signer=ONE, *, algorithm="", jwk=None, typ="dpop+jwt", **changed):
    claims = {name: value for name, value in {**CLAIMS, **changed}.items() if value is not None}
    return signer.sign(claims, algorithm, typ=typ, jwk=signer.jwk if jwk is None else jwk)


@pytest.mark.parametrize(
    ("kind", "algorithm"),
    [("ec", "ES256"), ("ed", "EdDSA"), ("ed", "Ed25519"), ("rsa", "PS256"), ("rsa", "RS256")],
)
def test_a_proof_says_which_key_made_it(kind, algorithm):
    signer = Signer(kind)
    shown = verdict(proof(signer, algorithm=algorithm, nonce="n"))
    assert (shown.jkt, shown.ident, shown.nonce, shown.issued_at) == (signer.thumbprint, "x", "n", NOW)


def swapped():
    """The signature of one key under the name of another."""
    return proof(ONE, jwk=TWO.jwk)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Reason.MALFORMED),
        ("a.b.c", Reason.MALFORMED),
        (proof() + ".", Reason.MALFORMED),
        (f"{proof()} ", Reason.MALFORMED),
        ("A" * 9000, Reason.MALFORMED),
        (proof(typ="jwt"), Reason.TYPE),
        (proof(typ="DPoP+JWT"), Reason.TYPE),
        (proof(typ=None), Reason.TYPE),
        (proof(typ=["dpop+jwt"]), Reason.TYPE),
        (proof(jwk={}), Reason.KEY),
        (proof(jwk="key"), Reason.KEY),
        (proof(jwk=ONE.key.as_dict(private=True)), Reason.KEY),
        (proof(jwk={"kty": "oct", "k": text_of(b"secret")}), Reason.KEY),
        (proof(jwk={**ONE.jwk, "x": text_of(bytes(32))}), Reason.KEY),
        (swapped(), Reason.SIGNATURE),
        (unsigned(CLAIMS, typ="dpop+jwt", jwk=ONE.jwk), Reason.MALFORMED),
        (unsigned(CLAIMS, typ="dpop+jwt", jwk=ONE.jwk) + "AAAA", Reason.ALGORITHM),
        (hmac_signed(CLAIMS, b"secret", typ="dpop+jwt", jwk=ONE.jwk), Reason.ALGORITHM),
        (hmac_signed(CLAIMS, b"s", typ="dpop+jwt", jwk={"kty": "oct", "k": text_of(b"s")}), Reason.KEY),
        (proof(jti=None), Reason.IDENT),
        (proof(jti=""), Reason.IDENT),
        (proof(jti=7), Reason.IDENT),
        (proof(jti="x" * 257), Reason.IDENT),
        (proof(htm="GET"), Reason.METHOD),
        (proof(htm="post"), Reason.METHOD),
        (proof(htm=None), Reason.METHOD),
        (proof(htm=["POST"]), Reason.METHOD),
        (proof(htu=None), Reason.TARGET),
        (proof(htu=URL + "/"), Reason.TARGET),
        (proof(htu="https://login.example.test/oidc/userinfo"), Reason.TARGET),
        (proof(htu="https://evil.example.test/oidc/token"), Reason.TARGET),
        (proof(htu=[URL]), Reason.TARGET),
        (proof(iat=None), Reason.MALFORMED),
        (proof(iat=str(NOW)), Reason.MALFORMED),
        (proof(iat=True), Reason.MALFORMED),
        (proof(iat=10**40), Reason.MALFORMED),
        (proof(iat=NOW - 61), Reason.EXPIRED),
        (proof(iat=NOW + 11), Reason.FUTURE),
        (proof(nonce=5), Reason.NONCE),
    ],
)
def test_anything_else_is_no_proof(text, reason):
    assert verdict(text) is reason


@pytest.mark.parametrize("iat", [NOW - 60, NOW, NOW + 10, NOW + 0.5])
def test_clocks_may_be_off_a_little(iat):
    assert verdict(proof(iat=iat)).issued_at == iat


@pytest.mark.parametrize("member", ["kid", "jku", "x5u", "x5c"])
def test_no_other_key_than_its_own_is_ever_looked_for(member):
    claims = {**CLAIMS}
    text = ONE.sign(
        claims, typ="dpop+jwt", jwk=ONE.jwk, **{member: "https://evil.example.test/../../etc/passwd"}
    )
    assert verdict(text).jkt == ONE.thumbprint


def test_fewer_algorithms_may_be_asked_for():
    signer = Signer("rsa")
    wanted = Wanted("POST", URL, algorithms=("PS256",))
    assert verdict(proof(signer, algorithm="PS256"), wanted).jkt == signer.thumbprint
    assert verdict(proof(signer, algorithm="RS256"), wanted) is Reason.ALGORITHM


def test_a_tampered_proof_is_none():
    head, _, signature = proof().split(".")
    assert verdict(f"{head}.{part({**CLAIMS, 'jti': 'y'})}.{signature}") is Reason.SIGNATURE


def test_a_proof_is_about_one_access_token():
    wanted = Wanted("POST", URL, "token-1")
    good = proof(ath=access_hash("token-1"))

    assert verdict(good, wanted).jkt == ONE.thumbprint
    for other in (None, "", 5, access_hash("token-2"), access_hash("token-1") + "="):
        assert verdict(proof(ath=other), wanted) is Reason.ACCESS_HASH
    assert verdict(proof(ath="anything")).jkt == ONE.thumbprint


def test_the_hash_of_a_token_is_that_of_rfc_9449_section_7_1():
    token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
    assert access_hash(token) == "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"


def test_another_key_than_the_tokens_own_is_refused():
    assert verdict(proof(), Wanted("POST", URL, "", ONE.thumbprint)).jkt == ONE.thumbprint
    assert verdict(proof(), Wanted("POST", URL, "", TWO.thumbprint)) is Reason.OTHER_KEY


@pytest.mark.parametrize(
    ("shown", "url", "are_same"),
    [
        ("https://a.test/x", "https://a.test/x", True),
        ("HTTPS://A.TEST/x", "https://a.test/x", True),
        ("https://a.test:443/x", "https://a.test/x", True),
        ("https://a.test/x?q=1#f", "https://a.test/x", True),
        ("https://a.test/%78", "https://a.test/x", True),
        ("https://a.test/%2f", "https://a.test/%2F", True),
        ("https://a.test/b/../x", "https://a.test/x", True),
        ("https://a.test/./x", "https://a.test/x", True),
        ("https://a.test", "https://a.test/", True),
        ("https://a.test/x/.", "https://a.test/x/", True),
        ("https://a.test/x", "https://a.test/X", False),
        ("https://a.test/x/", "https://a.test/x", False),
        ("https://a.test//x", "https://a.test/x", False),
        ("https://a.test:8443/x", "https://a.test/x", False),
        ("http://a.test/x", "https://a.test/x", False),
        ("https://a.test:80/x", "http://a.test/x", False),
        ("https://a.test@b.test/x", "https://a.test/x", False),
        ("https://user@a.test/x", "https://a.test/x", False),
        ("https://a.test\\@b.test/x", "https://a.test/x", False),
        ("https://a.test/x\n", "https://a.test/x", False),
        ("https://a.te\tst/x", "https://a.test/x", False),
        (" https://a.test/x", "https://a.test/x", False),
        ("https://a.test/%2e%2e/x", "https://a.test/x", True),
        ("https://a.test/b%2f..%2fx", "https://a.test/x", False),
        ("https://а.test/x", "https://a.test/x", False),  # noqa: RUF001 - a letter that looks like another
        ("//a.test/x", "https://a.test/x", False),
        ("/x", "https://a.test/x", False),
        ("", "https://a.test/x", False),
        ("https://a.test:x/x", "https://a.test/x", False),
        ("https://[::1/x", "https://a.test/x", False),
        ("https://a.test/" + "x" * 3000, "https://a.test/x", False),
    ],
)
def test_an_address_is_the_same_however_it_is_written_but_no_other(shown, url, are_same):
    assert is_same_target(shown, url) is are_same
