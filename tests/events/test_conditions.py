import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.events import samples
from tests.events.samples import record

from yett.events import Condition, Native, Operator, Query, parse_condition, scanning
from yett.events.conditions import CARRIED, field_named
from yett.events.segments import decoded

ENTRY = {
    "time": "2027-01-15T08:00:00.000000Z",
    "code": "access.denied",
    "status": 503,
    "duration_ms": 12.5,
    "public": False,
    "groups": ["staff", "it-Admins"],
    "none": [],
    "server.request.client_ip": "10.1.2.3",
    "server.request.remote_addr": "[2001:db8::7]:4711",
    "certauth.x509.not_after": "2027-02-01T00:00:00Z",
    "text": "403",
    "http": {"response": {"status": 200}},
}


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("status=503", True),
        ("status = 503", True),
        ("status=503.0", True),
        ("status=50", False),
        ("status!=503", False),
        ("status!=200", True),
        ("status>=500", True),
        ("status<500", False),
        ("status>502.9", True),
        ("status<=503", True),
        ("text>400", True),  # a number in quotes is a number all the same
        ("text=403", True),
        ("duration_ms<12.6", True),
        ("public=false", True),
        ("public=FALSE", True),
        ("public!=true", True),
        ("public=0", False),
        ("groups=staff", True),
        ("groups=Staff", False),
        ("groups~admin", True),
        ("groups!=staff", False),
        ("groups!=board", True),
        ("groups", True),
        ("none", False),
        ("none!=x", True),
        ("missing", False),
        ("missing!=x", False),
        ("missing=", False),
        ("code~DENIED", True),
        ("code=access", False),
        ("server.request.client_ip=10.0.0.0/8", True),
        ("server.request.client_ip=192.168.0.0/16", False),
        ("server.request.client_ip!=10.0.0.0/8", False),
        ("server.request.remote_addr=2001:db8::/32", True),
        ("certauth.x509.not_after<2027-02-01T00:00:01Z", True),
        ("certauth.x509.not_after<2027-01-31T23:59:59+00:00", False),
        ("http.response.status=200", True),
        ("http.response.other", False),
        ("status.x", False),
        ('"code"=access.denied', True),
    ],
)
def test_a_condition_holds_or_not(text, answer):
    assert parse_condition(text).holds(ENTRY) is answer


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no condition"),
        ("=5", "is no condition"),
        ("a b=5", "is no condition"),
        ('"=5', "is no condition"),
        ("x" * 3000, "is no condition"),
        ("status>=many", "compares numbers and times, and 'many' is neither"),
        ("status>nan", "is neither"),
        ("status<", "is neither"),
        ("status~", "needs something to look for"),
    ],
)
def test_what_is_no_condition_is_refused_in_words(text, words):
    with pytest.raises(ValueError, match=words):
        parse_condition(text)


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("status", "status"),
        ("user", "auth.user_id"),
        ("request", "server.request.id"),
        ("user_id", "auth.user_id"),
        ("client_ip", "server.request.client_ip"),
        ("auth.user_id", "auth.user_id"),
    ],
)
def test_a_field_is_known_by_its_name_another_or_its_end(name, field):
    assert field_named(name, {*CARRIED, "status"}) == field


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("satus", "did you mean status"),
        ("auth.userid", "did you mean auth.user_id"),
        ("usr", "did you mean auth.user_id"),
        ("zzzzz", "yett reference log"),
        ("id", "could be a.id or server.request.id or trace.id"),
        ("x" * 2000, "no record has a field"),
    ],
)
def test_a_field_that_is_none_is_refused_with_the_nearest(name, words):
    with pytest.raises(ValueError, match=words):
        parse_condition(name, {*CARRIED, "status", "a.id"})


def test_a_name_in_quotes_is_taken_as_it_is():
    assert parse_condition('"gone since"=1', {"status"}).holds({"gone since": 1})


def test_a_list_is_some_of_and_every_of():
    assert Condition("n", Operator.AT_LEAST, "5").holds({"n": [1, 7]})
    assert not Condition("n", Operator.IS_NOT, "7").holds({"n": [1, 7]})
    assert str(parse_condition("a >= 5")) == "a>=5"
    assert str(parse_condition("a")) == "a"


VALUES = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        ["staff", "10", "-1.5", "true", "10.0.0.0/8", "10.1.1.1", 'a"b', "a,b}", "é", "\\", "\ud800"]
    ),
)


@given(
    VALUES,
    st.integers(-20, 20),
    st.lists(VALUES, max_size=2),
    st.sampled_from(["name", "count", "groups_held", "code"]),
    st.sampled_from(list(Operator)),
    VALUES,
)
def test_no_line_is_left_out_that_a_condition_holds_for(name, count, groups, field, operator, value):
    try:
        condition = Condition(field, operator, value)
    except ValueError:
        return
    native = Native()
    lines = [
        native.line(record(samples.plain, name, count)),
        native.line(
            record(
                samples.denied, "a", "h", "/", "r", samples.Reason.NO_GROUP, tuple(groups), (name, *groups)
            )
        ),
    ]
    block = b"".join(line + b"\n" for line in lines)
    query = Query(where=(condition,))
    picked = list(scanning.prefilter(query)(block))
    assert [line for line in lines if query.matches(decoded(line))] == [
        line for line in picked if query.matches(decoded(line))
    ]
