"""A directory as an application of ours: GET and HEAD, no listings."""

import asyncio
import mimetypes
import os
from collections.abc import MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from yett.events import current_scope
from yett.net.http import Answer, Request, Serve
from yett.net.pages import error_page
from yett.proxy.assets import events
from yett.proxy.assets.opening import Opened, Wrong, names_of, open_below
from yett.proxy.assets.rules import Asked, Part, Version, judge
from yett.proxy.config import AssetsSettings

_CHUNK = 128 * 1024
_BINARY = "application/octet-stream"
# The tables of the machine would make answers depend on where the gateway runs.
_TYPES = mimetypes.MimeTypes(filenames=())
for _suffix, _type in {
    ".avif": "image/avif",
    ".js": "text/javascript",
    ".map": "application/json",
    ".md": "text/markdown",
    ".mjs": "text/javascript",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".yaml": "application/yaml",
}.items():
    _TYPES.add_type(_type, _suffix)

Pairs = list[tuple[bytes, bytes]]


class BadDirectory(ValueError):
    """There is no such directory; the text says so."""


@dataclass(frozen=True, slots=True)
class _Asset:
    """A file, ready to be sent."""

    opened: Opened
    part: Part
    headers: Pairs
    first: bytes


@dataclass(frozen=True, slots=True)
class _Moved:
    """A directory that was asked for without a slash at its end: links on its page would lead astray."""


class Assets:
    """Serves one directory."""

    def __init__(self, app: str, settings: AssetsSettings, *, is_public: bool, is_whole: bool) -> None:
        """`is_whole` says that a request's whole path names the file, not only what is below the route's."""
        self._app = app
        self._is_whole = is_whole
        self._directory = str(settings.directory)
        self._index = settings.index
        # What takes a sign-in is kept by the person's own browser at most.
        scope = "public" if is_public else "private"
        seconds = int(settings.max_age.total_seconds())
        self._keep = f"{scope}, {f'max-age={seconds}' if seconds else 'no-cache'}".encode("ascii")

    @property
    def address(self) -> str:
        """What it is, for the log."""
        return f"files in {self._directory}"

    def respond(self, request: Request, path: str, headers: bytes) -> Answer | Serve:
        """A file has to be waited for, so it is served; what needs no looking is answered."""
        if request.method not in {b"GET", b"HEAD"}:
            return _page(405, "This cannot be done here", "Files can only be read.", b"Allow: GET, HEAD\r\n")
        below = request.path if self._is_whole else request.path.removeprefix(path)
        pairs = [
            (name.lower(), value)
            for name, _, value in (line.partition(b": ") for line in headers.split(b"\r\n") if line)
        ]
        state = {"below": below, "host": request.host, "headers": pairs, "path": request.path}
        return Serve(self._serve, max_body=64 * 1024, state=state)

    def traversal(self, host: str) -> None:
        """Somebody tried to climb out before the path came here."""
        events.traversal_attempted(app=self._app, host=host)

    async def _serve(self, scope: MutableMapping[str, Any], _receive: Any, send: Any) -> None:
        state = scope["state"]
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(None, self._look, state["below"], _asked(scope["headers"]))
        match found:
            case Wrong():
                self._say(found, state["host"])
                await _send_answer(send, _nothing_here(), state["headers"])
            case _Moved():
                # The path came from the client, so it must not begin with two slashes.
                to = quote("/" + state["path"].strip("/") + "/", safe="/%:@!$&'()*+,;=~")
                answer = Answer(308, headers=f"Location: {to}\r\n".encode("ascii"))
                await _send_answer(send, answer, state["headers"])
            case _Asset():
                try:
                    await _send_file(send, found, state["headers"], is_head=scope["method"] == "HEAD")
                finally:
                    os.close(found.opened.handle)

    def _say(self, wrong: Wrong, host: str) -> None:
        match wrong:
            case Wrong.TRAVERSAL:
                events.traversal_attempted(app=self._app, host=host)
            case Wrong.INVALID:
                events.path_invalid(app=self._app, host=host)
            case Wrong.UNREADABLE:
                events.file_unreadable(app=self._app, host=host)

    # On another thread, because disks may be slow.

    def _look(self, below: str, asked: Asked) -> _Asset | _Moved | Wrong:
        names = names_of(below)
        if isinstance(names, Wrong):
            return names
        opened = open_below(self._directory, names)
        if isinstance(opened, Wrong):
            return opened
        if opened.is_directory:
            os.close(opened.handle)
            if not self._index:
                return Wrong.MISSING
            inside = open_below(self._directory, (*names, self._index))
            if isinstance(inside, Wrong):
                return inside
            if names and not below.endswith("/"):
                os.close(inside.handle)
                return _Moved()
            opened = inside
        elif below.endswith("/"):
            # A page under two addresses is one whose relative links break under one of them.
            os.close(opened.handle)
            return Wrong.MISSING
        if opened.is_directory:
            os.close(opened.handle)
            return Wrong.MISSING
        try:
            return self._ready(opened, asked)
        except BaseException:
            os.close(opened.handle)
            raise

    def _ready(self, opened: Opened, asked: Asked) -> _Asset:
        version = Version(opened.facts.st_size, opened.facts.st_mtime_ns)
        part = judge(asked, version)
        headers: Pairs = [
            (b"etag", version.tag.encode("ascii")),
            (b"last-modified", version.last_modified.encode("ascii")),
            (b"cache-control", self._keep),
        ]
        first = b""
        if part.status in {200, 206}:
            headers += [
                (b"content-type", _content_type(opened.name)),
                (b"content-length", b"%d" % part.length),
                (b"accept-ranges", b"bytes"),
                (b"x-content-type-options", b"nosniff"),
            ]
            first = os.pread(opened.handle, min(_CHUNK, part.length), part.start)
        if part.status == 206:
            last = part.start + part.length - 1
            headers.append((b"content-range", b"bytes %d-%d/%d" % (part.start, last, version.size)))
        elif part.status == 416:
            headers.append((b"content-range", b"bytes */%d" % version.size))
        return _Asset(opened, part, headers, first)


