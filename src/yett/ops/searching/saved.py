"""Queries that have a name: a handful that everybody needs, and those of the settings."""

import difflib
from collections.abc import Iterator, Sequence
from datetime import timedelta

from yett.kernel import CommandFailed, LogLevel
from yett.ops.searching.config import QuerySettings

_DAY, _WEEK, _MONTH = timedelta(days=1), timedelta(days=7), timedelta(days=30)

BUILT_IN: tuple[QuerySettings, ...] = (
    QuerySettings(
        name="sign-ins",
        help="Who signed in within the last day.",
        codes=("signin.success.signed_in", "signin.stepup.stepped_up"),
        since=_DAY,
    ),
    QuerySettings(
        name="failed-sign-ins",
        help="Passwords, codes, tickets and certificates that were refused within the last day.",
        codes=(
            "authn.password.rejected",
            "authn.password.throttled",
            "authn.password.guessed_at",
            "kerberos.security.spnego_failed",
            "kerberos.security.spnego_of_disabled",
            "magiclink.verify.refused",
            "onboarding.invitation.refused",
            "otp.validate.expired",
            "otp.validate.locked*",
            "otp.validate.wrong",
            "signin.kerberos.failed",
            "signin.kerberos.turned_away",
            "signin.ldap.ldap_person_disabled",
            "signin.mfa.*failed",
            "signin.mfa.codes_*",
            "signin.mfa.no_factor",
            "signin.mfa.tries_used_up",
            "signin.person.*",
            "signin.x509.expired",
            "signin.x509.revoked",
            "totp.validate.clock_backward_refused",
            "totp.validate.code_wrong",
            "totp.validate.replayed",
            "webauthn.authentication.*mismatch",
            "webauthn.authentication.cloned",
            "webauthn.authentication.refused",
            "webauthn.authentication.signature_failed",
        ),
        since=_DAY,
    ),
    QuerySettings(
        name="denied",
        help="Requests that were refused within the last day: by a rule, a place, an hour, a rate or a size.",
        codes=(
            "access.denied",
            "kerberos.security.access_denied",
            "listener.cors.cors_rejected",
            "listener.geo.geo_blocked",
            "listener.ratelimit.rate_blocked",
            "listener.sizelimit.size_blocked",
            "listener.time.time_blocked",
            "oidc.authorize.person_refused",
            "oidc.device_code.approver_out",
        ),
        since=_DAY,
    ),
    QuerySettings(
        name="locked",
        help="People and clients that have to wait or are kept out, of the last day.",
        codes=(
            "authn.password.throttled",
            "devicecode.verify.guesses_throttled",
            "otp.generate.*_blocked",
            "otp.validate.locked*",
            "ratelimit.ban.client_banned",
            "ratelimit.check.exceeded",
            "signin.mfa.codes_throttled",
            "signin.mfa.tries_used_up",
        ),
        since=_DAY,
    ),
    QuerySettings(
        name="abuse",
        help="Signs of an attack within the last week: guessing, replay, clones, forgery.",
        codes=(
            "authn.password.guessed_at",
            "listener.pow.*",
            "oidc.token.exchange.code_reused",
            "proxy.oidc.callback.csrf_failed",
            "signin.mfa.codes_guessed",
            "totp.validate.replayed",
            "webauthn.authentication.cloned",
            "storage.filesystem.*_blocked",
            "smtp.magiclink.magic_link_blocked",
        ),
        level=LogLevel.WARN,
        since=_WEEK,
    ),
    QuerySettings(
        name="people",
        help="People who were added, changed, disabled or removed within the last month.",
        codes=(
            "directory.index.replaced",
            "identity.*.person_*",
            "identity.belongings.*",
            "onboarding.invitation.*",
        ),
        audit=True,
        since=_MONTH,
    ),
    QuerySettings(
        name="disabled-people",
        help="People who were disabled or removed, or tried to sign in afterwards, within the last month.",
        codes=(
            "identity.*.person_disabled",
            "identity.*.person_removed",
            "identity.belongings.left",
            "kerberos.security.spnego_of_disabled",
            "signin.ldap.ldap_person_disabled",
            "signin.person.account_disabled",
            "signin.person.person_gone",
        ),
        since=_MONTH,
    ),
    QuerySettings(
        name="new-factors",
        help="Passkeys, authenticators, recovery codes and passwords that were set or taken away, of the last month.",
        codes=(
            "authn.password.changed",
            "ldapauth.change.changed",
            "signin.mfa.totp.recovered",
            "signin.password.password_changed",
            "totp.delete.removed",
            "totp.enroll.confirm.added",
            "totp.recovery.recovery_renewed",
            "webauthn.enroll.enrolled",
            "webauthn.revoke.revoked",
        ),
        since=_MONTH,
    ),
    QuerySettings(
        name="admin-commands",
        help="What operators did through the admin socket within the last week.",
        components=("admin",),
        audit=True,
        since=_WEEK,
    ),
    QuerySettings(
        name="certificate-trouble",
        help="Certificates that could not be made, stored, renewed, shown or checked, of the last week.",
        components=("autotls", "ca", "certmanager", "tls", "x509"),
        level=LogLevel.WARN,
        since=_WEEK,
    ),
    QuerySettings(
        name="audit-gaps",
        help="Whether the record itself is whole: what was lost, moved aside or could not be written.",
        components=("telemetry",),
        level=LogLevel.WARN,
    ),
    QuerySettings(
        name="errors", help="Everything at ERROR within the last day.", level=LogLevel.ERROR, since=_DAY
    ),
    QuerySettings(
        name="broken-requests",
        help="Requests that were answered with 500 or more within the last day.",
        components=("http.access",),
        where=("status>=500",),
        since=_DAY,
    ),
    QuerySettings(
        name="slow-requests",
        help="Requests that took a second or more within the last day.",
        components=("http.access",),
        where=("duration_ms>=1000",),
        since=_DAY,
    ),
)
"""Those that are always there. One of the settings with the same name takes its place."""


class Queries:
    """All queries that have a name."""

    def __init__(self, own: Sequence[QuerySettings] = ()) -> None:
        self._own = frozenset(query.name for query in own)
        self._by_name = {query.name: query for query in (*BUILT_IN, *own)}

    def __iter__(self) -> Iterator[QuerySettings]:
        return iter(self._by_name[name] for name in sorted(self._by_name))

    def is_own(self, query: QuerySettings) -> bool:
        """Whether it comes from the settings."""
        return query.name in self._own

    def named(self, name: str) -> QuerySettings | None:
        """The query of a name, None for no name; CommandFailed names what is near."""
        if not name:
            return None
        if name not in self._by_name:
            near = difflib.get_close_matches(name[:100], list(self._by_name), n=1)
            hint = f"did you mean {near[0]}?" if near else "`yett logs queries` lists all"
            raise CommandFailed(f"there is no query {name!r}; {hint}")
        return self._by_name[name]


def told(query: QuerySettings) -> str:
    """What a query asks for, as somebody would type it."""
    parts = [f'"{query.text}"'] if query.text else []
    parts += [f"--component {each}" for each in query.components]
    parts += [f"--code {each}" for each in query.codes]
    parts += [f"--level {query.level.value}"] if query.level else []
    parts += ["--audit"] if query.audit else []
    parts += [f"--user {query.user}"] if query.user else []
    parts += [f"--where {each}" for each in query.where]
    parts += [f"--not {each}" for each in query.without]
    if query.since is not None:
        days, rest = divmod(int(query.since.total_seconds()), 86_400)
        parts.append(f"--since {f'{days}d' if not rest else f'{days * 86_400 + rest}s'}")
    return " ".join(parts)
