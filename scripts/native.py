"""Compile the modules that every request runs through: `make build`.

The sources stay plain Python, are typed, and run as they are. What is compiled is a translation of
them, made here and nowhere kept: classes with a fixed set of attributes become extension types,
their attributes get the types that the source states, and methods that need no keywords are called
without a detour. Cython does the rest, and the C compiler after it. A line stays where it is, so
that a traceback points at the source.

`yett.native` names the modules, and finds what is made here by the hash of their sources.
"""

import argparse
import ast
import concurrent.futures
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from yett import native  # noqa: E402 - found in the folder named above

_PROTOCOLS = {"asyncio.Protocol", "asyncio.BufferedProtocol"}
"""Bases that only promise which methods there are; a loop does not ask for them."""
_ONE_EACH = {"Scope", "Request", "Outcome", "Exchange"}
"""Each request makes one of these; their memory is kept for the next."""
_BUILTIN = {
    "bytes": "bytes",
    "str": "str",
    "bool": "bint",
    "float": "double",
    "list": "list",
    "dict": "dict",
    "set": "set",
    "frozenset": "frozenset",
    "tuple": "tuple",
    "Offset": "Py_ssize_t",
}
_NUMBERS = {"bint", "double", "Py_ssize_t"}
_DIRECTIVES = {
    "language_level": "3",
    "annotation_typing": "False",  # what is typed stands in the .pxd files
    "nonecheck": "True",
    "auto_pickle": "False",
    "binding": "True",
    "embedsignature": "False",
}
_IS_COMPILED = "IS_COMPILED"
"""A constant that is 0 in the source, and 1 in what is made of it."""
_CUT = "cut"
_CUT_BY_POINTER = "cython.cast(cython.p_const_char, data)[at:end]"
"""What a piece of `data` is where places are machine's numbers: no slice is made first."""
_METHODS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Expr)
_FLAGS = ("-O2", "-fPIC", "-shared", "-fwrapv", "-fno-strict-aliasing", "-DNDEBUG", "-w")


@dataclass
class Class:
    """A class that becomes an extension type."""

    name: str
    module: str
    node: ast.ClassDef
    base: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    """Name and annotation, in order; the annotation is empty where the source has none."""


class Module:
    """One source, and what is known about it."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self.path = path
        self.text = path.read_text("utf-8")
        self.tree = ast.parse(self.text)
        self.classes: dict[str, Class] = {}
        self.imported: dict[str, tuple[str, str]] = {}
        """Local name: module and name of what is imported from one of ours."""
        for node in self.tree.body:
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "yett":
                for alias in node.names:
                    self.imported[alias.asname or alias.name] = (node.module, alias.name)
        for node in self.tree.body:
            if isinstance(node, ast.ClassDef):
                found = self._class(node)
                if found is not None:
                    self.classes[node.name] = found

    def _class(self, node: ast.ClassDef) -> Class | None:
        bases = [ast.unparse(base) for base in node.bases]
        if node.keywords or len(bases) > 1:
            return None
        base = bases[0] if bases and bases[0] not in _PROTOCOLS else ""
        if base and base not in self.classes and base not in self.imported:
            return None
        found = Class(node.name, self.name, node, base)
        decorators = [ast.unparse(each) for each in node.decorator_list]
        if decorators:
            # A frozen one is made seldom, and read by others through its annotations, which would be lost.
            if decorators != ["dataclass(slots=True)"]:
                return None
            for step in node.body:
                if isinstance(step, ast.AnnAssign) and isinstance(step.target, ast.Name):
                    found.attributes[step.target.id] = ast.unparse(step.annotation)
            return found
        slots = next((step for step in node.body if _is_slots(step)), None)
        if slots is not None:
            found.attributes = dict.fromkeys(ast.literal_eval(slots.value), "")
        elif bases or any(
            not isinstance(step, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Expr)) for step in node.body
        ):
            return None
        else:
            found.attributes = dict.fromkeys(_own(node), "")
        for method in node.body:
            if isinstance(method, ast.FunctionDef) and method.name == "__init__":
                self._learn(found, method)
        return found

    @staticmethod
    def _learn(found: Class, method: ast.FunctionDef) -> None:
        """What `__init__` says about the attributes: an annotation, a typed argument or a plain constant."""
        arguments = {each.arg: each.annotation for each in method.args.args + method.args.kwonlyargs}
        for step in ast.walk(method):
            if isinstance(step, ast.AnnAssign):
                target, value, annotation = step.target, None, ast.unparse(step.annotation)
            elif isinstance(step, ast.Assign) and len(step.targets) == 1:
                target, value, annotation = step.targets[0], step.value, ""
            else:
                continue
            if not (isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self"):
                continue
            if isinstance(value, ast.Constant) and isinstance(value.value, (bool, float, bytes, str)):
                annotation = type(value.value).__name__
            elif isinstance(value, ast.Name) and arguments.get(value.id) is not None:
                annotation = ast.unparse(arguments[value.id])
            elif isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
                annotation = value.func.id  # a class, or whatever is no type then
            if target.attr in found.attributes and annotation:
                found.attributes[target.attr] = annotation

    @cached_property
    def functions(self) -> frozenset[str]:
        """Functions that count in machine's numbers: they are called without a detour."""
        return frozenset(
            node.name for node in self.tree.body if isinstance(node, ast.FunctionDef) and _counts(node)
        )

    @cached_property
    def constants(self) -> dict[str, int]:
        """Whole numbers that never change: `A: Final = 1` and `A, B = range(2)`."""
        found: dict[str, int] = {}
        for node in self.tree.body:
            if isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation) == "Final":
                if isinstance(node.value, ast.Constant) and type(node.value.value) is int:
                    name = ast.unparse(node.target)
                    found[name] = 1 if name == _IS_COMPILED else node.value.value
            elif (
                isinstance(node, ast.Assign)
                and isinstance(node.targets[0], ast.Tuple)
                and ast.unparse(node.value).startswith("range(")
            ):
                for number, name in enumerate(node.targets[0].elts):
                    found[ast.unparse(name)] = number
        return found


