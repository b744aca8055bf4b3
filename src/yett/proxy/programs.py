"""Programs that show a personal access token where people have a session."""

from typing import Final

from yett.net.http import Request
from yett.oidc.personal import METHOD
from yett.sessions import Session

AUTHORIZATION: Final = frozenset({b"authorization"})
_MOST: Final = 4096


def token_of(request: Request) -> str:
    """The token of a request (RFC 6750, section 2.1); empty when it shows none."""
    value = request.authorization
    if not 0 < len(value) <= _MOST:
        return ""
    scheme, _, text = value.partition(b" ")
    return text.strip(b" ").decode("ascii", "replace") if scheme.lower() == b"bearer" else ""


def is_shown(session: Session) -> bool:
    """Whether a session stands for a token that was shown with the request."""
    return session.metadata.get("method") == METHOD
