"""What scripts of our own pages send: JSON, of a bounded size, from our own origin."""

from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from yett.signin import answers, rules

MAX_CALL = 64 * 1024
"""Bytes; the largest attestation with its certificates takes about a quarter of it."""


async def read_call(request: Request, own_origin: str) -> dict[str, Any] | Response:
    """The object that was sent, or the answer to whoever sent something else."""
    headers = request.headers
    if not rules.judge_call(
        headers.get("origin", ""),
        headers.get("sec-fetch-site", ""),
        headers.get("content-type", ""),
        own_origin,
    ):
        return answers.json_problem(403, "not_ours", "Only pages of this host may ask for this.")
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_CALL:
                return answers.json_problem(413, "too_large", "That was too much.")
    except ClientDisconnect:
        return answers.json_problem(400, "incomplete", "Not everything arrived.")
    try:
        found = msgspec.json.decode(bytes(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = None
    if not isinstance(found, dict):
        return answers.json_problem(400, "malformed", "This request could not be understood.")
    return found


def text_of(call: dict[str, Any], name: str, most: int) -> str:
    """A text of a call; empty when it is missing, too long or no text."""
    found = call.get(name)
    return found if isinstance(found, str) and len(found) <= most else ""
