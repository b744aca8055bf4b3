from ipaddress import ip_network

import pytest

from yett.tokens import TokenType
from yett.tokens.history import Cursor
from yett.tokens.pages.filling import (
    Search,
    Wish,
    day_of,
    expiry_of,
    offered,
    query_of,
    search_of,
    tomorrow,
    wish_of,
)

NOW = 1_800_000_000.0


def test_a_form_says_what_is_wanted():
    fields = {
        "name": " laptop ",
        "scope.read:all": "1",
        "scope.x": "1",
        "lasts": "date",
        "date": "2027-02-01",
    }

    assert wish_of(fields) == Wish("laptop", frozenset({"read:all", "x"}), "date", "2027-02-01")
    assert wish_of({}) == Wish("", frozenset(), "", "")


@pytest.mark.parametrize(
    ("wish", "found"),
    [
        (Wish(lasts="never"), (None, "")),
        (Wish(lasts="3600"), (NOW + 3600, "")),
        (Wish(lasts="date", date="2027-02-01"), (1_801_440_000.0, "")),
        (Wish(lasts="date", date=""), (None, "Choose the day on which it ends.")),
        (Wish(lasts="date", date="soon"), (None, "Choose the day on which it ends.")),
        (Wish(lasts="99999999999"), (None, "Choose how long it lasts.")),
        (Wish(lasts=""), (None, "Choose how long it lasts.")),
    ],
)
def test_how_long_it_lasts(wish, found):
    assert expiry_of(wish, NOW) == found


def test_only_scopes_that_are_held_and_known_are_offered():
    found = offered({"read:all", "gone"}, {"read:all": "", "more": "More"}, frozenset({"read:all"}))

    assert found == [("scope.read:all", "read:all", "read:all", True)]


def test_days_are_days_of_the_calendar():
    assert day_of("2027-01-15") == 1_799_971_200.0
    assert day_of("2027-02-30") is None
    assert day_of("20270115T0") is None
    assert day_of("") is None
    assert tomorrow(NOW) == "2027-01-16"


def test_a_search_is_understood():
    search = Search("k" * 21 + "A", "notebook", "192.0.2.0/24", "2027-01-01", "2027-01-01", "5_a")

    query, cursor, wrong = query_of(search, "ada")

    assert wrong == {}
    assert (query.key, query.token_type, query.network) == (
        "k" * 21 + "A",
        TokenType.NOTEBOOK,
        ip_network("192.0.2.0/24"),
    )
    assert query.until - query.since == 86399
    assert cursor == Cursor(5, "a")


def test_everything_that_is_wrong_with_a_search_is_told():
    _, cursor, wrong = query_of(Search("x", "x", "x", "x", "x", "x"), "ada")

    assert wrong.keys() == {"key", "type", "address", "since", "until"}
    assert cursor is None


def test_more_than_anybody_types_is_cut_off():
    assert len(search_of({"key": "x" * 1000}).key) == 64
