"""Certificates of those who vouch for people."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from tests.authn.x509.making import DAY, NOW, build

from yett.oidc.exchange import AssertionIssuerSettings, ExchangeSettings, check_exchange
from yett.oidc.exchange.certificates import BadCertificates, keys_in

KEYS = {
    "ec": ec.generate_private_key(ec.SECP256R1()),
    "ed": ed25519.Ed25519PrivateKey.generate(),
    "rsa": rsa.generate_private_key(65537, 2048),
}


@pytest.mark.parametrize("kind", KEYS)
def test_keys_come_with_the_dates_of_their_certificates(tmp_path, kind):
    made = build("CN=issuer", key=KEYS[kind])
    (tmp_path / "issuer.pem").write_bytes(made.pem + made.pem)

    one, two = keys_in(tmp_path / "issuer.pem")

    assert one == two
    assert (one.begins_at, one.ends_at) == (NOW - DAY, NOW + 30 * DAY)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nothing",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"x" * (300 << 10),
        build("CN=a", key=ec.generate_private_key(ec.SECP384R1())).pem,
        build("CN=a", key=KEYS["ec"]).pem * 11,
    ],
)
def test_what_holds_no_keys_that_count_is_told(tmp_path, content):
    (tmp_path / "issuer.pem").write_bytes(content)
    with pytest.raises(BadCertificates):
        keys_in(tmp_path / "issuer.pem")
    with pytest.raises(BadCertificates):
        keys_in(tmp_path / "not there.pem")


def test_issuers_that_make_no_sense_are_told_before_anything_starts(tmp_path):
    (tmp_path / "good.pem").write_bytes(build("CN=a", key=KEYS["ec"]).pem)
    (tmp_path / "bad.pem").write_text("nothing")
    good = AssertionIssuerSettings(issuer="good", certificates=tmp_path / "good.pem")
    settings = ExchangeSettings(
        issuer=(
            good,
            AssertionIssuerSettings(issuer="bad", certificates=tmp_path / "bad.pem"),
            AssertionIssuerSettings(issuer="none"),
            AssertionIssuerSettings(
                issuer="both", certificates=tmp_path / "good.pem", jwks_uri="https://a.test/k"
            ),
            AssertionIssuerSettings(issuer="plain", jwks_uri="http://a.test/k"),
            good,
        )
    )
    said = [(mistake.key, mistake.value) for mistake in check_exchange(settings)]
    assert said == [
        ("oidc.exchange.issuer", "good"),
        ("oidc.exchange.issuer[bad].certificates", str(tmp_path / "bad.pem")),
        ("oidc.exchange.issuer[none].certificates", ""),
        ("oidc.exchange.issuer[both].certificates", ""),
        ("oidc.exchange.issuer[plain].jwks_uri", "http://a.test/k"),
    ]
    assert list(check_exchange(ExchangeSettings(issuer=(good,)))) == []
