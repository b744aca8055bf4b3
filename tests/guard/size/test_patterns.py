import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.guard.size.patterns import LONGEST_PATTERN, LONGEST_SUBJECT, BadPattern, compile_pattern


@pytest.mark.parametrize(
    ("text", "subject", "matches"),
    [
        (r"/upload/[^/]+/files/.*", "/upload/a/files/b/c", True),
        (r"/upload/[^/]+/files/.*", "/upload/a/b/files/c", False),
        (r"^/v\d{1,2}/blobs$", "/v2/blobs", True),
        (r"/v\d{1,2}/blobs", "/v2/blobs/x", False),
        (r"/(?:a|b|c)/x{3}", "/b/xxx", True),
        (r"/(ab)*/[\w.-]+\.(zip|tar)", "/abab/a-b.zip", True),
        (r"/a\$", "/a$", True),
        (r"/[]x]", "/]", True),
        (r"/\{x\}", "/{x}", True),
        (r"/x{,2}?", "/xx", True),
    ],
)
def test_expressions_match_the_whole_path(text, subject, matches):
    assert (compile_pattern(text).fullmatch(subject) is not None) is matches


@pytest.mark.parametrize(
    "text",
    [
        "",
        "^$",
        "(a+)+",
        "(a|b)*",
        "(a?){,40}",
        "a?" * 40,
        "(a|a)" * 30,
        ".*.*.*",
        "(?:.*a){2,}",
        "(?=a)",
        "(?P<x>a)",
        "(?i)a",
        "a++",
        "a**",
        "a{2}{3}",
        "a{x}",
        "a{2000}",
        "a{3,2}",
        r"\1",
        r"\bx",
        r"\pL",
        "a\\",
        "[a",
        "[z-a]",
        "[a&&b]",
        "[[a]]",
        "(a",
        "a)",
        "*",
        "a^b",
        "a$b",
        "a}",
        "(" * 30 + ")" * 30,
        "a" * (LONGEST_PATTERN + 1),
    ],
)
def test_what_is_wrong_or_could_take_long_is_refused(text):
    with pytest.raises(BadPattern):
        compile_pattern(text)


@pytest.mark.parametrize("text", [".*.*x", "(?:.*a)(?:.*a)x", "(?:a|a){8}.*x", "(?:a?){17}b", "(?:a?){8}.*x"])
def test_the_worst_that_is_accepted_takes_a_moment(text):
    pattern = compile_pattern(text)
    began = time.process_time()
    assert pattern.fullmatch("a" * LONGEST_SUBJECT) is None
    assert time.process_time() - began < 0.5


@given(st.text("ab|()[]^$*+?{},012\\.d:-", max_size=20))
def test_what_is_accepted_means_what_it_means_elsewhere(text):
    try:
        pattern = compile_pattern(text)
    except BadPattern:
        return
    plain = re.compile(text, re.ASCII)
    for subject in ("", "a", "ab", "aab", "b", "abab", "0", "a.b", "2"):
        assert (pattern.fullmatch(subject) is None) == (plain.fullmatch(subject) is None)
