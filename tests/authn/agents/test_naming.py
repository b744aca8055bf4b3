"""Browsers in words that people know, and nothing that a stranger wrote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.authn.agents import describe_agent
from yett.authn.agents.naming import _PROGRAMS, _SYSTEMS

CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
)


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (CHROME, "Chrome on Linux"),
        (CHROME + " Edg/126.0.0.0", "Edge on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0; rv:127.0) Gecko/20100101 Firefox/127.0", "Firefox on Windows"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Safari/604.1",
            "Safari on iPhone",
        ),
        ("curl/8.5.0", "curl"),
        ("Something (Android 14)", "Android"),
        ("Your account is locked, call +1 555 0100", ""),
        ("", ""),
    ],
)
def test_a_browser_is_described_by_names_of_ours(agent, words):
    assert describe_agent(agent) == words


@given(st.text(max_size=700))
def test_nothing_that_was_sent_is_repeated(agent):
    ours = {name for _, name in (*_PROGRAMS, *_SYSTEMS)}
    words = describe_agent(agent)
    assert not words or all(part in ours for part in words.split(" on "))
