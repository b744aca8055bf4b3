from dataclasses import replace

import pytest

from yett.oidc.tokens import Family
from yett.oidc.tokens.mirror import Mirror
from yett.oidc.tokens.model import Issued

ONE = Issued("d1", "j1", "", 1.0, 9.0)
TWO = Issued("d2", "j2", "", 1.0, 9.0)
FAMILY = Family("r", "o", "wiki", "ada", "openid", 1.0, 2.0, 3.0, 4.0, "salt", sign_on_ref="s", access=(ONE,))


@pytest.fixture
def mirror():
    mirror = Mirror()
    mirror.take_in("p", FAMILY, 5)
    return mirror


def nothing(mirror):
    return (
        mirror.by_ref("r") is None
        and mirror.by_digest("d1") is None
        and mirror.by_digest("d2") is None
        and not mirror.of_user("ada")
        and not mirror.of_session("s")
        and not list(mirror)
        and not len(mirror)
    )


def test_a_family_is_found_by_everything_that_belongs_to_it(mirror):
    assert mirror.by_ref("r").family is FAMILY
    assert mirror.by_digest("d1") == (FAMILY, ONE)
    assert mirror.of_user("ada") == mirror.of_session("s") == list(mirror) == [FAMILY]
    assert len(mirror) == 1


def test_tokens_that_a_family_no_longer_lists_are_not_found(mirror):
    mirror.take_in("p", replace(FAMILY, access=(TWO,)), 6)
    assert mirror.by_digest("d1") is None
    assert mirror.by_digest("d2")[1] is TWO


def test_older_news_change_nothing(mirror):
    mirror.take_in("p", replace(FAMILY, access=(TWO,)), 5)
    assert mirror.by_digest("d1")


def test_a_grave_stays_whatever_older_news_come(mirror):
    mirror.take_in("p", None, 7)
    assert nothing(mirror)
    mirror.take_in("p", FAMILY, 6)
    assert nothing(mirror)


def test_what_was_ended_here_does_not_come_back_whoever_writes_it(mirror):
    mirror.kill("p")
    mirror.kill("unknown")
    for version in (5, 6):
        mirror.take_in("p", FAMILY, version)
        mirror.take_in("unknown", FAMILY, version)
        assert nothing(mirror)
        assert not mirror.knows("p")
    # The store has nothing there any more, so what comes next is something else.
    mirror.drop("p")
    mirror.take_in("p", FAMILY, 7)
    assert mirror.knows("p")


def test_one_token_goes_and_the_rest_stays(mirror):
    mirror.take_in("p", replace(FAMILY, access=(ONE, TWO)), 9)
    mirror.strike("p", ONE.digest)
    mirror.strike("unknown", ONE.digest)
    assert mirror.by_digest(ONE.digest) is None
    assert mirror.by_digest(TWO.digest)


def test_what_the_store_has_no_longer_is_forgotten(mirror):
    mirror.take_in("q", replace(FAMILY, ref="r2", access=(TWO,)), 1)
    mirror.keep_only({"q"}, {"p", "q"})
    assert [family.ref for family in mirror] == ["r2"]
    assert mirror.of_user("ada") == list(mirror)
    mirror.drop("q")
    mirror.drop("q")
    assert nothing(mirror)
    assert mirror.places == set()
