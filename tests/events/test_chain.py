import pytest

from yett.events import chain

LINE = b'{"time":"2026-01-01T00:00:00.000000Z","a":1}'


def test_a_line_gives_back_what_was_put_in():
    whole, value = chain.chained(LINE, 7, chain.START)
    found = chain.split(whole)
    assert found == (LINE[:-1] + b',"seq":7}', 7, value)
    assert chain.link(chain.START, found.bare) == value
    assert chain.is_chained(whole)


def test_the_value_depends_on_the_line_its_number_and_the_value_before():
    values = {
        chain.chained(LINE, 7, chain.START)[1],
        chain.chained(LINE, 8, chain.START)[1],
        chain.chained(LINE, 7, "1" * 64)[1],
        chain.chained(LINE.replace(b"1}", b"2}"), 7, chain.START)[1],
    }
    assert len(values) == 4


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line + b" ",
        lambda line: line + b"\r",
        lambda line: line[:-1],
        lambda line: line.replace(b'"seq":7', b'"seq":07'),
        lambda line: line.replace(b'"seq":7', b'"seq":0'),
        lambda line: line.replace(b'"seq":7', b'"seq":-7'),
        lambda line: line.replace(b'"seq":7', b'"seq":' + b"9" * 19),
        lambda line: line.replace(b'"chain"', b'"chaim"'),
        lambda line: line.upper(),
        lambda _line: LINE,
        lambda _line: b"",
    ],
)
def test_whatever_does_not_end_as_our_lines_do_is_none_of_ours(change):
    whole, _ = chain.chained(LINE, 7, chain.START)
    assert chain.split(change(whole)) is None


def test_a_line_has_to_be_json_besides():
    whole, _ = chain.chained(b"{nonsense}", 7, chain.START)
    assert chain.split(whole) is not None
    assert not chain.is_chained(whole)
