import hypothesis.strategies as some
from hypothesis import given, settings

from yett.identity.ldap.model import LdapGroup, LdapUser
from yett.identity.ldap.roster import Roster


def user(name, number="", *, at="people", email="", is_disabled=False):
    key = f"uid={name},ou={at}"
    return LdapUser(number or f"id-{name}", key, key, name, name.title(), email, is_disabled)


def group(name, *members, number="", place=""):
    keys = frozenset(each if each.startswith("@") else _key(each) for each in members)
    return LdapGroup(number or f"id-{name}", f"cn={place or name}", name, keys)


def _key(name):
    return f"cn={name[1:]}" if name.startswith("+") else f"uid={name},ou=people"


def roster(*entries, **more):
    made = Roster(**{"is_nested": True, **more})
    for entry in entries:
        made.put_user(entry) if isinstance(entry, LdapUser) else made.put_group(entry, is_affecting=False)
    made.settle(list(made.names()))
    return made


def groups(made, name="ada"):
    return made.people[name].groups


def test_members_are_in_their_group_and_in_those_around_it():
    made = roster(
        user("ada"), group("wiki", "ada"), group("staff", "+wiki"), group("all", "+staff"), group("other")
    )
    assert groups(made) == ("all", "staff", "wiki")


def test_without_nesting_only_the_nearest_counts():
    made = roster(user("ada"), group("wiki", "ada"), group("staff", "+wiki"), is_nested=False)
    assert groups(made) == ("wiki",)


def test_groups_that_contain_each_other_end_somewhere():
    made = roster(
        user("ada"), group("a", "ada", "+c"), group("b", "+a"), group("c", "+b"), group("d", "+d", "ada")
    )
    assert groups(made) == ("a", "b", "c", "d")
    assert made.has_cycle()
    assert not roster(user("ada"), group("a", "ada"), group("b", "+a")).has_cycle()


def test_ten_thousand_groups_inside_each_other_are_no_trouble():
    chain = [group(f"g{number}", f"+g{number - 1}") for number in range(1, 10_000)]
    made = roster(user("ada"), group("g0", "ada"), *chain, most_groups=20_000)
    assert len(groups(made)) == 10_000


def test_members_by_name_count_too():
    assert groups(roster(user("ada"), group("wiki", "@ada"))) == ("wiki",)


def test_a_name_that_two_entries_claim_is_nobodys():
    made = roster(user("ada"), user("ada", "other", at="guests"), group("root", "ada"))
    assert made.people == {}
    assert made.user("ada") is None
    assert made.duplicates() == 1
    assert made.settle(made.drop_user("other")).keys() == {"ada"}
    assert groups(made) == ("root",)


def test_a_name_that_two_groups_claim_grants_nothing():
    made = roster(user("ada"), group("root", "ada", number="1", place="a"))
    assert groups(made) == ("root",)
    made.settle(made.put_group(group("root", "bob", number="2", place="b")))
    assert groups(made) == ()
    made.settle(made.drop_group("2"))
    assert groups(made) == ("root",)


def test_a_group_without_a_name_passes_its_members_on():
    nameless = LdapGroup("x", "cn=x y", "", frozenset({_key("ada")}))
    made = roster(user("ada"), nameless, LdapGroup("w", "cn=wiki", "wiki", frozenset({"cn=x y"})))
    assert groups(made) == ("wiki",)


def test_only_groups_that_are_wanted_are_granted():
    made = roster(user("ada"), group("a", "ada"), group("b", "+a"), wanted=("b",))
    assert groups(made) == ("b",)


def test_somebody_in_too_many_groups_is_in_none():
    made = roster(user("ada"), *(group(f"g{number}", "ada") for number in range(4)), most_groups=3)
    assert groups(made) == ()
    assert made.overfull == {"ada"}
    made.settle(made.drop_group("id-g0"))
    assert groups(made) == ("g1", "g2", "g3")
    assert not made.overfull


def test_an_entry_that_is_renamed_takes_its_old_name_along():
    made = roster(user("ada", "1"))
    assert made.settle(made.put_user(user("countess", "1"))).keys() == {"ada", "countess"}
    assert list(made.people) == ["countess"]


def test_an_entry_at_the_place_of_another_replaces_it():
    made = roster(user("ada", "1"))
    made.settle(made.put_user(user("ada", "2")))
    assert list(made.users) == ["2"]
    assert list(made.people) == ["ada"]


def test_only_those_are_told_of_whom_something_is_different():
    made = roster(user("ada"), user("bob"), group("wiki", "ada", "bob"))
    changed = made.settle(made.put_group(group("wiki", "bob")))
    assert [(name, before.groups, after.groups) for name, (before, after) in changed.items()] == [
        ("ada", ("wiki",), ())
    ]


@settings(max_examples=20)
@given(some.randoms(use_true_random=False))
def test_changing_entry_by_entry_ends_where_making_it_at_once_does(dice):
    names = [f"u{number}" for number in range(6)]
    rooms = [f"g{number}" for number in range(6)]
    made, users, gathered = roster(), {}, {}
    for _ in range(50):
        if dice.random() < 0.4:
            number = str(dice.randrange(8))
            if dice.random() < 0.3:
                users.pop(number, None)
                affected = made.drop_user(number)
            else:
                new = user(dice.choice(names), number, at=f"p{number}")
                users[number] = new
                affected = made.put_user(new)
        else:
            number = f"g{dice.randrange(6)}"
            if dice.random() < 0.3:
                gathered.pop(number, None)
                affected = made.drop_group(number)
            else:
                members = dice.sample([f"uid={name},ou=p{spot}" for name in names for spot in range(8)], 10)
                inner = [f"cn=place-{each}" for each in dice.sample(rooms, 2)]
                new = LdapGroup(number, f"cn=place-{number}", dice.choice(rooms), frozenset(members + inner))
                gathered[number] = new
                affected = made.put_group(new)
        made.settle(affected)
        assert made.people == roster(*users.values(), *gathered.values()).people


def test_a_person_is_told_from_the_next_of_their_name_by_the_id_of_the_entry():
    made = roster(user("ada", "5f3c"), user("bob", "=uid=bob,ou=people"))
    assert made.people["ada"].entry == "ldap:5f3c"
    # Without the attribute there is only the place, which the next one may have.
    assert made.people["bob"].entry == "ldap:"

    made.put_user(user("ada", "77aa"))
    [(before, after)] = made.settle(["ada"]).values()
    assert (before.name, before.groups) == (after.name, after.groups)
    assert (before.entry, after.entry) == ("ldap:5f3c", "ldap:77aa")
