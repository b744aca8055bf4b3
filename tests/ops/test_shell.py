import io
import json
import re
from collections import UserDict
from datetime import UTC, datetime
from typing import Annotated

import pytest
from cyclopts import Parameter

from yett import cli
from yett.kernel import Command, Place, Table, Verdict, commands
from yett.ops import shell

DECLARED = sorted(commands.values(), key=lambda each: each.path)


class Things:
    def list(self, *, user: str = ""):
        """List things."""

    def add(self, name: str, *, count: int = 1, hard: Annotated[bool, Parameter(negative=())] = False):
        """Add a thing."""


def free():
    """Stand alone."""


COMMANDS = [
    Command(("things", "list"), Things.list, Place.HERE, False, "Things"),
    Command(("things", "add"), Things.add, Place.HERE, True, "Things"),
    Command(("free",), free, Place.HERE, False, ""),
]


@pytest.fixture(scope="module")
def app():
    return shell.build("yett", "The help.", COMMANDS, version="yett 1")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def without_colour(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


# Parsing.


def test_a_command_is_found_with_its_arguments(app):
    parsed = shell.parse(app, ["things", "add", "key", "--count", "3", "--hard"])
    assert parsed.path == ("things", "add")
    assert parsed.positional == ("key",)
    assert parsed.named == {"count": 3, "hard": True}
    assert not shell.is_of_app(parsed.function)
    assert parsed.words is None


def test_options_may_be_written_in_every_usual_way(app):
    for words in (["--count=3", "key"], ["key", "--count", "3"], ["--count", "3", "--name", "key"]):
        parsed = shell.parse(app, ["things", "add", *words])
        assert ("key" in parsed.positional, parsed.named["count"]) == (True, 3)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["fre"], 'Unknown command "fre". Did you mean "free"?'),
        (["thing", "list"], 'Did you mean "things"?'),
        (["things", "lst"], 'Did you mean "list"?'),
        (["things", "list", "--usr", "x"], "Did you mean --user?"),
        (["things", "list", "extra"], "extra"),
        (["things", "add"], "requires an argument"),
        (["things", "add", "x", "--count", "many"], 'unable to convert "many" into int'),
        (["free", "--version"], "--version"),
        (["nothing", "--help"], 'Unknown command "nothing"'),
        (["things", "nothing", "--help"], 'Unknown command "nothing"'),
        (["x" * 100_000], "…"),
    ],
)
def test_what_does_not_fit_is_said_with_what_would(app, words, expected):
    with pytest.raises(shell.UsageError) as caught:
        shell.parse(app, words)
    assert expected in str(caught.value)
    assert str(caught.value).endswith("Add --help to see what can be typed.")
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    ("words", "about"),
    [
        ([], []),
        (["--help"], []),
        (["-h"], []),
        (["things"], ["things"]),
        (["things", "--help"], ["things"]),
        (["things", "add", "--help"], ["things", "add"]),
        (["things", "add", "x", "--count", "--help"], ["things", "add", "x", "--count"]),
    ],
)
def test_help_is_found_where_it_is_asked_for(app, words, about):
    parsed = shell.parse(app, words)
    assert shell.is_of_app(parsed.function)
    assert parsed.words == about


def test_the_version_is_no_help(app):
    parsed = shell.parse(app, ["--version"])
    assert shell.is_of_app(parsed.function)
    assert parsed.words is None


# Help.


def test_help_shows_arguments_with_their_defaults(app):
    text = shell.help_text(app, ["things", "add"], out=io.StringIO())
    assert text.startswith("Usage: yett things add [OPTIONS] NAME\n\nAdd a thing.\n")
    assert re.search(r"--count\s+INT\s+\[default: 1\]", text)
    assert "--no-hard" not in text
    assert "\x1b" not in text
    assert not re.search(r"[ ]\n", text)


@pytest.mark.parametrize("found", DECLARED, ids=lambda each: " ".join(each.path))
def test_every_declared_command_has_help(found):
    text = shell.help_text(shell.build("yett", "", DECLARED), found.path, out=io.StringIO())
    first = found.function.__doc__.strip().splitlines()[0]
    assert text.startswith(f"Usage: yett {' '.join(found.path)}")
    assert first.split()[0] in text


@pytest.mark.parametrize("found", DECLARED, ids=lambda each: " ".join(each.path))
def test_the_folder_of_every_declared_command_is_explained(found):
    for depth in range(1, len(found.path)):
        assert shell.FOLDERS[found.path[:depth]]


def test_help_depends_neither_on_the_terminal_nor_on_the_environment_when_it_is_not_shown_on_one(
    app, monkeypatch
):
    plain = shell.help_text(app, [], out=io.StringIO())
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "30")
    assert shell.help_text(app, [], out=io.StringIO()) == plain


def test_help_on_a_terminal_is_as_wide_as_it(app, monkeypatch):
    monkeypatch.setenv("COLUMNS", "50")
    monkeypatch.setenv("TERM", "xterm")
    text = without_colour(shell.help_text(app, [], out=Terminal()))
    assert max(map(len, text.splitlines())) <= 50


