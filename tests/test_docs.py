"""Every command in the documents is run, in order, as somebody who reads them would."""

import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.events.outputs.otlp.collector import OverGRPC
from tests.journeys.gateway import APP, SIGN_IN, Visitor, until
from tests.journeys.provider_server import SECRET, Provider
from tests.journeys.test_trading import GRANTS
from tests.kernel.tracing.collector import Collector as Spans
from tests.net.fetching.peer import Authority
from tests.ports import free_port

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^ *```sh\n(.*?)^ *```", re.MULTILINE | re.DOTALL)


def script(page):
    return "\n".join(textwrap.dedent(each) for each in BLOCK.findall((ROOT / "docs" / page).read_text()))


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


def test_co_signers_run_as_written(tmp_path):
    text = script("co-signers.md")
    for port in ("9443", "7443", "7444"):
        text = text.replace(port, str(free_port()))
    done = run(f"trap 'kill $(jobs -p)' EXIT\n{text}", tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("here") == 2
    assert "EdDSA" in done.stdout


@pytest.mark.parametrize(
    "page",
    [
        "explain.md",
        "applications.md",
        "tokens-for-programs.md",
        "personal-tokens.md",
        "signing-out.md",
        "registering-applications.md",
        "audit.md",
        "people.md",
        "operating.md",
        "searching.md",
        "log-formats.md",
        "balancing.md",
        "content.md",
        "outputs.md",
        "routing.md",
        "metrics.md",
        "second-factors.md",
        "step-up.md",
        "log-reference-and-alerts.md",
    ],
)
def test_the_other_documents_run_against_a_running_gateway(gateway, tmp_path, page):
    number = Visitor(gateway).sign_in("bob").request_id
    done = run(script(page), tmp_path, YETT_CONFIG=str(gateway.config), REQUEST=number)

    assert done.returncode == 0, done.stdout + done.stderr


def test_moving_from_other_gateways_runs_as_written(tmp_path):
    done = run(script("moving-from-other-gateways.md"), tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("the configuration is in order") == 4


def test_tokens_of_another_server_run_as_written(tmp_path, make_gateway, upstream):
    text = (ROOT / "docs" / "backends.md").read_text()
    block = next(each for each in re.findall(r"```toml\n(.*?)```", text, re.DOTALL) if "through" in each)
    settings, port, authority = textwrap.dedent(block), free_port(), Authority(tmp_path)
    trusts = {
        "issuer": f"https://{SIGN_IN}:{port}",
        "host": SIGN_IN,
        "port": port,
        "ca": str(tmp_path / "gateway" / "data" / "pki" / "root.pem"),
    }
    server = Provider(tmp_path, authority, gateway_port=port, trusts=trusts, grant_types=GRANTS)
    for documented, own in {
        "https://idp.example.org": server.issuer,
        "${CORPORATE_SECRET}": SECRET,
        "orders.example.org": APP,
        "http://10.0.0.8:8080": f"http://127.0.0.1:{upstream.port}",
    }.items():
        assert documented in settings
        settings = settings.replace(documented, own)
    settings += f'[net.fetching]\nallow = ["127.0.0.0/8"]\nca_file = "{authority.file}"\n'
    gateway = make_gateway(mappings=settings, port=port, telemetry='log_level = "debug"')
    gateway.people()
    try:
        server.start()
        gateway.start()
        page = Visitor(gateway).sign_in("alice", path="/echo")
        done = run(script("backends.md"), tmp_path, YETT_CONFIG=str(gateway.config))
    finally:
        gateway.stop()
        server.stop()
    assert page.status == 200, page.text
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Bearer token minted for backend" in done.stdout
    assert "Bearer token minted for proxy" in done.stdout
    # The server was asked for what the document says.
    assert "vouched alice staff https://orders.internal https://orders.internal read" in server.asked()


def test_opentelemetry_runs_as_written(make_gateway, tmp_path):
    text = (ROOT / "docs" / "opentelemetry.md").read_text()
    output, tracing, metrics = re.findall(r"^```toml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    with OverGRPC() as logs, Spans() as spans:
        ports = {"4317": logs.port, "4318": urlsplit(spans.address).port, "9464": free_port()}
        settings = f"{output}\n{tracing}\n{metrics}"
        for documented, own in ports.items():
            settings = settings.replace(f":{documented}", f":{own}")
        gateway = make_gateway(telemetry=settings)
        gateway.people()
        gateway.start()
        number = Visitor(gateway).sign_in("bob").request_id
        until(lambda: any(number.encode() in each.SerializeToString() for each in logs.records))
        done = run(script("opentelemetry.md"), tmp_path, YETT_CONFIG=str(gateway.config))
        assert done.returncode == 0, done.stdout + done.stderr
        assert re.search(r"otel .*working", done.stdout)
        gateway.stop()
        traced = {each.trace_id for each in spans.spans}
    assert {each.trace_id for each in logs.records if each.event_name == "http.access.completed"} <= traced


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
