"""The algorithm, against the vectors of its RFCs and against another program."""

import base64
import subprocess
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from yett.authn.totp.codes import as_text, as_uri, code_at, step_at

RFC_4226 = b"12345678901234567890"
RFC_4226_CODES = [
    "755224",
    "287082",
    "359152",
    "969429",
    "338314",
    "254676",
    "287922",
    "162583",
    "399871",
    "520489",
]


@pytest.mark.parametrize(
    ("count", "code"),
    list(enumerate(RFC_4226_CODES)),
)
def test_codes_are_those_of_rfc_4226_appendix_d(count, code):
    assert code_at(RFC_4226, count) == code


@pytest.mark.parametrize(
    ("seconds", "sha1", "sha256", "sha512"),
    [
        (59, "94287082", "46119246", "90693936"),
        (1111111109, "07081804", "68084774", "25091201"),
        (1111111111, "14050471", "67062674", "99943326"),
        (1234567890, "89005924", "91819424", "93441116"),
        (2000000000, "69279037", "90698825", "38618901"),
        (20000000000, "65353130", "77737706", "47863826"),
    ],
)
def test_codes_are_those_of_rfc_6238_appendix_b(seconds, sha1, sha256, sha512):
    step = step_at(seconds)
    seed = RFC_4226 * 4
    assert code_at(seed[:20], step, digits=8) == sha1
    assert code_at(seed[:32], step, digits=8, algorithm="sha256") == sha256
    assert code_at(seed[:64], step, digits=8, algorithm="sha512") == sha512


@pytest.mark.parametrize("seconds", [0, 59, 1_800_000_000, 4_000_000_017])
def test_codes_are_those_of_oathtool(seconds):
    secret = bytes(range(20))
    shown = subprocess.run(
        ["oathtool", "--totp", "--base32", "--now", f"@{seconds}", as_text(secret)],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert shown.stdout.strip() == code_at(secret, step_at(seconds))


@pytest.mark.parametrize(("now", "step"), [(0, 0), (29.99, 0), (30, 1), (59.9, 1), (-5, 0)])
def test_steps_are_half_minutes(now, step):
    assert step_at(now) == step


def test_the_secret_is_base32_without_padding():
    assert as_text(b"12345678901234567890") == "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert "=" not in as_text(b"x" * 16)


@pytest.mark.parametrize("issuer", ["yett.example.org", "Müller & Söhne", "a b/c?d#e%f"])
def test_apps_can_read_back_what_the_uri_says(issuer):
    uri = as_uri(RFC_4226, issuer, "ada@home")
    parts = urlsplit(uri)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert uri.isascii()
    assert "+" not in uri
    label_issuer, _, account = parts.path.removeprefix("/").partition(":")
    assert (unquote(label_issuer), unquote(account)) == (issuer, "ada@home")
    query = {key: value for key, (value,) in parse_qs(parts.query, strict_parsing=True).items()}
    assert base64.b32decode(query.pop("secret")) == RFC_4226
    assert query == {"issuer": issuer, "algorithm": "SHA1", "digits": "6", "period": "30"}
