"""Parts of our settings that more than one import makes."""

from dataclasses import dataclass, field

from yett.identity import is_name
from yett.ops.importing import words
from yett.ops.importing.model import Draft, Table, Value

PLACEHOLDER_HOST = "signin.invalid"
PROVIDER = "identity.federation.provider"
_LONGEST_NAME = 32


def hostname(draft: Draft, wanted: str, known: str, source: str) -> str:
    """Set the name of the sign-in host: the one that was asked for, or the one that the foreign settings have."""
    service = draft.section("service")
    if wanted:
        service.put("hostname", wanted, "--hostname")
    elif known:
        service.put("hostname", known, source)
    else:
        service.put("hostname", PLACEHOLDER_HOST, "a placeholder: there was no name to take over")
        draft.left(
            "(none)",
            "",
            "the foreign settings do not say what the sign-in host is called",
            "set service.hostname",
        )
    return wanted or known or PLACEHOLDER_HOST


def neighbour_host(draft: Draft, application: str) -> str:
    """A name for the sign-in host beside an application's: ours is never the application's own."""
    name = f"signin.{words.parent_of(application)}"
    draft.left(
        "(none)",
        "",
        f"people sign in on a host of its own here; {name} is made up",
        "let that name lead to the gateway, or import again with --hostname",
    )
    return name


def groups(draft: Draft, key: str, names: list[str]) -> list[str]:
    """The groups that have a name as ours have; a rule without groups would be for everybody, so the rest is told."""
    fine = [name for name in names if is_name(name)]
    for name in names:
        if not is_name(name):
            draft.left(
                key,
                name,
                "is no name of a group here (small letters, digits, dots, dashes, underscores)",
                "give the group such a name where it comes from, and add it to the rule",
            )
    return sorted(set(fine))


def settle(draft: Draft) -> None:
    """What only makes sense once everything is there: where other proxies ask when one stands in front of us."""
    service, asked = draft.section("service"), draft.section("forward_auth")
    if asked.get("enabled") and service.get("proxy_mode"):
        # Everybody's requests come from that proxy, so the sign-in host could not tell who asks.
        asked.put("on_sign_in_host", False, "a proxy stands in front of the sign-in host")
        asked.put("listen", ASKED_AT, "where proxies ask")
        draft.left("(proxies)", ASKED_AT, "proxies ask at an address of its own", "let them ask there")


ASKED_AT = "127.0.0.1:9180"
NOBODY = "nobody-yet"
"""Stands where every group of a rule was left out: nobody is in it."""


def members(draft: Draft, key: str, names: list[str]) -> list[str]:
    """Groups for a rule that had some: never empty, for that would let everybody in."""
    fine = groups(draft, key, names)
    return fine or ([NOBODY] if names else [])


@dataclass(slots=True)
class Rule:
    """Who may reach what through another proxy."""

    source: str
    hosts: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)
    networks: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    scopes: list[str] = field(default_factory=list)
    is_exact: bool = False
    """Whether `paths` are whole."""
    level: str = "deny"


def rule(draft: Draft, made: Rule) -> Table:
    """A further `[[forward_auth.rule]]`; the first that is for a request decides."""
    table = draft.item("forward_auth.rule", made.source)
    table.put("hosts", made.hosts, "")
    table.put("paths", made.paths, "")
    table.put("match", "exact" if made.is_exact and made.paths else None, "")
    table.put("methods", made.methods, "")
    table.put("networks", made.networks, "")
    table.put("level", made.level, "")
    if made.level in {"one_factor", "two_factor"}:
        table.put("groups", made.groups, "")
        table.put("scopes", made.scopes, "")
    draft.section("forward_auth").put("enabled", True, "there are rules for other proxies")
    return table


def members_domain(draft: Draft, domain: str, source: str) -> None:
    """Set the domain that the browser's token is for."""
    draft.section("tokens").put("enabled", True, "forward-auth knows people by these tokens")
    draft.section("tokens").put("cookie_domain", domain, source)
    draft.section("forward_auth").put("without_scopes", True, "these rules ask for groups, not for scopes")


def provider(
    draft: Draft,
    *,
    name: str,
    title: str,
    issuer: str,
    client_id: str,
    secret: Value | None,
    scopes: list[str],
    source: str,
) -> Table:
    """Another provider that people sign in with."""
    table = draft.item(PROVIDER, source)
    table.put("name", name[:_LONGEST_NAME].strip("-") or "oidc", "")
    table.put("label", title if 0 < len(title) <= 60 and title.isprintable() else None, "")
    table.put("issuer", issuer, "")
    table.put("client_id", client_id, "")
    table.put("client_secret", secret, "")
    table.put("scopes", scopes, "")
    return table
