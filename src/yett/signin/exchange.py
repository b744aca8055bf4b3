"""What the pages of a sign-in read from a request and set in an answer: cookies, and who asks from where."""

import hashlib

from starlette.requests import Request
from starlette.responses import Response

from yett.kernel import new_secret
from yett.net.pages import client_address
from yett.signin import rules
from yett.signin.language import preferred
from yett.signin.model import Visitor

PRE_COOKIE = "__Host-yett-pre"
"""Binds a form to the browser it was given to, before there is a session."""
PENDING_COOKIE = "__Host-yett-pending"
"""Carries the token of a half-finished sign-in."""


def pre_cookie(request: Request) -> str:
    """The value of the browser's own cookie; empty when it is none of ours."""
    value = request.cookies.get(PRE_COOKIE, "")
    return value if rules.is_believable_cookie(value) else ""


def pre_cookie_or_new(request: Request) -> str:
    """The value to bind a form to; set it with the answer."""
    return pre_cookie(request) or new_secret()


def device_name(pre: str) -> str:
    """What a browser is known by, made of its cookie; it gives nothing away of the cookie itself."""
    return hashlib.sha256(b"device:" + pre.encode()).hexdigest() if pre else ""


def device_of(request: Request) -> str:
    """What tells this browser from others; empty when it sent no cookie of ours."""
    return device_name(pre_cookie(request))


def pending_token(request: Request) -> str:
    """The token of the browser's half-finished sign-in; empty without one."""
    return request.cookies.get(PENDING_COOKIE, "")


def visitor_of(request: Request, *, pre: str = "") -> Visitor:
    """Where a request comes from; `pre` is the cookie that the answer will set, if it has one already."""
    return Visitor(
        client_address(request),
        request.headers.get("user-agent", "")[:200],
        preferred(",".join(request.headers.getlist("accept-language"))),
        device_name(pre) if pre else device_of(request),
    )


def set_cookie(response: Response, name: str, value: str) -> None:
    """Give the browser a cookie for as long as it stays open; the session knows its own end."""
    response.set_cookie(name, value, path="/", secure=True, httponly=True, samesite="lax")


def take_back(request: Request, response: Response, *names: str) -> None:
    """Take back those cookies that the browser sent.

    With a form of another site it sends none of ours (SameSite), but it would do as the answer says.
    """
    for name in names:
        if name in request.cookies:
            drop_cookie(response, name)


def drop_cookie(response: Response, name: str) -> None:
    """Take a cookie back."""
    # Without Secure a browser ignores even the removal of a cookie with the __Host- prefix.
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")
