"""In which way a request proves its client: exactly one, or none that counts.

RFC 6749, section 2.3.1, encodes name and secret with application/x-www-form-urlencoded before Basic does its own,
and half of all programs leave that out. A secret in base64 may have a plus, so both ways to read one are tried; that
opens nothing, since either has to be the secret.
"""

import base64
import binascii
import re
import urllib.parse
from collections.abc import Mapping, Sequence

from yett.oidc.client_auth.model import Assertion, Bare, Presented, Reason, Secret

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_MOST_HEADER = 4096
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


def read(authorization: Sequence[str], form: Mapping[str, str]) -> Presented | Reason:
    """What a request shows."""
    # Parameters without a value are left out (RFC 6749, section 3.2).
    given = {name: value for name, value in form.items() if value}
    ways = (bool(authorization), "client_secret" in given, "client_assertion" in given)
    if sum(ways) > 1 or len(authorization) > 1:
        return Reason.SEVERAL
    client_id = given.get("client_id", "")
    if authorization:
        basic = _basic(authorization[0])
        # Some clients name themselves in the form as well.
        if isinstance(basic, Secret) and client_id not in {"", basic.client_id}:
            return Reason.SEVERAL
        return basic
    if "client_assertion" in given:
        if given.get("client_assertion_type") != ASSERTION_TYPE:
            return Reason.METHOD
        return Assertion(client_id, given["client_assertion"])
    if "client_assertion_type" in given:
        return Reason.MALFORMED
    if not client_id:
        return Reason.NOBODY
    if "client_secret" in given:
        return Secret(client_id, given["client_secret"], is_basic=False)
    return Bare(client_id)


def _basic(header: str) -> Secret | Reason:
    scheme, _, credentials = header.strip(" ").partition(" ")
    if scheme.lower() != "basic":
        return Reason.METHOD
    if len(header) > _MOST_HEADER:
        return Reason.NOBODY
    try:
        text = base64.b64decode(credentials.strip(" "), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return Reason.NOBODY
    name, colon, secret = text.partition(":")
    client_id, decoded = _decoded(name), _decoded(secret)
    if not colon or not client_id:
        return Reason.NOBODY
    return Secret(client_id, secret if decoded is None else decoded, is_basic=True, as_sent=secret)


def _decoded(text: str) -> str | None:
    if _BROKEN_ESCAPE.search(text):
        return None
    try:
        return urllib.parse.unquote_plus(text, errors="strict")
    except UnicodeDecodeError:
        return None
