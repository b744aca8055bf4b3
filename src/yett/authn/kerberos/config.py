"""Settings of Kerberos."""

import enum
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from yett.authn.kerberos import keytab, rules
from yett.authn.kerberos.library import missing
from yett.authn.kerberos.model import Binding, Match
from yett.config import REQUIRED, Mistake, Size, item, section, setting
from yett.identity import is_name


class Tickets(enum.Enum):
    """Whether people's tickets are kept after a sign-in with a password."""

    OFF = "off"
    KEPT = "kept"


_PRINCIPAL = r"[^@\x00-\x20\x7f\\]{1,200}@[A-Za-z0-9._-]{1,200}"


@item(named_by="person")
class PrincipalSettings:
    """One principal that means a person by another name, or a program that may sign in."""

    principal: str = setting(
        REQUIRED,
        "The whole principal, as the KDC spells it.",
        matches=_PRINCIPAL,
        expects="a principal with its realm, such as HTTP/ci.example.org@EXAMPLE.ORG",
    )
    person: str = setting(REQUIRED, "Who it is in the directory.")


@section("authn.kerberos")
class KerberosSettings:
    """Signing in with a Kerberos ticket (SPNEGO) or with the password of a Kerberos realm. Needs `yett[kerberos]`."""

    enabled: bool = setting(False, "Whether people can sign in with Kerberos.", reloadable=False)
    keytab: Path | None = setting(
        None, "File with the keys of the gateway's service principal; a changed file is taken over."
    )
    keytab_base64: str = setting("", "The same keys as base64 text, in place of a file.", secret=True)
    service_host: str = setting(
        "",
        "The host in the service principal `HTTP/<host>`; empty means `service.hostname`.",
        matches=r"([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?)?",
        expects="a host name in lower case",
        reloadable=False,
    )
    krb5_conf: Path | None = setting(
        None, "Kerberos configuration; empty uses KRB5_CONFIG or /etc/krb5.conf.", reloadable=False
    )
    realms: tuple[str, ...] = setting(
        (),
        "Realms whose people may sign in; empty allows that of the service principal.",
        matches=r"[A-Za-z0-9._-]{1,200}",
        expects="the name of a realm",
        at_most=64,
    )
    match: Match = setting(
        Match.NAME,
        "How a principal becomes a person: `name` takes what stands before the realm, `email` looks for the person "
        "whose e-mail address is the principal.",
    )
    same_names: bool = setting(
        False,
        "Whether one name in several realms is one person; with `match = name` and several realms it has to be on.",
    )
    principal: tuple[PrincipalSettings, ...] = setting(
        (),
        "Principals that mean somebody else than `match` says; service principals only sign in if named here.",
    )
    max_token: Size = setting(
        24 * 1024,
        "Largest token that is looked at; people in very many groups of Active Directory have up to 64 KiB, for "
        "which `service.max_head` has to grow as well.",
        at_least=1024,
        at_most=256 * 1024,
    )
    channel_binding: Binding = setting(
        Binding.OFF,
        "Whether a token has to be made for this TLS connection (tls-server-end-point): `off`, `sent` checks it "
        "where the browser says so, `required` refuses others. Only where the gateway ends TLS itself.",
    )
    replay_lifetime: timedelta = setting(
        timedelta(minutes=15),
        "How long a used token is remembered; at least twice the `clockskew` of krb5.conf.",
        at_least=timedelta(minutes=10),
        at_most=timedelta(hours=24),
    )
    parallel_checks: int = setting(
        4, "Most tokens or passwords looked at at a time.", at_least=1, at_most=64, reloadable=False
    )
    waiting_checks: int = setting(
        64, "Most that wait for their turn; more are turned away.", at_least=0, at_most=10_000
    )
    password: bool = setting(
        False,
        "Whether people without a ticket can give the password of their principal on the gateway's page instead.",
        reloadable=False,
    )
    tickets: Tickets = setting(
        Tickets.OFF,
        "Whether the ticket from a sign-in with a password is `kept`, sealed, as long as the session, for services "
        "that need one.",
    )
    ticket_folder: Path | None = setting(
        None,
        "Folder of the gateway's own for ticket files; empty means `kerberos` in the data directory.",
        reloadable=False,
    )
    ticket_lifetime: timedelta = setting(
        timedelta(hours=10),
        "Lifetime that is asked of the KDC for a ticket.",
        at_least=timedelta(minutes=5),
        at_most=timedelta(days=7),
        reloadable=False,
    )
    renewable_for: timedelta = setting(
        timedelta(days=1),
        "How long a ticket may be renewed; the KDC may grant less.",
        at_least=timedelta(0),
        at_most=timedelta(days=30),
        reloadable=False,
    )
    refresh_before: timedelta = setting(
        timedelta(minutes=30),
        "How long before its end a kept ticket is renewed.",
        at_least=timedelta(minutes=1),
        at_most=timedelta(days=1),
    )
    kinit: Path = setting(Path("/usr/bin/kinit"), "Program that renews tickets (Debian: krb5-user).")
    kpasswd: Path = setting(Path("/usr/bin/kpasswd"), "Program that changes passwords (Debian: krb5-user).")
    lock_memory: bool = setting(
        True,
        "Whether memory is kept from being swapped, so that no password lands on a disk; tried where the system "
        "allows it.",
        reloadable=False,
    )


def check_kerberos(settings: KerberosSettings) -> Iterator[Mistake]:
    """What can be seen of Kerberos's settings before anything starts."""
    if not settings.enabled:
        return
    here = "authn.kerberos"
    if (problem := missing()) is not None:
        yield Mistake(f"{here}.enabled", "true", problem)
    if (settings.keytab is None) == (not settings.keytab_base64):
        yield Mistake(f"{here}.keytab", "", "either keytab or keytab_base64 has to be given, and not both")
    if settings.keytab_base64 and isinstance(keytab.from_base64(settings.keytab_base64), keytab.Unfit):
        yield Mistake(f"{here}.keytab_base64", "", "is not a keytab in base64")
    if settings.match is Match.NAME and len(set(settings.realms)) > 1 and not settings.same_names:
        yield Mistake(
            f"{here}.realms",
            ", ".join(settings.realms),
            "one name in several realms would be one person; say so with same_names = true, or use match = email",
        )
    seen: set[str] = set()
    for entry in settings.principal:
        if not is_name(entry.person):
            yield Mistake(f"{here}.principal.person", entry.person, "is not the name of a person")
        if entry.principal in seen:
            yield Mistake(f"{here}.principal.principal", entry.principal, "is named twice")
        if rules.parse_principal(entry.principal) is None:
            yield Mistake(f"{here}.principal.principal", entry.principal, "is not a principal with its realm")
        seen.add(entry.principal)
