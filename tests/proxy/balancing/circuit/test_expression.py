import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.proxy.balancing.circuit import ExpressionInvalid, Sample, compile_expression
from yett.proxy.balancing.circuit.expression import ExpressionUnknown
from yett.proxy.balancing.circuit.window import Window


def window(*, good=0, bad=0, latency=None):
    made = Window(10.0)
    for _ in range(good):
        made.add(Sample(is_error=False, latency=latency), 1.0)
    for _ in range(bad):
        made.add(Sample(is_error=True, is_network_error=True), 1.0)
    return made


HALF = window(good=10, bad=10, latency=3.0)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("error_rate > 0.3", True),
        ("error_rate >= 0.5 && error_rate <= 0.5", True),
        ("error_rate == 0.5", True),
        ("error_rate != 0.5", False),
        ("error_rate < 0.5", False),
        ("0.3 < error_rate", True),
        ("network_error_rate > 0.4", True),
        ("requests >= 20", True),
        ("requests > 20", False),
        ("latency_p99 > 2", True),
        ("latency_p95 > 2 && latency_p50 > 2", True),
        ("latency_p99 > 4", False),
        # "&&" binds closer than "||".
        ("requests > 0 || requests > 0 && requests < 0", True),
        ("(requests > 0 || requests > 0) && requests < 0", False),
        ("!(error_rate > 0.3)", False),
        ("!!(error_rate > 0.3)", True),
        ("! error_rate > 0.9", True),
        ("  ( ( requests>1 ) )  ", True),
    ],
)
def test_a_rule_means_what_it_says(text, verdict):
    assert compile_expression(text)(HALF) is verdict


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "a number or a name, not the end"),
        ("error_rate", "a comparison, not the end"),
        ("error_rate >", "a number or a name, not the end"),
        ("error_rate > 0.3 &&", "a number or a name"),
        (
            "error_rate > 0.3 latency_p99 > 1",
            'expected "&&", "||" or the end, not latency_p99 at character 18',
        ),
        ("1 < requests < 3", 'expected "&&"'),
        ("(requests > 1", 'expected ")"'),
        ("requests > 1)", 'expected "&&"'),
        ("latency_p42 > 1", "latency_p42 is none of error_rate"),
        ("__import__ > 1", "__import__ is none of"),
        ("requests > 1;", "nothing readable at character 13"),
        ("requests > 1e9", "nothing readable"),
        ("requests > -1", "nothing readable"),
        ("requests & 1", "nothing readable"),
        ("error_rate > 0.3 and requests > 1", 'expected "&&"'),
        ("(" * 40 + "requests > 1" + ")" * 40, "nests at most 32"),
        ("!" * 40 + "requests > 1", "nests at most 32"),
        ("requests > 1 || " * 60 + "requests > 1", "at most 500 characters"),
    ],
)
def test_what_is_no_rule_is_refused_with_the_reason(text, complaint):
    with pytest.raises(ExpressionInvalid) as refused:
        compile_expression(text)
    assert complaint in str(refused.value)


def test_a_rule_about_latency_has_no_answer_without_answers():
    rule = compile_expression("latency_p99 > 2")
    with pytest.raises(ExpressionUnknown, match="latency_p99 is not known"):
        rule(window(bad=20))


def test_what_is_settled_earlier_needs_no_later_value():
    assert compile_expression("error_rate > 0.9 || latency_p99 > 2")(window(bad=20)) is True
    assert compile_expression("error_rate < 0.9 && latency_p99 > 2")(window(bad=20)) is False


pieces = st.sampled_from(
    [
        "error_rate",
        "requests",
        "latency_p50",
        "0.5",
        "12",
        "<",
        ">=",
        "==",
        "&&",
        "||",
        "!",
        "(",
        ")",
        " ",
        "x",
        "&",
    ]
)


@given(st.text(max_size=60) | st.lists(pieces, max_size=20).map("".join))
def test_any_text_is_a_rule_or_refused(text):
    try:
        rule = compile_expression(text)
    except ExpressionInvalid:
        return
    assert rule(HALF) in {True, False}
