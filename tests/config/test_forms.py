"""From annotations to what may be written."""

import enum
from datetime import timedelta
from pathlib import Path

import pytest
from tests.config.samples import Backend, Door, Mode

from yett.config import Size
from yett.config.forms import (
    Shape,
    duration_text,
    fields_of,
    form_of,
    in_words,
    item_labels,
    size_text,
    value_text,
)


class Level(enum.IntEnum):
    LOW = 1


@pytest.mark.parametrize(
    ("annotation", "shape", "is_optional"),
    [
        (str, Shape.TEXT, False),
        (str | None, Shape.TEXT, True),
        (int, Shape.INTEGER, False),
        (Size, Shape.SIZE, False),
        (Size | None, Shape.SIZE, True),
        (float, Shape.NUMBER, False),
        (bool | None, Shape.FLAG, True),
        (timedelta, Shape.DURATION, False),
        (Path | None, Shape.PATH, True),
        (Mode, Shape.CHOICE, False),
        (tuple[str, ...], Shape.LIST, False),
        (tuple[Mode, ...], Shape.LIST, False),
        (Backend, Shape.ITEM, False),
        (Backend | None, Shape.ITEM, True),
        (tuple[Backend, ...], Shape.ITEMS, False),
    ],
)
def test_the_declared_types_are_understood(annotation, shape, is_optional):
    form = form_of(annotation)
    assert (form.shape, form.is_optional) == (shape, is_optional)


@pytest.mark.parametrize(
    "annotation",
    [bytes, dict[str, str], list[str], tuple[str, int], str | int, tuple[tuple[str, ...], ...], object],
)
def test_other_types_are_refused(annotation):
    with pytest.raises(TypeError, match="no type that a setting can have"):
        form_of(annotation)


def test_a_choice_is_written_by_its_text_or_its_name():
    assert [text for text, _ in form_of(Mode).choices] == ["fast", "safe"]
    assert [text for text, _ in form_of(Level).choices] == ["low"]


def test_items_are_called_by_name_or_by_position():
    assert item_labels(["a", "", "a", "b"]) == ("a", "#2", "a#2", "b")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (timedelta(0), "0s"),
        (timedelta(hours=720), "720h"),
        (timedelta(seconds=90), "1m30s"),
        (timedelta(milliseconds=1250), "1s250ms"),
        (timedelta(microseconds=-7), "-7us"),
    ],
)
def test_durations_are_written_in_the_units_they_need(value, text):
    assert duration_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0B"), (1 << 20, "1MiB"), (10_000_000, "10MB"), (1536, "1536B"), (-1024, "-1KiB")]
)
def test_sizes_are_written_in_the_largest_unit_that_needs_no_fraction(value, text):
    assert size_text(value) == text


def test_values_are_written_as_in_a_file():
    fields = fields_of(Door)
    assert value_text(("a", "b"), fields["groups"].form) == '["a", "b"]'
    assert value_text(None, fields["path"].form) == ""
    assert value_text(Mode.FAST, fields["mode"].form) == "fast"
    assert in_words(fields["ports"].form) == "a list, each a whole number"
