"""Settings of the LDAP provider."""

import enum
import ssl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from yett.config import Mistake, section, setting
from yett.net.ldap import BadFilter, all_of, compile_filter, name_key, parse_url

_ATTRIBUTE = r"[A-Za-z][A-Za-z0-9-]{0,63}"


class DisabledRule(enum.Enum):
    """How LDAP says that somebody is switched off."""

    NONE = "none"
    """It does not."""
    ACTIVE_DIRECTORY = "active_directory"
    """Bit 2 of `userAccountControl`."""
    ATTRIBUTE = "attribute"
    """An attribute of which a value is not "FALSE", such as `nsAccountLock`.

    Of `pwdAccountLockedTime` only "for ever" counts.
    """
    FILTER = "filter"
    """A filter that finds everybody who is."""


class Members(enum.Enum):
    """What stands in a group for each of its members."""

    DN = "dn"
    NAME = "name"


@section("identity.ldap")
class LdapSettings:
    """People and groups from an LDAP server, kept in local memory and brought up to date again and again.

    The defaults fit OpenLDAP with `inetOrgPerson` and `groupOfNames`; docs/directory.md has those for
    Active Directory.
    """

    urls: tuple[str, ...] = setting(
        (), "Servers in the order they are tried, such as `ldaps://ldap.example.org`; none switches LDAP off."
    )
    bind_dn: str = setting("", "Name of the account that reads people and groups.")
    bind_password: str = setting("", "Password of that account.", secret=True)
    ca: Path | None = setting(
        None, "Authorities that vouch for the servers, as PEM; without it those of the system."
    )
    starttls: bool = setting(True, "Begin TLS on `ldap://` before anything else is said.")
    allow_plaintext: bool = setting(
        False, "Allow passwords to travel without TLS; only for a server on the same machine."
    )
    pool_size: int = setting(3, "Connections that are kept open for reading.", at_least=1, at_most=64)
    connect_timeout: timedelta = setting(
        timedelta(seconds=5),
        "Longest time to connect to one server, TLS included.",
        at_least=timedelta(milliseconds=100),
        at_most=timedelta(minutes=1),
    )
    request_timeout: timedelta = setting(
        timedelta(seconds=30),
        "Longest time without a word from the server while it owes an answer.",
        at_least=timedelta(seconds=1),
        at_most=timedelta(minutes=10),
    )
    max_retry: timedelta = setting(
        timedelta(minutes=1),
        "How long a start waits for a server when nobody is known from before; then the gateway does not start.",
        at_most=timedelta(hours=1),
    )
    user_bases: tuple[str, ...] = setting((), "Where people are, such as `ou=people,dc=example,dc=org`.")
    user_filter: str = setting("(objectClass=inetOrgPerson)", "Which entries there are people.")
    name_attribute: str = setting("uid", "What people sign in with.", matches=_ATTRIBUTE)
    display_name_attribute: str = setting("cn", "The name shown to people.", matches=_ATTRIBUTE)
    email_attribute: str = setting("mail", "The mail address; of several the first.", matches=_ATTRIBUTE)
    uid_attribute: str = setting("uidNumber", "Their number on Unix systems.", matches=_ATTRIBUTE)
    gid_attribute: str = setting("gidNumber", "The number of their own group there.", matches=_ATTRIBUTE)
    id_attribute: str = setting(
        "entryUUID",
        "What stays when an entry is renamed (`objectGUID` in Active Directory).",
        matches=_ATTRIBUTE,
    )
    modified_attribute: str = setting(
        "modifyTimestamp",
        "When an entry was last changed (`whenChanged` in Active Directory).",
        matches=_ATTRIBUTE,
    )
    disabled_rule: DisabledRule = setting(DisabledRule.NONE, "How LDAP says that somebody is switched off.")
    disabled_attribute: str = setting(
        "pwdAccountLockedTime", "The attribute of the rule `attribute`.", matches=_ATTRIBUTE
    )
    disabled_filter: str = setting("", "The filter of the rule `filter`.")
    group_bases: tuple[str, ...] = setting((), "Where groups are; none reads no groups.")
    group_filter: str = setting(
        "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=group))",
        "Which entries there are groups.",
    )
    group_name_attribute: str = setting("cn", "The name of a group.", matches=_ATTRIBUTE)
    member_attribute: str = setting("member", "The members of a group.", matches=_ATTRIBUTE)
    members_are: Members = setting(
        Members.DN, "What a group names its members by: `dn`, or `name` (as with `memberUid`)."
    )
    nested_groups: bool = setting(True, "Count members of a group inside a group as members of both.")
    groups: tuple[str, ...] = setting((), "Groups to take over; none takes all.")
    full_interval: timedelta = setting(
        timedelta(hours=1),
        "Time between full syncs, which alone see that somebody is gone.",
        at_least=timedelta(seconds=1),
        at_most=timedelta(days=7),
    )
    delta_interval: timedelta = setting(
        timedelta(minutes=1),
        "Time between syncs of what changed; 0 has none.",
        at_least=timedelta(0),
        at_most=timedelta(days=1),
    )
    delta_overlap: timedelta = setting(
        timedelta(minutes=2),
        "How far back before the newest known change a sync looks again, as servers write late to one another.",
        at_least=timedelta(0),
        at_most=timedelta(hours=6),
    )
    page_size: int = setting(500, "Entries asked for at a time.", at_least=10, at_most=5000)
    max_loss: int = setting(
        20,
        "Most people, and most groups, in percent, that one full sync removes; more is taken for a mistake.",
        at_least=0,
        at_most=100,
    )
    max_people: int = setting(100_000, "Most people that are taken over.", at_least=1, at_most=2_000_000)
    max_groups: int = setting(20_000, "Most groups that are taken over.", at_least=1, at_most=500_000)
    max_members: int = setting(100_000, "Most members of one group.", at_least=1, at_most=1_000_000)
    max_groups_of_person: int = setting(
        1000, "Most groups of one person; who has more is in none.", at_least=1, at_most=10_000
    )
    keep_for: timedelta = setting(
        timedelta(days=7),
        "How old people kept from before may be when a start finds no server.",
        at_least=timedelta(0),
        at_most=timedelta(days=90),
    )

    @property
    def is_enabled(self) -> bool:
        """Whether there is a server."""
        return bool(self.urls)


