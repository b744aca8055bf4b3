"""Settings of forward-auth."""

import enum

from yett.config import item, section, setting
from yett.proxy.config import PathKind

_HOST = r"(\*|(\*\.)?[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*)"
_PATH = r"/[!-~]*"
_SCOPE = r"[a-zA-Z0-9:._-]{1,64}"
_LISTEN = r"(unix:/[!-~]+|(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):[0-9]{1,5})?"


class Level(enum.Enum):
    """What a rule asks of whoever comes."""

    BYPASS = "bypass"
    """Nothing: everybody may."""
    ONE_FACTOR = "one_factor"
    TWO_FACTOR = "two_factor"
    DENY = "deny"
    """Nobody may."""


@item()
class RuleSettings:
    """Who may open what, for proxies whose question does not say it. The first rule that matches is the one."""

    hosts: tuple[str, ...] = setting(
        (),
        'Hosts that it is for; "*.example.org" is every host below that domain, and "*" is any. All when empty.',
        matches=_HOST,
        expects='a host name in lower case, "*." and one, or "*"',
    )
    paths: tuple[str, ...] = setting(
        (), "Paths that it is for; all when empty.", matches=_PATH, expects='a path that begins with "/"'
    )
    match: PathKind = setting(
        PathKind.PREFIX,
        "How `paths` are meant: everything below them in whole segments, exactly them, or patterns with * and **.",
    )
    methods: tuple[str, ...] = setting(
        (),
        "Methods that it is for; all when empty.",
        matches=r"[A-Z][A-Z-]{0,31}",
        expects="a method in capital letters",
    )
    networks: tuple[str, ...] = setting(
        (),
        "Networks of the clients that it is for; all when empty. A client that no proxy names is in none, "
        "except for rules that deny.",
    )
    level: Level = setting(
        Level.ONE_FACTOR,
        '"bypass" lets everybody in, "one_factor" whoever is signed in, "two_factor" whoever proved two '
        'factors, "deny" nobody.',
    )
    groups: tuple[str, ...] = setting((), "Groups whose members may; everybody when empty.")
    scopes: tuple[str, ...] = setting(
        (), "Scopes that their token has to have, all of them.", matches=_SCOPE, expects="a scope"
    )
    delegate_to: str = setting(
        "",
        "The service that gets a token of its own to act for whoever comes (X-Auth-Request-Token); none when empty.",
        matches=r"([A-Za-z0-9][A-Za-z0-9._-]{0,63})?",
        expects="the name of a service",
    )
    delegate_scopes: tuple[str, ...] = setting(
        (),
        "Scopes of that token, as far as whoever comes has them.",
        matches=_SCOPE,
        expects="a scope",
    )


@section("forward_auth")
class ForwardAuthSettings:
    """Answering other proxies that ask who may pass: NGINX, Traefik, Caddy, HAProxy, Apache, Envoy.

    People are known there by a token in a cookie for the whole domain (`tokens.cookie_domain`).
    """

    enabled: bool = setting(
        False,
        "Whether proxies are answered at all, and people can sign in for them at /login.",
        reloadable=False,
    )
    trusted: tuple[str, ...] = setting(
        ("127.0.0.0/8", "::1/128"),
        'Networks of the proxies that may ask, and whose X-Forwarded-For is believed; "unix" for a Unix socket.',
    )
    on_sign_in_host: bool = setting(
        True,
        "Answer proxies on the sign-in host; switch it off where another proxy stands in front of that, because "
        "everybody's requests then come from that proxy.",
    )
    listen: str = setting(
        "",
        'Answer proxies here too, without TLS and for any Host: "127.0.0.1:9180" or "unix:/run/yett/auth.sock".',
        matches=_LISTEN,
        expects='an address with a port, or "unix:" and a path',
        reloadable=False,
    )
    rule: tuple[RuleSettings, ...] = setting(
        (),
        "Who may open what, as [[forward_auth.rule]] tables; what no rule is for, nobody may.",
        at_most=1000,
    )
    personal_tokens: bool = setting(
        False, "Whether personal access tokens with the scope `applications` are taken too (Bearer)."
    )
    access_tokens: bool = setting(
        False,
        "Whether access tokens of the provider are taken too (Bearer), if their audience is the address of the "
        "application that is asked for, such as https://app.example.org.",
    )
    without_scopes: bool = setting(
        False,
        "Whether people whose groups give them no scope may sign in all the same, for rules that name none.",
    )
    after_logout: str = setting(
        "",
        "Where people are taken after /logout when nothing else is said; a page of ours when empty.",
        matches=r"(https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-\[\]-~]*)?)?",
        expects="an https address",
    )
    end_sign_on: bool = setting(
        True,
        "Whether /logout ends the whole sign-on; otherwise /login signs the same person in again without asking.",
    )
