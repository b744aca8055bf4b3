from datetime import timedelta

import pytest

from yett.identity.ldap import DisabledRule, LdapSettings, Members, rules
from yett.identity.ldap.model import LdapGroup, LdapUser, Loss, Unusable
from yett.net.ldap import Entry, compile_filter

DEFAULTS = LdapSettings()


def entry(dn="uid=ada,dc=x", **attributes):
    values = {
        name.lower(): tuple(value if isinstance(value, bytes) else value.encode() for value in _listed(given))
        for name, given in attributes.items()
    }
    return Entry(dn, values)


def _listed(given):
    return [given] if isinstance(given, (str, bytes)) else given


def user(made, settings=DEFAULTS):
    return rules.read_user(made, settings, rules.keys())


def test_an_entry_becomes_a_person():
    made = entry(
        "UID=Ada,DC=x",
        uid="Ada",
        cn="Ada Lovelace",
        mail=["ada@x.org", "second@x.org"],
        entryUUID="1234",
        modifyTimestamp="20260101120000Z",
    )
    assert user(made) == (
        LdapUser(
            b"1234".hex(),
            "uid=ada,dc=x",
            "UID=Ada,DC=x",
            "ada",
            "Ada Lovelace",
            "ada@x.org",
            False,
            "20260101120000Z",
        ),
        True,
    )


@pytest.mark.parametrize(
    "names",
    ["", [], "ada lovelace", "Ада", "-ada", "a" * 64, b"\xff", ["ada", "bob"], "a\x00", "ada,ou=x", "\u212a"],
)
def test_a_name_that_cannot_be_ours_is_not_guessed(names):
    assert user(entry(uid=names)) is Unusable.NAME


def test_two_spellings_of_one_name_are_one_name():
    assert user(entry(uid=["Ada", "ada"]))[0].name == "ada"


@pytest.mark.parametrize(
    ("mail", "kept"),
    [
        ("a@b.c", "a@b.c"),
        ("a@b.c\r\nBcc: x@y.z", ""),
        ("a b@c", ""),
        ("nobody", ""),
        ("é@b.c", ""),
        ("a@" + "b" * 300, ""),
        ("<a@b.c>", ""),
    ],
)
def test_only_what_can_be_a_mail_address_is_one(mail, kept):
    assert user(entry(uid="ada", mail=mail))[0].email == kept


@pytest.mark.parametrize(
    ("text", "shown"), [("Ada\x1b[31m", "Ada[31m"), ("", "ada"), ("x" * 5000, "ada"), (b"\xff", "\ufffd")]
)
def test_a_shown_name_is_short_and_printable(text, shown):
    assert user(entry(uid="ada", cn=text))[0].display_name == shown


@pytest.mark.parametrize("dn", ["", "nothing", "uid=" + "a" * 5000 + ",dc=x"])
def test_an_entry_without_a_proper_place_is_passed_over(dn):
    assert isinstance(user(entry(dn, uid="ada")), Unusable)


@pytest.mark.parametrize(
    ("rule", "attributes", "disabled", "is_clear"),
    [
        (DisabledRule.NONE, {"pwdAccountLockedTime": "000001010000Z"}, False, True),
        (DisabledRule.ATTRIBUTE, {}, False, True),
        (DisabledRule.ATTRIBUTE, {"pwdAccountLockedTime": "000001010000Z"}, True, True),
        (DisabledRule.ATTRIBUTE, {"pwdAccountLockedTime": "20260101120000Z"}, False, True),
        (DisabledRule.ATTRIBUTE, {"pwdAccountLockedTime": "TRUE"}, True, True),
        (DisabledRule.ATTRIBUTE, {"pwdAccountLockedTime": "FALSE"}, False, True),
        (DisabledRule.ATTRIBUTE, {"pwdAccountLockedTime": ["FALSE", "TRUE"]}, True, True),
        (DisabledRule.ATTRIBUTE, {"pwdAccountLockedTime": ["20260101120000Z", "000001010000Z"]}, True, True),
        (DisabledRule.ATTRIBUTE, {"pwdAccountLockedTime": b"\x01"}, True, False),
        (DisabledRule.ATTRIBUTE, {"pwdAccountLockedTime": "x" * 5000}, True, False),
        (DisabledRule.ACTIVE_DIRECTORY, {"userAccountControl": "512"}, False, True),
        (DisabledRule.ACTIVE_DIRECTORY, {"userAccountControl": "514"}, True, True),
        (DisabledRule.ACTIVE_DIRECTORY, {}, True, False),
        (DisabledRule.ACTIVE_DIRECTORY, {"userAccountControl": "many"}, True, False),
    ],
)
def test_each_rule_says_who_is_disabled_and_unclear_is_disabled(rule, attributes, disabled, is_clear):
    read, clear = user(entry(uid="ada", **attributes), LdapSettings(disabled_rule=rule))
    assert (read.is_disabled, clear) == (disabled, is_clear)


