import sys

import pytest

from yett.kernel import Place, Table
from yett.kernel.commands import command


@pytest.fixture
def declared(monkeypatch):
    """A registry of the test's own."""
    made = {}
    monkeypatch.setattr(sys.modules["yett.kernel.commands"], "commands", made)
    return made


def test_a_method_is_declared_with_its_path_place_and_owner(declared):
    class Things:
        @command("things list", place=Place.HERE, writes=True)
        def show(self):
            """List things."""

    made = declared["things", "list"]
    assert made.path == ("things", "list")
    assert made.place is Place.HERE
    assert made.writes
    assert made.owner.endswith("Things")
    assert made.function is Things.show


def test_a_command_runs_in_the_gateway_and_only_reads_unless_it_says_otherwise(declared):
    @command("look")
    def look():
        """Look."""

    assert declared["look",].place is Place.SERVER
    assert not declared["look",].writes


def test_a_command_without_help_is_refused(declared):
    with pytest.raises(TypeError, match="'quiet' has no help"):
        command("quiet")(lambda: None)
    assert not declared


def test_a_path_is_declared_once(declared):
    @command("things list")
    def one():
        """List."""

    with pytest.raises(TypeError, match="declared twice"):

        @command("things list")
        def two():
            """List."""

    assert declared["things", "list"].function is one


def test_a_module_that_is_read_again_declares_the_same_command_again(declared):
    def declare():
        @command("things list")
        def show():
            """List."""

        return show

    declare()
    again = declare()
    assert declared["things", "list"].function is again


@pytest.mark.usefixtures("declared")
@pytest.mark.parametrize(("first", "second"), [("things", "things list"), ("things list", "things")])
def test_a_command_cannot_hold_another(first, second):
    @command(first)
    def one():
        """List."""

    with pytest.raises(TypeError, match="cannot hold"):

        @command(second)
        def two():
            """List."""


def test_a_table_says_something_when_it_is_empty():
    assert Table(("a",), ()).empty == "Nothing to show."
