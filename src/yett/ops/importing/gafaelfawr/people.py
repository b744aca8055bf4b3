"""Where people come from: LDAP, and a provider that they sign in with."""

import re

from yett.ops.importing import ours
from yett.ops.importing.model import Draft
from yett.ops.importing.source import Source


def convert_provider(source: Source, draft: Draft) -> None:
    """The provider that people sign in with."""
    for name, usual in (("cilogon", "https://cilogon.org"), ("oidc", "")):
        given = source.sub(name)
        if not given.has("clientId"):
            continue
        issuer = given.text("issuer") or usual
        secret = given.text("clientSecret")
        variable = (
            draft.secret(f"{name}_client_secret", secret)
            if secret
            else draft.awaited(f"{name}_client_secret")
        )
        if not secret:
            draft.left(
                given.where("clientSecret"), "", "it stands somewhere else", f"put it into {variable.name}"
            )
        if not issuer:
            draft.left(given.where("issuer"), "", "a provider has an issuer", "set it")
            continue
        table = ours.provider(
            draft,
            name=name,
            title="CILogon" if name == "cilogon" else "",
            issuer=issuer,
            client_id=given.text("clientId"),
            secret=variable,
            scopes=[] if not given.has("scopes") else ["openid", *given.texts("scopes")],
            source=given.where(),
        )
        claim = given.text("usernameClaim") or ("username" if name == "cilogon" else "uid")
        table.put("username_claim", claim, given.where("usernameClaim"))
        if source.has("ldap"):
            table.put("link_by", "username", "people of LDAP are known by the name that the provider says")


def convert_ldap(source: Source, draft: Draft) -> None:
    """The LDAP server that knows more of them."""
    if not source.table:
        return
    table = draft.section("identity.ldap")
    url = source.text("url").rstrip("/")
    table.put("urls", [url] if url else [], source.where("url"))
    table.put("bind_dn", source.text("userDn") or None, source.where("userDn"))
    password = source.text("password")
    variable = draft.secret("ldap_password", password) if password else draft.awaited("ldap_password")
    table.put("bind_password", variable, source.where("password"))
    if not password or not source.has("userDn"):
        draft.left(
            source.where("userDn"),
            "",
            "LDAP is asked with a name and a password",
            f"set bind_dn and {variable.name}",
        )
        table.put("bind_dn", "cn=reader,dc=invalid", "a placeholder")
    base = source.text("userBaseDn")
    table.put("user_bases", [base] if base else [], source.where("userBaseDn"))
    groups = source.text("groupBaseDn")
    table.put("group_bases", [groups] if groups else [], source.where("groupBaseDn"))
    table.put("name_attribute", source.text("userSearchAttr") or "uid", source.where("userSearchAttr"))
    table.put("display_name_attribute", source.text("nameAttr") or "displayName", source.where("nameAttr"))
    table.put("email_attribute", source.text("emailAttr") or "mail", source.where("emailAttr"))
    kind = source.text("groupObjectClass") or "posixGroup"
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", kind):
        table.put("group_filter", f"(objectClass={kind})", source.where("groupObjectClass"))
    table.put("member_attribute", source.text("groupMemberAttr") or "member", source.where("groupMemberAttr"))
    if source.has("groupSearchByDn") and not source.flag("groupSearchByDn"):
        table.put("members_are", "name", source.where("groupSearchByDn"))
