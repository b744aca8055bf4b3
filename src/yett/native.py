"""Whether the modules that every request runs through come compiled.

`make build` compiles them where there is a C compiler. What it makes lies in a folder named by the
hash of the very sources it was made from, so that a change of any of them, and another Python, find
nothing there and run the sources. YETT_PURE=1 in the environment does so, too.
"""

import hashlib
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType

MODULES = (
    "yett.events.scope",
    "yett.events.pipeline",
    "yett.events.dialects.native",
    "yett.kernel.ids",
    "yett.net.http.model",
    "yett.net.http.charset",
    "yett.net.http.head",
    "yett.net.http.chunked",
    "yett.net.http.response",
    "yett.net.http.answers",
    "yett.net.http.channel",
    "yett.net.http.upstream",
    "yett.net.http.pool",
    "yett.net.http.engine",
    "yett.net.http.stream",
    "yett.net.http.exchange",
    "yett.net.http.server",
    "yett.identity.directory",
    "yett.sessions.mirror",
    "yett.sessions.service",
    "yett.guard.breaker",
    "yett.guard.cors",
    "yett.guard.rate.table",
    "yett.guard.rate.rules",
    "yett.guard.rate.service",
    "yett.guard.size.service",
    "yett.guard.door",
    "yett.proxy.cookies",
    "yett.proxy.matching",
    "yett.proxy.routes",
    "yett.proxy.gate",
)
"""What is compiled: no module whose classes others derive from or patch."""
SUFFIX = importlib.machinery.EXTENSION_SUFFIXES[0]
VARIABLE = "YETT_PURE"

_SOURCE = Path(__file__).resolve().parent.parent


def path_of(module: str, source: Path = _SOURCE) -> Path:
    """The source of a module, or of a package's front door."""
    path = source.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def folder_of(folder: Path, source: Path = _SOURCE) -> Path:
    """Where the compiled modules of exactly these sources lie, for this very Python."""
    seen = hashlib.sha256(f"{sys.version} {SUFFIX}".encode())
    for module in MODULES:
        data = path_of(module, source).read_bytes()
        seen.update(b"%b %d\n" % (module.encode(), len(data)) + data)
    return folder / seen.hexdigest()[:32]


class _Finder:
    """Finds compiled modules before Python looks for sources."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None = None,  # noqa: ARG002 - Python's port
        target: ModuleType | None = None,  # noqa: ARG002 - the same
    ) -> importlib.machinery.ModuleSpec | None:
        if name not in MODULES:
            return None
        file = str(self._folder / f"{name}{SUFFIX}")
        loader = importlib.machinery.ExtensionFileLoader(name, file)
        return importlib.util.spec_from_file_location(name, file, loader=loader)


def install(
    environ: Mapping[str, str] = os.environ, folder: Path = _SOURCE.parent / "build" / "native"
) -> None:
    """Use the compiled modules if they are there, whole, and wanted."""
    if environ.get(VARIABLE, "0") not in {"", "0"}:
        return
    try:
        place = folder_of(folder)
    except OSError:
        return
    if all((place / f"{module}{SUFFIX}").is_file() for module in MODULES):
        sys.meta_path.insert(0, _Finder(place))


def is_compiled() -> bool:
    """Whether this process runs the compiled modules."""
    return any(isinstance(finder, _Finder) for finder in sys.meta_path)


def variant() -> str:
    """What runs, in words for operators."""
    return "compiled" if is_compiled() else "plain Python"