# Answers.


def shown(answer, *, as_json=False, out=None):
    out = out or io.StringIO()
    shell.show(answer, as_json=as_json, out=out)
    return out.getvalue()


TABLE = Table(
    ("name", "groups", "disabled", "since"),
    (
        ("alice", ["staff", "admin"], False, datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("bob", [], True, None),
    ),
    empty="Nobody.",
)


def test_a_table_goes_to_a_pipe_as_plain_columns():
    assert shown(TABLE) == (
        "name   groups        disabled  since\n"
        "alice  staff, admin  no        2026-01-31T12:00:00+00:00\n"
        "bob    -             yes       -\n"
    )


def test_a_row_in_a_pipe_is_one_line_whatever_its_length():
    text = shown(Table(("a", "b"), (("x" * 5000, "y\nz\tw"),)))
    assert text.splitlines()[1] == "x" * 5000 + "  y\\nz\\tw"


def test_wide_characters_take_two_places():
    assert shown(Table(("a", "b"), (("日本", 1), ("x", 2)))).splitlines() == ["a     b", "日本  1", "x     2"]


def test_a_table_on_a_terminal_fits_into_it(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm")
    text = shown(Table(("a", "b"), (("x" * 100, "y"),)), out=Terminal())
    lines = without_colour(text).splitlines()
    assert max(map(len, lines)) <= 40
    assert sum(line.count("x") for line in lines) == 100


def test_nothing_in_a_cell_is_taken_for_markup(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    row = ("[red]x[/red]", ":warning:", "[/]")
    for out in (io.StringIO(), Terminal()):
        assert [cell in shown(Table(("a", "b", "c"), (row,)), out=out) for cell in row] == [True] * 3


def test_an_empty_table_says_so():
    assert shown(Table(("a",), (), empty="Nobody.")) == "Nobody.\n"
    assert shown(Table(("a",), ()), as_json=True) == "[]\n"


def test_a_table_as_json_is_a_list_of_objects():
    assert json.loads(shown(TABLE, as_json=True)) == [
        {
            "name": "alice",
            "groups": ["staff", "admin"],
            "disabled": False,
            "since": "2026-01-31 12:00:00+00:00",
        },
        {"name": "bob", "groups": [], "disabled": True, "since": None},
    ]


def test_an_answer_of_names_and_values_is_aligned():
    answer = UserDict({"state": "ready", "requests in progress": 3, "ok": True, "ports": (1, 2)})
    assert shown(answer) == (
        "state                 ready\nrequests in progress  3\nok                    yes\nports                 1, 2\n"
    )
    assert json.loads(shown(dict(answer), as_json=True)) == dict(answer) | {"ports": [1, 2]}


@pytest.mark.parametrize(
    ("answer", "text"), [("done", "done\n"), ("done\n", "done\n"), (7, "7\n"), (None, "")]
)
def test_a_text_ends_with_a_line_break(answer, text):
    assert shown(answer) == text


def test_what_comes_bit_by_bit_is_shown_bit_by_bit():
    out = io.StringIO()

    def answers():
        for number in range(3):
            assert out.getvalue().count("\n") == number
            yield {"number": number}

    shell.show(answers(), as_json=True, out=out)
    assert [json.loads(line) for line in out.getvalue().splitlines()] == [
        {"number": each} for each in range(3)
    ]


HOSTILE = "\x1b]0;owned\x07\x1b[2J\r\x9b31m\u202etxt\x7f"


@pytest.mark.parametrize(
    "answer",
    [
        HOSTILE,
        {"agent": HOSTILE},
        Table(("agent",), ((HOSTILE,),)),
        Table(("agent",), (([HOSTILE],),)),
        Table(("agent",), (), empty=HOSTILE),
        iter([HOSTILE]),
        iter([{"agent": HOSTILE}]),
    ],
    ids=["text", "mapping", "cell", "list", "empty", "line", "object"],
)
def test_a_terminal_obeys_nothing_that_was_recorded(answer):
    text = shown(answer)
    assert not set(text) & set("\x1b\x07\r\x9b\u202e\x7f")
    assert "owned" in text


def test_text_in_other_scripts_is_shown_as_it_is():
    assert shell.printable("Zoë Müller 日本 ✓\n\ttext") == "Zoë Müller 日本 ✓\n\ttext"


def test_the_places_of_commands_are_told_apart():
    assert cli  # importing it gathers every room's commands
    here, served = shell.places(DECLARED, Place.HERE), shell.places(DECLARED, Place.SERVER)
    assert len(here) + len(served) == len(DECLARED)
    assert here
    assert served


def test_an_answer_that_is_yes_or_no_is_text_for_people_and_facts_for_programs():
    verdict = Verdict(is_yes=False, facts={"allowed": False}, text="REFUSED.\x1b[2J\nbecause")
    for as_json, shown in ((False, "REFUSED.\\x1b[2J\nbecause\n"), (True, '{\n  "allowed": false\n}\n')):
        out = io.StringIO()
        shell.show(verdict, as_json=as_json, out=out)
        assert out.getvalue() == shown
