import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.config import parse_duration
from yett.ops.importing import words


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("1h30m", 5400),
     ("5 minutes", 300), ("1 hour and 30 minutes", 5400), ("168h0m0s", 604800), ("1M", 2592000),
     ("1w", 604800),
     ("250ms", 0.25), ("", None), ("soon", None), ("-1", None), ("1 fortnight", None), ("9" * 30, None)],
)  # fmt: skip
def test_durations_are_read_in_many_forms(text, seconds):
    assert words.seconds_of(text) == seconds


@given(st.integers(0, 10**9))
def test_durations_are_written_so_that_ours_are_the_same(seconds):
    assert parse_duration(words.duration(seconds)).total_seconds() == seconds


@pytest.mark.parametrize(
    ("pattern", "paths"),
    [
        ("^/health$", [("/health", True)]),
        ("^/public/", [("/public/", False)]),
        ("^/.*$", [("/", False)]),
        ("^/(a|b)/.*$", [("/a", False), ("/b", False)]),
        (r"^/v1\.0/x([/?].*)?$", [("/v1.0/x", False)]),
        ("^/api", None),
        ("/api/", None),
        ("^/a.c/$", None),
        ("^/a/../b/", None),
        ("^/%2e%2e/", None),
        ("^/x/(a|b)*/", None),
        ("^/x/[a-z]+/.*$", None),
        ("^/(a|b)/(a|b)/(a|b)/(a|b)/(a|b)/(a|b)/", None),
        ("^/a|^/b$", None),
        ("^/" + "(a|b)/" * 1000, None),
        ("^/" + "(" * 3000 + "a" + ")" * 3000 + "/", None),
    ],
)
def test_only_patterns_that_are_plain_paths_become_paths(pattern, paths):
    assert words.literal_paths(pattern) == paths


@given(
    st.lists(
        st.sampled_from(["/", "a", "b", ".*", "(a|b)", "$", "\\.", "(/.*)?", "([/?].*)?", "^", "."]),
        max_size=7,
    ),
    st.lists(st.sampled_from(["/", "a", "b", "."]), max_size=6),
)
def test_a_path_never_lets_in_what_its_pattern_did_not(parts, wanted):
    pattern, path = "^/" + "".join(parts), "/" + "".join(wanted)
    found = words.literal_paths(pattern)
    try:
        meant = re.compile(pattern)
    except re.error:
        return
    for place, is_exact in found or ():
        plain, asked = place.rstrip("/"), path.rstrip("/")
        is_in = asked == plain if is_exact else asked == plain or path.startswith(f"{plain}/")
        # A slash at the end makes no difference to a path of ours.
        if is_in and "//" not in path and "/." not in path:
            assert any(meant.search(each) for each in (path, asked, f"{asked}/"))


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ("http://10.0.0.1:8080/x/", ("http://10.0.0.1:8080", "/x/")),
        ("https://[::1]", ("https://[::1]", "/")),
        ("unix:///run/a.sock", ("unix:/run/a.sock", "/")),
        ("http://user:pw@host/", None),
        ("ftp://host/", None),
        ("http://a b/", None),
        ("http://host:99999/", None),
        ("http://host\n/", ("http://host", "/")),
        ("http:///x", None),
    ],
)
def test_services_are_addresses_that_requests_can_go_to(text, service):
    assert words.service_of(text) == service


@given(st.text(max_size=40))
def test_no_text_is_too_odd(text):
    words.seconds_of(text)
    words.size_of(text)
    words.host_of(text)
    words.network_of(text)
    words.service_of(text)
    words.path_of(text)
    words.literal_paths(text)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_. -]{0,62}", words.app_name(text, set()))


def test_names_of_applications_are_never_the_same():
    taken = set()
    assert [words.app_name(text, taken) for text in ("Wiki", "wiki", "wiki!", "")] == [
        "Wiki",
        "wiki 2",
        "wiki 3",
        "app",
    ]
