"""Its settings: scopes, who has them, and where people come from."""

import re
from typing import Any

from yett.ops.importing import ours, words
from yett.ops.importing.gafaelfawr.notes import NOTES, UNKNOWN
from yett.ops.importing.gafaelfawr.people import convert_ldap, convert_provider
from yett.ops.importing.gafaelfawr.quotas import convert_quota
from yett.ops.importing.model import Draft
from yett.ops.importing.source import Source

_BUILT_IN = frozenset({"admin:token", "admin:userinfo", "admin:oidc", "user:token"})


SCOPE = re.compile(r"[a-zA-Z0-9:._-]{1,64}")


_TOKEN = re.compile(r"gt-[A-Za-z0-9_-]{21}[AQgw]\.[A-Za-z0-9_-]{21}[AQgw]")


_HTTPS = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-\[\]-~]*)?")


def convert_settings(document: dict[str, Any], draft: Draft, hostname: str) -> str:
    """The settings of one document; the host of its base address."""
    inner = document.get("config")
    # The values of the chart have the settings in a table, beside what is Kubernetes'.
    flat = {**document, **inner} if isinstance(inner, dict) else dict(document)
    flat.pop("config", None)
    source = Source(flat, draft)
    base = words.host_of(source.text("baseUrl")) or words.host_of(source.sub("global").text("host")) or ""
    ours.hostname(draft, hostname, base, "baseUrl")
    _convert_tokens(source, draft, base)
    _door(source, draft)
    convert_provider(source, draft)
    convert_ldap(source.sub("ldap"), draft)
    convert_quota(source.sub("quota"), draft)
    source.rest(NOTES, unknown=UNKNOWN)
    return base


def _convert_tokens(source: Source, draft: Draft, base: str) -> None:
    """Scopes and who has them."""
    table = draft.section("tokens")
    table.put("enabled", True, "Gafaelfawr's tokens")
    draft.section("forward_auth").put("enabled", True, "Gafaelfawr answers other proxies")
    if base and source.flag("allowSubdomains"):
        table.put("cookie_domain", base, "allowSubdomains, baseUrl")
    seconds = words.seconds_of(source.text("tokenLifetime"))
    if seconds is not None:
        table.put("lifetime", words.duration(min(max(seconds, 600), 365 * 86400)), "tokenLifetime")
    bootstrap = source.text("bootstrapToken")
    if bootstrap and _TOKEN.fullmatch(bootstrap):
        table.put("bootstrap_token", draft.secret("bootstrap_token", bootstrap), "bootstrapToken")
    elif bootstrap:
        draft.left("bootstrapToken", bootstrap, "is no token", "make another")
    after = source.text("afterLogoutUrl")
    if after and _HTTPS.fullmatch(after):
        draft.section("forward_auth").put("after_logout", after, "afterLogoutUrl")
    elif after:
        draft.left("afterLogoutUrl", after, "is no https address", "set forward_auth.after_logout")
    known, given = source.sub("knownScopes"), source.sub("groupMapping")
    for name in [*known.table, *(each for each in given.table if each not in known.table)]:
        description = known.text(name)
        if not SCOPE.fullmatch(name):
            draft.left(known.where(name), name, "is no name of a scope", "choose another")
            continue
        groups = _groups(given, name, draft)
        if name in _BUILT_IN and not groups:
            continue
        scope = draft.item("tokens.scope", "")
        scope.put("name", name, known.where(name) if name in known.table else given.where(name))
        scope.put("description", description[:300] if description.isprintable() else None, "")
        scope.put("groups", groups, given.where(name))


def _groups(given: Source, name: str, draft: Draft) -> list[str]:
    raw = given.take(name)
    found = []
    for each in raw if isinstance(raw, list) else [] if raw is None else [raw]:
        team = each.get("github") if isinstance(each, dict) else None
        if isinstance(each, str):
            found.append(each)
        elif isinstance(team, dict):
            group = f"{team.get('organization', '')}-{team.get('team', '')}".lower()
            found.append(group)
            draft.left(
                given.where(name), group, "teams of GitHub are not looked up", "have a group of that name"
            )
        else:
            draft.left(given.where(name), each, "is no group", "correct it")
    return ours.groups(draft, given.where(name), found)


def _door(source: Source, draft: Draft) -> None:
    networks = [net for text in source.texts("proxies") if (net := words.network_of(text))]
    if networks:
        service = draft.section("service")
        service.put("proxy_mode", "optional", "proxies")
        service.put("trusted_proxies", networks, "proxies")
        draft.section("forward_auth").put("trusted", networks, "proxies: those that ask")
    level = source.text("logLevel").lower()
    level = {"warning": "warn", "critical": "error"}.get(level, level)
    if level in {"debug", "info", "warn", "error"}:
        draft.section("telemetry").put("log_level", level, "logLevel")
