import io
import tomllib

import pytest

from yett.config import load
from yett.events import INFO, catalogue
from yett.events.declare import Declaration
from yett.events.fields import Field, Sensitivity
from yett.kernel import CommandFailed, commands
from yett.kernel.metrics import Kind, Metric
from yett.ops import reference
from yett.ops.reference import command_reference, log_reference, metrics_reference


def declaration(code, *, component="a.b", module="yett.authn.events", audit=False, fields=()):
    return Declaration(
        code, component, INFO, audit, f"Message of {code}", fields, "What\nto do.", module, "function"
    )


def test_an_event_is_shown_with_its_code_fields_and_advice():
    fields = (
        Field("user", "auth.user_id", "text", Sensitivity.SENSITIVE),
        Field("count", "count", "integer", Sensitivity.PUBLIC),
    )
    text = log_reference([declaration("a.b.c", audit=True, fields=fields)])
    assert "- INFO **AUDIT** Message of a.b.c (*auth.user_id*, count)\n  `a.b.c`. What to do.\n" in text


def test_events_stand_by_room_and_component():
    text = log_reference(
        [
            declaration("s.x", component="s", module="yett.store.events"),
            declaration("a.z", component="a.z"),
            declaration("a.b", component="a.b"),
        ]
    )
    heads = [line for line in text.splitlines() if line.startswith("##")]
    assert heads[:5] == ["## authn", "### `a.b`", "### `a.z`", "## store", "### `s`"]


@pytest.mark.parametrize("seed", [1, -1])
def test_the_order_of_declaration_does_not_matter(seed):
    ours = [each for each in catalogue.events.values() if each.module.startswith("yett.")]
    assert log_reference(ours) == log_reference(ours[::seed])
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


def test_all_pages_are_written_into_a_folder(tmp_path):
    folder = tmp_path / "docs" / "reference"
    assert "log.md" in reference.write(folder)
    assert {path.name for path in folder.iterdir()} == {"log.md", "settings.md", "commands.md", "metrics.md"}
    assert (folder / "settings.md").read_text("utf-8") == reference.print_settings()
    assert (folder / "commands.md").read_text("utf-8") == reference.print_commands()
    assert (folder / "log.md").read_text("utf-8") == reference.print_log()


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandFailed, match=r"cannot write to .*file.*: Not a directory"):
        reference.write(tmp_path / "file" / "reference")


def test_the_example_is_toml_to_start_from():
    text = reference.print_example()
    assert isinstance(tomllib.load(io.BytesIO(text.encode())), dict)
    assert "[service]" in text


def test_the_example_needs_only_what_has_no_default(tmp_path):
    path = tmp_path / "yett.toml"
    path.write_text(reference.print_example().replace('hostname = ""', 'hostname = "yett.localhost"'))
    assert load(path, {}).files == (path,)
