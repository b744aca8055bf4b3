"""Whether somebody is signed out, and where they go: values in, verdict out.

OpenID Connect RP-Initiated Logout 1.0, sections 2, 3 and 6; Back-Channel Logout 1.0, section 2.4.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from yett.net.pages import Fields, once
from yett.oidc.clients import Client, Kind
from yett.oidc.logout.model import Next, Refused, Wanted, Way, Wrong

MAX_HINT = 16 * 1024
MAX_STATE = 4096
EVENT = "http://schemas.openid.net/event/backchannel-logout"
LIFETIME = 120
"""Seconds that a logout token is good: two minutes at most are recommended."""
_TEXT = re.compile(r"[\x20-\x7e]*")

Verify = Callable[[str], Mapping[str, Any] | None]
"""What an ID token of ours says, over or not; None for anything else."""
Find = Callable[[str], Client | None]


def read(fields: Fields | None, find: Find, verify: Verify) -> Wanted | Refused:
    """The request in a query or a form.

    An ID token that is not ours, or not one, counts as none: then the person is asked. But one that is ours and
    was made for another client than the one that asks is refused (section 2).
    """
    given = once(fields or ())
    state = (given or {}).get("state", "")
    if fields is None or given is None or len(state) > MAX_STATE or not _TEXT.fullmatch(state):
        return Refused(Wrong.MALFORMED)
    hint = given.get("id_token_hint", "")
    claims = verify(hint) if 0 < len(hint) <= MAX_HINT else None
    hinted = client_of(claims) if claims is not None else ""
    named = given.get("client_id", "")
    if named and hinted and named != hinted:
        return Refused(Wrong.OTHER_CLIENT, hinted[:80])
    client = find(named or hinted) if named or hinted else None
    uri = given.get("post_logout_redirect_uri", "")
    if uri and (client is None or uri not in client.after_logout):
        return Refused(Wrong.REDIRECT_URI, "" if client is None else client.label)
    is_hinted = bool(hinted) and client is not None
    return Wanted(
        client_id="" if client is None else client.client_id,
        uri=uri,
        state=state if uri else "",
        is_hinted=is_hinted,
        user=_text(claims, "sub") if is_hinted else "",
        session=_text(claims, "sid") if is_hinted else "",
    )


def client_of(claims: Mapping[str, Any]) -> str:
    """For which client an ID token was made: `azp`, else its only audience; empty when that cannot be told."""
    audience = claims.get("aud")
    only = audience[0] if isinstance(audience, list) and len(audience) == 1 else audience
    found = claims.get("azp", only)
    return found if isinstance(found, str) else ""


def _text(claims: Mapping[str, Any] | None, name: str) -> str:
    found = (claims or {}).get(name, "")
    return found if isinstance(found, str) else ""


def judge(wanted: Wanted, user: str, session: str) -> Next:
    """What becomes of a request in the browser of somebody; of nobody without a session.

    Only a client that shows the ID token of this very session signs somebody out unasked. One of an earlier
    session, or of somebody else, is suspect (section 4).
    """
    if not session:
        return Next.NOTHING
    is_meant = wanted.is_hinted and wanted.user == user and wanted.session == session
    return Next.SIGN_OUT if is_meant else Next.ASK


def way_out(wanted: Wanted, client: Client | None, *, is_asked: bool = False) -> Way:
    """How somebody leaves who is signed out; `is_asked` says that they agreed to it.

    Without an ID token anybody could use us to send people on, and clients that registered themselves always
    could; then people see where they go and choose.
    """
    if not wanted.uri or client is None or wanted.uri not in client.after_logout:
        return Way.STAY
    is_trusted = client.kind is not Kind.REGISTERED and (wanted.is_hinted or is_asked)
    return Way.GO if is_trusted else Way.LINK


def logout_claims(
    client_id: str, *, issuer: str, user: str, session: str, now: float, token_id: str
) -> dict[str, Any]:
    """What a logout token says. It has no nonce, so that it passes for no ID token."""
    return {
        "iss": issuer,
        "sub": user,
        "aud": client_id,
        "iat": int(now),
        "exp": int(now) + LIFETIME,
        "jti": token_id,
        "sid": session,
        "events": {EVENT: {}},
    }


def is_told(status: int) -> bool:
    """Whether an answer says that the client did what it was told (Back-Channel Logout, section 2.8)."""
    return status in {200, 204}


def is_final(status: int) -> bool:
    """Whether it makes no sense to tell the client again: it understood, and refused."""
    return 400 <= status < 500 and status not in {408, 425, 429}


def pause_after(attempts: int, first: float) -> float:
    """Seconds until a client is told again that was told so many times."""
    return first * 2.0 ** min(attempts - 1, 10)


def facts(issuer: str) -> dict[str, Any]:
    """What discovery says of signing out."""
    return {
        "end_session_endpoint": f"{issuer}{LOGOUT}",
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
    }


LOGOUT = "/oidc/logout"
CONFIRM = "/oidc/logout/confirm"
