import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.events import samples
from tests.events.samples import Reason, record

from yett.events import Level, Native, Query, scanning
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
    needles = query.needles()
    assert needles.rare[-1] == (b'"level":"ERROR"',)
    assert all(any(each in line for each in several) for several in (*needles.rare[:-1], *needles.usual))
    assert not detail[:5] or any(word in line.lower() for word in needles.words)


def test_instants_beyond_the_calendar_sort_before_and_behind_all():
    assert stamp(-1e30) == ""
    assert stamp(1e30) == "~"


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("ΟΔΟΣ", "ΟΔΟΣΑ"),
        ("müller", "MÜLLER"),
        ("MÜLLER", "Müller"),
        ("étienne béart", "Étienne Béart"),
        ("\\udc80", "\udc80"),
    ],
)
def test_words_are_found_in_the_usual_spellings_whatever_their_alphabet(text, detail):
    line = Native().line(record(samples.odd, detail))
    query = Query(text=text)
    assert query.matches(decoded(line))
    assert list(scanning.prefilter(query)(line)) == [line]


def test_things_of_another_shape_do_not_match():
    assert not Query(level=Level.WARN).matches({"time": "2", "level": ["WARN"]})
    assert not Query(component="x").matches({})
    assert not Query(since=0).matches({})
