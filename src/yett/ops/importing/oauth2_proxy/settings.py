"""What belongs to the gateway as a whole, and who may enter."""

import re
from typing import Any

from yett.ops.importing import ours, words
from yett.ops.importing.model import Draft
from yett.ops.importing.oauth2_proxy.listening import listen
from yett.ops.importing.oauth2_proxy.notes import NOTES, SESSIONS, UNKNOWN
from yett.ops.importing.oauth2_proxy.provider import convert_provider, limit_domains
from yett.ops.importing.oauth2_proxy.reading import flat_of, kind_of
from yett.ops.importing.oauth2_proxy.structured import (
    convert_structured_rest,
    convert_structured_upstreams,
    documents_of,
)
from yett.ops.importing.oauth2_proxy.upstreams import convert_upstreams, open_paths, tell_identity
from yett.ops.importing.source import Source

_REDIS = re.compile(r"redis_\w+")


def convert(files: list[tuple[str, str]], draft: Draft, *, hostname: str) -> None:
    """The settings of these files (name and text); flags count more than variables, and those more than files."""
    flat: dict[str, Any] = {}
    structured: list[Source] = []
    for kind in ("toml", "environment", "flags", "yaml"):
        for name, text in files:
            if kind_of(name, text) != kind:
                continue
            if kind == "yaml":
                structured += documents_of(text, name, draft)
            else:
                flat |= flat_of(kind, text, name)
    source = Source(flat, draft)
    for key in [key for key in flat if _REDIS.fullmatch(key)]:
        source.take(key)
        draft.settled(key, flat[key], SESSIONS)
    _convert(source, structured, hostname)
    source.rest(NOTES, unknown=UNKNOWN)


def _convert(source: Source, structured: list[Source], hostname: str) -> None:
    draft = source.draft
    application = words.host_of(source.text("redirect_url")) or ""
    cookie_domains = [text.lstrip(".") for text in source.texts("cookie_domains", split=",")]
    mappings = convert_upstreams(source, application)
    for each in structured:
        mappings += convert_structured_upstreams(each, application)
    served = bool(mappings)
    if served and application:
        ours.hostname(draft, hostname, "" if hostname else ours.neighbour_host(draft, application), "made up")
    else:
        ours.hostname(draft, hostname, application, "redirect_url")
    if served and not application:
        draft.left(
            "redirect_url", "", "it would say which host the application has", "set `host` of each mapping"
        )
    _door(source)
    _sessions(source)
    convert_provider(source)
    for each in structured:
        convert_structured_rest(each)
    groups = _members(source)
    limit_domains(source)
    for mapping in mappings:
        mapping.put("groups", groups, "allowed_groups")
        tell_identity(source, mapping)
    open_paths(source, mappings, application)
    if not served:
        _forward_auth(
            source, groups, cookie_domains or ([words.parent_of(application)] if application else [])
        )
    if source.has("whitelist_domains"):
        whom = source.take("whitelist_domains")
        draft.settled("whitelist_domains", whom, "people are only sent back to hosts that are served here")


_RESTRICTING = re.compile(
    r"authenticated_emails_file|allowed_roles?|(github|gitlab|google|keycloak|bitbucket|azure|entra)_\w+"
)
"""What kept people out besides groups and domains of mail addresses."""


def _members(source: Source) -> list[str]:
    """The groups that may enter; nobody while something kept people out that cannot be said here."""
    draft = source.draft
    groups = ours.members(draft, "allowed_groups", source.texts("allowed_groups", split=","))
    for key in [key for key in source.table if _RESTRICTING.fullmatch(key) and source.has(key)]:
        draft.left(
            key,
            source.take(key),
            "who may enter is said by groups",
            f"make a group of whom it meant, and put it in the place of {ours.NOBODY}",
        )
        groups = [ours.NOBODY]
    return groups


def _door(source: Source) -> None:
    """Where it listens, and who is in front of it."""
    service = source.draft.section("service")
    is_tls = source.has("https_address") or source.has("tls_cert_file")
    address = source.text("https_address") if is_tls else source.text("http_address")
    source.take("http_address" if is_tls else "https_address")
    name = "https_address" if is_tls else "http_address"
    listen(service, address, name, source.draft)
    cert, key = source.text("tls_cert_file"), source.text("tls_key_file")
    if cert and key:
        service.put("tls_cert", cert, "tls_cert_file")
        service.put("tls_key", key, "tls_key_file")
    if source.flag("reverse_proxy"):
        networks = [
            net for text in source.texts("trusted_proxy_ips", split=",") if (net := words.network_of(text))
        ]
        if not networks:
            networks = ["127.0.0.0/8", "::1/128"]
            source.draft.left(
                "reverse_proxy",
                True,
                "every proxy was believed; here only those that are named, so far this machine",
                "put the networks of your proxies into service.trusted_proxies",
            )
        service.put("proxy_mode", "optional", "reverse_proxy")
        service.put("trusted_proxies", networks, "trusted_proxy_ips")
        if address and not is_tls:
            service.put("tls", False, "http_address: the proxy in front ends TLS")
    else:
        source.take("trusted_proxy_ips")
        if address and not is_tls:
            source.draft.left(
                name,
                address,
                "it listened without TLS; the gateway speaks TLS with certificates of its own authority",
                "set service.tls = false behind a proxy on the same machine",
            )


def _sessions(source: Source) -> None:
    seconds = words.seconds_of(source.text("cookie_expire"))
    if seconds and 60 <= seconds <= 90 * 86400:
        table = source.draft.section("sessions")
        table.put("lifetime", words.duration(seconds), "cookie_expire")
        table.put("sign_on_lifetime", words.duration(seconds), "cookie_expire")
        table.put(
            "idle_timeout", words.duration(min(seconds, 30 * 86400)), "cookie_expire: there was no idle time"
        )
    elif seconds is not None and source.has("cookie_expire"):
        source.draft.left(
            "cookie_expire",
            source.peek("cookie_expire"),
            "sessions last between a minute and 90 days here",
            "see [sessions]",
        )


def _forward_auth(source: Source, groups: list[str], domains: list[str]) -> None:
    """Nothing stands behind it: other proxies ask it who somebody is."""
    names = [host for text in domains if (host := words.host_of(text))]
    if names:
        ours.members_domain(
            source.draft, names[0], "cookie_domains" if source.has("cookie_domains") else "redirect_url"
        )
    for each in names[1:]:
        source.draft.left(
            "cookie_domains", each, "there is one domain for the cookie", "use another gateway for it"
        )
    hosts = [pattern for name in names[:1] for pattern in (name, f"*.{name}")]
    ours.rule(
        source.draft,
        ours.Rule(
            "allowed_groups, for every host of the domain", hosts=hosts, groups=groups, level="one_factor"
        ),
    )


# Structured settings.
