from datetime import timedelta
from math import inf

import pytest
from tests.proxy.conftest import WIKI

from yett.proxy.config import ReauthSettings
from yett.proxy.reauth import age_of, covers, freshness_at, max_age_for
from yett.sessions import Session, SessionType


def rule(path="", minutes=5, **more):
    return ReauthSettings(path=path, max_age=timedelta(minutes=minutes), **more)


def session(**metadata):
    return Session("r", SessionType.AUTHENTICATED, "ada", WIKI, 1000, 2000, 2000, 1000, metadata=metadata)


@pytest.mark.parametrize(
    ("above", "path", "verdict"),
    [
        ("", "/", True),
        ("", "/a", True),
        ("/", "/a", True),
        ("/a", "/a", True),
        ("/a/", "/a", True),
        ("/a", "/a/b", True),
        ("/a", "/ab", False),
        ("/a/b", "/a", False),
    ],
)
def test_a_rule_covers_whole_segments(above, path, verdict):
    assert covers(rule(above), path) is verdict


def test_the_strictest_rule_counts_and_methods_are_told_apart():
    rules = (rule(minutes=60), rule("/a", 10, methods=("POST",)), rule("/a", 30, methods=("GET",)))
    there = freshness_at("/a", rules)
    assert [max_age_for(there, method) for method in (b"POST", b"GET", b"HEAD", b"PUT")] == [
        600.0,
        1800.0,
        1800.0,
        3600.0,
    ]
    assert max_age_for(freshness_at("/a", (rules[1],)), b"GET") is None
    assert max_age_for((), b"GET") is None


@pytest.mark.parametrize(
    ("said", "age"),
    [
        ("900", 100),
        ("999.5", 0.5),
        ("1010", 0),
        ("1031", inf),
        ("", inf),
        ("nan", inf),
        ("-inf", inf),
        ("x", inf),
    ],
)
def test_a_sign_in_whose_time_cannot_be_believed_is_for_ever_ago(said, age):
    assert age_of(session(auth_time=said), 1000.0) == age
    assert age_of(session(), 1000.0) == inf
