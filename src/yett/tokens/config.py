"""Settings of scoped tokens."""

from collections.abc import Iterator
from datetime import timedelta

from yett.config import REQUIRED, Mistake, item, section, setting

_SCOPE = r"[a-zA-Z0-9:._-]{1,64}"
_GROUP = r"[a-z0-9][a-z0-9._-]{0,62}"
_SERVICE = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_TOKEN = r"(gt-[A-Za-z0-9_-]{21}[AQgw]\.[A-Za-z0-9_-]{21}[AQgw])?"  # noqa: S105 - what one looks like
_HOST = r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+)?"

BUILT_IN = {
    "admin:token": "Create, change and delete tokens of anybody",
    "admin:userinfo": "See who anybody is",
    "admin:oidc": "See the clients of the OpenID provider",
    "user:token": "Create and delete own tokens",
}
"""Scopes that there always are: our own interface asks for them."""


@item(named_by="name")
class ScopeSettings:
    """A scope, what it is for, and who gets it."""

    name: str = setting(REQUIRED, "Its name.", matches=_SCOPE, expects='a name such as "read:all"')
    description: str = setting("", "What it is for, as people read it.", at_most=300)
    groups: tuple[str, ...] = setting(
        (), "Groups whose members get it when they sign in.", matches=_GROUP, expects="names of groups"
    )


@item()
class ServiceQuotaSettings:
    """How much one may use of one service."""

    service: str = setting(REQUIRED, "The service.", matches=_SERVICE, expects="the name of a service")
    amount: int = setting(
        REQUIRED, "How many: requests a minute, queries at a time, or bytes.", at_least=0, at_most=1 << 50
    )


@item()
class QuotaSettings:
    """What members of a group may use; without a group what everybody may. What is not listed has no limit."""

    group: str = setting("", "The group.", matches=rf"({_GROUP})?", expects="the name of a group")
    api: tuple[ServiceQuotaSettings, ...] = setting((), "Requests a minute, by service.")
    tap: tuple[ServiceQuotaSettings, ...] = setting((), "Queries at a time, by service.")
    disk: tuple[ServiceQuotaSettings, ...] = setting((), "Bytes, by the name of a file system.")
    notebook_cpu: float | None = setting(None, "CPUs of a notebook.", at_least=0.0)
    notebook_memory: float | None = setting(None, "Memory of a notebook, in GiB.", at_least=0.0)
    notebook_spawn: bool = setting(True, "Whether notebooks may be started; one no among several is no.")


@section("tokens")
class TokensSettings:
    """Scoped tokens (`gt-…`), their interface below `/auth/api/v1` and their page `/auth/tokens`."""

    enabled: bool = setting(False, "Whether there are such tokens.")
    lifetime: timedelta = setting(
        timedelta(days=30),
        "How long a browser's token lasts at most, and any that is made of another.",
        at_least=timedelta(minutes=10),
        at_most=timedelta(days=365),
    )
    scope: tuple[ScopeSettings, ...] = setting((), "The scopes that there are.")
    bootstrap_token: str = setting(
        "",
        "A token that may make the first tokens; take it away when it has done so.",
        matches=_TOKEN,
        expects="a token as `gt-<22 characters>.<22 characters>`",
        secret=True,
    )
    cookie_domain: str = setting(
        "",
        "Domain whose hosts get the browser's token, as forward-auth needs; without one only the sign-in host.",
        matches=_HOST,
        expects="a domain such as example.org",
    )
    max_per_user: int = setting(
        1000, "Most tokens of one user, of all types together.", at_least=10, at_most=100_000
    )
    history_retention: timedelta = setting(
        timedelta(days=365),
        "How long changes and uses of tokens are remembered.",
        at_least=timedelta(days=1),
        at_most=timedelta(days=3650),
    )
    use_interval: timedelta = setting(
        timedelta(hours=1),
        "How often at most the use of a token from the same address goes into its history.",
        at_least=timedelta(minutes=1),
        at_most=timedelta(days=1),
    )
    quota: tuple[QuotaSettings, ...] = setting((), "Quotas, one for everybody and one for each group.")
    quota_bypass: tuple[str, ...] = setting(
        (), "Groups whose members have no quotas.", matches=_GROUP, expects="names of groups"
    )

    @property
    def known_scopes(self) -> dict[str, str]:
        """Every scope with what it is for, by name."""
        return BUILT_IN | {each.name: each.description or BUILT_IN.get(each.name, "") for each in self.scope}

    @property
    def cookie(self) -> str:
        """The name of the browser's cookie: its prefix promises how it was set (RFC 6265bis, section 4.1.3)."""
        return "__Secure-yett-token" if self.cookie_domain else "__Host-yett-token"


def check_tokens(settings: TokensSettings, hostname: str) -> Iterator[Mistake]:
    """What only makes sense together."""
    names = [each.name for each in settings.scope]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Mistake("tokens.scope.name", name, "is there twice")
    groups = [each.group for each in settings.quota]
    for group in sorted({group for group in groups if groups.count(group) > 1}):
        yield Mistake("tokens.quota.group", group, "is there twice")
    domain = settings.cookie_domain
    if domain and hostname != domain and not hostname.endswith(f".{domain}"):
        yield Mistake("tokens.cookie_domain", domain, f"{hostname} is not a host of it")
