import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.oidc.registration import names


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Nice App", "Nice App"),
        ("  Nice \n App ", "Nice App"),
        ("Café 2 (beta)", "Café 2 (beta)"),
        ("Cafe\u0301", "Café"),
        ("Приложение", "Приложение"),
        ("日本語アプリ App", "日本語アプリ App"),
        ("한국어", "한국어"),
        ("\uff21\uff22\uff23", "ABC"),
    ],
)
def test_names_of_every_language_are_names(text, name):
    assert names.proper_name(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "...", "x" * 61,
        "Pay\u202elort",  # runs backwards
        "Pay\u200broll",  # hides something
        "Pay\u00adroll",
        "Pаyroll",  # noqa: RUF001 - a Cyrillic a
        "Ρayroll",  # noqa: RUF001 - a Greek P
        "a\u0300\u0301\u0302\u0303b",  # piled up
        "\u0301a",  # an accent on nothing
        "\u00af0",
        "<script>", "a\x00b", "\ud800", "https://bank.example", "😀 App", "App™®", "a|b", "\ue000",
    ],
)  # fmt: skip
def test_what_could_be_taken_for_something_else_is_none(text):
    assert names.proper_name(text) == ""


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("Payroll", True), ("payroll", True), ("PAYROLL", True), ("Pay roll", True), ("Pay-Roll!", True),
        ("Payro11", True), ("PayroII", True), ("P4yroll", True), ("Payr0ll", True), ("My Payroll App", True),
        ("\u0420\u0430\u0443\u0433\u043ell", True), ("Payrol", False), ("Nice App", False), ("Wiki", True),
        ("VViki", True), ("Wi", False), ("Payroll 3", True),
    ],
)  # fmt: skip
def test_what_looks_like_the_name_of_another_is_taken(name, taken):
    assert names.is_taken(name, ["Payroll", "Wiki", ""]) is taken


def test_digits_and_the_letters_that_look_like_them_are_the_same():
    assert names.skeleton("App 3") == names.skeleton("Арр З") == names.skeleton("Appe")  # noqa: RUF001 - Cyrillic


@given(st.text(max_size=80))
def test_any_text_gets_a_name_or_none(text):
    name = names.proper_name(text)
    assert len(name) <= names.MAX_NAME
    assert names.proper_name(name) == name
    assert "\n" not in name
    assert isinstance(names.is_taken(text, ["Payroll"]), bool)


WIKI, APPS = names.Place("Wiki", "wiki.example.org"), names.Place("Apps", "*.apps.example.org")


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        ({"wiki.example.org"}, ["Apps", "apps.example.org"]),
        ({"one.apps.example.org", "two.apps.example.org"}, ["Wiki", "wiki.example.org"]),
        ({"wiki.example.org", "evil.example"}, ["Wiki", "wiki.example.org", "Apps", "apps.example.org"]),
        ({"apps.example.org"}, ["Wiki", "wiki.example.org", "Apps", "apps.example.org"]),
        ({"a.b.apps.example.org"}, ["Wiki", "wiki.example.org", "Apps", "apps.example.org"]),
        ({"localhost"}, ["Wiki", "wiki.example.org", "Apps", "apps.example.org"]),
    ],
)
def test_the_names_of_applications_are_for_those_at_their_hosts(hosts, expected):
    assert names.elsewhere([WIKI, APPS], hosts) == expected
