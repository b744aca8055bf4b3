from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.proxy.conftest import WIKI, request_for

from yett.events.explain.requests import OWN_ADDRESS
from yett.proxy.assets import Assets
from yett.proxy.config import AnswerSettings, AssetsSettings, RedirectSettings
from yett.proxy.own import BadAnswer, compile_notice, compile_redirect


def location(to, target, path="/old", **more):
    made = compile_redirect(RedirectSettings(to=to, **more))
    answer = made.respond(request_for("GET", target, {"Host": WIKI}), path, b"X-More: 1\r\n")
    lines = dict(line.split(": ", 1) for line in answer.headers.decode().split("\r\n") if line)
    assert lines["X-More"] == "1"
    return answer.status, lines["Location"]


@pytest.mark.parametrize(
    ("to", "target", "expected"),
    [
        ("https://new.example", "/old", "https://new.example"),
        ("https://new.example", "/old/a/b?c=d", "https://new.example/a/b?c=d"),
        ("https://new.example/base/", "/old/a", "https://new.example/base/a"),
        ("https://new.example/base", "/old?x=1", "https://new.example/base?x=1"),
        ("/new", "/old/a", "/new/a"),
        ("/", "/old/a", "/a"),
        ("/", "/old", "/"),
        ("/", "/old//evil.example", "/evil.example"),
        ("https://new.example", "/old/@evil.example/", "https://new.example/@evil.example/"),
    ],
)
def test_the_rest_of_the_path_and_the_query_are_carried_over(to, target, expected):
    assert location(to, target) == (307, expected)


def test_nothing_is_carried_over_when_it_is_not_to_be():
    assert location("https://new.example/x?a=b", "/old/y?z", keep_path=False, status=301) == (
        301,
        "https://new.example/x?a=b",
    )


@given(st.text("/@.:\\%?#evil0aA;x", max_size=20), st.sampled_from(["/", "/old"]))
def test_no_path_leads_to_another_host(tail, path):
    tail = tail.replace("\\", "").replace("#", "")  # the parser refuses them
    for to, host in (("https://new.example", "new.example"), ("/", ""), ("/x/", "")):
        _, found = location(to, ("/old/" if path == "/old" else "/") + tail, path)
        assert urlsplit(found).netloc == host
        assert not found.startswith("//")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"to": "//evil.example"}, "two slashes"),
        ({"to": "https://h:99999/"}, "out of range"),
        ({"to": "https://h/#x"}, "fragment"),
        ({"to": "https://h/?x"}, "query"),
        ({"to": "/x", "status": 304}, "none of"),
    ],
)
def test_a_redirect_that_cannot_be_meant_is_refused(changes, words):
    with pytest.raises(BadAnswer, match=words):
        compile_redirect(RedirectSettings(**changes))


def test_a_page_says_what_it_was_told_to_and_when_to_come_back():
    settings = AnswerSettings(
        heading="<b>Moving</b>", sentence="Back soon.", retry_after=timedelta(minutes=5)
    )
    answer = compile_notice(settings).respond(request_for("GET", "/", {"Host": WIKI}), "/", b"X-More: 1\r\n")
    assert answer.status == 503
    assert b"&lt;b&gt;Moving" in answer.body
    assert b"Back soon." in answer.body
    assert b"Retry-After: 300\r\n" in answer.headers
    assert answer.headers.endswith(b"X-More: 1\r\n")


@pytest.mark.parametrize("status", [204, 304, 301])
def test_a_page_with_a_status_that_has_none_is_refused(status):
    with pytest.raises(BadAnswer, match="without a page"):
        compile_notice(AnswerSettings(status=status))


@pytest.mark.parametrize(
    "own",
    [
        compile_redirect(RedirectSettings(to="https://new.example")),
        compile_notice(AnswerSettings()),
        Assets("Files", AssetsSettings(directory=Path("/srv/www")), is_public=True, is_whole=False),
    ],
)
def test_stories_of_requests_know_what_was_answered_here(own):
    assert OWN_ADDRESS.fullmatch(own.address)
    assert not OWN_ADDRESS.fullmatch("10.0.0.1:80")