def check_ldap(settings: LdapSettings) -> Iterator[Mistake]:
    """What only makes sense together, or has to be read to be judged."""
    for url in settings.urls:
        try:
            scheme, _, _ = parse_url(url)
        except ValueError as problem:
            yield Mistake("identity.ldap.urls", url, str(problem))
            continue
        if scheme == "ldap" and not settings.starttls and not settings.allow_plaintext:
            reason = "would send passwords in the clear: use ldaps://, `starttls`, or `allow_plaintext`"
            yield Mistake("identity.ldap.urls", url, reason)
    for key in ("user_filter", "group_filter", "disabled_filter"):
        text = getattr(settings, key)
        if key != "disabled_filter" or settings.disabled_rule is DisabledRule.FILTER:
            try:
                compile_filter(text)
                # As it is asked: together with another filter, about one person.
                compile_filter(all_of(all_of(text)))
            except BadFilter as problem:
                yield Mistake(f"identity.ldap.{key}", text, str(problem))
    for key in ("user_bases", "group_bases"):
        for base in getattr(settings, key):
            if name_key(base) is None:
                yield Mistake(f"identity.ldap.{key}", base, "is no distinguished name")
    if settings.is_enabled:
        yield from _check_access(settings)


def _check_access(settings: LdapSettings) -> Iterator[Mistake]:
    if not settings.user_bases:
        yield Mistake("identity.ldap.user_bases", "", "is needed to find people")
    if name_key(settings.bind_dn) is None and "@" not in settings.bind_dn:
        yield Mistake("identity.ldap.bind_dn", settings.bind_dn, "is no name of an account")
    if not settings.bind_password:
        yield Mistake("identity.ldap.bind_password", "", "is needed: an empty one would be an anonymous bind")
    if settings.ca is not None:
        try:
            ssl.create_default_context(cafile=settings.ca)
        except (OSError, ValueError) as problem:
            yield Mistake("identity.ldap.ca", str(settings.ca), f"cannot be used: {type(problem).__name__}")
