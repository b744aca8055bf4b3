from datetime import timedelta

import pytest

from yett.app import check  # noqa: F401 - catalogues every event there is
from yett.events import catalogue
from yett.kernel import CommandFailed
from yett.ops.searching import (
    BUILT_IN,
    Asked,
    LogsSettings,
    Queries,
    QuerySettings,
    check_queries,
    query_of,
    told,
)


def test_every_built_in_query_asks_for_what_there_is():
    assert [str(mistake) for mistake in check_queries(LogsSettings(query=BUILT_IN))] == []
    assert all(query.help for query in BUILT_IN)


def test_every_event_of_guessing_is_in_a_query_for_it():
    failed = query_of(Asked(), Queries().named("failed-sign-ins"))
    for code in (
        "authn.password.rejected",
        "otp.validate.wrong",
        "otp.validate.locked",
        "totp.validate.code_wrong",
    ):
        assert code in catalogue.events
        assert failed.matches({"time": "2999-01-01T00:00:00.000000Z", "code": code})


def test_a_query_of_the_settings_takes_the_place_of_one_that_is_built_in():
    own = QuerySettings(name="denied", help="ours", codes=("access.denied",))
    queries = Queries((own,))
    assert queries.named("denied") is own
    assert queries.is_own(own)
    assert not queries.is_own(queries.named("errors"))
    assert [each.name for each in queries] == sorted(each.name for each in BUILT_IN)


def test_no_name_is_no_query_and_a_wrong_one_is_refused_with_the_nearest():
    assert Queries().named("") is None
    with pytest.raises(CommandFailed, match="did you mean failed-sign-ins"):
        Queries().named("failed-signins")
    with pytest.raises(CommandFailed, match="yett logs queries"):
        Queries().named("x" * 5000)


def test_a_query_is_told_as_it_would_be_typed():
    query = QuerySettings(
        name="x",
        text="two words",
        components=("a", "b.*"),
        where=("status>=500",),
        without=("app=Wiki",),
        since=timedelta(hours=36),
    )
    assert (
        told(query)
        == '"two words" --component a --component b.* --where status>=500 --not app=Wiki --since 129600s'
    )


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"where": ("statuss=1",)}, "did you mean status"),
        ({"without": ("status>x",)}, "neither"),
        ({"codes": ("nothing.*",)}, "fits no event"),
        ({"components": ("nothing",)}, "fits no event"),
    ],
)
def test_what_is_wrong_with_a_query_of_the_settings_is_said(query, words):
    (mistake,) = check_queries(LogsSettings(query=(QuerySettings(name="mine", **query),)))
    assert mistake.key.startswith("logs.query[mine].")
    assert words in str(mistake)


def test_two_queries_of_one_name_are_a_mistake():
    twice = (QuerySettings(name="mine", audit=True), QuerySettings(name="mine"))
    (mistake,) = check_queries(LogsSettings(query=twice))
    assert "is the name of several" in str(mistake)
