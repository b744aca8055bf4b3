"""What is wrong with the settings, said before anything starts."""

import pytest

from yett.net import ProxyMode, ServiceSettings
from yett.proxy.config import PathKind
from yett.proxy.forward_auth import ForwardAuthSettings, check_forward_auth
from yett.proxy.forward_auth.config import Level, RuleSettings
from yett.tokens import TokensSettings

TOKENS = TokensSettings(enabled=True, cookie_domain="example.test")


def mistakes(tokens=TOKENS, service=None, **own):
    service = ServiceSettings(hostname="login.example.test", **(service or {}))
    settings = ForwardAuthSettings(**{"enabled": True, **own})
    return [mistake.key for mistake in check_forward_auth(settings, tokens, service)]


def test_good_settings_have_nothing_wrong():
    assert mistakes() == []
    assert mistakes(TokensSettings(), enabled=False) == []
    assert mistakes(listen="127.0.0.1:9180", on_sign_in_host=False) == []


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ({"trusted": ("10.0.0.0/8", "10.0.0.1/8")}, "forward_auth.trusted"),
        ({"tokens": TokensSettings()}, "forward_auth.enabled"),
        ({"tokens": TokensSettings(enabled=True)}, "tokens.cookie_domain"),
        ({"on_sign_in_host": False}, "forward_auth.listen"),
        ({"listen": "127.0.0.1:99999"}, "forward_auth.listen"),
        ({"rule": (RuleSettings(level=Level.BYPASS, groups=("a",)),)}, "forward_auth.rule[0]"),
        ({"rule": (RuleSettings(), RuleSettings(level=Level.DENY, scopes=("a",)))}, "forward_auth.rule[1]"),
        ({"rule": (RuleSettings(networks=("nowhere",)),)}, "forward_auth.rule[0].networks"),
        ({"rule": (RuleSettings(paths=("/a**",), match=PathKind.PATTERN),)}, "forward_auth.rule[0].paths"),
        (
            {"rule": (RuleSettings(level=Level.BYPASS, delegate_to="app"),)},
            "forward_auth.rule[0].delegate_to",
        ),
        (
            {"rule": (RuleSettings(delegate_scopes=("read:all",)),)},
            "forward_auth.rule[0].delegate_scopes",
        ),
        ({"service": {"tls": False}}, "forward_auth.on_sign_in_host"),
        ({"service": {"proxy_mode": ProxyMode.OPTIONAL}}, "forward_auth.on_sign_in_host"),
    ],
)
def test_each_mistake_is_named(more, key):
    assert mistakes(**more) == [key]
