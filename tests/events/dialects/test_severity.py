import pytest

from yett.events.dialects import Unreadable
from yett.events.dialects.severity import level_of_number, level_of_word, number_of, word_of

OWN = {"ERROR": "error", "WARN": "warning", "INFO": "info", "DEBUG": "debug", "TRACE": "trace"}


@pytest.mark.parametrize(
    ("word", "level", "kept"),
    [
        ("info", "INFO", None),
        ("INFO", "INFO", None),
        ("warning", "WARN", None),
        ("warn", "WARN", "warn"),
        ("critical", "ERROR", "critical"),
        ("PANIC", "ERROR", "PANIC"),
        ("notice", "INFO", "notice"),
    ],
)
def test_a_word_that_says_more_than_the_level_is_kept(word, level, kept):
    assert level_of_word(word, OWN) == (level, kept)
    entry = {"level": level} | ({"severity": kept} if kept else {})
    assert word_of(entry, OWN) == (word if kept else OWN[level], kept is not None)


@pytest.mark.parametrize("word", ["loud", "", None, 3, ["info"]])
def test_other_words_are_unreadable(word):
    with pytest.raises(Unreadable):
        level_of_word(word, OWN)


@pytest.mark.parametrize("number", range(8))
def test_numbers_come_back(number):
    level, kept = level_of_number(number)
    assert number_of({"level": level} | ({"severity": kept} if kept is not None else {}))[0] == number


@pytest.mark.parametrize("number", [-1, 8, True, 3.0, "3", None])
def test_other_numbers_are_unreadable(number):
    with pytest.raises(Unreadable):
        level_of_number(number)


def test_a_kept_severity_that_contradicts_the_level_is_not_believed():
    assert word_of({"level": "INFO", "severity": "panic"}, OWN) == ("info", False)
    assert number_of({"level": "INFO", "severity": 0}) == (6, False)
    assert number_of({"level": "ERROR", "severity": True}) == (3, False)