def _counts(node: ast.FunctionDef) -> bool:
    return any(
        each.annotation is not None and ast.unparse(each.annotation) == "Offset" for each in node.args.args
    )


def _is_slots(step: ast.stmt) -> bool:
    return isinstance(step, ast.Assign) and ast.unparse(step.targets[0]) == "__slots__"


def _own(node: ast.ClassDef) -> Iterator[str]:
    """Every attribute that a method sets."""
    for each in ast.walk(node):
        if (
            isinstance(each, ast.Attribute)
            and isinstance(each.ctx, ast.Store)
            and ast.unparse(each.value) == "self"
        ):
            yield each.attr


class Library:
    """All modules that are compiled, and where a name that is imported really lives."""

    def __init__(self, source: Path) -> None:
        self._source = source
        self.modules = {name: Module(name, native.path_of(name, source)) for name in native.MODULES}
        self._doors: dict[str, dict[str, tuple[str, str]]] = {}
        changed = True
        while changed:  # a class whose base is not compiled cannot be
            changed = False
            for module in self.modules.values():
                for each in list(module.classes.values()):
                    if each.base and self.find(module, each.base) is None:
                        del module.classes[each.name]
                        changed = True

    def origin(self, module: str, name: str) -> tuple[str, str]:
        """The module that defines `name`, which `module` offers; a front door hands on."""
        path = native.path_of(module, self._source)
        if module in self.modules or not path.exists():
            return module, name
        if module not in self._doors:
            door: dict[str, tuple[str, str]] = {}
            for node in ast.parse(path.read_text("utf-8")).body:
                if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("yett"):
                    door |= {alias.asname or alias.name: (node.module, alias.name) for alias in node.names}
            self._doors[module] = door
        if self._doors[module].get(name, (module, name)) != (module, name):
            return self.origin(*self._doors[module][name])
        return module, name

    def find(self, module: Module, name: str) -> Class | None:
        """The extension type that `name` stands for in a module."""
        if name in module.classes:
            return module.classes[name]
        if name not in module.imported:
            return None
        where, real = self.origin(*module.imported[name])
        home = self.modules.get(where)
        return home.classes.get(real) if home is not None else None

    def function(self, module: Module, name: str) -> str:
        """The module of the counting function that `name` stands for in a module; empty for anything else."""
        if name not in module.imported:
            return ""
        where, real = self.origin(*module.imported[name])
        home = self.modules.get(where)
        return where if home is not None and real in home.functions else ""

    def constant(self, module: Module, name: str) -> int | None:
        """The number that `name` stands for in a module."""
        if name in module.constants:
            return module.constants[name]
        if name in module.imported:
            where, real = self.origin(*module.imported[name])
            home = self.modules.get(where)
            return home.constants.get(real) if home is not None else None
        return None

    def ctype(self, module: Module, annotation: str) -> str:
        """The type of an attribute or argument, for Cython; `object` for whatever is not simple."""
        plain = annotation.strip("'\"")
        parts = [part.strip() for part in plain.split("|")] if "[" not in plain.partition("|")[0] else [plain]
        is_optional = "None" in parts
        parts = [part for part in parts if part != "None"]
        if len(parts) != 1:
            return "object"
        name = parts[0].partition("[")[0].strip()
        if "|" in parts[0] or (is_optional and _BUILTIN.get(name) in _NUMBERS):
            return "object"
        if name in _BUILTIN:
            return _BUILTIN[name]
        return name if self.find(module, name) is not None else "object"


