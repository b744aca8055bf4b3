"""A co-signer, set up and run as an operator would, beside a gateway."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.journeys.gateway import until
from tests.ports import free_port

CONFIGURATION = """\
[cosigner]
listen = "127.0.0.1:{port}"
gateway = "{folder}/gateway.pem"
peers = [{peers}]
issuer = "{issuer}"
{more}

[cluster]
cluster_path = "{folder}/data"

[telemetry]
format = "json"
"""


class CosignerProgram:
    """`yett cosigner run` in a folder of its own."""

    def __init__(self, folder, name, *, issuer, heard=""):
        self.folder, self.name, self.issuer, self.heard = folder / name, name, issuer, heard
        self.folder.mkdir(parents=True)
        self.port = free_port()
        self.config = self.folder / "yett.toml"
        self.certificate = self.folder / "certificate.pem"
        self.output = self.folder / "stdout.jsonl"
        self.process = None
        self.config.write_text(f'[cluster]\ncluster_path = "{self.folder}/data"\n')
        self.certificate.write_text(self.run("cosigner", "certificate"))

    def write(self, *, gateway, peers=(), more="", issuer=None):
        (self.folder / "gateway.pem").write_text(gateway)
        self.config.write_text(
            CONFIGURATION.format(
                port=self.port,
                folder=self.folder,
                peers=", ".join(f'"{peer.certificate}"' for peer in peers),
                issuer=self.issuer if issuer is None else issuer,
                more=more,
            )
        )

    @property
    def settings(self):
        """As the gateway names it."""
        return (
            f'[[threshold.cosigner]]\nname = "{self.name}"\naddress = "127.0.0.1:{self.port}"\n'
            f'certificate = "{self.certificate}"\n'
        )

    @property
    def shares(self):
        return self.folder / "data" / "shares"

    def command(self, *words):
        return [str(Path(sys.executable).with_name("yett")), "--config", str(self.config), *words]

    @property
    def environment(self):
        heard = {"YETT_EVENTS_HEARD": self.heard} if self.heard else {}
        return {**os.environ, "PYTHONUNBUFFERED": "1", **heard}

    def run(self, *words, check=True):
        done = subprocess.run(
            self.command(*words),
            capture_output=True,
            text=True,
            timeout=60,
            env=self.environment,
            check=False,
        )
        if not check:
            return done
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self):
        began = len(self.records())
        with self.output.open("ab") as out, (self.folder / "stderr.txt").open("ab") as errors:
            self.process = subprocess.Popen(
                self.command("cosigner", "run"), stdout=out, stderr=errors, env=self.environment
            )
        until(
            lambda: any(each.get("msg") == "Co-signer listening" for each in self.records()[began:]),
            what="a co-signer that listens",
        )
        return self

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=20)

    def records(self):
        if not self.output.exists():
            return []
        return [json.loads(line) for line in self.output.read_text().splitlines() if line.startswith("{")]

    def said(self, message):
        return [record for record in self.records() if record.get("msg") == message]
