from dataclasses import replace

from tests.tokens.conftest import ADA, People

from yett.tokens import TokenData, TokenType, text
from yett.tokens.mirror import REMEMBER_BURIED, REMEMBER_UNKNOWN, Mirror
from yett.tokens.stored import Stored

NOW = 1000.0
SECRET = "xNzaFkNmh9_9kbz-vvx8LQ"


def stored(letter, **more):
    usual = {
        "key": letter * 21 + "A",
        "username": "ada",
        "type": TokenType.SESSION,
        "scopes": frozenset(),
        "created": 0.0,
        "expires": 2000.0,
        "owner": ADA.entry,
    }
    return Stored(TokenData(**(usual | more)), text.digest(SECRET))


def made(*several, people=None):
    mirror = Mirror((people or People(ADA)).person)
    for each in several:
        mirror.adopt(each, 1)
    return mirror


PARENT, CHILD, GRANDCHILD = (
    stored("p"),
    stored("c", parent="p" * 21 + "A"),
    stored("g", parent="c" * 21 + "A"),
)


def good(mirror, each, now=NOW):
    entry = mirror.entries.get(each.data.key)
    return entry is not None and mirror.is_good(entry, now)


def test_key_and_secret_prove_a_token():
    mirror = made(PARENT)
    whole = f"gt-{PARENT.data.key}.{SECRET}"

    assert mirror.proven(whole).data is PARENT.data
    assert mirror.proven(whole[:-1] + "g") is None
    assert mirror.proven(whole[:-1]) is None
    assert mirror.proven("gx" + whole[2:]) is None
    assert mirror.proven(whole.replace(".", "-")) is None
    assert mirror.proven(f"gt-{'x' * 22}.{SECRET}") is None
    assert mirror.proven("ä" * 48) is None


def test_a_token_is_good_while_all_above_it_are():
    mirror = made(GRANDCHILD, CHILD)

    assert not good(mirror, GRANDCHILD)
    mirror.adopt(PARENT, 1)
    assert good(mirror, GRANDCHILD)
    assert good(mirror, CHILD)
    mirror.bury(PARENT.data.key, NOW)
    assert not good(mirror, GRANDCHILD)
    assert not good(mirror, CHILD)


def test_nothing_outlives_what_it_was_made_with():
    mirror = made(replace(PARENT, data=replace(PARENT.data, expires=1500.0)), CHILD)

    assert good(mirror, CHILD, 1499.0)
    assert not good(mirror, CHILD, 1500.0)


def test_tokens_above_one_another_in_a_circle_are_not_good():
    one = stored("a", parent="b" * 21 + "A")
    other = stored("b", parent="a" * 21 + "A")
    mirror = made(one, other)

    assert not good(mirror, one)
    assert len(mirror.below(one.data.key)) < 10


def test_the_directory_is_asked_at_each_look():
    people = People(ADA)
    mirror = made(PARENT, people=people)
    assert good(mirror, PARENT)

    people.change("ada", is_disabled=True)
    assert not good(mirror, PARENT)
    people.change("ada", is_disabled=False)
    assert good(mirror, PARENT)
    people.change("ada", id="another")
    assert not good(mirror, PARENT)
    people.table.clear()
    assert not good(mirror, PARENT)


def test_the_deepest_come_first():
    mirror = made(PARENT, CHILD, GRANDCHILD)

    assert [entry.data.key[0] for entry in mirror.below(PARENT.data.key)] == ["g", "c"]


def test_older_news_changes_nothing_and_what_is_buried_stays_so():
    mirror = made()
    newer = replace(PARENT, data=replace(PARENT.data, expires=1500.0))
    mirror.adopt(newer, 5)

    assert mirror.adopt(PARENT, 4).expires == 1500.0
    mirror.bury(PARENT.data.key, NOW)
    assert mirror.adopt(PARENT, 6) is None
    assert len(mirror) == 0
    mirror.forget_buried(NOW + REMEMBER_BURIED + 1)
    assert mirror.adopt(PARENT, 6) is not None


def test_what_has_ended_or_hangs_on_an_ended_session_is_not_taken_in():
    mirror = made()
    mirror.bury_session("s1", NOW)

    assert mirror.adopt(replace(PARENT, is_ended=True), 1) is None
    assert mirror.adopt(stored("s", session_ref="s1"), 1) is None


def test_tokens_are_found_by_user_and_session():
    mirror = made(PARENT, stored("s", session_ref="s1"), stored("b", username="bob"))

    assert mirror.count_of("ada") == 2
    assert [entry.data.key[0] for entry in mirror.of_session("s1")] == ["s"]
    assert set(mirror.users()) == {"ada", "bob"}
    assert mirror.sessions() == ["s1"]
    mirror.bury("s" * 21 + "A", NOW)
    assert mirror.sessions() == []


def test_what_is_over_is_found_until_it_is_buried():
    mirror = made(stored("a", expires=1500.0), stored("b", expires=None), stored("c", expires=1600.0))

    assert mirror.run_out(1499.0, 10) == []
    assert [entry.data.key[0] for entry in mirror.run_out(1500.0, 10)] == ["a"]
    assert [entry.data.key[0] for entry in mirror.run_out(1600.0, 10)] == ["a", "c"]
    assert len(mirror.run_out(1600.0, 1)) == 1
    mirror.bury("a" * 21 + "A", NOW)
    assert [entry.data.key[0] for entry in mirror.run_out(1600.0, 10)] == ["c"]


def test_a_token_that_was_redated_is_found_when_it_is_over_now():
    mirror = made(stored("a", expires=1500.0))
    mirror.adopt(stored("a", expires=1200.0), 2)
    assert [entry.data.key[0] for entry in mirror.run_out(1200.0, 10)] == ["a"]

    mirror.adopt(stored("a", expires=1800.0), 3)
    assert mirror.run_out(1799.0, 10) == []
    assert len(mirror.run_out(1800.0, 10)) == 1


def test_tokens_that_end_early_leave_nothing_behind():
    mirror = made()
    for number in range(3000):
        each = stored("a", key=f"{number:021d}A")
        mirror.adopt(each, 1)
        mirror.bury(each.data.key, NOW)

    mirror.forget_buried(NOW + REMEMBER_BURIED + 1)

    assert mirror._looks == []
    assert mirror._buried == {}


def test_what_the_store_did_not_know_is_not_asked_for_again_at_once():
    mirror = made()
    mirror.miss("x", NOW)

    assert mirror.is_unknown("x", NOW)
    assert not mirror.is_unknown("x", NOW + REMEMBER_UNKNOWN)
    for number in range(5000):
        mirror.miss(str(number), NOW)
    assert not mirror.is_unknown("x", NOW)
