"""What the gate answers itself: one page for each way a request can end here."""

import math
from collections.abc import Callable, MutableMapping
from typing import Any

from yett.events import current_scope
from yett.identity.access import Assurance, Reason
from yett.net.http import FAILURE_STATUS, REFUSAL_STATUS, Answer, ASGIApp, Failure, Refusal
from yett.net.pages import Action, error_page
from yett.proxy import events
from yett.proxy.endpoints import SIGN_OUT
from yett.proxy.login import Departure

_CHALLENGE = b'WWW-Authenticate: Cookie realm="yett"\r\n'
"""RFC 9110, section 15.5.2, wants a challenge with every 401; no browser answers this one by itself."""

_WORDS = {
    Refusal.BODY_TOO_LARGE: ("That was too much", "What was sent is larger than this page accepts."),
    Refusal.HEAD_TIMEOUT: ("That took too long", "The request did not arrive in time. Try again."),
    Refusal.BODY_TIMEOUT: ("That took too long", "The request did not arrive in time. Try again."),
    Refusal.METHOD: ("This cannot be done here", "The gateway does not pass this method on."),
    Refusal.UPGRADE: (
        "This cannot be done here",
        "WebSocket connections are not passed on to this application.",
    ),
    Refusal.STOPPING: ("The gateway is restarting", "Try again in a moment."),
    Refusal.WITHDRAWN: (
        "Your access ended meanwhile",
        "It ended before this page was there. Load the page again to sign in, or to see what you may open now.",
    ),
}
_UNREADABLE = (
    "This request could not be understood",
    "It breaks the rules of HTTP or a limit of this gateway, and was not passed on.",
)
_REFUSAL_HEADERS = {
    Refusal.METHOD: b"Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n",
    Refusal.STOPPING: b"Retry-After: 5\r\n",
}
_LATE = frozenset({Failure.CONNECT_TIMEOUT, Failure.RESPONSE_TIMEOUT, Failure.IDLE})


def _page(
    status: int,
    heading: str,
    sentence: str,
    request_id: str,
    actions: tuple[Action, ...] = (),
    headers: bytes = b"",
) -> Answer:
    made = error_page(status, heading=heading, sentence=sentence, request_id=request_id, actions=actions)
    return Answer(status, made.body, headers=made.headers + headers)


def ambiguous(request_id: str) -> Answer:
    """A path with more than one reading."""
    return _page(
        400,
        "This address can be read in two ways",
        "It holds dot segments, encoded slashes or the like, so it was refused.",
        request_id,
    )


def nothing_here(request_id: str) -> Answer:
    """A host or path that no mapping covers."""
    return _page(404, "There is nothing here", "No application is served at this address.", request_id)


def wrong_method(request_id: str, allow: bytes) -> Answer:
    """There is something here, for other methods."""
    return _page(
        405,
        "This cannot be done here",
        "The application does not take this method at this address.",
        request_id,
        headers=b"Allow: " + allow + b"\r\n",
    )


def departure(made: Departure) -> Answer:
    """Off to the sign-in page."""
    lines = f"Location: {made.location}\r\nSet-Cookie: {made.cookie}\r\nCache-Control: no-store\r\n"
    return Answer(303, headers=lines.encode("ascii"))


def signed_out(request_id: str, home: str) -> Answer:
    """For a person whose form came without a session: sending them to sign in would lose what they wrote."""
    return _page(
        401,
        "You are not signed in",
        "What you sent was not passed on. Sign in in another tab, then go back and send it again.",
        request_id,
        (Action("Sign in", home),),
        _CHALLENGE,
    )


def sign_in_again(request_id: str, made: Departure) -> Answer:
    """For a person whose form needs a fresh sign-in: sending them there at once would lose what they wrote."""
    return _page(
        401,
        "This takes a recent sign-in",
        "What you sent was not passed on, because you signed in a while ago. Sign in again, then go back "
        "and send it once more.",
        request_id,
        (Action("Sign in again", made.location),),
        f"Set-Cookie: {made.cookie}\r\n".encode("ascii") + _CHALLENGE,
    )


def prove_more(request_id: str, made: Departure) -> Answer:
    """The same for a person who has to prove more than they did when they signed in."""
    return _page(
        401,
        "This takes more proof that it is you",
        "What you sent was not passed on. Prove it now, then go back and send it once more.",
        request_id,
        (Action("Prove that it is you", made.location),),
        f"Set-Cookie: {made.cookie}\r\n".encode("ascii") + _CHALLENGE,
    )


def better_sign_in_required(max_age: float | None, needed: Assurance) -> Answer:
    """Both for a script, as RFC 9470, section 3, has it: how recent, and how strong, a sign-in has to be."""
    body = '{"error":"insufficient_user_authentication"'
    challenge = 'Cookie realm="yett", error="insufficient_user_authentication"'
    if max_age is not None:
        body += f',"max_age":{int(max_age)}'
        challenge += f', max_age="{int(max_age)}"'
    if needed is not Assurance.SINGLE:
        body += f',"acr_values":"{needed.value}"'
        challenge += f', acr_values="{needed.value}"'
    return Answer(
        401,
        f"{body}}}\n".encode("ascii"),
        content_type=b"application/json",
        headers=f"Cache-Control: no-store\r\nWWW-Authenticate: {challenge}\r\n".encode("ascii"),
    )


