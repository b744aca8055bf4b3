import pytest

from yett.events.outputs.quoting import Quoting, secrets_in


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("all is well", "all is well"),
        ("no such token: tok-12345", "no such token: ***"),
        ("got [Bearer tok-12345]", "got [***]"),
        ("two\nlines\x1b[31m\u202e", "twolines[31m"),
        ("x" * 1000, "x" * 300),
        ("", ""),
    ],
)
def test_a_strangers_words_are_one_short_line_without_what_it_was_sent(said, told):
    assert Quoting(("Bearer tok-12345", "a", "")).of(said) == told


def test_a_secret_is_hidden_before_the_text_is_cut():
    quoting = Quoting(("tok-12345",))
    assert "tok" not in quoting.of("x" * 296 + "tok-12345")
    assert "tok-1" not in quoting.of("tok-\n12345")


@pytest.mark.parametrize(
    "url",
    [
        "https://logs.example/v1/logs?key=abcdef%20ghijkl",
        "https://logs.example/receiver/abcdef%20ghijkl/",
        "https://logs.example/abcdef%20ghijkl?x",
    ],
)
def test_a_key_in_an_address_is_a_secret_however_it_is_echoed(url):
    quoting = Quoting(secrets_in(url))
    assert "cdef" not in quoting.of(f"no such receiver: {url}")
    assert "cdef" not in quoting.of("no such key: abcdef ghijkl")
    assert quoting.of("POST /v1/logs: not found") == "POST /v1/logs: not found"
