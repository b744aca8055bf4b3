import io
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from tests.ops.reference.samples import declaration, event, field, reference
from tests.ops.reference.validating import faults

from yett.config import load
from yett.events import WARN, catalogue
from yett.kernel import CommandFailed
from yett.ops.reference import (
    LogReference,
    as_json,
    check,
    diff,
    parse,
    print_commands,
    print_example,
    print_log,
    print_settings,
    this_version,
    write,
)
from yett.ops.reference.commands import Format
from yett.ops.reference.model import Severity


def printed(log: LogReference, path):
    path.write_text(as_json(log), encoding="utf-8")
    return path


def outcome(lines):
    """Everything a command says, and how it fails, if it does."""
    said = []
    try:
        said.extend(lines)
    except CommandFailed as problem:
        return said, str(problem)
    return said, ""


def test_all_pages_are_written_into_a_folder(tmp_path):
    folder = tmp_path / "docs" / "reference"
    assert "log.md" in write(folder)
    assert {path.name for path in folder.iterdir()} == {
        "log.md",
        "log.json",
        "settings.md",
        "commands.md",
        "metrics.md",
    }
    assert (folder / "settings.md").read_text("utf-8") == print_settings()
    assert (folder / "commands.md").read_text("utf-8") == print_commands()
    assert (folder / "log.md").read_text("utf-8").splitlines() == list(print_log())
    assert (folder / "log.json").read_text("utf-8").splitlines() == list(print_log(json=True))


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandFailed, match=r"cannot write to .*file.*: Not a directory"):
        write(tmp_path / "file" / "reference")


def test_the_example_is_toml_to_start_from():
    text = print_example()
    assert isinstance(tomllib.load(io.BytesIO(text.encode())), dict)
    assert "[service]" in text


def test_the_example_needs_only_what_has_no_default(tmp_path):
    path = tmp_path / "yett.toml"
    path.write_text(print_example().replace('hostname = ""', 'hostname = "yett.localhost"'))
    assert load(path, {}).files == (path,)


def test_the_log_is_printed_as_data_and_as_a_schema_of_it():
    log = parse("\n".join(print_log(format=Format.JSON)).encode())
    assert log == this_version()
    schema = json.loads("\n".join(print_log(format=Format.SCHEMA)))
    assert len(schema["oneOf"]) == len(log.events)
    assert not faults(schema, schema["$defs"]["record"], {"time": "2026-01-31T12:00:00.000000Z", "level": "",
                                                          "component": "", "msg": "", "code": ""})  # fmt: skip


def test_an_event_whose_advice_helps_nobody_makes_the_check_fail(monkeypatch):
    ours = {code: each for code, each in catalogue.events.items() if each.module.startswith("yett.")}
    monkeypatch.setattr(catalogue, "events", ours)
    assert check() == f"all {len(ours)} events tell their operators what to do"
    monkeypatch.setattr(
        catalogue, "events", {"a.b.c": declaration("a.b.c", level=WARN, advice="The disk is full.")}
    )
    with pytest.raises(CommandFailed, match=r"a\.b\.c: it does not say what to do"):
        check()


def test_nothing_changed_between_a_version_and_itself(tmp_path):
    path = printed(this_version(), tmp_path / "log.json")
    said, failure = outcome(diff(path))
    assert said[-1].endswith("0 breaking changes, 0 other changes")
    assert len(said) == 1
    assert not failure


def test_what_breaks_rules_comes_first_and_makes_the_command_fail(tmp_path):
    old = printed(reference(event("a.b.gone"), event("a.b.kept")), tmp_path / "old.json")
    new = printed(
        reference(event("a.b.kept", level=Severity.INFO), event("a.b.new"), version="1.1"),
        tmp_path / "new.json",
    )
    said, failure = outcome(diff(old, new))
    assert said == [
        "BREAKS  event removed: a.b.gone  WARN AUDIT a.b Message of a.b.gone",
        "BREAKS  level changed: a.b.kept  WARN → INFO",
        "        event added: a.b.new  WARN AUDIT a.b Message of a.b.new",
        "1.0 to 1.1: 2 breaking changes, 1 other change",
    ]
    assert failure == "2 changes may break alert rules"


def test_what_is_only_added_does_not_make_the_command_fail(tmp_path):
    old = printed(reference(event()), tmp_path / "old.json")
    more = event(fields=(*event().fields, field("count", "integer")))
    new = printed(reference(more, event("a.b.new")), tmp_path / "new.json")
    said, failure = outcome(diff(old, new))
    assert said[-1] == "1.0 to 1.0: 0 breaking changes, 2 other changes"
    assert not failure


def test_machines_get_one_object_a_change(tmp_path):
    old = printed(reference(event()), tmp_path / "old.json")
    new = printed(reference(event(message="Other words")), tmp_path / "new.json")
    said, failure = outcome(diff(old, new, json=True))
    assert said == [
        {
            "breaking": True,
            "what": "message changed",
            "code": "a.b.c",
            "level": "WARN",
            "before": "Message of a.b.c",
            "after": "Other words",
        }
    ]
    assert failure


def test_a_file_cannot_forge_a_line(tmp_path):
    old = printed(reference(event(message="Evil\nBREAKS\u2028forged")), tmp_path / "old.json")
    said, _ = outcome(diff(old, printed(reference(event()), tmp_path / "new.json")))
    assert said[0] == "BREAKS  message changed: a.b.c  Evil BREAKS forged → Message of a.b.c"
    assert len(said) == 2


def test_a_dash_can_be_typed(tmp_path):
    program = str(Path(sys.executable).with_name("yett"))
    text = as_json(reference(event()))
    done = subprocess.run(
        [program, "logs", "diff", "-", str(printed(reference(event("a.b.d")), tmp_path / "new.json"))],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stdout.startswith("BREAKS  event removed: a.b.c")


def test_a_file_that_is_no_reference_is_named_with_the_reason(tmp_path):
    (tmp_path / "other.json").write_text('{"format":1}')
    with pytest.raises(CommandFailed, match=r"other\.json: it is no log reference"):
        diff(tmp_path / "other.json")
    with pytest.raises(CommandFailed, match=r"missing\.json: No such file"):
        diff(tmp_path / "missing.json")
    with pytest.raises(CommandFailed, match="Is a directory"):
        diff(tmp_path)