class Translation:
    """One module as Cython reads it: the text with small changes, and a .pxd beside it."""

    def __init__(self, library: Library, module: Module) -> None:
        self._library = library
        self._module = module
        self._lines = module.text.encode("utf-8").split(b"\n")
        self._edits: list[tuple[int, int, int, int, bytes]] = []
        self._methods: dict[str, list[str]] = {}
        self._functions: list[str] = []
        self._cimports: dict[str, set[str]] = {}
        for each in module.classes.values():
            self._class(each)
        for node in module.tree.body:
            if isinstance(node, ast.ImportFrom):
                self._import(node)
            elif isinstance(node, ast.Import):
                self._replace(node, f"{ast.unparse(node)}; import cython")
            elif isinstance(node, ast.AnnAssign):
                self._variable(node)
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                self._constants(node)
                if isinstance(node, ast.FunctionDef):
                    self._function(node)

    def source(self) -> bytes:
        """The translated module."""
        lines = list(self._lines)
        for first, start, last, end, text in sorted(self._edits, reverse=True):
            joined = lines[first][:start] + text + lines[last][end:]
            # As many lines as before, for the sake of line numbers.
            lines[first : last + 1] = [joined, *[b""] * (last - first)]
        return b"\n".join(lines)

    def declarations(self) -> bytes:
        """The .pxd: attributes and methods of the extension types."""
        out: list[str] = list(self._functions)
        for each in self._module.classes.values():
            out.append("")
            if each.name in _ONE_EACH:
                out.append("@cython.freelist(64)")
            out.append(f"cdef class {each.name}{f'({each.base})' if each.base else ''}:")
            for name, annotation in each.attributes.items():
                out.append(f"    cdef public {self._type(annotation)} {name}")
            out += [f"    {line}" for line in self._methods[each.name]]
            if not each.attributes and not self._methods[each.name]:
                out.append("    pass")
        head = [
            f"from {where} cimport {', '.join(sorted(names))}"
            for where, names in sorted(self._cimports.items())
        ]
        if any(line.lstrip().startswith("@cython") for line in out):
            head.insert(0, "cimport cython")
        return "\n".join([*head, *out, ""]).encode()

    def _type(self, annotation: str) -> str:
        ctype = self._library.ctype(self._module, annotation) if annotation else "object"
        self._cimport(ctype)
        return ctype

    def _cimport(self, name: str) -> None:
        found = self._library.find(self._module, name)
        if found is not None and found.module != self._module.name:
            self._cimports.setdefault(found.module, set()).add(name)

    def _replace(self, node: ast.AST, text: str, *, to: ast.AST | None = None) -> None:
        last = to or node
        self._edits.append(
            (node.lineno - 1, node.col_offset, last.end_lineno - 1, last.end_col_offset, text.encode())
        )

    def _class(self, each: Class) -> None:
        node = each.node
        if each.base:
            self._cimport(each.base)
        for base in node.bases:
            if ast.unparse(base) in _PROTOCOLS:
                self._replace(base, "")
        for decorator in node.decorator_list:
            self._replace(decorator, "cython.dataclasses.dataclass")
        self._methods[each.name] = []
        for step in node.body:
            if _is_slots(step):
                self._replace(step, "pass")
            elif isinstance(step, ast.FunctionDef):
                if step.name == "__init__":
                    self._bare(step)
                else:
                    self._above(step, each.base)
                declared = self._declared(step)
                if declared:
                    types = self._locals(step)
                    if types:
                        self._methods[each.name].append(f"@cython.locals({types})")
                    self._methods[each.name].append(declared)

    def _variable(self, node: ast.AnnAssign) -> None:
        """A private constant that is an extension type's: found without a look into a dictionary."""
        if not (isinstance(node.target, ast.Name) and node.target.id.startswith("_")):
            return
        if ast.unparse(node.annotation) != "Final" or not isinstance(node.value, ast.Call):
            return
        name = ast.unparse(node.value.func)
        if self._library.find(self._module, name) is not None:
            self._cimport(name)
            self._functions.append(f"cdef {name} {node.target.id}")
            self._replace(node, f"{node.target.id} = {ast.unparse(node.value)}")

    def _function(self, node: ast.FunctionDef) -> None:
        """A function that counts in machine's numbers is called without a detour."""
        if _counts(node):
            types = self._locals(node)
            if types:
                self._functions.append(f"@cython.locals({types})")
            self._functions.append(self._declared(node, is_method=False))
            last = node.body[-1]
            if node.name == _CUT and isinstance(last, ast.Return) and last.value is not None:
                self._replace(last.value, _CUT_BY_POINTER)

    def _bare(self, method: ast.FunctionDef) -> None:
        """Attributes are declared in the .pxd; a second declaration is one too many."""
        for step in ast.walk(method):
            if isinstance(step, ast.AnnAssign) and isinstance(step.target, ast.Attribute):
                if step.value is None:
                    self._replace(step, "pass")
                else:
                    self._edits.append(
                        (
                            step.target.end_lineno - 1, step.target.end_col_offset,
                            step.annotation.end_lineno - 1, step.annotation.end_col_offset, b"",
                        )
                    )  # fmt: skip

    def _above(self, method: ast.FunctionDef, base: str) -> None:
        """A method called without a detour has no `super()`: the base is called by its name."""
        for node in ast.walk(method):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if ast.unparse(node.func.value) == "super()":
                self._replace(node.func.value, base)
                line, column = node.func.end_lineno - 1, node.func.end_col_offset + 1
                given = b"self, " if node.args or node.keywords else b"self"
                self._edits.append((line, column, line, column, given))

    def _declared(self, method: ast.FunctionDef, *, is_method: bool = True) -> str:
        """A method that can be called without a detour; empty for others."""
        arguments = method.args
        if (
            method.decorator_list
            or method.name.startswith("__")
            or arguments.kwonlyargs
            or arguments.vararg
            or arguments.kwarg
            or arguments.posonlyargs
            or _has_closure(method)
        ):
            return ""
        words = ["self"] if is_method else []
        optional = len(arguments.args) - len(arguments.defaults)
        for place, argument in enumerate(arguments.args[is_method:], is_method):
            words.append(
                f"{self._type(ast.unparse(argument.annotation) if argument.annotation else '')} {argument.arg}"
                + ("=*" if place >= optional else "")
            )
        returns = _BUILTIN.get(ast.unparse(method.returns), "") if method.returns is not None else ""
        kind = f"{returns} " if returns in _NUMBERS else ""
        return f"cpdef {kind}{method.name}({', '.join(words)})"

    def _locals(self, method: ast.FunctionDef) -> str:
        """Variables whose annotation is an extension type."""
        found: dict[str, str] = {}
        for step in ast.walk(method):
            if isinstance(step, ast.AnnAssign) and isinstance(step.target, ast.Name):
                ctype = self._library.ctype(self._module, ast.unparse(step.annotation))
                if ctype in _NUMBERS or self._library.find(self._module, ctype) is not None:
                    self._cimport(ctype)
                    found[step.target.id] = ctype
        return ", ".join(f"{name}={ctype}" for name, ctype in found.items())

    def _import(self, node: ast.ImportFrom) -> None:
        """Import extension types as types, and everything else as it was."""
        if node.module == "dataclasses":
            self._replace(node, f"{ast.unparse(node)}; import cython")
            return
        types: dict[str, list[str]] = {}
        others = []
        for alias in node.names:
            found = self._library.find(self._module, alias.asname or alias.name)
            counting = self._library.function(self._module, alias.name)
            if found is not None and not alias.asname:
                types.setdefault(found.module, []).append(alias.name)
            elif counting and not alias.asname:
                types.setdefault(counting, []).append(alias.name)
            else:
                others.append(alias)
        if types:
            parts = [
                f"from cython.cimports.{where} import {', '.join(names)}" for where, names in types.items()
            ]
            if others:
                parts.append(ast.unparse(ast.ImportFrom(node.module, others, node.level)))
            self._replace(node, "; ".join(parts))

    def _constants(self, node: ast.AST) -> None:
        for each in ast.walk(node):
            if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)):
                own = {argument.arg for argument in ast.walk(each.args) if isinstance(argument, ast.arg)}
                own |= {
                    n.id for n in ast.walk(each) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
                }
                for name in _loads(each.body):
                    number = self._library.constant(self._module, name.id)
                    if number is not None and name.id not in own:
                        self._replace(name, f"({number})")