def out_of_order(request_id: str) -> Answer:
    """Something of ours failed that nobody may go on without."""
    return _page(
        503,
        "The gateway cannot take this request",
        "The fault is on our side, and its operators have been told. Try again in a moment.",
        request_id,
        headers=b"Retry-After: 5\r\n",
    )


def sign_in_required() -> Answer:
    """For a script, which no page can help."""
    return Answer(
        401,
        b'{"error":"sign_in_required"}\n',
        content_type=b"application/json",
        headers=b"Cache-Control: no-store\r\n" + _CHALLENGE,
    )


def token_refused() -> Answer:
    """For a program whose token is none, over, or not good for this (RFC 6750, section 3)."""
    return Answer(
        401,
        b'{"error":"invalid_token"}\n',
        content_type=b"application/json",
        headers=b'Cache-Control: no-store\r\nWWW-Authenticate: Bearer realm="yett", error="invalid_token"\r\n',
    )


def forbidden(app: str, user: str, reason: Reason, request_id: str) -> Answer:
    """The rule keeps this person out."""
    if reason is Reason.NO_GROUP:
        why = (
            "Your account is not in a group that may. If you need this application, ask those who look "
            "after it, and give them the request id below."
        )
    else:
        why = "This account is switched off. If it should not be, ask those who look after accounts."
    return _page(
        403,
        f"You may not open {app}",
        f"You are signed in as {user}. {why}",
        request_id,
        (Action("Sign out", SIGN_OUT),),
    )


def unrecorded(request_id: str) -> Answer:
    """What was decided could not be put on record."""
    return _page(
        503,
        "This request could not be recorded",
        "The gateway keeps a record of every decision and cannot write it at the moment, "
        "so it refuses to decide. Its operators have been told.",
        request_id,
        headers=b"Retry-After: 5\r\n",
    )


def not_answering(app: str, user: str, failure: Failure, request_id: str) -> Answer:
    """The application is out of order, which is not the visitor's fault."""
    subject = "You are signed in and allowed, but the application" if user else "The application"
    return _page(
        FAILURE_STATUS[failure],
        f"{app} is not answering",
        f"{subject} {'took too long to answer' if failure in _LATE else 'could not be reached'}. "
        "Try again in a moment; if it stays like this, tell those who look after it.",
        request_id,
    )


def no_backend(app: str, user: str, request_id: str, retry_after: float) -> Answer:
    """Everything that serves the application is down or kept out of use."""
    subject = "You are signed in and allowed, but nothing" if user else "Nothing"
    return _page(
        503,
        f"{app} is not available",
        f"{subject} that serves the application is available at the moment. "
        "Try again in a moment; if it stays like this, tell those who look after it.",
        request_id,
        headers=_retry_after(retry_after),
    )


def too_many(app: str, request_id: str, retry_after: float) -> Answer:
    """The application's pool takes no more requests at the moment."""
    return _page(
        429,
        "That was too much at once",
        f"{app} is getting more requests than it may take. Try again in a moment.",
        request_id,
        headers=_retry_after(retry_after),
    )


def _retry_after(seconds: float) -> bytes:
    """The header line; none when nobody knows, or when trying again never makes sense."""
    return b"Retry-After: %d\r\n" % math.ceil(seconds) if 0 < seconds < math.inf else b""


def refused(refusal: Refusal, request_id: str) -> Answer:
    """The engine turned the request away."""
    heading, sentence = _WORDS.get(refusal, _UNREADABLE)
    headers = _REFUSAL_HEADERS.get(refusal, b"")
    return _page(REFUSAL_STATUS[refusal], heading, sentence, request_id, headers=headers)


def watched(app: ASGIApp, refuse: Callable[[], bool], more_headers: Callable[[bool], bytes]) -> ASGIApp:
    """An application whose answer is withheld when its audit record could not be written and `refuse` says so.

    `more_headers` are the header lines that every answer gets; it is told whether the connection is TLS.
    """

    async def run(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        is_withheld = False
        more = _pairs(more_headers(scope["scheme"] == "https"))

        async def guarded(message: MutableMapping[str, Any]) -> None:
            nonlocal is_withheld
            if is_withheld:
                return
            if message["type"] != "http.response.start":
                await send(message)
                return
            if current_scope().unrecorded and refuse():
                is_withheld = True
                events.refused_unrecorded()
                answer = unrecorded(current_scope().request_id)
                headers = [*_pairs(answer.headers), (b"content-type", answer.content_type), *more]
                await send({"type": "http.response.start", "status": answer.status, "headers": headers})
                await send({"type": "http.response.body", "body": answer.body})
            else:
                await send({**message, "headers": [*message.get("headers", ()), *more]} if more else message)

        await app(scope, receive, guarded)

    return run


def _pairs(lines: bytes) -> list[tuple[bytes, bytes]]:
    found = (line.partition(b": ") for line in lines.split(b"\r\n") if line)
    return [(name.lower(), value) for name, _, value in found]
