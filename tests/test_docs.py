"""Every command in the documents is run, in order, as somebody who reads them would."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.journeys.gateway import APP, Visitor, free_port

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def script(page):
    return "\n".join(BLOCK.findall((ROOT / "docs" / page).read_text()))


def run(text, folder, **environment):
    """Run a document's commands with a shell that stops at the first one that fails."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("YETT_CONFIG")}
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        cwd=folder,
        env={**clean, "PATH": path, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_getting_started_runs_as_written(tmp_path):
    text = script("getting-started.md")
    # Other programs may have the documented ports; everything else is as written.
    text = text.replace("9443", str(free_port())).replace("9000", str(free_port()))
    done = run(f"trap 'kill $(jobs -p)' EXIT\n{text}", tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert '{"status":"ok"}' in done.stdout
    assert "alice" in done.stdout


def test_resilience_runs_as_written(tmp_path):
    text = script("resilience.md")
    for port in ("9443", "9001", "9002", "9003"):
        text = text.replace(port, str(free_port()))
    done = run(f"trap 'kill $(jobs -p)' EXIT\n{text}", tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "the next version" in done.stdout


@pytest.mark.parametrize(
    "page",
    [
        "explain.md",
        "people.md",
        "operating.md",
        "balancing.md",
        "content.md",
        "routing.md",
        "metrics.md",
        "second-factors.md",
        "step-up.md",
    ],
)
def test_the_other_documents_run_against_a_running_gateway(gateway, tmp_path, page):
    number = Visitor(gateway).sign_in("bob").request_id
    done = run(script(page), tmp_path, YETT_CONFIG=str(gateway.config), REQUEST=number)

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_verification_in_the_document_accepts_what_the_gateway_signs(gateway):
    text = (ROOT / "docs" / "identity-headers.md").read_text()
    names = {}
    exec(re.search(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)[1], names)  # our own document
    visitor = Visitor(gateway)
    page = visitor.sign_in("alice", path="/echo")
    said = json.loads(re.search(rb"<pre>(.*)</pre>", page.body, re.DOTALL)[1])
    headers = {name.lower(): value for name, value in said["headers"]}
    keys = json.loads(gateway.fetch("GET", APP, "/_yett/keys.json").body)

    names["verify"](headers, APP, keys)
    headers["x-yett-groups"] += ",root"
    with pytest.raises(Exception):  # noqa: B017 - whatever the document's code raises
        names["verify"](headers, APP, keys)


def test_every_link_between_documents_leads_somewhere():
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)}: {target}"
