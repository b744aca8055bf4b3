"""Finding the lines of keys in text that is TOML."""

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from yett.config.lines import line_of, scan

TEXT = '''top = 1
[a]  # words
x = """
[no]
y = 1 \\"""
"""
y = [ # ]
  "z = 1",
  [1],
]
"quo.ted" = { in = 1 }
b.c = 2
[[a.list]]
name = 'one'
[a.list.inner]
deep = 1
[[a.list]]
name = "two"
z = \'\'\'it''s\'\'\'
[ "e\\u0041" . f ]
g = 1'''


def test_headers_and_keys_are_found_past_strings_and_lists():
    tomllib.loads(TEXT)
    lines = scan(TEXT)
    wanted = {
        ("top",): 1,
        ("a",): 2,
        ("a", "x"): 3,
        ("a", "y"): 7,
        ("a", "quo.ted"): 11,
        ("a", "b"): 12,
        ("a", "b", "c"): 12,
        ("a", "list"): 13,
        ("a", "list", 0): 13,
        ("a", "list", 0, "name"): 14,
        ("a", "list", 0, "inner"): 15,
        ("a", "list", 0, "inner", "deep"): 16,
        ("a", "list", 1): 17,
        ("a", "list", 1, "name"): 18,
        ("a", "list", 1, "z"): 19,
        ("eA", "f"): 20,
        ("eA", "f", "g"): 21,
    }
    assert dict(lines) == wanted


def test_what_has_no_line_has_that_of_the_table_around_it():
    lines = scan(TEXT)
    assert line_of(("a", "list", 1, "missing"), lines) == 17
    assert line_of(("a", "quo.ted", "in"), lines) == 11
    assert line_of(("nowhere",), lines) is None


@given(st.text(alphabet="ab=[].\"'#\n\\ {}"))
def test_any_text_is_scanned_without_an_error(text):
    try:
        tomllib.loads(text)
    except ValueError:
        return
    scan(text)
