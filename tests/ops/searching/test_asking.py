import time
from datetime import timedelta

import pytest

from yett.events import Level
from yett.kernel import CommandFailed
from yett.kernel.levels import LogLevel
from yett.ops.searching import Asked, QuerySettings, query_of

SAVED = QuerySettings(
    name="mine",
    text="words",
    codes=("access.*",),
    level=LogLevel.WARN,
    audit=True,
    where=("level=WARN",),
    since=timedelta(days=1),
)


def test_what_was_typed_is_added_to_what_is_saved():
    query = query_of(
        Asked(level="error", user="bob", where=("code~x",), without=("user=ada",), limit=3), SAVED
    )
    assert query.text == "words"
    assert query.code == ("access.*",)
    assert query.level is Level.ERROR
    assert query.is_audit
    assert [str(each) for each in query.where] == ["level=WARN", "code~x"]
    assert [str(each) for each in query.without] == ["auth.user_id=ada"]
    assert abs(query.since - (time.time() - 86_400)) < 60


def test_the_lesser_level_does_not_widen_a_saved_query():
    assert query_of(Asked(level="debug"), SAVED).level is Level.WARN


def test_a_time_that_was_typed_comes_before_the_saved_one():
    query = query_of(Asked(since="2026-01-01", until="2026-01-02"), SAVED)
    assert query.until - query.since == 86_400
    assert query_of(Asked(until="2026-01-02T00:00:00Z"), SAVED).since == query.until - 86_400


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (Asked(text="others"), "part of the saved query already"),
        (Asked(codes=("x",)), "part of the saved query already"),
        (Asked(where=("nothing_like_it",)), "--where: no record has a field"),
        (Asked(without=("",)), "--not: '' is no condition"),
        (Asked(level="loud"), "is not a level"),
        (Asked(until="never"), "neither a time ago"),
    ],
)
def test_what_does_not_fit_is_refused(asked, words):
    with pytest.raises(CommandFailed, match=words):
        query_of(asked, SAVED)


def test_fields_of_others_may_be_asked_for_in_their_files():
    assert (
        query_of(Asked(where=("nothing_like_it=1",)), is_any_field=True).where[0].field == "nothing_like_it"
    )
