"""Outputs of the log whose destination is away, slow or gone: requests go on, and nothing acknowledged is lost."""

import contextlib
import itertools
import json
import os
import re
import socket
import subprocess
import threading
from collections import Counter
from pathlib import Path

import pytest
from tests.events.outputs.peers import Rsyslog, SyslogNG
from tests.events.outputs.test_syslog import Collector, messages
from tests.events.outputs.tls import authority
from tests.journeys.gateway import SIGN_IN, Visitor, until, with_own_mounts
from tests.ports import free_port

from yett.ops.admin import ask

OUTPUT = """
[[telemetry.output]]
name = "siem"
to = "syslog+tcp://127.0.0.1:{port}"
dialect = "native"
timeout = "500ms"
retry_pause = "1s"
{more}
"""
NOT_EMITTED = {"telemetry.audit.audit_segment_begins", "telemetry.audit.audit_gap"}
"""Written by the audit log into its own files."""


class Late(Collector):
    """A collector on a port that was known before it was there."""

    def __init__(self, port, serve=None):
        real = socket.create_server
        socket.create_server = lambda _address: real(("127.0.0.1", port))
        try:
            super().__init__(serve)
        finally:
            socket.create_server = real


def arrived(collector):
    return [json.loads(each) for received in collector.received for each in whole(received)]


def whole(received):
    """The messages so far, without one that is still coming."""
    data = bytes(received)
    while data:
        with contextlib.suppress(AssertionError, ValueError):
            return messages(data)
        data = data[: data.rfind(b"}") if not data.endswith(b"}") else -1]
        data = data[: data.rfind(b"}") + 1]
    return []


def journal(gateway):
    """Every record on disk that was said, without what only the audit chain adds."""
    found = []
    for path in sorted((gateway.data / "log").glob("*.jsonl")):
        for line in path.read_text().splitlines():
            entry = json.loads(line)
            if entry["code"] not in NOT_EMITTED:
                found.append({name: value for name, value in entry.items() if name not in {"seq", "chain"}})
    return found


def keys(entries):
    return sorted(json.dumps(entry, sort_keys=True) for entry in entries)


def ask_for(gateway, *words):
    """What the running gateway answers, without a program of its own for each question."""
    # A gateway serves requests a moment before it opens its socket.
    until((gateway.data / "admin.sock").exists)
    return ask(gateway.data / "admin.sock", list(words))


def state(gateway, name="siem"):
    table = ask_for(gateway, "telemetry", "outputs")
    (row,) = [row for row in table.rows if row[0] == name]
    return dict(zip(table.columns, row, strict=True))


def fetch_many(gateway, count):
    for _ in range(count):
        assert gateway.fetch("GET", SIGN_IN, "/readyz").status == 200


def test_a_collector_that_is_away_gets_everything_once_and_in_order_when_it_is_back(make_gateway):
    port = free_port()
    gateway = make_gateway(telemetry='log_level = "trace"\n' + OUTPUT.format(port=port, more=""))
    gateway.people()
    gateway.start()
    assert Visitor(gateway).sign_in("alice").status == 200
    fetch_many(gateway, 50)
    until(lambda: state(gateway)["state"] == "unreachable")
    # The two numbers are not looked at in the same moment, and more is said all the time.
    row = until(lambda: (found := state(gateway))["on disk"] == found["waiting"] > 50 and found)
    assert (row["sent"], row["dropped"]) == (0, 0)
    # A crash in the middle loses nothing that the disk has, and the next run sends it first.
    gateway.kill()
    gateway.start()
    fetch_many(gateway, 10)
    collector = Late(port)
    try:
        until(lambda: (found := state(gateway))["state"] == "working" and not found["waiting"], seconds=30)
        fetch_many(gateway, 10)
        gateway.stop()
        received = arrived(collector)
    finally:
        collector.close()
    said = journal(gateway)
    assert len(keys(received)) == len(set(keys(received))), "something came twice"
    missing = set(keys(said)) - set(keys(received))
    # What was said in the very last moments before the kill may be in the journal only.
    assert len(missing) <= 30
    assert set(keys(received)) <= set(keys(said))
    times = [entry["time"] for entry in received]
    assert sum(one > other for one, other in itertools.pairwise(times)) < len(times) // 10
    codes = [entry["code"] for entry in received]
    assert codes.count("telemetry.output.unreachable") == 2
    assert "telemetry.output.spool_left" in codes
    assert "telemetry.output.recovered" in codes


