"""Records to a collector by OTLP over gRPC.

gRPC is an extra of the package, loaded when the first records are to be carried. What goes wrong
before anything is sent (the package is missing, a file cannot be read) is told like a collector that
is away: the records wait, and the next try sees what was mended meanwhile.
"""

import importlib
import importlib.util
import os
import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from yett.events.fields import describe
from yett.events.outputs.model import Unreachable
from yett.events.outputs.otlp.answers import judge_answer, judge_code
from yett.events.outputs.otlp.encoding import Encoder
from yett.events.outputs.otlp.over_http import MOST, check
from yett.events.outputs.quoting import Quoting
from yett.events.outputs.stream import TLS

_METHOD = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
_INSTALL = "OTLP over gRPC needs the package grpcio: install yett[grpc]"
_LONGEST_ANSWER = 1 << 16
_DETAILS = "grpc-status-details-bin"
_LOST = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED"})
"""After these a connection is made anew."""


def missing() -> str | None:
    """What has to be installed; None when nothing is missing."""
    return None if importlib.util.find_spec("grpc") is not None else _INSTALL


class OTLPOverGRPC:
    """A `Carrier`. `tls` None speaks in the clear; `headers` are secret."""

    def __init__(
        self,
        address: str,
        encoder: Encoder,
        *,
        headers: Mapping[str, str],
        timeout: float,
        version: str,
        tls: TLS | None = None,
        compress: bool = True,
        most: int = MOST,
    ) -> None:
        self.address = address
        self._encoder = encoder
        self._metadata = tuple((name.lower(), value) for name, value in headers.items())
        self._timeout = timeout
        self._version = version
        self._tls = tls
        self._compress = compress
        self._most = most
        self._quoting = Quoting(headers.values())
        self._channel: Any = None
        self._export: Any = None

    def carry(self, lines: Sequence[bytes]) -> None:
        """One export; an empty one for no lines, which a collector has to answer as well."""
        body, unread = self._encoder.encode(lines)
        check(body, lines, unread, self._most)
        grpc = self._open()
        coding = grpc.Compression.Gzip if self._compress else grpc.Compression.NoCompression
        try:
            answer = self._export(body, timeout=self._timeout, metadata=self._metadata, compression=coding)
        except grpc.RpcError as problem:
            code = problem.code().name
            trailer = dict(problem.trailing_metadata() or ()).get(_DETAILS, b"")
            if code in _LOST:
                self.close()
            judge_code(code, problem.details() or "", trailer, len(body), self._quoting)
        except ValueError as problem:
            # What the library makes of metadata that it cannot send.
            self.close()
            raise Unreachable(self._quoting.of(describe(problem))) from problem
        else:
            judge_answer(answer, len(lines), unread, self._quoting)

    def close(self) -> None:
        """Let go of the connection."""
        channel, self._channel, self._export = self._channel, None, None
        if channel is not None:
            channel.close()

    def _open(self) -> Any:
        """The library, once there is a channel."""
        # Its C part writes to standard error whatever it dislikes; we are told as well, and say it ourselves.
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")
        try:
            grpc: Any = importlib.import_module("grpc")
        except ImportError as problem:
            raise Unreachable(_INSTALL) from problem
        if self._channel is None:
            target = f"dns:///{self.address}"
            options = self._options()
            if self._tls is None:
                self._channel = grpc.insecure_channel(target, options)
            else:
                self._channel = grpc.secure_channel(target, _credentials(grpc, self._tls), options)
            # Without a serializer bytes go and come as they are.
            self._export = self._channel.unary_unary(_METHOD)
        return grpc

    def _options(self) -> list[tuple[str, Any]]:
        options: list[tuple[str, Any]] = [
            ("grpc.primary_user_agent", f"yett/{self._version}"),
            ("grpc.max_receive_message_length", _LONGEST_ANSWER),
            # The output decides when it is tried again, and nobody but the address given is spoken to.
            ("grpc.enable_retries", 0),
            ("grpc.enable_http_proxy", 0),
            ("grpc.service_config_disable_resolution", 1),
            # Otherwise a new channel would inherit the pauses of the one before it.
            ("grpc.use_local_subchannel_pool", 1),
        ]
        if self._tls is not None and self._tls.server_name:
            options.append(("grpc.ssl_target_name_override", self._tls.server_name))
        return options


def _credentials(grpc: Any, tls: TLS) -> Any:
    """What the library wants for TLS. Raises Unreachable when a file is none, which the library would not tell."""
    file = tls.ca_file or _system_authorities()
    try:
        tls.context()
        authorities = file.read_bytes() if file is not None else None
        certificate = key = None
        if tls.cert_file is not None:
            certificate, key = tls.cert_file.read_bytes(), (tls.key_file or tls.cert_file).read_bytes()
    except OSError as problem:
        raise Unreachable(describe(problem)) from problem
    return grpc.ssl_channel_credentials(authorities, key, certificate)


def _system_authorities() -> Path | None:
    """The system's file of authorities; without one the library's own list counts."""
    paths = ssl.get_default_verify_paths()
    return Path(paths.cafile) if paths.cafile else None
