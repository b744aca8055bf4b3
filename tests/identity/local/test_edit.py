import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.identity import LocalUser, Person, UsersFileRefused
from yett.identity.local import edit
from yett.identity.local.parse import parse

TEXT = """\
# Everybody.

# the first
[[user]]
name = "ada" # born 1815
groups = ["dev"]

# on loan
# until June
[[user]]
name = "bob"
email = "bob@example.org"

# about cy
[[user]]
name = "cy"
# the end
"""


def person(name, *, display_name="", email="", groups=(), disabled=False, password_hash=""):
    return LocalUser(
        Person(name, display_name or name, email, tuple(groups), disabled, "local"), password_hash
    )


def test_the_first_person_gets_a_file_that_explains_itself():
    text = edit.added("", person("ada", groups=["dev"]))
    assert text == edit.HEAD + '[[user]]\nname = "ada"\ngroups = ["dev"]\n'


def test_a_new_person_stands_at_the_end_and_the_rest_is_untouched():
    assert edit.added(TEXT, person("dot")) == TEXT + '\n[[user]]\nname = "dot"\n'


def test_a_file_without_a_last_line_break_can_be_added_to():
    text = edit.added(TEXT.rstrip("\n"), person("dot"))
    assert list(parse(text).users) == ["ada", "bob", "cy", "dot"]


def test_changing_a_value_keeps_comments():
    text = edit.changed(TEXT, "ada", {"groups": ("dev", "ops")})
    assert text == TEXT.replace('["dev"]', '["dev", "ops"]')


def test_a_new_key_stands_with_its_person_above_the_next_one_s_comment():
    text = edit.changed(TEXT, "ada", {"disabled": True})
    assert text == TEXT.replace('groups = ["dev"]\n', 'groups = ["dev"]\ndisabled = true\n')


def test_an_empty_value_drops_the_key():
    assert edit.changed(TEXT, "ada", {"groups": ()}) == TEXT.replace('groups = ["dev"]\n', "")
    assert edit.changed(edit.changed(TEXT, "cy", {"disabled": True}), "cy", {"disabled": False}) == TEXT


@pytest.mark.parametrize(
    ("name", "gone"),
    [
        ("ada", '# the first\n[[user]]\nname = "ada" # born 1815\ngroups = ["dev"]\n\n'),
        ("bob", '# on loan\n# until June\n[[user]]\nname = "bob"\nemail = "bob@example.org"\n\n'),
    ],
)
def test_a_removed_person_takes_the_comment_above_and_no_other(name, gone):
    assert gone in TEXT
    assert edit.removed(TEXT, name) == TEXT.replace(gone, "")


def test_removing_everybody_leaves_a_file_that_can_be_added_to():
    text = TEXT
    for name in ("cy", "ada", "bob"):
        text = edit.removed(text, name)
    assert parse(text).users == {}
    assert text.startswith("# Everybody.\n")
    assert list(parse(edit.added(text, person("new"))).users) == ["new"]


def test_a_person_who_is_not_there_cannot_be_changed():
    for change in (lambda: edit.removed(TEXT, "eve"), lambda: edit.changed(TEXT, "eve", {"disabled": True})):
        with pytest.raises(UsersFileRefused, match="there is no user 'eve'"):
            change()


def test_people_in_an_inline_list_are_left_alone():
    with pytest.raises(UsersFileRefused, match="inline list"):
        edit.added('user = [{name = "ada"}]\n', person("bob"))


NAMES = st.sampled_from(["a", "b", "c", "d.e", "f-g"])
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "remove", "disable", "enable", "groups", "comment", "name"]),
        NAMES,
        st.lists(st.sampled_from(["g", "h", "i"]), unique=True).map(tuple),
        st.text(st.characters(codec="utf-8"), max_size=8).filter(str.isprintable),
    ),
    max_size=12,
)


@given(STEPS)
def test_any_row_of_changes_leaves_what_was_meant(steps):
    text, meant = "", {}
    for what, name, groups, words in steps:
        if what == "comment":
            text += f"# {words}\n"
        elif what == "add" and name not in meant:
            meant[name] = person(name, display_name=words, groups=sorted(groups))
            text = edit.added(text, meant[name])
        elif name not in meant:
            continue
        elif what == "remove":
            del meant[name]
            text = edit.removed(text, name)
        else:
            known = edit.fields_of(meant[name])
            values = {
                "disable": {"disabled": True},
                "enable": {"disabled": False},
                "groups": {"groups": tuple(sorted(groups))},
            }.get(what, {"display_name": words})
            text = edit.changed(text, name, values)
            known = {key: value for key, value in {**known, **values}.items() if value}
            known.setdefault("name", name)
            meant[name] = person(**known)
    parsed = parse(text)
    assert parsed.mistakes == ()
    assert dict(parsed.users) == meant


def test_numbers_are_written_down_even_if_they_are_nothing():
    person = Person("ada", "ada", "", (), is_disabled=False, source="local", uid=0, gid=100)

    text = edit.added("", LocalUser(person))

    assert "uid = 0\ngid = 100\n" in text
    assert parse(text).users["ada"].person == person
