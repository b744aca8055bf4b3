import pytest

from yett.identity.ldap import DisabledRule, LdapSettings, check_ldap

WHOLE = {
    "urls": ("ldaps://a.example",),
    "bind_dn": "cn=yett,dc=x",
    "bind_password": "secret",
    "user_bases": ("ou=people,dc=x",),
}


def mistakes(**changes):
    return [mistake.key for mistake in check_ldap(LdapSettings(**{**WHOLE, **changes}))]


def test_what_is_whole_and_what_is_switched_off_have_no_mistakes():
    assert mistakes() == []
    assert list(check_ldap(LdapSettings())) == []


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"urls": ("http://a",)}, "urls"),
        ({"urls": ("ldap://a",), "starttls": False}, "urls"),
        ({"bind_dn": ""}, "bind_dn"),
        ({"bind_password": ""}, "bind_password"),
        ({"user_bases": ()}, "user_bases"),
        ({"user_bases": ("people",)}, "user_bases"),
        ({"group_bases": ("groups",)}, "group_bases"),
        ({"user_filter": "(uid=ada"}, "user_filter"),
        ({"user_filter": "(&" * 31 + "(uid=ada)" + ")" * 31}, "user_filter"),
        ({"group_filter": "(!" * 32 + "(cn=a)" + ")" * 32}, "group_filter"),
        ({"group_filter": ""}, "group_filter"),
        ({"disabled_rule": DisabledRule.FILTER}, "disabled_filter"),
        ({"ca": "/nowhere.pem"}, "ca"),
    ],
)
def test_each_mistake_is_found(changes, key):
    assert mistakes(**changes) == [f"identity.ldap.{key}"]


def test_passwords_in_the_clear_have_to_be_asked_for():
    assert mistakes(urls=("ldap://127.0.0.1",), starttls=False, allow_plaintext=True) == []


def test_the_password_does_not_stand_in_what_is_said_of_a_mistake():
    told = list(check_ldap(LdapSettings(**{**WHOLE, "user_bases": (), "bind_dn": "x"})))
    assert "secret" not in repr(told)
