"""The gateway's end of the admin socket."""

import asyncio
import contextlib
import inspect
import json
import os
import re
import time
from collections.abc import Callable, Iterable
from itertools import takewhile
from pathlib import Path
from typing import Any

from yett.events import describe
from yett.kernel import Command, CommandFailed, Table, Verdict
from yett.ops import shell
from yett.ops.admin import events
from yett.ops.admin.listening import AdminSocket, InTheWay, peer_uid

_LONGEST_REQUEST = 64 * 1024
_LONGEST_DETAIL = 1000
_MANY_ROWS = 500
_SHORTEST_TYPED, _PART = 3, 8
# Whoever may open the socket may do everything, so the audit trail names them alike.
_OPERATOR, _SOURCE = "root", "cli"


class AdminServer:
    """Takes one command per connection from root or from the user the gateway runs as.

    `command_timeout` ends a command that waits too long; `client_timeout` is for a client that
    does not say what it wants, or does not take its answer.
    """

    def __init__(
        self,
        path: Path,
        commands: list[Command],
        bind: shell.Binder,
        *,
        command_timeout: float = 30.0,
        client_timeout: float = 10.0,
        uid_of: Callable[[Any], int] = peer_uid,
    ) -> None:
        self._path = path
        self._socket = AdminSocket(path)
        self._commands = {command.path: command for command in commands}
        self._bind = bind
        self._command_timeout = command_timeout
        self._client_timeout = client_timeout
        self._uid_of = uid_of
        self._app = shell.build("yett admin", "", commands)
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[Any]] = set()

    async def start(self) -> None:
        """Listen. A socket that cannot be made is recorded, and the gateway goes on without it."""
        try:
            made = self._socket.open()
        except (OSError, InTheWay) as problem:
            events.unavailable(path=str(self._path), error=describe(problem))
            return
        self._server = await asyncio.start_unix_server(self._serve, sock=made, limit=_LONGEST_REQUEST)
        events.listening(self._path)

    async def stop(self) -> None:
        """Stop listening, remove the socket and cut off who is still there."""
        if self._server is None:
            return
        self._server.close()
        self._socket.close()
        self._server = None
        clients = [client for client in self._clients if client is not asyncio.current_task()]
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._clients.add(task)
            task.add_done_callback(self._clients.discard)
        try:
            answer = await self._answer(reader, self._uid_of(writer.get_extra_info("socket")))
            # Draining means that everything is gone, not only most of it.
            writer.transport.set_write_buffer_limits(high=0)
            writer.write(answer)
            async with asyncio.timeout(self._client_timeout):
                await writer.drain()
        except (TimeoutError, OSError, asyncio.CancelledError):
            # Whoever takes no answer, or is gone, gets none; the record says what was done. A
            # cancellation comes from `stop` alone, and asyncio would take it for a fault.
            pass
        finally:
            if writer.transport.get_write_buffer_size():
                # Closing would go on offering the rest to somebody who does not take it.
                writer.transport.abort()
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, uid: int) -> bytes:
        if uid not in {0, os.geteuid()}:
            events.refused(peer_uid=uid)
            return _refusal("only root and the gateway's own user may ask")
        try:
            async with asyncio.timeout(self._client_timeout):
                line = await reader.readline()
        except TimeoutError:
            return _refusal("nothing was asked in time")
        except ValueError:
            return _refusal(f"a request has at most {_LONGEST_REQUEST} bytes")
        words = _words(line)
        if words is None:
            return _refusal('a request is one line of JSON: {"argv": ["status"]}')
        try:
            parsed = shell.parse(self._app, words)
        except shell.UsageError as problem:
            return _refusal(str(problem))
        command = self._commands.get(parsed.path)
        if command is None or shell.is_of_app(parsed.function):
            return _refusal("help is given by the client")
        return await self._run(command, parsed, words[len(command.path) :], uid)

    async def _run(self, command: Command, parsed: shell.Parsed, typed: list[str], uid: int) -> bytes:
        name = " ".join(command.path)
        began = time.monotonic()
        deadline = asyncio.timeout(self._command_timeout)
        try:
            async with deadline:
                answer = self._bind(command)(*parsed.positional, **parsed.named)
                if inspect.isawaitable(answer):
                    answer = await answer
            line = await _written(answer)
        except CommandFailed as problem:
            return self._failed(name, str(problem), typed, uid)
        except Exception as problem:  # noqa: BLE001 - a command's fault must not take the gateway down
            if deadline.expired() and isinstance(problem, TimeoutError):
                why = f"it was stopped after {self._command_timeout:.0f} seconds"
                return self._failed(name, why, typed, uid)
            error = without(describe(problem), typed)
            events.crashed(command=name, error=error, operator=_OPERATOR, source=_SOURCE, peer_uid=uid)
            return _refusal(f"the command crashed ({describe(problem)}); see the gateway's log")
        events.executed(
            command=name,
            writes=command.writes,
            seconds=round(time.monotonic() - began, 4),
            operator=_OPERATOR,
            source=_SOURCE,
            peer_uid=uid,
        )
        return line

    def _failed(self, name: str, why: str, typed: list[str], uid: int) -> bytes:
        detail = without(" ".join(why.split()), typed)[:_LONGEST_DETAIL]
        events.failed(command=name, detail=detail, operator=_OPERATOR, source=_SOURCE, peer_uid=uid)
        return _refusal(why)


