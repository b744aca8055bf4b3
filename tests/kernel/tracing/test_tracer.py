import os

import pytest

from yett.kernel.tracing import Incoming, Tracer, TracingSettings, new_span_id
from yett.kernel.tracing.tracer import _random

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
CALLED = [f"traceparent: 00-{TRACE}-{SPAN}-01".encode(), b"tracestate: a=1"]
IGNORED = [f"traceparent: 00-{TRACE}-{SPAN}-00".encode()]


def begin(lines=(), *, is_proxied=False, **changes):
    return Tracer(TracingSettings(**changes)).begin(lines, is_proxied=is_proxied)


@pytest.mark.parametrize(
    ("incoming", "is_proxied", "goes_on"),
    [
        (Incoming.RESTART, False, False),
        (Incoming.RESTART, True, False),
        (Incoming.PROXIES, False, False),
        (Incoming.PROXIES, True, True),
        (Incoming.CONTINUE, False, True),
    ],
)
def test_a_trace_goes_on_if_the_one_who_names_it_is_believed(incoming, is_proxied, goes_on):
    trace = begin(CALLED, is_proxied=is_proxied, incoming=incoming, ratio=0.0)
    if goes_on:
        assert (trace.trace_id, trace.parent_id, trace.is_sampled, trace.state) == (TRACE, SPAN, True, b"a=1")
    else:
        assert trace.trace_id != TRACE
        assert (trace.parent_id, trace.is_sampled, trace.state) == ("", False, b"")


def test_a_caller_decides_what_is_recorded_only_if_it_may():
    assert begin(IGNORED, incoming=Incoming.CONTINUE, ratio=1.0).is_sampled is False
    assert begin(IGNORED, incoming=Incoming.CONTINUE, follow_sampling=False, ratio=1.0).is_sampled is True
    assert begin(CALLED, incoming=Incoming.CONTINUE, follow_sampling=False, ratio=0.0).is_sampled is False


@pytest.mark.parametrize(("ratio", "least", "most"), [(0.0, 0, 0), (1.0, 2000, 2000), (0.5, 800, 1200)])
def test_the_ratio_says_how_many_are_recorded(ratio, least, most):
    tracer = Tracer(TracingSettings(ratio=ratio))
    assert least <= sum(tracer.begin((), is_proxied=False).is_sampled for _ in range(2000)) <= most


def test_two_gateways_decide_the_same_about_the_same_trace():
    lines = [f"traceparent: 00-{TRACE}-{SPAN}-00".encode()]
    more = {"incoming": Incoming.CONTINUE, "follow_sampling": False}
    share = int(TRACE[16:], 16) / (1 << 64)
    assert begin(lines, ratio=share + 0.01, **more).is_sampled is True
    assert begin(lines, ratio=share - 0.01, **more).is_sampled is False


def test_the_next_one_is_told_the_trace_and_the_span_it_hangs_on():
    trace = begin(CALLED, incoming=Incoming.CONTINUE)
    assert trace.lines("ab" * 8) == f"traceparent: 00-{TRACE}-{'ab' * 8}-01\r\ntracestate: a=1\r\n".encode()


def test_ids_are_new_each_time():
    spans = {new_span_id() for _ in range(5000)}
    traces = {begin().trace_id for _ in range(1000)}
    assert (len(spans), len(traces)) == (5000, 1000)
    assert {len(each) for each in spans} == {16}
    assert {len(each) for each in traces} == {32}


def test_no_id_is_all_zeros(monkeypatch):
    drawn = [bytes(4096), bytes(8) + b"\1" * 4088]
    monkeypatch.setattr(os, "urandom", lambda _: drawn.pop(0))
    _random.forget()
    assert new_span_id() == "01" * 8
    _random.forget()


def test_a_forked_child_draws_ids_of_its_own():
    new_span_id()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, new_span_id().encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 16).decode() != new_span_id()
    os.close(reading)
    os.close(writing)
