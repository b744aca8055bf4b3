"""Settings of tokens and of signing keys at their bounds, as an operator writes them."""

import pytest

from yett.config import ConfigInvalid, catalogue, load
from yett.oidc.signing import SigningSettings
from yett.oidc.tokens import TokenSettings


@pytest.fixture
def read(tmp_path):
    path = tmp_path / "yett.toml"
    sections = [catalogue.sections[name] for name in ("oidc.signing", "oidc.tokens")]

    def read(section, line):
        path.write_text(f"[{section}]\n{line}\n")
        return load(path, {}, sections).snapshot

    return read


def test_by_default_a_refresh_token_is_good_once_and_keys_change_by_themselves(read):
    snapshot = read("oidc.tokens", "")
    assert snapshot[TokenSettings].refresh_leeway.total_seconds() == 0
    assert [each.value for each in snapshot[SigningSettings].algorithms] == ["ES256", "RS256", "EdDSA"]


@pytest.mark.parametrize(
    ("section", "good", "bad"),
    [
        ("oidc.tokens", 'offline_lifetime = "1h"', 'offline_lifetime = "59m"'),
        ("oidc.tokens", 'offline_lifetime = "17520h"', 'offline_lifetime = "17521h"'),
        ("oidc.tokens", 'refresh_leeway = "60s"', 'refresh_leeway = "61s"'),
        ("oidc.tokens", "identity_claims = false", 'identity_claims = "maybe"'),
        ("oidc.signing", 'rotation = "48h"', 'rotation = "47h"'),
        ("oidc.signing", 'rotation = "17520h"', 'rotation = "17521h"'),
        ("oidc.signing", "rsa_bits = 2048", "rsa_bits = 2047"),
        ("oidc.signing", "rsa_bits = 4096", "rsa_bits = 4097"),
        ("oidc.signing", 'algorithms = ["EdDSA", "ES512"]', 'algorithms = ["HS256"]'),
        ("oidc.signing", 'algorithms = ["RS256"]', "algorithms = []"),
        ("oidc.signing", 'key_files = ["/k.pem"]', f"key_files = {['/k.pem'] * 11}"),
    ],
)
def test_settings_have_bounds(read, section, good, bad):
    read(section, good)
    with pytest.raises(ConfigInvalid) as told:
        read(section, bad)
    ((mistake),) = told.value.mistakes
    assert mistake.key.startswith(section)
