import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.kernel.tracing import Parent, lines_of, parse_parent

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
GOOD = f"00-{TRACE}-{SPAN}-01"


def parsed(traceparent, *states):
    lines = [b"Host: x", f"traceparent: {traceparent}".encode("latin-1")]
    return parse_parent([*lines, *(f"tracestate: {state}".encode("latin-1") for state in states)])


def test_the_example_of_the_recommendation_is_understood():
    assert parsed(GOOD, "congo=t61rcWkgMzE") == Parent(TRACE, SPAN, True, b"congo=t61rcWkgMzE")


@pytest.mark.parametrize(("flags", "is_sampled"), [("00", False), ("01", True), ("03", True), ("fe", False)])
def test_only_the_sampled_bit_counts(flags, is_sampled):
    assert parsed(f"00-{TRACE}-{SPAN}-{flags}").is_sampled is is_sampled


@pytest.mark.parametrize(
    "value",
    [
        f"cc-{TRACE}-{SPAN}-01",
        f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like",
        f"01-{TRACE}-{SPAN}-00-",
    ],
)
def test_a_later_version_is_read_as_far_as_it_is_known(value):
    assert parsed(value).trace_id == TRACE


@pytest.mark.parametrize(
    "value",
    [
        "",
        "00",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-01-",
        f"cc-{TRACE}-{SPAN}-01.more",
        f"0-{TRACE}-{SPAN}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"00-{TRACE}0-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-0g",
        f"00_{TRACE}_{SPAN}_01",
        f"{GOOD},{GOOD}",
        f"{GOOD}\n",
        f"00-{TRACE[:-1]}\u00b2-{SPAN}-01",
    ],
)
def test_what_breaks_a_rule_is_as_if_it_had_not_come(value):
    assert parsed(value) is None


def test_two_parents_are_none():
    assert parse_parent([f"traceparent: {GOOD}".encode()] * 2) is None
    assert parse_parent([f"TraceParent: {GOOD}".encode()]).trace_id == TRACE


def test_members_of_several_fields_are_one_list():
    assert (
        parsed(GOOD, "rojo=1, ,tenant@system=2", "", "4congo@x=3").state
        == b"rojo=1,tenant@system=2,4congo@x=3"
    )


@pytest.mark.parametrize(
    "state",
    [
        "rojo",
        "=1",
        "Rojo=1",
        "rojo=",
        "rojo=1=2",
        "a=1,a=2",
        "rojo=\x07",
        "rojo=\u00fc",
        "a@b@c=1",
        "4congo=1",
        "x" * 257 + "=1",
        "x=" + "1" * 257,
        ",".join(f"k{number}=1" for number in range(33)),
        ",".join(f"k{number}=" + "v" * 60 for number in range(9)),
    ],
)
def test_a_list_that_breaks_a_rule_is_left_and_the_trace_goes_on(state):
    found = parsed(GOOD, state)
    assert (found.trace_id, found.state) == (TRACE, b"")


def test_what_is_written_is_what_is_read():
    lines = lines_of(TRACE, SPAN, is_sampled=True, state=b"a=1")
    assert lines == f"traceparent: {GOOD}\r\ntracestate: a=1\r\n".encode()
    assert parse_parent(lines.split(b"\r\n")) == Parent(TRACE, SPAN, True, b"a=1")
    assert lines_of(TRACE, SPAN, is_sampled=False).endswith(b"-00\r\n")


LINES = st.one_of(
    st.binary(),
    st.binary().map(lambda text: b"traceparent:" + text),
    st.binary().map(lambda text: b"tracestate:" + text),
    st.just(f"traceparent: {GOOD}".encode()),
)


@given(st.lists(LINES))
def test_any_lines_get_an_answer_that_can_go_into_a_head(lines):
    found = parse_parent(lines)
    if found is not None:
        written = lines_of(found.trace_id, SPAN, is_sampled=found.is_sampled, state=found.state)
        assert written.count(b"\r\n") == 2 - (not found.state)
        assert not set(written.replace(b"\r\n", b"")) & {0, 10, 13}
