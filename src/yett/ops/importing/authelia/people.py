"""People: the users file, and the settings of an LDAP server."""

import re
from typing import Any

from yett.identity import fold_name, is_name
from yett.ops.importing import ours
from yett.ops.importing.model import Draft, Table
from yett.ops.importing.source import Note, Notes, Source

_ARGON2ID = re.compile(
    r"\$argon2id\$v=19\$m=(\d{1,8}),t=(\d{1,4}),p=(\d{1,3})\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,171}"
)
_MOST_MEMORY = 4 << 20
_EMAIL = re.compile(r"[^\s@<>\"(),:;\[\]\\]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")
_MEMBER = re.compile(r"\(([A-Za-z][A-Za-z0-9-]*)(?::[0-9.]+:)?=\{(dn|username|input)\}\)")
_PLACEHOLDER = re.compile(r"\{[^}]*\}")
_PRESENT = re.compile(r"\(([A-Za-z][A-Za-z0-9-]*)(?::[0-9.]+:)?=\*\)")

_DEFAULTS: dict[str, dict[str, str]] = {
    "custom": {
        "username": "uid",
        "display_name": "displayName",
        "mail": "mail",
        "group_name": "cn",
    },
    "activedirectory": {
        "username": "sAMAccountName",
        "display_name": "displayName",
        "mail": "mail",
        "group_name": "cn",
        "users": "(&(sAMAccountName={input})(sAMAccountType=805306368))",
        "groups": "(&(member={dn})(objectClass=group))",
        "id": "objectGUID",
        "modified": "whenChanged",
        "disabled": "active_directory",
    },
    "freeipa": {
        "username": "uid",
        "display_name": "displayName",
        "mail": "mail",
        "group_name": "cn",
        "users": "(&(uid={input})(objectClass=person))",
        "groups": "(&(member={dn})(objectClass=groupOfNames))",
        "id": "ipaUniqueID",
        "disabled": "nsAccountLock",
    },
    "lldap": {
        "username": "uid",
        "display_name": "cn",
        "mail": "mail",
        "group_name": "cn",
        "users": "(&(uid={input})(objectClass=person))",
        "groups": "(&(member={dn})(objectClass=groupOfUniqueNames))",
        "users_dn": "ou=people",
        "groups_dn": "ou=groups",
    },
    "rfc2307bis": {
        "username": "uid",
        "display_name": "displayName",
        "mail": "mail",
        "group_name": "cn",
        "users": "(&(uid={input})(objectClass=inetOrgPerson))",
        "groups": "(&(member={dn})(|(objectClass=groupOfMembers)(objectClass=groupOfNames)))",
    },
    "glauth": {
        "username": "cn",
        "display_name": "description",
        "mail": "mail",
        "group_name": "cn",
        "users": "(&(cn={input})(objectClass=posixAccount))",
        "groups": "(&(uniqueMember={dn})(objectClass=posixGroup))",
    },
}


def is_users_file(document: dict[Any, Any]) -> bool:
    """Whether a document is a users file."""
    return isinstance(document.get("users"), dict) and "access_control" not in document


def convert_users(source: Source, draft: Draft) -> None:
    """The people of a users file. Hashes of Argon2id are kept; others nobody can sign in with here."""
    people = source.sub("users")
    taken: set[str] = set()
    for raw in list(people.table):
        each = people.sub(raw)
        name = fold_name(raw) or ""
        if not is_name(name) or name in taken:
            draft.left(
                each.where(), raw, "is no name that a person can have here", "add them with `yett users add`"
            )
            people.take(raw)
            continue
        taken.add(name)
        hashed = each.text("password")
        if not _is_kept(hashed):
            if hashed:
                draft.left(
                    each.where("password"),
                    hashed,
                    "only hashes of Argon2id are taken over",
                    f"`yett users passwd {name}`",
                )
            hashed = ""
        email = each.text("email")
        if email and not (email.isascii() and _EMAIL.fullmatch(email)):
            draft.left(each.where("email"), email, "is no mail address", "correct it")
            email = ""
        title = each.text("displayname")
        draft.people.append(
            {
                "name": name,
                "display_name": title if title.isprintable() and len(title) <= 200 else "",
                "email": email,
                "groups": ours.groups(draft, each.where("groups"), each.texts("groups")),
                "disabled": each.flag("disabled") or None,
                "password_hash": hashed,
            }
        )
        notes: Notes = {
            f"{each.path}.{key}": Note("people have a name, an address and groups") for key in each.table
        }
        each.rest(notes, unknown="")
        each.taken.add(each.path)


def _is_kept(text: str) -> bool:
    found = _ARGON2ID.fullmatch(text)
    if found is None:
        return False
    memory, passes, lanes = (int(part) for part in found.groups())
    return 8 * lanes <= memory <= _MOST_MEMORY and 1 <= passes <= 1000 and 1 <= lanes <= 255


