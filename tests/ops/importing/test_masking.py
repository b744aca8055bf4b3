import pytest

from yett.ops.importing.masking import MASK, is_secret, shown


@pytest.mark.parametrize(
    "key",
    ["client_secret", "ldap.password", "sessionSecret", "cookie_secret", "jwt_key", "tls.key", "secretKey", "a.token",
     "encryption_key", "bootstrapToken", "htpasswd", "redis_sentinel_password", "hmac_secret", "integration_key"],
)  # fmt: skip
def test_what_sounds_secret_is_masked(key):
    assert is_secret(key)
    assert shown(key, "hunter2") == MASK
    assert shown(key, ["hunter2"]) == f"[{MASK}]"
    assert "hunter2" not in shown(key, {"value": "hunter2"})


@pytest.mark.parametrize(
    "key",
    [
        "cookie_name",
        "token_url",
        "tokenLifetime",
        "host",
        "keyboard",
        "token_endpoint_auth_method",
        "monkeys",
    ],
)
def test_what_does_not_is_shown(key):
    assert not is_secret(key)
    assert shown(key, "plain") == "plain"


@pytest.mark.parametrize(
    "value",
    ["-----BEGIN RSA PRIVATE KEY-----\nMIIhunter2", "$argon2id$v=19$hunter2", "$6$salt$hunter2", "https://a:hunter2@b/",
     "Bearer eyJhbGciOiJub25lIn0hunter2", "gt-abcdefghijkhunter2"],
)  # fmt: skip
def test_secrets_are_known_by_their_looks_too(value):
    assert "hunter2" not in shown("plain", value)


def test_values_are_one_short_line():
    assert shown("a", "x\ny\x1b[31m" + "z" * 100) == "x y [31m" + "z" * 51 + "…"
    assert len(shown("a", list(range(10_000)))) <= 60
