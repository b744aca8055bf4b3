import pytest

from yett.events import comparing
from yett.events.comparing import Operator, is_only_text, number_in, text_of, texts_of, value_of


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("5", 5),
        ("-5", -5),
        ("+5", 5),
        ("5.5", 5.5),
        ("1e3", 1000),
        ("1_000", None),
        ("nan", None),
        ("inf", None),
        ("1e999", None),
        ("9" * 5000, None),
        ("", None),
        ("--5", None),
        ("five", None),
    ],
)
def test_a_text_is_a_number_or_not(text, number):
    assert number_in(text) == number


def test_values_are_shown_as_json_would():
    assert list(texts_of([True, 1.5, "x", None])) == ["true", "1.5", "x", "null"]
    assert text_of(1e16) == "1e16"
    assert text_of({"a": ["it's"]}) == '{"a":["it\'s"]}'
    assert text_of(False) == "false"


def test_a_dotted_name_is_a_name_before_it_is_a_path():
    assert value_of({"a.b": 1, "a": {"b": 2}}, "a.b") == 1
    assert value_of({"a": {"b.c": 3}}, "a.b.c") == 3
    assert value_of({"a": [1]}, "a.b") is None
    assert value_of({}, "a." * 900 + "b") is None


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("staff", True),
        ("5", False),
        ("true", False),
        ("null", False),
        ("10.0.0.0/8", False),
        ('["a"]', False),
    ],
)
def test_what_may_be_written_in_several_ways_is_not_only_text(text, answer):
    assert is_only_text(text) is answer


@pytest.mark.parametrize(
    ("operator", "written", "value"),
    [
        ("=", "TRUE", "TRUE"),
        ("=", "True", True),
        ("=", "10.0.0.0/8", "10.0.0.0/8"),  # a network that a record names, not an address in it
        ("=", "10.0.0.0/8", "10.9.9.9:443"),
        ("~", "ΟΔΟΣ", "ΟΔΟΣΑ"),  # lower() makes another letter of a sigma at the end of a word
        ("~", "STRASSE", "Straße"),
    ],
)
def test_what_is_the_same_is_found_however_it_is_written(operator, written, value):
    assert comparing.test_for(Operator(operator), written)(value)
