"""One running co-signer: a small program with a key, shares, a log, and a listener for its gateway."""

import asyncio
import contextlib
import platform
import signal
from collections.abc import Mapping

import uvloop

from yett.config import Loaded
from yett.events import keep_witness
from yett.kernel import Lifecycle, Supervisor, SystemClock
from yett.kernel import events as kernel_events
from yett.kernel.audit import AuditSettings
from yett.kernel.telemetry import Telemetry, TelemetrySettings
from yett.keys import AUDIT_KEY, Signer, open_master_key
from yett.keys.threshold import Cosigner, CosignerSettings, Identity, Shares
from yett.store import ClusterSettings


class Cosigning:
    """A co-signer, made of a checked configuration."""

    def __init__(self, loaded: Loaded, environ: Mapping[str, str]) -> None:
        self._snapshot = loaded.snapshot
        self._environ = environ
        self._tasks = Supervisor()
        self._lifecycle = Lifecycle()
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Answer until a signal asks to stop."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._asked_to_stop, number.name)
        try:
            await self._start()
            await self._stop.wait()
        finally:
            await self._lifecycle.stop()

    async def _start(self) -> None:
        snapshot, add = self._snapshot, self._lifecycle.add
        cluster = snapshot[ClusterSettings]
        data = cluster.directory
        if data is None:
            raise ValueError("cluster.cluster_path is empty: a co-signer has to keep its shares")
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        telemetry = Telemetry(
            snapshot[TelemetrySettings],
            data / "log",
            platform.node() or "cosigner",
            audit=snapshot[AuditSettings],
        )
        witness = keep_witness(self._environ)
        if witness is not None:
            add("witness", _nothing, lambda: asyncio.to_thread(witness))
        add("telemetry", telemetry.start, telemetry.stop)
        add("tasks", _nothing, self._tasks.stop)
        await self._lifecycle.start()
        master = open_master_key(cluster, data)
        await telemetry.sign_with(Signer(master, AUDIT_KEY))
        cosigner = Cosigner(
            Identity(master),
            Shares(data / "shares", master),
            snapshot[CosignerSettings],
            self._tasks,
            SystemClock(),
        )
        add("cosigner", cosigner.start, cosigner.stop)
        await self._lifecycle.start()

    def _asked_to_stop(self, name: str) -> None:
        kernel_events.shutdown_requested(signal=name)
        self._stop.set()


async def _nothing() -> None:
    """A part without a start of its own."""


def cosign(loaded: Loaded, environ: Mapping[str, str]) -> None:
    """Run a co-signer in this process until it is asked to stop."""

    async def main() -> None:
        await Cosigning(loaded, environ).run()

    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(main())
