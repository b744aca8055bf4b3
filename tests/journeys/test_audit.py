"""The audit log of a running gateway can be proven, here and elsewhere, and after everything that happens to it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.journeys.gateway import Visitor, until


@pytest.fixture
def gateway(make_gateway):
    made = make_gateway()
    made.people()
    return made.start()


def test_the_log_of_a_running_gateway_is_whole_and_what_it_printed_proves_it_later(gateway, tmp_path):
    Visitor(gateway).sign_in("bob")
    assert "the audit log is whole" in gateway.run("audit", "verify")
    kept = tmp_path / "kept"
    kept.write_text(gateway.run("audit", "checkpoint"))
    assert gateway.run("audit", "key").strip() == json.loads(kept.read_text())["key"]
    gateway.stop()
    answer = gateway.run("audit", "verify", "--against", str(kept))
    assert "signed: all of it" in answer

    # The same checkpoints went out with everything else.
    printed = [json.loads(line) for line in gateway.output.read_text().splitlines() if line[0] == "{"]
    sent = [each for each in printed if each["code"] == "telemetry.audit.audit_checkpoint"]
    assert len(sent) >= 2
    elsewhere = tmp_path / "stdout.jsonl"
    elsewhere.write_text("".join(json.dumps(each) + "\n" for each in sent))
    gateway.run("audit", "verify", "--against", str(elsewhere))

    # Somebody takes the last lines away, and puts the head file right as well as they can.
    newest = max((gateway.data / "log").glob("audit-*.jsonl"))
    lines = newest.read_bytes().splitlines(keepends=True)
    older = max(place for place, line in enumerate(lines[:-1]) if b"Audit checkpoint" in line)
    newest.write_bytes(b"".join(lines[: older + 1]))
    cut = gateway.run("audit", "verify", check=False)
    assert cut.returncode == 1
    assert "cut off: audit.head tells of" in cut.stderr
    (gateway.data / "log" / "audit.head").write_bytes(lines[older])
    gateway.run("audit", "verify")
    assert gateway.run("audit", "verify", "--against", str(elsewhere), check=False).returncode == 1

    # With the first deceit the gateway would have noticed at its start.
    (gateway.data / "log" / "audit.head").write_bytes(lines[-1])
    gateway.start()
    assert gateway.run("audit", "verify", check=False).returncode == 1
    assert "Audit records are missing at the end" in gateway.run("logs", "search", "--level", "error")


def test_an_export_is_checked_without_configuration(gateway, tmp_path):
    gateway.run("audit", "export", str(tmp_path / "audit.tar.zst"))
    key = gateway.run("audit", "key").strip()
    yett = Path(sys.executable).with_name("yett")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    def verify(*words):
        return subprocess.run(
            [yett, "--config", "nowhere", "audit", "verify", "../audit.tar.zst", *words],
            cwd=elsewhere, capture_output=True, text=True, check=False,
        )  # fmt: skip

    assert "the audit log is whole" in verify("--key", key).stdout
    assert "nobody said which key" in verify().stdout
    assert verify("--key", "0" * 64).returncode == 1


def test_killed_and_with_another_cluster_key_it_still_proves_all_of_its_history(gateway):
    Visitor(gateway).sign_in("bob")
    gateway.kill()
    gateway.start()
    gateway.run("audit", "verify")
    before = gateway.run("audit", "key")
    gateway.stop()
    (gateway.data / "cluster.key").unlink()
    gateway.start()
    until(lambda: gateway.run("audit", "key") != before, what="the new key")
    assert "the audit log is whole" in gateway.run("audit", "verify")
    assert "Audit signing key changed" in gateway.run("logs", "search", "--audit", "--limit", "0")
    old = gateway.run("audit", "verify", "--key", before.strip(), check=False)
    assert old.returncode == 1, "the old key is good for nothing that came later"