def compile_assets(app: str, settings: AssetsSettings, *, is_public: bool, is_whole: bool) -> Assets:
    """Serves the directory of these settings. Raises BadDirectory."""
    directory = settings.directory
    if not directory.is_absolute():
        raise BadDirectory(f"assets.directory {directory} is relative; write it from the root on")
    if not Path(directory).is_dir():
        raise BadDirectory(f"assets.directory {directory} is no directory")
    return Assets(app, settings, is_public=is_public, is_whole=is_whole)


def _content_type(name: str) -> bytes:
    found, encoding = _TYPES.guess_type(f"file:/{quote(name)}")
    if found is None or encoding is not None:
        # A packed file is a file of its own here, not another form of what is in it.
        found = _BINARY
    if found.startswith("text/") or found in {"application/json", "image/svg+xml"}:
        found += "; charset=utf-8"
    return found.encode("ascii")


def _asked(headers: Pairs) -> Asked:
    table = {name: value.decode("latin-1") for name, value in headers}
    return Asked(
        if_none_match=table.get(b"if-none-match", ""),
        if_modified_since=table.get(b"if-modified-since", ""),
        if_range=table.get(b"if-range", ""),
        range=table.get(b"range", ""),
    )


async def _send_file(send: Any, asset: _Asset, more: Pairs, *, is_head: bool) -> None:
    part, handle = asset.part, asset.opened.handle
    await send(
        {"type": "http.response.start", "status": part.status, "headers": _merged(asset.headers, more)}
    )
    body, sent = asset.first, len(asset.first)
    loop = asyncio.get_running_loop()
    while sent < part.length and not is_head:
        await send({"type": "http.response.body", "body": body, "more_body": True})
        wanted = min(_CHUNK, part.length - sent)
        body = await loop.run_in_executor(None, os.pread, handle, wanted, part.start + sent)
        if not body:
            raise OSError("the file became shorter while it was sent")
        sent += len(body)
    await send({"type": "http.response.body", "body": b"" if is_head else body})


async def _send_answer(send: Any, answer: Answer, more: Pairs) -> None:
    headers: Pairs = [(b"content-type", answer.content_type)] if answer.body else []
    headers += [
        (name.lower(), value)
        for name, _, value in (line.partition(b": ") for line in answer.headers.split(b"\r\n") if line)
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": _merged(headers, more)})
    await send({"type": "http.response.body", "body": answer.body})


def _merged(headers: Pairs, more: Pairs) -> Pairs:
    """The header with the mapping's own fields, which stand in place of ours."""
    names = {name for name, _ in more}
    return [pair for pair in headers if pair[0] not in names] + more


def _page(status: int, heading: str, sentence: str, headers: bytes = b"") -> Answer:
    page = error_page(status, heading=heading, sentence=sentence, request_id=current_scope().request_id)
    return Answer(status, page.body, headers=page.headers + headers)


def _nothing_here() -> Answer:
    return _page(404, "There is nothing here", "No file is served at this address.")
