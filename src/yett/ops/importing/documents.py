"""Foreign files: read within limits, as YAML, TOML, variables or flags.

YAML is more than a tree: an alias stands for everything below its anchor, so that a small file can mean more nodes than
there is memory for. What a document means is counted from its events, before anything is made of it.
"""

import re
import shlex
import sys
import tomllib
from pathlib import Path
from typing import Any, ClassVar

from yett.kernel import CommandFailed

MOST_BYTES = 4 << 20
MOST_NODES = 200_000
DEEPEST = 60
MOST_DOCUMENTS = 5000
STDIN = "-"

_TAG = "tag:yaml.org,2002:"

_VARIABLE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)")
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9_]{0,18})")
_OCTAL = re.compile(r"0o?[0-7]{1,12}")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,4})?")


class Unreadable(CommandFailed):
    """A file cannot be read as what it should be; the text says which and why."""


def text_of(name: str) -> str:
    """The text of a file, or of standard input. Raises Unreadable."""
    try:
        if name == STDIN:
            content = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            path = Path(name)
            if path.exists() and not path.is_file():
                raise Unreadable(f"{name} is no regular file")
            with path.open("rb") as stream:
                content = stream.read(MOST_BYTES + 1)
    except OSError as problem:
        raise Unreadable(f"cannot read {name}: {problem.strerror}") from problem
    except ValueError as problem:
        raise Unreadable(f"{name!r} is no file's name") from problem
    if len(content) > MOST_BYTES:
        raise Unreadable(f"{name} is larger than {MOST_BYTES >> 20} MiB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        raise Unreadable(f"{name}:{line} is not UTF-8") from problem


def toml_of(text: str, name: str) -> dict[str, Any]:
    """A TOML file. Raises Unreadable."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as problem:
        reason = "nested too deeply" if isinstance(problem, RecursionError) else str(problem)
        raise Unreadable(f"{name} is not TOML: {reason}") from problem


def variables_of(text: str) -> dict[str, str]:
    """The NAME=value lines of a file with variables; what is no such line is passed over."""
    found = {}
    for line in text.splitlines():
        match = _VARIABLE.fullmatch(line)
        if match is not None and not line.lstrip().startswith("#"):
            value = match[2].strip()
            if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
                value = value[1:-1]
            found[match[1]] = value
    return found


def flags_of(text: str, name: str) -> list[tuple[str, str]]:
    """The --name=value flags of a command line, in order; a flag without a value is "true". Raises Unreadable."""
    try:
        words = shlex.split(text.replace("\\\n", " "), comments=True)
    except ValueError as problem:
        raise Unreadable(f"{name} is no command line: {problem}") from problem
    found: list[tuple[str, str]] = []
    for word in words:
        if word.startswith("-") and len(word) > 1:
            flag, has_value, value = word.lstrip("-").partition("=")
            found.append((flag, value if has_value else "true"))
        elif found and found[-1][1] == "true":
            found[-1] = (found[-1][0], word)
    return found


def yaml_of(text: str, name: str) -> list[Any]:
    """The documents of a YAML file that hold anything. Raises Unreadable."""
    yaml = _library()
    try:
        _measured(yaml, text, name)
        loader = _loader(yaml)(text)
        documents = []
        try:
            while loader.check_data():
                documents.append(loader.get_data())
        finally:
            loader.dispose()
    except yaml.YAMLError as problem:
        # The library's own text repeats lines of the file, which may hold secrets.
        mark = getattr(problem, "problem_mark", None)
        place = f"{name}:{mark.line + 1}" if mark is not None else name
        reason = str(getattr(problem, "problem", "") or "cannot be read")
        raise Unreadable(f"{place} is not YAML: {reason[:200]}") from None
    except (RecursionError, ValueError, TypeError) as problem:
        raise Unreadable(f"{name} is not YAML that can be read: {type(problem).__name__}") from None
    return [document for document in documents if document is not None]


def _library() -> Any:
    try:
        import yaml  # noqa: PLC0415 - only an import of foreign YAML needs it
    except ImportError as problem:
        raise CommandFailed("reading YAML needs the package PyYAML, which is not installed") from problem
    return yaml


def _measured(yaml: Any, text: str, name: str) -> None:
    """Count what the documents mean, aliases followed. Raises Unreadable when that is too much."""
    sizes: dict[str, int] = {}
    open_nodes: list[tuple[str | None, int]] = []
    total = documents = 0
    for event in yaml.parse(text, Loader=_base(yaml)):
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            sizes = {}
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in sizes:
                # Unknown, or of a node that is not closed yet: one that holds itself.
                raise Unreadable(f"{name} has an alias of something that is not there, or of itself")
            total += sizes[event.anchor]
        elif isinstance(event, yaml.ScalarEvent):
            total += 1
            if event.anchor:
                sizes[event.anchor] = 1
        elif isinstance(event, yaml.CollectionStartEvent):
            open_nodes.append((event.anchor, total))
            total += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_nodes.pop()
            if anchor:
                sizes[anchor] = total - before
        if total > MOST_NODES or documents > MOST_DOCUMENTS:
            raise Unreadable(f"{name} means more than {MOST_NODES:,} values, aliases followed")
        if len(open_nodes) > DEEPEST:
            raise Unreadable(f"{name} is nested more than {DEEPEST} deep")


def _base(yaml: Any) -> Any:
    # The one in C, where it was built, is ten times as fast.
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _loader(yaml: Any) -> Any:
    """A loader that makes text, numbers, flags, lists and tables, and nothing else (YAML 1.2, core schema).

    YAML 1.1 would read `no` as false, `22:30` as 1350 and `2026-01-31` as a date.
    """
    base = _base(yaml)

    class Loader(base):  # type: ignore[misc,valid-type]  # the library has no types
        yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}
        yaml_constructors: ClassVar[dict[str, Any]] = {
            _TAG + kind: base.yaml_constructors[_TAG + kind]
            for kind in ("map", "seq", "int", "float", "bool", "null")
        }

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            seen = set()
            for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
                if isinstance(key, yaml.ScalarNode) and key.tag != _TAG + "merge":
                    if key.value in seen:
                        raise yaml.constructor.ConstructorError(
                            None, None, "a key is there twice", key.start_mark
                        )
                    seen.add(key.value)
            return super().construct_mapping(node, deep=deep)

    def plain(loader: Any, node: Any) -> Any:
        value = loader.construct_scalar(node)
        return value if node.style else _resolved(value)

    def refused(_: Any, node: Any) -> Any:
        raise yaml.constructor.ConstructorError(
            None, None, "a tag of its own is not understood", node.start_mark
        )

    Loader.add_implicit_resolver(_TAG + "merge", re.compile(r"<<"), ["<"])
    Loader.add_constructor(_TAG + "str", plain)
    Loader.add_constructor(None, refused)
    return Loader


def _resolved(text: str) -> Any:
    """What an unquoted text means."""
    if text in {"", "~", "null", "Null", "NULL"}:
        return None
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    if _INTEGER.fullmatch(text):
        return int(text.replace("_", ""))
    if _OCTAL.fullmatch(text):
        return int(text.lstrip("0o") or "0", 8)
    if _NUMBER.fullmatch(text):
        return float(text)
    return text