def convert_ldap(source: Source, draft: Draft) -> None:
    """The LDAP server."""
    if not source.table:
        return
    table = draft.section("identity.ldap")
    kind = source.text("implementation", "custom")
    defaults = _DEFAULTS.get(kind, _DEFAULTS["custom"])
    key = "address" if source.has("address") else "url"
    address = source.text(key)
    if address and "://" not in address:
        address = f"ldap://{address}"
    table.put("urls", [address.rstrip("/")] if address else [], source.where(key))
    is_plain = address.startswith("ldap://")
    if is_plain and not source.flag("start_tls"):
        table.put("starttls", True, f"{source.where('start_tls')}: passwords do not travel in the clear")
        draft.left(
            source.where("start_tls"),
            False,
            "passwords never travel without TLS here",
            "let the server offer it",
        )
    source.take("start_tls")
    tls = source.sub("tls")
    if tls.flag("skip_verify"):
        draft.left(
            tls.where("skip_verify"),
            True,
            "the server's certificate is always checked",
            "set identity.ldap.ca",
        )
    _account(source, draft, table)
    names = source.sub("attributes")
    attributes = {
        name: names.text(name) or defaults.get(name, "")
        for name in ("username", "display_name", "mail", "group_name")
    }
    for name, theirs in (
        ("username", "username_attribute"),
        ("display_name", "display_name_attribute"),
        ("mail", "mail_attribute"),
        ("group_name", "group_name_attribute"),
    ):
        attributes[name] = source.text(theirs) or attributes[name]
    table.put("name_attribute", attributes["username"], names.where("username"))
    table.put("display_name_attribute", attributes["display_name"], names.where("display_name"))
    table.put("email_attribute", attributes["mail"], names.where("mail"))
    table.put("group_name_attribute", attributes["group_name"], names.where("group_name"))
    for name in ("distinguished_name", "member_of"):
        names.take(name)
    where = f"{source.where('implementation')}: {kind}"
    table.put("id_attribute", defaults.get("id"), where)
    table.put("modified_attribute", defaults.get("modified"), where)
    if defaults.get("disabled") == "active_directory":
        table.put("disabled_rule", "active_directory", where)
    elif defaults.get("disabled"):
        table.put("disabled_rule", "attribute", where)
        table.put("disabled_attribute", defaults["disabled"], where)
    _bases(source, table, defaults)
    _filters(source, draft, table, defaults, attributes)


def _account(source: Source, draft: Draft, table: Table) -> None:
    table.put("bind_dn", source.text("user") or None, source.where("user"))
    if source.has("password"):
        table.put(
            "bind_password", draft.secret("ldap_password", source.text("password")), source.where("password")
        )
    else:
        variable = draft.awaited("ldap_password")
        table.put("bind_password", variable, "")
        draft.left(
            source.where("password"),
            "",
            "it stands somewhere else, as AUTHELIA_…_PASSWORD_FILE perhaps",
            f"put it into {variable.name}",
        )


def _bases(source: Source, table: Table, defaults: dict[str, str]) -> None:
    base = source.text("base_dn")
    for key, ours_key, default in (
        ("additional_users_dn", "user_bases", defaults.get("users_dn", "")),
        ("additional_groups_dn", "group_bases", defaults.get("groups_dn", "")),
    ):
        below = source.text(key) or default
        name = ",".join(part for part in (below, base) if part)
        table.put(ours_key, [name] if name else [], source.where(key if source.has(key) else "base_dn"))


def _filters(
    source: Source, draft: Draft, table: Table, defaults: dict[str, str], attributes: dict[str, str]
) -> None:
    users = source.text("users_filter") or defaults.get("users", "")
    if users:
        text = _filled(users, attributes)
        if _PLACEHOLDER.search(text):
            draft.left(
                source.where("users_filter"),
                users,
                "asks for something that only Authelia fills in",
                "set identity.ldap.user_filter",
            )
        else:
            table.put("user_filter", text, source.where("users_filter"))
    groups = source.text("groups_filter") or defaults.get("groups", "")
    if not groups:
        return
    member = _MEMBER.search(groups.replace("{username_attribute}", attributes["username"]))
    text = _filled(groups, attributes)
    if member is None or _PLACEHOLDER.search(text):
        draft.left(
            source.where("groups_filter"),
            groups,
            "does not say in which attribute a group has its members",
            "set identity.ldap.group_filter and member_attribute",
        )
        return
    table.put("group_filter", text, source.where("groups_filter"))
    table.put("member_attribute", member[1], source.where("groups_filter"))
    if member[2] != "dn":
        table.put("members_are", "name", source.where("groups_filter"))


def _filled(text: str, attributes: dict[str, str]) -> str:
    """A filter for one person made into one for all: what is looked for only has to be there."""
    for name, attribute in attributes.items():
        text = text.replace(f"{{{name}_attribute}}", attribute)
    for name in ("input", "username", "dn"):
        text = text.replace(f"={{{name}}}", "=*")
    # A matching rule has no presence: "(member:1.2.840…:=*)" would look for a star.
    return _PRESENT.sub(r"(\1=*)", text)
