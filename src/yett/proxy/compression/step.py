"""Compressing what a route answers.

A piece of the body is encoded as it comes, at most what one read brings (256 KiB, a few
milliseconds at the default levels). Where nobody stated the length, every piece is flushed: what
a backend sends early arrives early.
"""

from yett.events import Scope, enter_scope, leave_scope
from yett.net.http import Attempt, Reply
from yett.proxy.compression import events
from yett.proxy.compression.config import CompressionSettings
from yett.proxy.compression.encoding import ENCODERS, Encoder
from yett.proxy.compression.model import Coding
from yett.proxy.compression.negotiation import preferred
from yett.proxy.compression.rules import is_compressible, may_be_watched
from yett.proxy.fields import add_to_vary, changed_body, joined, weaken_known_tag, without
from yett.proxy.steps import Call, Step, chain

_CODING_FIELD = frozenset({b"content-encoding"})


class CompressionStep(Step):
    """Compresses responses for clients that can read them."""

    def __init__(self, settings: CompressionSettings) -> None:
        self._codings = {coding.value.encode("ascii"): coding for coding in settings.codings}
        self._types = frozenset(each.encode("ascii") for each in settings.types)
        self._minimum = settings.minimum
        self._levels = {
            Coding.GZIP: settings.gzip_level,
            Coding.BROTLI: settings.brotli_level,
            Coding.ZSTD: settings.zstd_level,
        }

    def reply(
        self,
        call: Call,
        attempt: Attempt,  # noqa: ARG002 - the hook's signature
        reply: Reply,
    ) -> None:
        request = call.request
        if reply.status == 304:
            add_to_vary(reply, b"Accept-Encoding")
            weaken_known_tag(reply, joined(request.lines, b"if-none-match"))
            return
        if not is_compressible(reply, self._types, self._minimum):
            return
        # Caches have to know that others get another one, whatever this client gets.
        add_to_vary(reply, b"Accept-Encoding")
        name = preferred(joined(request.lines, b"accept-encoding") or b"", self._codings)
        if not name or may_be_watched(request):
            return
        is_flushed = reply.content_length < 0
        changed_body(reply)
        without(reply, _CODING_FIELD)
        reply.lines.append(b"Content-Encoding: " + name)
        # The answer to a HEAD has one as well, so that its head is that of a GET; it is never fed.
        coding = self._codings[name]
        encoder = ENCODERS[coding](self._levels[coding])
        chain(reply, Compressing(coding, encoder, call.app, request.scope, flush=is_flushed))


class Compressing:
    """One body on its way through an encoder."""

    __slots__ = ("_app", "_bytes_in", "_bytes_out", "_coding", "_encoder", "_flush", "_scope")

    def __init__(self, coding: Coding, encoder: Encoder, app: str, scope: Scope, *, flush: bool) -> None:
        self._coding = coding
        self._encoder = encoder
        self._app = app
        self._scope = scope
        self._flush = flush
        self._bytes_in = 0
        self._bytes_out = 0

    def feed(self, data: bytes) -> bytes:
        self._bytes_in += len(data)
        encoded = self._encoder.encode(data, flush=self._flush)
        self._bytes_out += len(encoded)
        return encoded

    def end(self) -> bytes:
        last = self._encoder.finish()
        if events.compressed.declaration.enabled:
            token = enter_scope(self._scope)
            events.compressed(
                app=self._app,
                coding=self._coding,
                bytes_in=self._bytes_in,
                bytes_out=self._bytes_out + len(last),
            )
            leave_scope(token)
        return last
