import pytest

from yett.kernel import commands
from yett.kernel.metrics import Kind, Metric
from yett.ops.reference import command_reference, metrics_reference


@pytest.mark.parametrize("seed", [1, -1])
def test_the_order_of_declaration_does_not_matter(seed):
    every = list(commands.values())
    assert command_reference(every) == command_reference(every[::seed])


def test_each_metric_is_a_row_with_its_kind_and_labels():
    declared = [
        Metric("yett_b", Kind.GAUGE, "Second."),
        Metric("yett_a_total", Kind.COUNTER, "First.", ("app", "reason")),
    ]
    rows = metrics_reference(declared).splitlines()[-2:]
    assert rows == [
        "| `yett_a_total` | counter | `app`, `reason` | First. |",
        "| `yett_b` | gauge |  | Second. |",
    ]


def test_every_command_is_shown_once_as_it_is_typed():
    text = command_reference(commands.values())
    heads = [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")]
    assert len(heads) == len(set(heads)) == len(commands)
    assert {"yett users add", "yett admin sessions list"} <= set(heads)
    for head in heads:
        assert f"\nUsage: {head}" in text


def test_the_pages_have_no_colours_whatever_the_terminal(monkeypatch):
    plain = command_reference(commands.values())
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert command_reference(commands.values()) == plain
    assert "\x1b" not in plain
