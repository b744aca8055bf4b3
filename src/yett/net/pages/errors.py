"""The page for whatever went wrong: what happened, what to do, and the id to quote.

Such pages are made under load (refusals by the thousand), so everything but the request id is
rendered once and kept.
"""

import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import markupsafe

from yett.net.pages.page import Page, render

_MARK = "{request-id}"


@dataclass(frozen=True, slots=True)
class Action:
    """Something to do from here: a link, or with method "post" a button that sends `fields`."""

    label: str
    href: str
    """A path of this host, or an absolute HTTP address."""
    method: Literal["get", "post"] = "get"
    fields: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        is_local = self.href.startswith("/") and not self.href.startswith(("//", "/\\"))
        if not is_local and not self.href.startswith(("https://", "http://")):
            raise ValueError(f"{self.href!r} is neither a path of this host nor an HTTP address")


def error_page(
    status: int, *, heading: str, sentence: str, request_id: str, actions: Sequence[Action] = ()
) -> Page:
    """A page that says what went wrong. Texts are shown as they are given, escaped."""
    before, after, headers = _parts(status, heading, sentence, bool(request_id), tuple(actions))
    if not request_id:
        return Page(before, headers)
    return Page(before + markupsafe.escape(request_id).encode("utf-8", "replace") + after, headers)


@lru_cache(maxsize=256)
def _parts(
    status: int, heading: str, sentence: str, has_id: bool, actions: tuple[Action, ...]
) -> tuple[bytes, bytes, bytes]:
    """What stands before the request id, what stands after it, and the headers."""
    origins = dict.fromkeys(_origin(action.href) for action in actions if action.method == "post")
    page = render(
        "error.html",
        form_action=tuple(origin for origin in origins if origin),
        status=status,
        heading=heading,
        sentence=sentence,
        request_id=_MARK if has_id else "",
        actions=actions,
    )
    if not has_id:
        return page.body, b"", page.headers
    # The id comes last on the page, so a heading that holds the mark's own text does no harm.
    before, _, after = page.body.rpartition(_MARK.encode())
    return before, after, page.headers


def _origin(href: str) -> str:
    """The origin of an absolute address; empty for a path of this host."""
    parts = urllib.parse.urlsplit(href)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
