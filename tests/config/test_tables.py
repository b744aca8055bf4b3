"""Sections out of tables: what a whole table can have wrong."""

import pytest
from tests.config.samples import declared

from yett.config import ConfigInvalid, item, load, setting


@item(named_by="name")
class Span:
    """Two numbers in order."""

    name: str = setting("", "Name.")
    low: int = setting(0, "From.")
    high: int = setting(9, "To.")

    def __post_init__(self):
        if self.low > self.high:
            raise ValueError("low is above high")


class Ranges:
    """Spans."""

    span: tuple[Span, ...] = setting((), "The spans.", at_most=2)
    only: Span = setting(Span(), "One more.")


SECTION = declared("ranges", Ranges)


@pytest.fixture
def wrong(tmp_path):
    def reading(text):
        (tmp_path / "x.toml").write_text(text)
        with pytest.raises(ConfigInvalid) as caught:
            load(tmp_path / "x.toml", {}, [SECTION])
        return [(mistake.key, mistake.reason) for mistake in caught.value.mistakes]

    return reading


def test_a_table_may_refuse_its_values_together(wrong):
    assert wrong("[[ranges.span]]\nname = 'a'\nlow = 10\n[ranges.only]\nhigh = -1\n") == [
        ("ranges.span[a]", "low is above high"),
        ("ranges.only", "low is above high"),
    ]


def test_a_table_with_a_mistake_is_not_asked_about_the_rest(wrong):
    assert wrong("[ranges.only]\nlow = 10\nhihg = 11\n") == [("ranges.only.hihg", "there is no such key")]


def test_the_number_of_items_is_bounded(wrong):
    assert wrong("[[ranges.span]]\n" * 3) == [("ranges.span", "is more than 2 entries")]


def test_items_that_are_no_tables_are_mistakes(wrong):
    assert wrong("ranges.span = [1, {name = 'a', low = 'x'}]\nranges.only = []\n") == [
        ("ranges.span[#1]", "has to be a table, not a whole number"),
        ("ranges.span[a].low", "has to be a whole number, not text"),
        ("ranges.only", "has to be a table, not a list"),
    ]