def _loads(body: list[ast.stmt]) -> Iterator[ast.Name]:
    """Names that are read, not looking into functions inside: those are walked by themselves."""
    left: list[ast.AST] = list(body)
    while left:
        node = left.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node
        left.extend(ast.iter_child_nodes(node))


def _has_closure(method: ast.FunctionDef) -> bool:
    """Whether it holds something that Cython allows in ordinary methods only."""
    inner = (
        ast.Lambda, ast.GeneratorExp, ast.FunctionDef, ast.AsyncFunctionDef, ast.Yield, ast.YieldFrom,
        ast.ListComp, ast.SetComp, ast.DictComp,
    )  # fmt: skip
    return any(isinstance(node, inner) for step in method.body for node in ast.walk(step))


# Building.


def build(source: Path, folder: Path, *, jobs: int) -> None:
    """Translate, compile and put in place what `yett.native` looks for."""
    target = native.folder_of(folder, source)
    if all((target / f"{name}{native.SUFFIX}").exists() for name in native.MODULES):
        return
    print("build: compiling the hot path", flush=True)
    library = Library(source)
    place = folder / "translated"
    declarations = b""
    for name, module in library.modules.items():
        translation = Translation(library, module)
        path = place.joinpath(*name.split("."))
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path.with_suffix(".py"), translation.source())
        text = translation.declarations()
        _write(path.with_suffix(".pxd"), text)
        declarations += text
    for name in library.modules:
        for parent in list(Path(*name.split(".")).parents)[:-1]:
            _write(place / parent / "__init__.py", b"")
    shared = folder / "objects"
    shared.mkdir(exist_ok=True)
    version = subprocess.run([sys.executable, "-m", "cython", "-V"], capture_output=True, check=True)
    made: dict[str, Path] = {}
    common = (
        declarations + version.stdout + version.stderr + repr((_FLAGS, _DIRECTIVES, sys.version)).encode()
    )
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        waiting = {}
        for name in library.modules:
            path = place.joinpath(*name.split(".")).with_suffix(".py")
            key = hashlib.sha256(path.read_bytes() + common).hexdigest()[:24]
            made[name] = shared / f"{name}-{key}.so"
            if not made[name].exists():
                waiting[name] = pool.submit(_compile, path, place, made[name])
        for each in waiting.values():
            each.result()
    draft = target.with_name(f"{target.name}.{os.getpid()}")
    draft.mkdir()
    for name, path in made.items():
        shutil.copyfile(path, draft / f"{name}{native.SUFFIX}")
    shutil.rmtree(target, ignore_errors=True)
    draft.rename(target)
    for old in folder.iterdir():
        if old.is_dir() and old.name not in {"translated", "objects", target.name}:
            shutil.rmtree(old)
    for old in set(shared.iterdir()) - set(made.values()):
        old.unlink()


def _compile(source: Path, root: Path, target: Path) -> None:
    options = [word for name, value in _DIRECTIVES.items() for word in ("-X", f"{name}={value}")]
    relative = source.relative_to(root)
    translated = relative.with_suffix(".c")
    _run([sys.executable, "-m", "cython", *options, "-I", ".", str(relative), "-o", str(translated)], root)
    draft = target.with_suffix(f".{os.getpid()}")
    include = sysconfig.get_paths()["include"]
    _run(["gcc", *_FLAGS, "-I", include, str(translated), "-o", str(draft)], root)
    draft.rename(target)


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise SystemExit(f"build: {' '.join(command)} failed:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")


def _write(path: Path, data: bytes) -> None:
    if not path.exists() or path.read_bytes() != data:
        path.write_bytes(data)


def main() -> None:
    """Build, unless what is there is that already."""
    parser = argparse.ArgumentParser(prog="make build", description="Compile the hot path.")
    parser.add_argument("--source", type=Path, default=ROOT / "src")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "native")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    build(options.source, options.folder, jobs=options.jobs)


if __name__ == "__main__":
    main()