def test_a_time_in_another_attribute_than_that_of_locks_is_no_lock_that_passes():
    settings = LdapSettings(disabled_rule=DisabledRule.ATTRIBUTE, disabled_attribute="leftAt")
    read, clear = user(entry(uid="ada", leftAt="20260101120000Z"), settings)
    assert (read.is_disabled, clear) == (True, True)


def test_a_group_names_its_members_in_one_spelling():
    made = entry(
        "CN=Staff,dc=x", cn="Staff", member=["UID=Ada,DC=x", "uid=ada,dc=x", "rubbish"], entryUUID="g"
    )
    group = rules.read_group(made, DEFAULTS, rules.keys())
    assert group == LdapGroup(b"g".hex(), "cn=staff,dc=x", "staff", frozenset({"uid=ada,dc=x"}))


def test_a_group_may_name_its_members_by_name():
    settings = LdapSettings(member_attribute="memberUid", members_are=Members.NAME)
    made = entry("cn=staff,dc=x", cn="staff", memberUid=["Ada", "not a name"])
    assert rules.read_group(made, settings, rules.keys()).members == {"@ada"}


def test_a_group_with_a_name_that_cannot_be_ours_has_none_but_keeps_its_members():
    group = rules.read_group(
        entry("cn=a b,dc=x", cn="Domain Admins", member="uid=ada,dc=x"), DEFAULTS, rules.keys()
    )
    assert (group.name, len(group.members)) == ("", 1)


def test_a_group_with_too_many_members_counts_as_having_none():
    made = entry("cn=g,dc=x", cn="g", member=[f"uid=u{number},dc=x" for number in range(4)])
    group = rules.read_group(made, LdapSettings(max_members=3), rules.keys())
    assert (group.members, group.is_overfull) == (frozenset(), True)


@pytest.mark.parametrize(
    ("attributes", "part"),
    [
        ({"member": "x"}, None),
        ({"member;range=0-1499": "x"}, ((b"x",), 1500)),
        ({"member;range=1500-*": "x"}, ((b"x",), None)),
        ({"member;range=0-99999999999": "x"}, ((b"x",), None)),
        ({"member;range=": "x"}, ((b"x",), None)),
    ],
)
def test_values_that_come_in_parts_tell_where_the_next_begins(attributes, part):
    assert rules.next_range(entry(**attributes), "member") == part


@pytest.mark.parametrize("name", ["*", ")(uid=*", "a\\", "é", "a\x00"])
def test_what_somebody_types_is_only_ever_a_value(name):
    text = rules.name_filter(DEFAULTS, name)
    assert compile_filter(text).endswith(name.encode())


@pytest.mark.parametrize(
    ("text", "overlap", "since"),
    [
        ("20260101120000Z", 120, "20260101115800.0Z"),
        ("20260101120000.0Z", 0, "20260101120000.0Z"),
        ("20260101120000+0100", 0, "20260101110000.0Z"),
        ("20260199120000Z", 0, "00010101000000.0Z"),
        ("rubbish", 60, "00010101000000.0Z"),
    ],
)
def test_a_delta_looks_a_little_further_back(text, overlap, since):
    assert rules.before(text, timedelta(seconds=overlap)) == since


def test_the_newest_time_is_found_across_zones():
    times = ["20260101120000Z", "20260101123000+0100", "", "20260101120001.5Z"]
    assert rules.newest(times, "20250101000000Z") == "20260101120001.5Z"
    assert rules.newest([], "x") == "x"


@pytest.mark.parametrize(
    ("loss", "is_too_much"),
    [
        (Loss(0, 0, 0), False),
        (Loss(5, 5, 5), False),
        (Loss(20, 20, 20), False),
        (Loss(21, 0, 0), True),
        (Loss(0, 21, 0), True),
        (Loss(0, 0, 21), True),
    ],
)
def test_a_fifth_may_go_and_no_more(loss, is_too_much):
    assert rules.is_too_much(loss, Loss(100, 100, 100), 20) is is_too_much


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("4711", 4711),
        ("0", 0),
        ("4294967294", 4294967294),
        ("4294967295", None),
        ("-1", None),
        ("9" * 5000, None),
        ("x", None),
        ("\u0661", None),
        (b"\xff", None),
        (["1", "2"], None),
        ([], None),
    ],
)
def test_a_number_of_unix_systems_is_one_or_none(value, number):
    found, _ = user(entry(uid="ada", uidNumber=value, gidNumber="100"))

    assert (found.uid, found.gid) == (number, 100)
    assert {"uidNumber", "gidNumber"} <= set(rules.user_attributes(DEFAULTS))
