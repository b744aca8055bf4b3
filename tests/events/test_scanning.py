import io

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.events import samples
from tests.events.samples import SECOND, START, record

from yett.events import Condition, Level, Native, Operator, Query, parse_condition, scanning
from yett.events.segments import decoded

LINES = [
    Native("n").line(
        record(samples.plain, f"Name{index}", index, at=START + index * SECOND, user=f"u{index % 3}")
    )
    for index in range(12)
]
BLOCK = b"".join(line + b"\n" for line in LINES)


def picked(**conditions):
    return [LINES.index(line) for line in scanning.prefilter(Query(**conditions))(BLOCK)]


@pytest.mark.parametrize(
    ("conditions", "lines"),
    [
        ({}, list(range(12))),
        ({"user": "u1"}, [1, 4, 7, 10]),
        ({"user": "u1", "text": "name4"}, [4]),
        ({"text": "NAME11"}, [11]),
        ({"text": ":00:07"}, [7]),
        ({"text": "name1", "where": (parse_condition("count>=10"),)}, [10, 11]),
        ({"where": (parse_condition("count>=10"),)}, [10, 11]),
        ({"where": (parse_condition("count=3"),)}, [3]),
        ({"where": (parse_condition("count!=3"), parse_condition("count<5"))}, [0, 1, 2, 4]),
        ({"where": (parse_condition("name=Name5"),)}, [5]),
        ({"where": (parse_condition("missing"),)}, []),
        ({"component": ("sample.plain", "other")}, list(range(12))),
        ({"component": ("other", "another")}, []),
        ({"level": Level.WARN}, []),
        ({"level": Level.DEBUG}, list(range(12))),
        ({"session": ("a", "b")}, []),
        ({"session": tuple(map(str, range(100)))}, []),
        ({"is_audit": True}, []),
    ],
    ids=str,
)
def test_only_lines_that_may_match_are_picked(conditions, lines):
    assert picked(**conditions) == lines


def test_a_line_is_picked_once_however_often_it_holds_what_is_looked_for():
    line = b'{"time":"x","count":5,"count":6,"a":"sample","code":"sample"}'
    for conditions in ({"text": "sample"}, {"where": (parse_condition("count>4"),)}):
        assert list(scanning.prefilter(Query(**conditions))(line + b"\n" + line)) == [line, line]


# Texts that look like names, numbers, other JSON, or that change with their case.
NASTY = [
    *(
        "",
        " ",
        "a",
        "A",
        "É",
        "é",
        "ß",
        "K",
        "\u212a",
        "ΟΔΟΣ",
        "ΟΔΟΣΑ",
        "\\",
        "\n",
        '"',
        '"x":5',
        '","x":5,"',
    ),
    *("x", "500", "5e2", "500.0", "1e3", "٣", "true", "TRUE", "null", "nan", "1_0", "1e400", "9" * 50),
    *("10.0.0.1", "10.0.0.0/8", "10.0.0.1:80", "::1", "}", ",", "[]", "{", "\x00", "\u2028", "'"),
]
NUMBERS = [0, 1, -1, 500, 500.0, 1e3, 1e16, 1e22, 1.5e-7, 2**63, -0.0, int("9" * 50), True, False]
FIELDS = ["x", "auth.user_id", "module_key", "session.ref", "server.request.id", 'q"r', "é"]
one = st.sampled_from([*NASTY, *NUMBERS])
contents = st.dictionaries(st.sampled_from(FIELDS), one | st.lists(one | st.none(), max_size=3), max_size=4)
texts = st.just("") | st.sampled_from(NASTY)


@st.composite
def conditions(draw):
    value = draw(st.sampled_from([*NASTY, *map(str, NUMBERS)]))
    kind = draw(st.sampled_from(list(Operator)))
    try:
        return Condition(draw(st.sampled_from([*FIELDS, "level"])), kind, value)
    except ValueError:
        return Condition("x", Operator.IS_NOT, value)


queries = st.builds(
    Query,
    text=texts,
    user=texts,
    request=texts,
    session=texts,
    where=st.lists(conditions(), max_size=2).map(tuple),
)


@given(st.lists(contents, min_size=1, max_size=8), queries)
def test_no_line_that_matches_is_left_out(found, query):
    head = {
        "time": "2026-01-01T00:00:00.000000Z",
        "level": "INFO",
        "component": "a.b",
        "msg": "m",
        "code": "a.b.c",
    }
    lines = [msgspec.json.encode(head | {"place": place} | entry) for place, entry in enumerate(found)]
    wanted = [line for line in lines if query.matches(decoded(line))]
    picked = scanning.prefilter(query)(b"\n".join([*lines, b""]))
    assert [line for line in picked if query.matches(decoded(line))] == wanted


def test_of_texts_that_strangers_choose_nothing_is_remembered():
    sieve = parse_condition("x!=5").sieve()
    assert all(sieve.passes(b'"%d' % number) for number in range(100))
    assert sieve.passes(b"5" * 40), "a number of which only the beginning was seen"
    assert not sieve.passes(b"5")
    assert len(sieve._known) == 1
    assert sieve.pattern.search(b'"x":' + b"1" * 9999)[1] == b"1" * 40


CONTENT = st.lists(st.binary(max_size=12).map(lambda each: each.replace(b"\n", b"")), max_size=12)


@given(CONTENT, st.integers(1, 20), st.binary(max_size=9).map(lambda each: each.replace(b"\n", b"")))
def test_blocks_of_any_size_hold_every_whole_line_once(lines, size, rest):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scanning, "BLOCK", size)
        whole = b"".join(line + b"\n" for line in lines)
        file = io.BytesIO(whole + rest)
        forwards = list(scanning.blocks(file, 0, len(whole + rest), is_backwards=False))
        backwards = list(scanning.blocks(file, 0, len(whole + rest), is_backwards=True))
    assert b"".join(forwards) == whole
    assert b"".join(reversed(backwards)) == whole
    assert all(block.endswith(b"\n") for block in forwards + backwards)


@given(st.integers(-3, 15), st.integers(-3, 15))
def test_a_range_holds_what_was_said_within_it_and_little_more(since, until):
    file = io.BytesIO(BLOCK)
    begin, end = scanning.range_of(file, Query(since=START / SECOND + since, until=START / SECOND + until))
    inside = BLOCK[begin:end]
    assert all(line in inside for line in LINES[max(since, 0) : max(until, 0)])
    assert inside.count(b"\n") <= max(until - since, 0) + 5
    assert begin == 0 or BLOCK[begin - 1 : begin] == b"\n"


def test_a_range_is_found_between_damaged_lines():
    file = io.BytesIO(b"\xff\n" * 50 + LINES[0] + b"\n" + b"\n\n{}\n" * 50 + LINES[9] + b"\n" + b"x" * 99)
    begin, end = scanning.range_of(file, Query(since=START / SECOND + 5))
    assert LINES[9] in file.getvalue()[begin:end]
    assert LINES[0] not in file.getvalue()[begin:end]
