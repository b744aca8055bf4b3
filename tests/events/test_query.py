import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.events import samples
from tests.events.samples import Reason, record

from yett.events import Level, Native, Query
from yett.events.query import stamp
from yett.events.segments import decoded

LINE = Native("n").line(record(samples.audited, "ada", Reason.NO_GROUP, request="r1", session="s1"))
ENTRY = decoded(LINE)


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        (Query(), True),
        (Query(text="AUDITED thing"), True),
        (Query(text="no_group"), True),
        (Query(text="warn"), False),  # names of levels are not text
        (Query(text="reason"), False),  # nor are names of fields
        (Query(component="sample"), True),
        (Query(component="sample.audited"), True),
        (Query(component="sam"), False),
        (Query(component="s*.aud*"), True),
        (Query(component="*"), True),
        (Query(level=Level.WARN), True),
        (Query(level=Level.ERROR), False),
        (Query(is_audit=True), True),
        (Query(user="ada"), True),
        (Query(user="ad"), False),
        (Query(request="r1", session="s1", code="sample.audited.audited"), True),
        (Query(request="r2"), False),
        (Query(session="s2"), False),
        (Query(code="sample.audited"), False),
        (Query(since=1_800_000_000), True),
        (Query(since=1_800_000_000.000001), False),
        (Query(until=1_800_000_000), False),
        (Query(until=1_800_000_000.000001), True),
        (Query(since=-1e30, until=1e30), True),
    ],
)
def test_every_condition_has_to_hold(query, answer):
    assert query.matches(ENTRY) is answer


@given(st.text(st.characters(codec=None)), st.text(st.characters(codec=None)))
def test_what_matches_holds_the_needles(user, detail):
    line = Native().line(record(samples.odd, detail, user=user, request=detail))
    entry = decoded(line)
    query = Query(
        user=entry.get("auth.user_id", ""),
        request=entry.get("server.request.id", ""),
        text=detail[:5],
        component="sample.*",
        level=Level.ERROR,
    )
    assert all(needle in line for needle in query.needles()[:-1])
    assert query.needles()[-1] == b'"level":"ERROR"'


def test_instants_beyond_the_calendar_sort_before_and_behind_all():
    assert stamp(-1e30) == ""
    assert stamp(1e30) == "~"


def test_things_of_another_shape_do_not_match():
    assert not Query(component="x").matches({})
    assert not Query(since=0).matches({})
