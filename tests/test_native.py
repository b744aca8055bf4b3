"""The compiled modules do what their sources do, and are used only while they are those sources'."""

import importlib.machinery
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from yett import native

ROOT = Path(__file__).resolve().parent.parent
BUILT = ROOT / "build" / "native"
CAN_BUILD = shutil.which("gcc") is not None and Path(sysconfig.get_paths()["include"], "Python.h").exists()

TESTS = (
    "net/http/test_head.py",
    "net/http/test_chunked.py",
    "net/http/test_response.py",
    "net/http/test_answers.py",
    "net/http/test_asgi.py",
    "net/http/test_exchange.py",
    "net/http/test_listener.py",
    "net/http/test_server.py",
    "kernel/test_ids.py",
    "events/dialects",
    "guard/test_door.py",
    "guard/rate",
    "guard/size",
    "sessions",
    "identity/test_directory.py",
    "proxy/test_cookies.py",
    "proxy/test_gate.py",
    "proxy/test_matching.py",
    "proxy/test_routes.py",
    "journeys/test_first_path.py",
)
"""What is run once more. That who emits is told apart there does not matter: it was counted already."""


@pytest.fixture(scope="module")
def built():
    """The hot path, compiled from the sources as they stand; made when it is not there yet."""
    if not CAN_BUILD:
        pytest.fail("gcc or Python's headers are missing (requirements/debian-test.txt)")
    program = [sys.executable, str(ROOT / "scripts" / "native.py")]
    done = subprocess.run(program, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    return native.folder_of(BUILT)


def python(text, **environment):
    done = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, check=False, timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_compiled_modules_pass_the_tests_of_their_sources(built):
    assert built.is_dir()
    missing = [name for name in TESTS if not (ROOT / "tests" / name).exists()]
    assert not missing
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", *(f"tests/{name}" for name in TESTS)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=900,
        env={**os.environ, "YETT_PURE": "0"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_they_are_used_when_they_are_there(built):
    assert built.is_dir()
    file = "import yett.net.http.head as head; print(head.__file__)"
    assert python(file, YETT_PURE="0").endswith(native.SUFFIX)
    assert python(file, YETT_PURE="1").endswith("head.py")


def test_every_compiled_module_comes_from_its_own_file(built):
    names = ", ".join(native.MODULES)
    files = python(
        f"import sys, {names}; from yett import native\n"
        "for name in native.MODULES: print(sys.modules[name].__file__)",
        YETT_PURE="0",
    ).splitlines()
    assert files == [str(built / f"{name}{native.SUFFIX}") for name in native.MODULES]


@pytest.fixture
def copy(tmp_path):
    """The sources somewhere else, with a folder that looks as if they had been compiled."""
    source = tmp_path / "src"
    for module in native.MODULES:
        path = native.path_of(module)
        there = source / path.relative_to(ROOT / "src")
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, there)
    return source


@pytest.mark.parametrize("module", native.MODULES)
def test_a_change_of_any_source_asks_for_another_folder(copy, tmp_path, module):
    before = native.folder_of(tmp_path, copy)
    path = native.path_of(module, copy)
    path.write_bytes(path.read_bytes() + b"\n")
    assert native.folder_of(tmp_path, copy) != before


def test_bytes_cannot_move_from_one_source_to_the_next(copy, tmp_path):
    before = native.folder_of(tmp_path, copy)
    first, second = (native.path_of(name, copy) for name in native.MODULES[:2])
    text = first.read_bytes()
    first.write_bytes(text[:-1])
    second.write_bytes(text[-1:] + second.read_bytes())
    assert native.folder_of(tmp_path, copy) != before


@pytest.fixture
def unfound(monkeypatch):
    """As if nothing compiled were in use."""
    found = [each for each in sys.meta_path if not isinstance(each, native._Finder)]
    monkeypatch.setattr(sys, "meta_path", found)


@pytest.mark.usefixtures("unfound")
def test_a_folder_that_lacks_one_module_is_not_used(tmp_path):
    place = native.folder_of(tmp_path)
    place.mkdir()
    for module in native.MODULES[1:]:
        (place / f"{module}{native.SUFFIX}").touch()
    native.install({}, tmp_path)
    assert not native.is_compiled()
    (place / f"{native.MODULES[0]}{native.SUFFIX}").touch()
    native.install({}, tmp_path)
    assert native.is_compiled()


@pytest.mark.usefixtures("unfound")
@pytest.mark.parametrize(("value", "wanted"), [("1", False), ("yes", False), ("0", True), ("", True)])
def test_the_environment_says_whether_they_are_wanted(tmp_path, value, wanted):
    place = native.folder_of(tmp_path)
    place.mkdir()
    for module in native.MODULES:
        (place / f"{module}{native.SUFFIX}").touch()
    native.install({"YETT_PURE": value}, tmp_path)
    assert native.is_compiled() is wanted


def test_only_the_modules_named_are_looked_for(tmp_path):
    finder = native._Finder(tmp_path)
    assert finder.find_spec("yett.app") is None
    spec = finder.find_spec("yett.net.http.head")
    assert isinstance(spec.loader, importlib.machinery.ExtensionFileLoader)