def without(said: str, typed: Iterable[str]) -> str:
    """A sentence for the record, with dots for what was typed: it may be a name, or a secret in the wrong place.

    Long words are found in other cases and cut short, too, short ones only as they are.
    """
    # An option is no secret, but what it is given may be.
    values = {word.partition("=")[2] if word.startswith("--") else word for word in typed}
    for value in sorted(values, key=len, reverse=True):
        if len(value) < _SHORTEST_TYPED:
            continue
        start, rest = value[:_PART], value[_PART:].lower()
        end_of_word = "" if rest else r"(?!\w)"
        found = re.compile(rf"(?<!\w){re.escape(start)}{end_of_word}", re.IGNORECASE)
        place = 0
        while match := found.search(said, place):
            alike = takewhile(
                lambda both: both[0] == both[1], zip(said[match.end() :].lower(), rest, strict=False)
            )
            cut = match.end() + sum(1 for _ in alike)
            said = f"{said[: match.start()]}…{said[cut:]}"
            place = match.start() + 1
    return said


def _refusal(why: str) -> bytes:
    return _line({"ok": False, "error": why})


def _words(line: bytes) -> list[str] | None:
    """What was typed, or None when the line is no request. Brackets in brackets may go too deep to read."""
    request: Any = None
    with contextlib.suppress(ValueError, RecursionError):
        request = json.loads(line)
    words = request.get("argv") if isinstance(request, dict) else None
    return words if isinstance(words, list) and all(map(_is_text, words)) else None


def _is_text(word: Any) -> bool:
    """Whether it can be written down again: JSON can hold halves of characters, UTF-8 cannot."""
    return isinstance(word, str) and not any("\ud800" <= character <= "\udfff" for character in word)


async def _written(answer: Any) -> bytes:
    whole = {"ok": True, "answer": _packed(answer)}
    if isinstance(answer, Table) and len(answer.rows) > _MANY_ROWS:
        # This takes a while, and meanwhile others want to be served.
        return await asyncio.to_thread(_line, whole)
    return _line(whole)


def _packed(answer: Any) -> dict[str, Any]:
    if isinstance(answer, Table):
        return {"table": {"columns": answer.columns, "rows": answer.rows, "empty": answer.empty}}
    if isinstance(answer, Verdict):
        return {"verdict": {"is_yes": answer.is_yes, "facts": answer.facts, "text": answer.text}}
    return {"value": answer}


def _line(answer: dict[str, Any]) -> bytes:
    return json.dumps(answer, default=str).encode() + b"\n"
