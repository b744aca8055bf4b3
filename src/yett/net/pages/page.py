"""Turning a template into a page that is safe to send.

What must stay true:
  nothing in a page runs, unless it asks for scripts, and then only files of ours; the style sheet of all
  pages, and the one of a room that a page may ask for besides, are allowed by their hashes;
  whatever a template prints is escaped, and a name that was not given is an error;
  no page of ours is kept by a cache or shown in a frame.
"""

import base64
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import markupsafe

_HERE = Path(__file__).parent
_ROOMS = _HERE.parents[1]
_TEMPLATE = re.compile(r"(?:([a-z_]+)/)?([a-z_]+\.html)")
_SHEET = re.compile(r"([a-z_]+)/([a-z_]+\.css)")
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Page:
    """A page, ready to send. Content-Type and Content-Length are the sender's."""

    body: bytes
    headers: bytes
    """Complete header lines, each with its CRLF."""


def _style(path: Path) -> str:
    """A style sheet without comments and needless space: it travels with every page."""
    text = path.read_text(encoding="utf-8")
    return re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)).strip()


@cache
def _sheet(name: str) -> str:
    """The style sheet of a room: `ops/console.css`. It stands beside the room's templates."""
    match = _SHEET.fullmatch(name)
    if match is None:
        raise ValueError(f"{name!r} names no style sheet")
    return _style(_ROOMS / match[1] / "templates" / match[2])


def _hash(style: str) -> str:
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


def _find(name: str) -> str | None:
    """The text of a template: `base.html` is ours, `signin/form.html` is the sign-in room's."""
    match = _TEMPLATE.fullmatch(name)
    if match is None:
        return None
    path = (_ROOMS / match[1] if match[1] else _HERE) / "templates" / match[2]
    return path.read_text(encoding="utf-8") if path.is_file() else None


STYLE = _style(_HERE / "style.css")
_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FunctionLoader(_find),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    auto_reload=False,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_ENVIRONMENT.globals["style"] = markupsafe.Markup(STYLE)  # noqa: S704 - a file of ours, fixed at start


@cache
def headers(form_action: tuple[str, ...] = (), *, has_script: bool = False, sheet: str = "") -> bytes:
    """The header lines of a page whose forms lead to our own origin and to these others.

    With `has_script`, files of our own origin may run, and may ask our own origin. `sheet` is the room's style
    sheet that the page carries besides.

    Referrer-Policy is not "no-referrer": under that, browsers send "Origin: null" with a form
    of our own (Fetch, section 3.2), and the origin could not be checked.
    """
    for origin in form_action:
        if not _ORIGIN.fullmatch(origin):
            raise ValueError(f"{origin!r} is not an origin")
    forms = " ".join(("'self'", *form_action))
    scripts = "script-src 'self'; connect-src 'self'; " if has_script else ""
    styles = " ".join(f"'sha256-{_hash(each)}'" for each in (STYLE, *([_sheet(sheet)] if sheet else ())))
    policy = (
        f"default-src 'none'; {scripts}style-src {styles}; img-src data:; "
        f"form-action {forms}; frame-ancestors 'none'; base-uri 'none'"
    )
    lines = (
        f"Content-Security-Policy: {policy}",
        "Referrer-Policy: same-origin",
        "X-Content-Type-Options: nosniff",
        "X-Frame-Options: DENY",
        "Cache-Control: no-store",
        "Permissions-Policy: camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "Cross-Origin-Opener-Policy: same-origin",
        "Cross-Origin-Resource-Policy: same-origin",
        "X-Robots-Tag: noindex",
    )
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")


def render(
    template: str,
    *,
    form_action: tuple[str, ...] = (),
    has_script: bool = False,
    sheet: str = "",
    **context: Any,
) -> Page:
    """The page that a template makes of `context`.

    `form_action` names other origins that forms on the page may lead to. Chromium applies it to
    redirects after a form too, so a form should end on a page of our own before it leads away.
    `sheet` is a style sheet of the room's own (`ops/console.css`), for what no other page looks like.
    """
    more = markupsafe.Markup(_sheet(sheet)) if sheet else ""  # noqa: S704 - a file of ours
    body = _ENVIRONMENT.get_template(template).render(context, sheet=more)
    return Page(body.encode("utf-8", "replace"), headers(form_action, has_script=has_script, sheet=sheet))
