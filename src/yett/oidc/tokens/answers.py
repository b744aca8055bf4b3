"""JSON answers of the endpoints about tokens."""

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import Response

MAX_FORM = 24 * 1024
"""Bytes of a form: the longest token, and a client's proof of who it is."""
MOST_FIELDS = 16
RETRY_AFTER = 5.0
"""Seconds until the store may be back."""
_HEADERS = {"Cache-Control": "no-store", "Pragma": "no-cache", "X-Content-Type-Options": "nosniff"}
_CROSSING = {
    # For programs in browsers; no cookie counts at these addresses, so none is asked for.
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "DPoP-Nonce, WWW-Authenticate, Retry-After",
}
_encode = msgspec.json.Encoder().encode


def answer(
    status: int, content: Mapping[str, Any], *, headers: Mapping[str, str] | None = None, crosses: bool = True
) -> Response:
    """An answer that nobody keeps; with `crosses`, one that scripts of any origin may read."""
    lines = {**_HEADERS, **(_CROSSING if crosses else {}), **(headers or {})}
    return Response(_encode(content), status, headers=lines, media_type="application/json")


def empty(*, retry_after: float = 0.0) -> Response:
    """An answer that says nothing but that it was done, or when to try again."""
    headers = {**_HEADERS, **_CROSSING}
    if retry_after:
        headers["Retry-After"] = f"{retry_after:.0f}"
    return Response(status_code=503 if retry_after else 200, headers=headers)


def crossing(fault: Response) -> Response:
    """A fault of somebody else's, readable for scripts of any origin."""
    fault.headers.update({**_HEADERS, **_CROSSING})
    return fault


def preflight(methods: str) -> Response:
    """What scripts are told before they ask (Fetch, section 3.2.5)."""
    headers = {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Allow-Methods": methods,
        "Access-Control-Allow-Headers": "Authorization, Content-Type, DPoP",
        "Access-Control-Max-Age": "600",
    }
    return Response(status_code=204, headers=headers)
