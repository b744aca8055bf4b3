from datetime import timedelta

import pytest

from yett.config import ConfigInvalid, load
from yett.tokens import TokensSettings, check_tokens
from yett.tokens.config import BUILT_IN, QuotaSettings, ScopeSettings

BOOTSTRAP = "gt-7o7OCWgLTAs7FNuCXIrYVQ.xNzaFkNmh9_9kbz-vvx8LQ"


def read(tmp_path, text):
    file = tmp_path / "yett.toml"
    file.write_text(f'[service]\nhostname = "login.example.org"\n{text}')
    return load(file, {}).snapshot[TokensSettings]


def mistakes(tmp_path, text):
    with pytest.raises(ConfigInvalid) as found:
        read(tmp_path, text)
    return [(each.key, each.value) for each in found.value.mistakes]


def test_everything_can_be_said(tmp_path):
    settings = read(
        tmp_path,
        f"""
        [tokens]
        enabled = true
        lifetime = "10m"
        bootstrap_token = "{BOOTSTRAP}"
        cookie_domain = "example.org"
        max_per_user = 10
        history_retention = "24h"
        use_interval = "1m"
        quota_bypass = ["admins"]

        [[tokens.scope]]
        name = "read:all"
        groups = ["staff"]

        [[tokens.quota]]
        api = [{{ service = "portal", amount = 0 }}]
        notebook_cpu = 1.5
        """,
    )

    assert settings.lifetime == timedelta(minutes=10)
    assert settings.known_scopes == BUILT_IN | {"read:all": ""}
    assert settings.quota[0].api[0].amount == 0


@pytest.mark.parametrize(
    "line",
    [
        'lifetime = "9m"',
        'lifetime = "366d"',
        "max_per_user = 9",
        'history_retention = "23h"',
        'use_interval = "59s"',
        'cookie_domain = "localhost"',
        'cookie_domain = ".example.org"',
        'quota_bypass = ["Admins"]',
        'scope = [{ name = "no spaces" }]',
        'quota = [{ group = "a", api = [{ service = "x", amount = -1 }] }]',
    ],
)
def test_what_is_out_of_bounds_is_told(tmp_path, line):
    assert len(mistakes(tmp_path, f"[tokens]\n{line}\n")) == 1


def test_a_bootstrap_token_that_is_none_is_told_without_showing_it(tmp_path):
    (found,) = mistakes(tmp_path, f'[tokens]\nbootstrap_token = "{BOOTSTRAP[:-1]}R"\n')

    assert found[0] == "tokens.bootstrap_token"
    assert BOOTSTRAP[4:20] not in str(found)


def test_what_does_not_go_together():
    settings = TokensSettings(
        scope=(ScopeSettings(name="a"), ScopeSettings(name="a")),
        quota=(QuotaSettings(), QuotaSettings()),
        cookie_domain="example.com",
    )

    found = [each.key for each in check_tokens(settings, "login.example.org")]

    assert found == ["tokens.scope.name", "tokens.quota.group", "tokens.cookie_domain"]
    assert not list(check_tokens(TokensSettings(cookie_domain="example.org"), "login.example.org"))
    assert not list(check_tokens(TokensSettings(cookie_domain="login.example.org"), "login.example.org"))


def test_the_name_of_the_cookie_promises_how_it_was_set():
    assert TokensSettings().cookie == "__Host-yett-token"
    assert TokensSettings(cookie_domain="example.org").cookie == "__Secure-yett-token"


def test_a_description_of_ones_own_stands_before_the_built_in_one():
    settings = TokensSettings(scope=(ScopeSettings(name="user:token", description="Make tokens"),))

    assert settings.known_scopes["user:token"] == "Make tokens"
    assert set(BUILT_IN) <= set(settings.known_scopes)
