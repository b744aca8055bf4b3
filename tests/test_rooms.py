"""Imports point down, rooms are entered by their front doors, and each room explains itself."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "yett"
SHELVES = (
    "events",
    "config",
    "kernel",
    "store cluster",
    "keys net",
    "notify identity pki",
    "sessions tokens",
    "guard authn",
    "signin oidc",
    "proxy tunnel bastion",
    "ops",
    "app",
    "cli",
)
# Files that are doors of their own: the vocabulary that every declaration of an event is written in,
# and the settings of the log, which the lowest room cannot declare itself.
DOORS = {("events", "fields"), ("kernel", "telemetry"), ("kernel", "audit")}
HEIGHT = {room: height for height, shelf in enumerate(SHELVES) for room in shelf.split()}
FILES = sorted(path for path in SOURCE.rglob("*.py") if path.parent != SOURCE or path.name == "cli.py")


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "yett":
            yield node.lineno, node.module.split(".")[1:]
            if node.module == "yett":
                yield from ((node.lineno, [alias.name]) for alias in node.names)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "yett":
                    yield node.lineno, alias.name.split(".")[1:]


def home(path):
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_room_imports_only_rooms_below_it(path):
    here = home(path)
    for line, there in imports(path):
        if there and there[0] not in {"__version__", "native"}:
            assert there[0] == here or HEIGHT[there[0]] < HEIGHT[here], f"line {line}: {there[0]}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_another_room_is_entered_by_its_front_door_or_a_named_sub_room(path):
    for line, there in imports(path):
        if len(there) > 1 and there[0] != home(path):
            inside = SOURCE.joinpath(*there)
            assert inside.is_dir() or tuple(there) in DOORS, (
                f"line {line}: {'.'.join(there)} is a file inside another room"
            )


@pytest.mark.parametrize(
    "path", sorted(SOURCE.rglob("__init__.py")), ids=lambda path: str(path.parent.relative_to(SOURCE))
)
def test_each_room_explains_itself(path):
    assert len(ast.get_docstring(ast.parse(path.read_text())) or "") > 20


def test_every_room_has_a_shelf():
    rooms = {path.name for path in SOURCE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert rooms <= set(HEIGHT)
