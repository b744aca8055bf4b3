import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ops.console.log import NOW, stamp

from yett.events import Level
from yett.ops.console import form
from yett.ops.console.form import Asked, Mistake, Wanted, asked_of, seconds_of
from yett.ops.searching import Queries, QuerySettings

QUERIES = Queries(
    (
        QuerySettings(
            name="mine",
            text="disk",
            components=("store",),
            where=("task=x",),
            without=("status=200",),
            audit=True,
        ),
        QuerySettings(name="of-bob", user="bob", codes=("signin.*",)),
    )
)


def judge(asked, now, *, is_masked):
    return form.judge(asked, now, QUERIES, is_masked=is_masked)


def wrong(raw, *, is_masked=False):
    found = judge(asked_of(raw), NOW, is_masked=is_masked)
    return [each.field for each in found] if isinstance(found, tuple) else []


def test_an_address_is_the_whole_form():
    asked = Asked(
        q='a "b" &c',
        range="7d",
        level="warn",
        audit=True,
        component="proxy",
        user="bob",
        request="r",
        session="s",
        code="x.*",
        where=("status>=500", "host~wiki"),
    )
    assert asked_of(asked.address().partition("?")[2].encode()) == asked
    between = Asked(since="2026-01-01", until="2026-01-02T03:04", before=stamp(NOW))
    assert asked_of(between.address().partition("?")[2].encode()) == between
    assert Asked().address() == "/console/logs"


def test_the_last_hour_is_meant_unless_somebody_says_more():
    found = judge(asked_of(b""), NOW, is_masked=False)
    assert isinstance(found, Wanted)
    assert (found.since, found.until, found.query.until) == (NOW - 3600, NOW, None)


def test_every_condition_goes_into_the_query():
    raw = b"q=x&level=warn&audit=1&component=proxy&user=u&request=r&session=s&code=c&where=status%3E%3D500&range=all"
    query = judge(asked_of(raw), NOW, is_masked=False).query
    assert (query.text, query.level, query.is_audit) == ("x", Level.WARN, True)
    assert (query.user, query.request, query.session) == ("u", "r", ("s",))
    assert [str(each) for each in query.where] == ["status>=500"]
    assert query.since is None


def test_times_are_utc():
    found = judge(asked_of(b"from=2026-01-31T12:00&to=2026-01-31T12:00:30.5Z"), NOW, is_masked=False)
    assert found.query.since == seconds_of("2026-01-31T12:00:00+00:00")
    assert found.query.until == found.query.since + 30.5


@pytest.mark.parametrize(
    ("raw", "fields"),
    [
        (b"range=2h", ["range"]),
        (b"level=fatal", ["level"]),
        (b"from=yesterday", ["from"]),
        (b"from=2026-13-40", ["from"]),
        (b"to=9999999", ["to"]),
        (b"from=2026-02-01&to=2026-01-01", ["from"]),
        (b"to=2026-01-01&from=2026-01-01", ["from"]),
        (b"before=x", ["before"]),
        (b"where=statsu%3D1", ["where"]),
        (b"where=status%3E%3Dmany", ["where"]),
        (b"where=" + b"%0A".join([b"status"] * 11), ["where"]),
        (b"user=" + b"x" * 201, ["user"]),
        (b"range=2h&level=x&where=%3D", ["range", "level", "where"]),
    ],
)
def test_every_mistake_is_told_at_its_field(raw, fields):
    assert wrong(raw) == fields


def test_a_name_that_is_nearly_right_is_offered():
    (mistake,) = judge(asked_of(b"where=stauts%3D500"), NOW, is_masked=False)
    assert mistake == Mistake("where", "No record has a field 'stauts'; did you mean status?")


@pytest.mark.parametrize(
    "raw", [b"user=bob", b"where=auth.user_id%3Dbob", b"where=user%3Dbob", b"where=error~x"]
)
def test_whoever_must_not_see_people_cannot_ask_for_them(raw):
    assert wrong(raw) == []
    assert wrong(raw, is_masked=True) == [raw.partition(b"=")[0].decode()]


@pytest.mark.parametrize("raw", [b"q=a&q=b", b"q=%zz", b"q=\xff", b"&", b"q=" + b"x" * 5001, b"a=1&" * 40])
def test_what_is_no_form_is_none(raw):
    assert asked_of(raw) is None


def test_the_next_page_begins_behind_an_entry_and_its_range_stands_still():
    asked = Asked(range="1h", q="x")
    wanted = judge(asked, NOW, is_masked=False)
    older = asked.before_entry(stamp(NOW - 60), wanted)
    found = judge(asked_of(older.address().partition("?")[2].encode()), NOW + 5000, is_masked=False)
    assert (found.since, found.query.until) == (NOW - 3600, NOW - 60)


def test_narrowing_goes_back_to_the_first_page():
    asked = Asked(q="x", before=stamp(NOW))
    assert asked.narrowed(user="bob") == Asked(q="x", user="bob")
    assert asked.also("status=1").also("status=1") == Asked(q="x", where=("status=1",))


def test_what_goes_on_record_is_readable():
    assert Asked(q="disk full", where=("a=1", "b")).words() == "q=disk full&range=1h&where=a=1 b"
    # Nobody can make it look as if they had asked for something else.
    assert Asked(q="100% x&user=bob").words() == "q=100%25 x%26user=bob&range=1h"


@given(st.binary(max_size=300))
def test_no_query_string_raises(raw):
    asked = asked_of(raw)
    if asked is not None:
        judge(asked, NOW, is_masked=True)


@given(st.text(max_size=50), st.text(max_size=50), st.text(max_size=50))
def test_no_form_raises(text, since, where):
    judge(Asked(q=text, since=since, where=(where,)), NOW, is_masked=False)


def test_a_saved_query_is_the_ground_for_more():
    found = judge(
        Asked(saved="mine", range="1h", component="store.sqlite", where=("status>1",)), NOW, is_masked=False
    )
    query = found.query
    assert (query.text, query.component, query.is_audit) == ("disk", ("store.sqlite",), True)
    assert [str(each) for each in query.where] == ["task=x", "status>1"]
    assert [str(each) for each in query.without] == ["status=200"]


def test_a_saved_query_says_how_far_it_looks_back_unless_somebody_else_does():
    for asked, since in (
        (Asked(saved="denied"), NOW - 86_400),
        (Asked(saved="denied", range="15m"), NOW - 900),
        (Asked(saved="mine"), None),
    ):
        assert judge(asked, NOW, is_masked=False).since == since


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (Asked(saved="nobodys"), "saved"),
        (Asked(saved="mine", q="other"), "q"),
        (Asked(saved="mine", component="storehouse"), "component"),
        (Asked(saved="of-bob", user="alice"), "user"),
        (Asked(saved="of-bob", code="access.denied"), "code"),
    ],
)
def test_nobody_gets_more_than_a_saved_query_by_adding_to_it(asked, field):
    assert [each.field for each in judge(asked, NOW, is_masked=False)] == [field]


def test_a_saved_query_about_a_person_is_none_for_those_who_must_not_see_people():
    assert [each.field for each in judge(Asked(saved="of-bob"), NOW, is_masked=True)] == ["user"]