def test_a_collector_that_was_never_there_keeps_its_records_for_the_next_run(make_gateway):
    port = free_port()
    gateway = make_gateway(telemetry='log_level = "trace"\n' + OUTPUT.format(port=port, more=""))
    gateway.start()
    fetch_many(gateway, 20)
    until(lambda: state(gateway)["state"] == "unreachable")
    gateway.stop()
    first = journal(gateway)
    collector = Late(port)
    try:
        gateway.start()
        until(lambda: not state(gateway)["waiting"], seconds=30)
        received = arrived(collector)
        gateway.stop()
    finally:
        collector.close()
    assert set(keys(first)) <= set(keys(received))
    assert len(keys(received)) == len(set(keys(received)))


def test_a_collector_that_never_reads_holds_up_nobody(make_gateway):
    done = threading.Event()

    def never(connection, received):
        done.wait(60)
        Collector.read_all(connection, received)

    collector = Collector(never)
    gateway = make_gateway(
        telemetry='log_level = "trace"\n'
        + OUTPUT.format(port=collector.port, more='spool_size = "64KiB"\nqueue_limit = 100')
    )
    try:
        gateway.start()
        turns = 0
        while state(gateway)["dropped"] == 0:
            fetch_many(gateway, 100)
            turns += 1
            assert turns < 200
        fetch_many(gateway, 100)
        assert until(lambda: (found := state(gateway))["trouble"] and found)["dropped"] > 0
        until(lambda: sum(e["code"] == "http.access.completed" for e in journal(gateway)) >= 100 * turns)
        done.set()
        until(lambda: state(gateway)["waiting"] == 0, seconds=30)
        row = state(gateway)
        received = arrived(collector)
        assert len(keys(received)) == len(set(keys(received)))
        assert abs(len(received) - row["sent"]) <= 200
        gateway.stop()
    finally:
        done.set()
        collector.close()
    dropped = [entry for entry in journal(gateway) if entry["code"] == "telemetry.output.dropped"]
    assert dropped[0]["dropped"] > 0


def test_standard_output_that_nobody_reads_holds_up_nobody_and_the_journal_has_it_all(make_gateway):
    gateway = make_gateway(telemetry='log_level = "trace"\nqueue_limit = 300')
    reader, writer = os.pipe()
    with gateway.errors.open("ab") as errors:
        gateway.process = subprocess.Popen(
            gateway.command("serve"),
            stdout=writer,
            stderr=errors,
            env=gateway.environment,
            stdin=subprocess.DEVNULL,
        )
    os.close(writer)
    try:
        until(gateway.is_ready)

        def is_stuck():
            fetch_many(gateway, 50)
            return state(gateway, "stdout")["state"] == "unreachable"

        until(is_stuck, seconds=60)
        before = sum(entry["code"] == "http.access.completed" for entry in journal(gateway))
        fetch_many(gateway, 600)
        assert ask_for(gateway, "status")["records dropped"] == 0
        until(lambda: sum(e["code"] == "http.access.completed" for e in journal(gateway)) >= before + 600)
        gateway.stop()
    finally:
        os.close(reader)
    assert "logs dropped due to overflow" in gateway.errors.read_text()


def test_a_spool_without_a_disk_costs_records_of_the_output_and_nothing_else(make_gateway):
    gateway = make_gateway(
        telemetry='log_level = "trace"\n' + OUTPUT.format(port=free_port(), more="queue_limit = 100"),
    )
    spool = gateway.data / "log" / "spool" / "siem"
    spool.mkdir(parents=True)
    gateway.wrapper = (
        *with_own_mounts(),
        "sh",
        "-c",
        f'mount -t tmpfs -o size=32k tmpfs {spool} && exec "$@"',
        "sh",
    )
    gateway.start()
    fetch_many(gateway, 300)
    gateway.wrapper = ()
    row = until(lambda: (found := state(gateway))["dropped"] and found)
    assert 0 < row["waiting"] < 1000
    assert gateway.fetch("GET", SIGN_IN, "/readyz").status == 200

    def is_full():
        # What the queue had no room for never came to the disk.
        fetch_many(gateway, 20)
        return '"telemetry.output.spool_failed"' in gateway.output.read_text()

    until(is_full, what="the spool without room")
    gateway.stop()
    codes = [entry["code"] for entry in journal(gateway)]
    assert "telemetry.output.spool_failed" in codes
    assert "telemetry.output.dropped" in codes
    assert codes.count("http.access.completed") >= 300


