"""The committed reference pages say what the declarations say."""

import difflib
import subprocess
import sys
from pathlib import Path

import pytest

PAGES = Path(__file__).parent.parent / "docs" / "reference"


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """The pages as `make reference` would print them now: by a process that knows no test's declarations."""
    folder = tmp_path_factory.mktemp("reference")
    program = str(Path(sys.executable).with_name("yett"))
    subprocess.run([program, "reference", "write", str(folder)], check=True, capture_output=True, timeout=60)
    return folder


@pytest.mark.parametrize("name", ["log.md", "log.json", "settings.md", "commands.md", "metrics.md"])
def test_a_page_is_what_would_be_printed_now(printed, name):
    committed = (PAGES / name).read_text("utf-8") if (PAGES / name).exists() else ""
    fresh = (printed / name).read_text("utf-8")
    differences = difflib.unified_diff(
        committed.splitlines(), fresh.splitlines(), "committed", "printed", "", "", 0
    )
    assert committed == fresh, f"docs/reference/{name} is out of date: run `make reference`\n" + "\n".join(
        list(differences)[:20]
    )


def test_no_page_is_left_over(printed):
    assert {path.name for path in PAGES.iterdir()} <= {path.name for path in printed.iterdir()}
