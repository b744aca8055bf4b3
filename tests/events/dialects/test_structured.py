import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.events.dialects import Unreadable
from yett.events.dialects.structured import MOST_ELEMENTS, MOST_PARAMETERS, element, parsed

_names = st.from_regex(r"[!#-<>-\\^-~]{1,32}", fullmatch=True)


_elements = st.lists(
    st.tuples(_names, st.lists(st.tuples(_names, st.text(max_size=12)), max_size=4)),
    max_size=4,
    unique_by=lambda pair: pair[0],
)


@given(_elements)
def test_elements_come_back_whatever_is_in_them(elements):
    text = "".join(element(name, parameters) for name, parameters in elements) or "-"
    assert parsed(text + " rest") == (elements, len(text))


def test_only_three_characters_are_escaped():
    assert element("a@1", [("b", r'say "x\y" [z]')]) == r'[a@1 b="say \"x\\y\" [z\]"]'
    # Section 6.3.3: a backslash before any other character is an ordinary one.
    assert parsed(r'[a b="c\d"]') == ([("a", [("b", r"c\d")])], 11)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "[",
        "[]",
        "[ a]",
        "[a",
        '[a b="c]',
        '[a b="c"',
        "[a b=c]",
        '[a  b="c"]',
        '[a b="c" ]',
        '[a b="]"]',
        "[a][a]",
        "[" + "n" * 33 + "]",
        "[a " + "n" * 33 + '="x"]',
        "[é]",
        "".join(f"[a{number}]" for number in range(MOST_ELEMENTS + 1)),
        "[a" + ' b="c"' * (MOST_PARAMETERS + 1) + "]",
    ],
)
def test_what_breaks_the_rules_is_unreadable(text):
    with pytest.raises(Unreadable):
        parsed(text)
