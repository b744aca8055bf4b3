from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.identity import Person, PersonChanged, fold_name, is_name


@pytest.mark.parametrize("name", ["ada", "a", "0", "ada.lovelace", "a-b_c.9", "a" * 63])
def test_proper_names(name):
    assert is_name(name)


@pytest.mark.parametrize("name", ["", "Ada", "-a", ".a", "_a", "a b", "a/b", "ä", "a" * 64, "a\n", "a@b"])
def test_improper_names(name):
    assert not is_name(name)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        (" Ada ", "ada"),
        ("ADA.L", "ada.l"),
        ("", None),
        ("\u212aate", None),  # the Kelvin sign becomes "k" in lower case
        ("ada\x00", None),
        ("a" * 64, None),
        ("a" + " " * 300, None),
    ],
)
def test_what_people_type_is_folded_to_their_name(typed, name):
    assert fold_name(typed) == name


@given(st.text())
def test_a_folded_name_is_proper_and_folds_to_itself(typed):
    name = fold_name(typed)
    assert name is None or (is_name(name) and fold_name(name) == name)


def test_a_person_who_is_gone_or_disabled_is_out():
    ada = Person("ada", "Ada", "", (), is_disabled=False, source="local")
    off = Person("ada", "Ada", "", (), is_disabled=True, source="local")
    assert [PersonChanged("ada", person, was_disabled=False).is_out for person in (ada, off, None)] == [
        False,
        True,
        True,
    ]


ADA = Person("ada", "Ada", "", (), is_disabled=False, source="local", id="1")


@pytest.mark.parametrize(
    ("before", "after", "is_another"),
    [
        (ADA, replace(ADA, groups=("ops",), email="ada@example.org", is_disabled=True), False),
        (ADA, replace(ADA, id="2"), True),
        (ADA, replace(ADA, source="ldap"), True),
        (replace(ADA, id=""), ADA, True),
        (replace(ADA, id=""), replace(ADA, id=""), False),
        (None, ADA, False),
        (ADA, None, False),
    ],
)
def test_the_same_name_with_another_entry_is_another_person(before, after, is_another):
    assert PersonChanged("ada", after, was_disabled=False, before=before).is_another is is_another
