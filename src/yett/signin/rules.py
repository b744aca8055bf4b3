"""Every decision of signing in: values in, verdict out.

Nothing here waits, reads a clock or says anything, so each case is one row of a table.
"""

import hmac
import re
import urllib.parse
from itertools import takewhile
from typing import Any

import msgspec

from yett.authn.password import Reason, Rejected
from yett.net.pages import once, parse_fields
from yett.signin.model import FormFault, Sent, Turned, TurnedAway, Use, Visit

HOME = "/"
MAX_NEXT = 6144
MAX_VISITS = 10
"""How many sign-ins of a person are remembered: more than most people have browsers signed in at once."""
_PATH = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")
"""Visible ASCII without the backslash, which browsers read as a slash; one slash at the start, not two."""
_COOKIE = re.compile(r"[A-Za-z0-9_-]{43}")


def local_path(wanted: str) -> str:
    r"""The address to go to after signing in: `wanted` if it stays on this host, else the home page.

    "//host", "/\host" and anything with a scheme would lead to another host.
    """
    if len(wanted) > MAX_NEXT or not _PATH.fullmatch(wanted):
        return HOME
    return wanted


def wanted_next(query: bytes) -> str:
    """The safe `next` of a query."""
    fields = once(parse_fields(query) or ())
    return local_path((fields or {}).get("next", HOME))


def wants_again(query: bytes) -> bool:
    """Whether the query asks for a fresh sign-in though there is a session."""
    return ("again", "1") in (parse_fields(query) or ())


def with_next(path: str, to: str) -> str:
    """`path` with `to` as its `next`; the home page needs no mention."""
    return path if to == HOME else f"{path}?{urllib.parse.urlencode({'next': to})}"


def is_believable_cookie(value: str) -> bool:
    """Whether a cookie could be one that we made: 256 bits, URL-safe."""
    return _COOKIE.fullmatch(value) is not None


def is_leading_away(to: str) -> bool:
    """Whether following `to` may end on another host.

    Chromium applies form-action to every redirect that follows a form, so such a way goes over a
    page of ours, where it begins anew.
    """
    return to.partition("?")[0] != HOME


def judge_form(sent: Sent, use: Use, own_origin: str) -> FormFault | None:
    """Whether a posted form is one that we gave to this browser; None when it is.

    The origin is checked as well as the seal: either alone would do against other sites, and
    each has browsers or proxies that lose it.
    """
    if sent.origin not in {"", own_origin} or sent.fetch_site not in {"", "same-origin", "none"}:
        return FormFault.CROSS_SITE
    if not sent.bound_to:
        return FormFault.NO_COOKIE
    if sent.sealed is None or sent.sealed.payload.get("use") != use.value:
        return FormFault.FORGED
    bound_to = sent.sealed.payload.get("to", "")
    if not hmac.compare_digest(bound_to.encode(), sent.bound_to.encode()):
        return FormFault.FOREIGN
    return FormFault.EXPIRED if sent.sealed.is_expired else None


def judge_rejection(rejected: Rejected) -> TurnedAway:
    """What a refusal of the password method means for the page.

    Everything that would tell a right name from a wrong one looks the same.
    """
    why = {
        Reason.THROTTLED: Turned.THROTTLED,
        Reason.BUSY: Turned.BUSY,
        Reason.FAILED: Turned.UNAVAILABLE,
    }.get(rejected.reason, Turned.WRONG)
    return TurnedAway(why, rejected.retry_after)


def visits_of(datum: dict[str, Any]) -> tuple[Visit, ...]:
    """The remembered sign-ins, oldest first; none when what is kept has another shape."""
    try:
        return msgspec.convert(datum.get("visits", ()), tuple[Visit, ...])
    except msgspec.ValidationError:
        return ()


def with_visit(datum: dict[str, Any], visit: Visit) -> dict[str, Any]:
    """The datum with one more sign-in; the oldest beyond the limit are forgotten."""
    newest = (*visits_of(datum), visit)[-MAX_VISITS:]
    return {**datum, "visits": msgspec.to_builtins(newest)}


def visit_before(datum: dict[str, Any], session: str, created_at: float) -> Visit | None:
    """The sign-in before the one that made a session, whatever other browsers did since then."""
    earlier = takewhile(lambda visit: visit.session != session, visits_of(datum))
    # The session's own may be missing; then only the time tells what came before it.
    return next((visit for visit in reversed(tuple(earlier)) if visit.at <= created_at), None)
