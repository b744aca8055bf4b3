"""Making what a route answers name the public address."""

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Final

from yett.events import enter_scope, leave_scope
from yett.net.http import Attempt, BodyFilter, Forward, Reply, Upstream
from yett.proxy.compression import accepts
from yett.proxy.fields import changed_body, joined, media_type, weaken_known_tag
from yett.proxy.rewriting import events
from yett.proxy.rewriting.attributes import Attributes
from yett.proxy.rewriting.gzipped import Gzipped
from yett.proxy.rewriting.headers import rewrite_headers
from yett.proxy.rewriting.html import MOST_HELD, Rewriter
from yett.proxy.rewriting.model import Place, TooLarge, Untouched
from yett.proxy.rewriting.rules import PAGES, can_change_styles, hindrance, is_gzipped
from yett.proxy.rewriting.translation import Patterns, Translation
from yett.proxy.steps import Call, Step, chain

_ACCEPT_ENCODING: Final = frozenset({b"accept-encoding"})
_PUBLIC_HOST: Final = re.compile(r"[a-z0-9._-]{1,253}")
_MOST_REMEMBERED: Final = 256


class RewritingStep(Step):
    """Replaces the addresses an application knows itself by: in header fields, and in the links of pages."""

    def __init__(
        self, places: Iterable[Place], host: str, *, public_port: int, limit: int, pages: bool
    ) -> None:
        """`host` is that of the mapping, `limit` that of a page; without `pages`, only header fields are changed."""
        self._places = tuple(dict.fromkeys(places))
        self._host = host
        self._patterns: dict[tuple[Place, ...], Patterns] = {(): Patterns(self._places, host, public_port)}
        self._public_port = public_port
        self._limit = limit
        self._pages = pages
        self._found: dict[tuple[str, str, int], Attributes] = {}

    def prepare(
        self,
        call: Call,
        forward: Forward,
        body: bytes | None,  # noqa: ARG002 - the hook's signature
    ) -> Forward:
        """Ask for codings only that we can read and the client, too."""
        request = call.request
        accepted = joined(request.lines, b"accept-encoding")
        if not self._pages or accepted is None or request.upgrade:
            return forward
        if accepts(accepted, b"br") or accepts(accepted, b"zstd"):
            events.codings_disabled(app=call.app)
        coding = b"gzip" if accepts(accepted, b"gzip") else b"identity"
        return replace(
            forward,
            drop=forward.drop | _ACCEPT_ENCODING,
            add=forward.add + b"Accept-Encoding: " + coding + b"\r\n",
        )

    def reply(self, call: Call, attempt: Attempt, reply: Reply) -> None:
        request, upstream = call.request, attempt.forward.upstream
        if _PUBLIC_HOST.fullmatch(request.host) is None:
            return
        attributes = self._attributes(request.host, upstream)
        translation = attributes.translation
        if rewrite_headers(
            reply, translation, host=request.host.encode("ascii"), is_tls=request.connection.is_tls
        ):
            backend = upstream.unix_path or f"{upstream.host}:{upstream.port}"
            events.redirect_rewritten(app=call.app, backend=backend)
        if not self._pages:
            return
        if reply.status == 304:
            weaken_known_tag(reply, joined(request.lines, b"if-none-match"))
        elif reply.status >= 200 and reply.status != 204 and reply.content_length != 0:
            self._rewrite_body(call, reply, attributes)

    def _rewrite_body(self, call: Call, reply: Reply, attributes: Attributes) -> None:
        why = hindrance(reply, self._limit)
        if why is not None:
            self._say(call, why)
            return
        is_flushed = reply.content_length < 0
        changed_body(reply)
        page: BodyFilter = Rewriter(
            attributes,
            limit=self._limit,
            is_xml=PAGES[media_type(reply.value(b"content-type"))],
            can_style=can_change_styles(reply),
            gave_up=partial(self._say_late, call),
        )
        chain(reply, Gzipped(page, flush=is_flushed) if is_gzipped(reply) else page)

    def _attributes(self, host: str, upstream: Upstream) -> Attributes:
        key = (host, upstream.host, upstream.port)
        found = self._found.get(key)
        if found is None:
            if len(self._found) >= _MOST_REMEMBERED:
                self._found.clear()
            patterns = self._patterns_for(upstream)
            found = self._found[key] = Attributes(Translation(patterns, host, self._public_port))
        return found

    def _patterns_for(self, upstream: Upstream) -> Patterns:
        """The patterns; with one more place for a backend that a pool has found, and no setting names."""
        place = place_of(upstream.host, upstream.port)
        more = (place,) if upstream.host and place not in self._places else ()
        found = self._patterns.get(more)
        if found is None:
            if len(self._patterns) >= _MOST_REMEMBERED:
                self._patterns = {(): self._patterns[()]}
            found = Patterns((*self._places, *more), self._host, self._public_port)
            self._patterns[more] = found
        return found

    def _say_late(self, call: Call, why: Untouched | TooLarge) -> None:
        """The same, while the body comes: then no request is the current one."""
        token = enter_scope(call.request.scope)
        self._say(call, why)
        leave_scope(token)

    def _say(self, call: Call, why: Untouched | TooLarge) -> None:
        if isinstance(why, Untouched):
            events.streamed(app=call.app, reason=why)
        else:
            limit = MOST_HELD if why is TooLarge.TAG else self._limit
            events.too_large(app=call.app, reason=why, limit=limit)


def place_of(host: str, port: int) -> Place:
    """The place of an upstream."""
    return Place(f"[{host}]" if ":" in host else host.lower(), port)
