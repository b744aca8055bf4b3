import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_plain

from yett.kernel.metrics import Distribution, Family, Kind, Metric
from yett.ops.metrics.exposition import expose, wants_openmetrics

SEEN = Metric("yett_seen_total", Kind.COUNTER, 'Seen: "all" \\ of it.', ("app", "reason"))
OPEN = Metric("yett_open", Kind.GAUGE, "Open.")
TOOK = Metric("yett_took_seconds", Kind.HISTOGRAM, "Took.", ("app",))
PROMETHEUS = (
    b"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    b"application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;q=0.4,*/*;q=0.2"
)


def spread():
    made = Distribution((0.005, 0.1, 2.5))
    for value in (0.001, 0.05, 0.06, 7.0):
        made.observe(value)
    return made


def read(families, *, openmetrics):
    text = expose(families, openmetrics=openmetrics).decode()
    assert text.endswith("# EOF\n") is openmetrics
    reader = read_openmetrics if openmetrics else read_plain
    return {
        sample.name + str(sorted(sample.labels.items())): sample.value
        for f in reader(text)
        for sample in f.samples
    }


@pytest.mark.parametrize("openmetrics", [False, True])
def test_both_formats_are_read_by_prometheus_own_parsers(openmetrics):
    found = read(
        [
            Family(OPEN, {(): 3}),
            Family(SEEN, {("Wiki", "no_group"): 4, ("", "x"): 0}),
            Family(TOOK, {("Wiki",): spread()}),
        ],
        openmetrics=openmetrics,
    )
    assert found["yett_open[]"] == 3
    assert found["yett_seen_total[('app', 'Wiki'), ('reason', 'no_group')]"] == 4
    buckets = {bound: found[f"yett_took_seconds_bucket[('app', 'Wiki'), ('le', '{bound}')]"] for bound in
               ("0.005", "0.1", "2.5", "+Inf")}  # fmt: skip
    assert buckets == {"0.005": 1, "0.1": 3, "2.5": 3, "+Inf": 4}
    assert found["yett_took_seconds_count[('app', 'Wiki')]"] == 4
    assert math.isclose(found["yett_took_seconds_sum[('app', 'Wiki')]"], 7.111)


@pytest.mark.parametrize("openmetrics", [False, True])
@given(name=st.text(st.characters(exclude_categories=("Cs",)), max_size=40))
def test_no_label_can_forge_a_line(openmetrics, name):
    found = read([Family(SEEN, {(name, "x"): 1})], openmetrics=openmetrics)
    assert list(found.values()) == [1]


def test_nothing_at_all_can_be_read():
    assert read([], openmetrics=True) == read([], openmetrics=False) == {}


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        (b"", False),
        (b"*/*", False),
        (b"text/plain", False),
        (PROMETHEUS, True),
        (b"application/openmetrics-text", True),
        (b"Application/OpenMetrics-Text; Version=1.0.0; charset=utf-8", True),
        (b"application/openmetrics-text; version=0.0.1", False),
        (b"application/openmetrics-text; version=2.0.0", False),
        (b"application/openmetrics-text; q=0.0", False),
        (b"application/openmetrics-text; version", False),
        (b";;==,;,\xff", False),
    ],
)
def test_openmetrics_is_for_those_who_ask_for_it(accept, wanted):
    assert wants_openmetrics(accept) is wanted


@given(st.binary())
def test_any_accept_gets_an_answer(accept):
    assert wants_openmetrics(accept) in {True, False}


@pytest.mark.parametrize(
    ("value", "shown"), [(math.inf, "+Inf"), (-math.inf, "-Inf"), (math.nan, "NaN"), (3, "3"), (0.1, "0.1")]
)
@pytest.mark.parametrize("openmetrics", [False, True])
def test_numbers_are_written_as_the_formats_want_them(openmetrics, value, shown):
    text = expose([Family(OPEN, {(): value})], openmetrics=openmetrics).decode()
    assert f"\nyett_open {shown}\n" in text