def test_settings_change_while_the_gateway_runs(make_gateway, tmp_path):
    one, two = Collector(), Collector()
    gateway = make_gateway(telemetry=OUTPUT.format(port=one.port, more=""))
    try:
        gateway.people()
        gateway.start()
        until(lambda: state(gateway)["state"] == "working")
        file = tmp_path / "audit.jsonl"
        also = f'[[telemetry.output]]\nname = "file"\nto = "file:{file}"\naudit_only = true\n'
        gateway.write(telemetry=OUTPUT.format(port=one.port, more="") + also)
        ask_for(gateway, "config", "reload")
        assert Visitor(gateway).sign_in("bob").status == 403
        until(lambda: file.exists() and b"bob" in file.read_bytes())
        assert all(json.loads(line)["audit"] for line in file.read_text().splitlines())
        assert len(one.received) == 1, "an output that did not change keeps its connection"
        # logrotate moves it away.
        Path(file).rename(tmp_path / "audit.1")
        assert Visitor(gateway).sign_in("bob").status == 403
        until(file.exists)
        gateway.write(telemetry=OUTPUT.format(port=two.port, more=""))
        ask_for(gateway, "config", "reload")
        until(lambda: state(gateway)["address"] == f"127.0.0.1:{two.port}")
        wrong = OUTPUT.format(port=two.port, more='token = "hunter2"').replace('"native"', '"latin"')
        gateway.write(telemetry=wrong)
        done = gateway.run("check", check=False)
        assert done.returncode != 0
        assert "telemetry.output[siem].dialect" in done.stdout + done.stderr
        assert "hunter2" not in done.stdout + done.stderr
        said = set(keys(journal(gateway)))
        until(lambda: said <= set(keys([*arrived(one), *arrived(two)])), what="all that was said")
        gateway.stop()
    finally:
        one.close()
        two.close()
    received = keys([*arrived(one), *arrived(two)])
    assert len(received) == len(set(received))


def blocks(language):
    text = (Path(__file__).parents[2] / "docs" / "outputs.md").read_text()
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


class AsDocumented:
    """A collector with the configuration of the document; only its paths and its port are others."""

    def adapted(self, text):
        text = re.sub(
            r"/etc/[a-z.-]+/(ca|cert|key)\.pem", lambda found: str(getattr(self.files, found[1])), text
        )
        return text.replace("6514", str(self.tls)).replace("/var/log/yett.jsonl", str(self.parsed))


class DocumentedRsyslog(AsDocumented, Rsyslog):
    def command(self):
        self.config.write_text(self.adapted(blocks("rsyslog")[0]))
        self.tcp = self.tls
        return super().command()


class DocumentedSyslogNG(AsDocumented, SyslogNG):
    def command(self):
        self.config.write_text(self.adapted(blocks("syslog-ng")[0]))
        self.tcp = self.tls
        return super().command()


@pytest.mark.parametrize("kind", [DocumentedRsyslog, DocumentedSyslogNG])
def test_the_configurations_of_the_document_work_together(make_gateway, tmp_path, kind):
    name = "rsyslog" if kind is DocumentedRsyslog else "syslog-ng"
    files = authority(tmp_path / "ca", "localhost")
    peer = kind(tmp_path / "peer", files).start()
    (settings,) = [each for each in blocks("toml") if f'name = "{name}"' in each]
    settings = settings.replace("logs.example.org:6514", f"localhost:{peer.tls}")
    gateway = make_gateway(telemetry=settings.replace("/etc/yett/logs-ca.pem", str(files.ca)))
    try:
        gateway.start()
        until(lambda: len(peer.entries()) >= len(journal(gateway)))
        gateway.stop()
        # What was said at the very end arrives as well, though nobody waits for it at our side.
        said = journal(gateway)
        codes = Counter(entry["code"] for entry in said if len(entry["code"]) <= 32)
        until(lambda: codes <= Counter(entry["code"] for entry in peer.entries()), what="the last words")
        entries = peer.entries()
    finally:
        peer.stop()
    assert {int(entry["pri"]) // 8 for entry in entries} == {1, 13}
    components = {entry["component"] for entry in said}
    assert components <= {entry["data"]["yett@32473"]["component"] for entry in entries}
