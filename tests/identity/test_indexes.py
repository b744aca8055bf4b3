from yett.identity import Person, events
from yett.identity.indexes import Indexes


def person(name, *groups, email="", is_disabled=False):
    return Person(name, name, email, groups, is_disabled, "first")


ADA = person("ada", "dev", "ops", email="Ada@example.org")


def test_people_are_found_by_address_group_and_state():
    indexes = Indexes()
    indexes.replace(None, ADA)
    indexes.replace(None, person("bob", "dev", is_disabled=True))
    assert indexes.named_by("ada@EXAMPLE.org") == "ada"
    assert indexes.named_by("") is None
    assert indexes.members("dev") == {"ada", "bob"}
    assert indexes.members("none") == set()
    assert indexes.disabled == {"bob"}


def test_what_changes_is_found_as_it_is_now():
    indexes = Indexes()
    indexes.replace(None, ADA)
    indexes.replace(ADA, person("ada", "ops", email="new@example.org", is_disabled=True))
    assert indexes.named_by("ada@example.org") is None
    assert indexes.named_by("new@example.org") == "ada"
    assert (indexes.members("dev"), indexes.members("ops"), indexes.disabled) == (set(), {"ada"}, {"ada"})
    indexes.replace(person("ada", "ops", email="new@example.org", is_disabled=True), None)
    assert (indexes.named_by("new@example.org"), indexes.members("ops"), indexes.disabled) == (
        None,
        set(),
        set(),
    )


def test_an_address_of_two_people_finds_neither_until_it_is_one_persons_again(heard):
    indexes = Indexes()
    indexes.replace(None, ADA)
    indexes.replace(None, person("eve", email="ADA@example.org"))
    assert indexes.named_by("ada@example.org") is None
    assert heard() == [(events.email_index_failed, {"user": "eve", "people": 2})]
    indexes.replace(person("eve", email="ADA@example.org"), None)
    assert indexes.named_by("ada@example.org") == "ada"


def test_letters_beyond_ascii_are_not_taken_for_those_of_somebody_else():
    indexes = Indexes()
    # The Kelvin sign, of which "k" is the small letter.
    indexes.replace(None, person("eve", email="\u212aate@example.org"))
    assert indexes.named_by("kate@example.org") is None
    indexes.replace(None, person("kate", email="kate@example.org"))
    assert indexes.named_by("KATE@example.org") == "kate"
