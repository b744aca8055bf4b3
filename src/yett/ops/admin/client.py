"""The operator's end of the admin socket."""

import contextlib
import json
import socket
from pathlib import Path
from typing import Any

from yett.kernel import CommandFailed, Table, Verdict
from yett.ops.admin.address import address_of

_TIMEOUT = 35.0
_LONGEST_ANSWER = 64 << 20


class NoGateway(CommandFailed):
    """Nobody is there to be asked."""


def ask(path: Path, words: list[str], *, timeout: float = _TIMEOUT) -> Any:
    """What the gateway answers; CommandFailed says why there is no answer and what to do, NoGateway that none runs."""
    line = json.dumps({"argv": words}).encode() + b"\n"
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(timeout)
            with address_of(path) as address:
                connection.connect(address)
            received = _exchange(connection, line)
    except FileNotFoundError as problem:
        raise NoGateway(
            f"no gateway is running here: there is no socket {path}. "
            "Start it with `yett serve`, or name its configuration with --config."
        ) from problem
    except ConnectionRefusedError as problem:
        raise NoGateway(
            f"nobody listens on {path}: the gateway that made it is gone. Start it again."
        ) from problem
    except PermissionError as problem:
        raise CommandFailed(
            f"{path} belongs to the user the gateway runs as; run this as that user or as root."
        ) from problem
    except TimeoutError as problem:
        raise CommandFailed(f"the gateway did not answer within {timeout:.0f} seconds") from problem
    except OSError as problem:
        raise CommandFailed(f"{path} cannot be used: {problem.strerror or problem}") from problem
    return _unpacked(received)


def _exchange(connection: socket.socket, line: bytes) -> bytes:
    """Send one line and read one line; empty when the other side hangs up without one."""
    received = bytearray()
    # Who refuses without listening hangs up, but says why before that.
    with contextlib.suppress(ConnectionError):
        connection.sendall(line)
    with contextlib.suppress(ConnectionError):
        while chunk := connection.recv(1 << 16):
            received += chunk
            if chunk.endswith(b"\n"):
                return bytes(received)
            if len(received) > _LONGEST_ANSWER:
                raise CommandFailed(
                    f"the answer has more than {_LONGEST_ANSWER >> 20} MiB; ask for less of it"
                )
    return b""


def _unpacked(received: bytes) -> Any:
    if not received:
        raise CommandFailed("the gateway closed the connection without an answer; see its log")
    try:
        answer = json.loads(received)
        if not answer["ok"]:
            raise CommandFailed(str(answer["error"]))
        packed = answer["answer"]
        if "verdict" in packed:
            verdict = packed["verdict"]
            return Verdict(bool(verdict["is_yes"]), dict(verdict["facts"]), str(verdict["text"]))
        if "table" not in packed:
            return packed["value"]
        table = packed["table"]
        return Table(tuple(table["columns"]), tuple(tuple(row) for row in table["rows"]), str(table["empty"]))
    except (ValueError, TypeError, KeyError, RecursionError) as problem:
        raise CommandFailed("what answers on the socket is no gateway of this version") from problem
