import pytest
from tests.ops.importing.authelia.test_settings import converted, said
from tests.ops.importing.samples import AUTHELIA, AUTHELIA_USERS

from yett.identity import LocalUsers
from yett.net.ldap import compile_filter
from yett.ops.importing.writing import people_text


def test_a_directory_is_asked_as_before():
    ldap = said(converted(AUTHELIA).section("identity.ldap"))
    assert ldap["urls"] == ["ldaps://dc.example.org"]
    assert ldap["user_bases"] == ["ou=people,dc=example,dc=org"]
    assert ldap["group_bases"] == ["dc=example,dc=org"]
    assert ldap["name_attribute"] == "sAMAccountName"
    assert ldap["user_filter"] == "(&(sAMAccountName=*)(objectClass=user))"
    assert ldap["group_filter"] == "(&(member=*)(objectClass=group))"
    assert (ldap["member_attribute"], ldap["id_attribute"], ldap["disabled_rule"]) == (
        "member", "objectGUID", "active_directory",
    )  # fmt: skip


@pytest.mark.parametrize(
    "kind", ["custom", "activedirectory", "freeipa", "lldap", "rfc2307bis", "glauth", "unheard-of"]
)
def test_each_kind_of_directory_has_filters_that_can_be_asked(kind):
    text = f"authentication_backend: {{ldap: {{implementation: {kind}, address: ldap://h, base_dn: 'dc=x'}}}}"
    ldap = said(converted(text).section("identity.ldap"))
    for key in ("user_filter", "group_filter"):
        if key in ldap:
            compile_filter(ldap[key])
    assert ldap["starttls"] is True


def test_a_filter_that_only_they_could_fill_in_is_told():
    odd = "(&(uid={input})(x={date-time:generalized}))"
    text = f"authentication_backend: {{ldap: {{address: ldaps://h, users_filter: '{odd}'}}}}"
    draft = converted(text)
    assert "user_filter" not in said(draft.section("identity.ldap"))
    assert "authentication_backend.ldap.users_filter" in [each.key for each in draft.open_ends]


def test_people_become_a_users_file_that_is_in_order(tmp_path):
    odd = (
        AUTHELIA_USERS
        + "  'No Name!': {password: x}\n  Ada: {email: 'not an address'}\n  carl: {email: nowhere}\n"
    )
    draft = converted(odd)
    path = tmp_path / "users.toml"
    path.write_text(people_text(draft))
    users = LocalUsers(path)
    assert sorted(person["name"] for person in draft.people) == ["ada", "bob", "carl"]
    assert users is not None
    assert {"users.No Name!", "users.Ada", "users.carl.email"} <= {each.key for each in draft.open_ends}
