"""What clients see of proof of work: the page, the text for programs, and the addresses that both use.

Below `/_yett/pow/`: POST `challenge` gives one (with `page=1` one with decoys and a least time), POST
`solution` takes `id` and `nonce` and gives a pass, POST `body` gives a form that was kept back to whoever
has a pass, once, GET `pass` says whether a pass came along, and GET `proof.js` is the page's script.
"""

import hashlib
from collections.abc import MutableMapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from yett.guard.pow import events
from yett.guard.pow.bodies import Bodies
from yett.guard.pow.challenges import Challenges, NotIssued
from yett.guard.pow.model import Client, Form, Kept, Reason, Solution, Standing
from yett.guard.pow.passes import Passes
from yett.kernel import Clock
from yett.net.http import Answer
from yett.net.pages import Fault, Page, PageResponse, http_error, read_form, render

PREFIX = "/_yett/pow/"
CHALLENGE, SOLUTION, BODY = PREFIX + "challenge", PREFIX + "solution", PREFIX + "body"
PASS = PREFIX + "pass"
SCRIPT = PREFIX + "proof.js"
_HERE = Path(__file__).parent
_NOTHING_ELSE = b"default-src 'none'; "
_AND_OURS = _NOTHING_ELSE + b"script-src 'self'; worker-src 'self'; connect-src 'self'; "
_NOTES = {
    Kept.FOREIGN: "What you sent came from another site and is not passed on from here. Go back and send it again "
    "afterwards.",
    Kept.TOO_LARGE: "What you sent is too large to be kept meanwhile. Go back and send it again afterwards.",
    Kept.LOST: "What you sent could not be kept meanwhile. Go back and send it again afterwards.",
    Kept.NONE: "What you sent is not kept meanwhile. Go back and send it again afterwards.",
}
_FOR_PROGRAMS = msgspec.json.encode(
    {
        "type": "about:blank",
        "title": "Proof of work needed",
        "status": 403,
        "detail": "POST to the address in `challenge`, find a number of at most 12 digits so that the SHA-256 "
        "of the challenge followed by the number begins with `difficulty` zero bits, and POST `id` and "
        "`nonce` as a form to the address in `solution`. The cookie that comes back lets requests pass.",
        "challenge": CHALLENGE,
        "solution": SOLUTION,
    }
)
_MARK = f'X-Yett-Pow: sha256; challenge="{CHALLENGE}"; solution="{SOLUTION}"\r\n'.encode("ascii")
_PRIVATE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class Pages:
    """The page and its addresses. Making one reads the script; OSError when that is not there."""

    def __init__(
        self, challenges: Challenges, bodies: Bodies, passes: Passes, clock: Clock, folder: Path = _HERE
    ) -> None:
        self._challenges = challenges
        self._bodies = bodies
        self._passes = passes
        self._clock = clock
        self._script = (folder / "proof.js").read_bytes()
        version = hashlib.sha256(self._script).hexdigest()[:16]
        self._source = f"{SCRIPT}?{version}"
        # What is shown under load is made before it.
        self.page(posted=False)
        self._routed = Starlette(
            routes=[
                Route(CHALLENGE, self._challenge, methods=["POST"]),
                Route(SOLUTION, self._solution, methods=["POST"]),
                Route(BODY, self._body, methods=["POST"]),
                Route(PASS, self._look, methods=["GET"]),
                Route(SCRIPT, self._code, methods=["GET"]),
            ],
            exception_handlers={HTTPException: http_error},
        )
        self._routed.router.redirect_slashes = False

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """The ASGI application; the state of its scope says for which `client`, and what is to be kept."""
        if "keep" in scope["state"]:
            request = Request(scope, receive)
            response: Response = await self._keep(request)
            await response(scope, receive, send)
        else:
            await self._routed(scope, receive, send)

    # Instead of an answer.

    def page(self, *, posted: bool, body: str = "", kept: Kept | None = None) -> Page:
        """The page that computes."""
        return (
            _rendered(self._source, posted, body, kept)
            if not body
            else _page(self._source, posted, body, kept)
        )

    def for_person(self, *, posted: bool, kept: Kept | None = None) -> Answer:
        page = self.page(posted=posted, kept=kept)
        return Answer(403, page.body, headers=page.headers + _MARK)

    def for_program(self) -> Answer:
        headers = b"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n" + _MARK
        return Answer(403, _FOR_PROGRAMS, content_type=b"application/problem+json", headers=headers)

    async def _keep(self, request: Request) -> Response:
        """The page, for a person whose form is kept meanwhile."""
        state = request.scope["state"]
        client: Client = state["client"]
        kind, limit = state["keep"]
        body = bytearray()
        try:
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    break
        except ClientDisconnect:
            return Response(status_code=400)
        path = request.url.path
        if len(body) > limit:
            events.door_body_too_large(host=client.host, path=path, limit=limit)
            return self._shown(request, kept=Kept.TOO_LARGE)
        number = await self._bodies.keep(Form(kind, bytes(body)), client)
        if not number:
            return self._shown(request, kept=Kept.LOST)
        events.door_body_stored(host=client.host, path=path, size=len(body))
        return self._shown(request, number=number)

    def _shown(self, request: Request, *, number: str = "", kept: Kept | None = None) -> Response:
        events.challenge_served(
            method=request.method,
            host=request.scope["state"]["client"].host,
            path=request.url.path,
            page=True,
            body="" if kept is None else kept.value,
        )
        return PageResponse(self.page(posted=True, body=number, kept=kept), 403)

    # The addresses.

    async def _challenge(self, request: Request) -> Response:
        client: Client = request.scope["state"]["client"]
        form = await read_form(request) if "content-type" in request.headers else {}
        if isinstance(form, Fault):
            return _malformed(client, form)
        try:
            issue = self._challenges.create if form.get("page") else self._challenges.generate
            issued = await issue(client)
        except NotIssued:
            return _answer(503, {"error": Reason.UNAVAILABLE.value}, {"Retry-After": "5"})
        token = issued.token
        return _answer(
            200,
            {
                "id": issued.id,
                "algorithm": "sha256",
                "challenge": token.challenge,
                "difficulty": token.difficulty,
                "expires_in": int(token.expires_at - token.made_at),
                "wait": round(token.minimum * 1000),
                "decoys": token.decoys,
            },
        )

    async def _solution(self, request: Request) -> Response:
        client: Client = request.scope["state"]["client"]
        form = await read_form(request)
        if isinstance(form, Fault):
            return _malformed(client, form)
        number, nonce = form.pop("id", None), form.pop("nonce", None)
        if number is None or nonce is None:
            events.solution_malformed(host=client.host, problem="id or nonce is missing")
            return _answer(400, {"error": Reason.FORMAT.value})
        verdict = await self._challenges.validate(Solution(number, nonce, form), client)
        if isinstance(verdict, Reason):
            status = 503 if verdict is Reason.UNAVAILABLE else 403
            return _answer(status, {"error": verdict.value})
        now = self._clock.now()
        cookie, seconds = self._passes.issue(client, now)
        events.challenge_passed(host=client.host, seconds=round(now - verdict.made_at, 3))
        return _answer(200, {"passed": True, "expires_in": seconds}, {"Set-Cookie": cookie})

    async def _body(self, request: Request) -> Response:
        client: Client = request.scope["state"]["client"]
        if not self._has_pass(request):
            return _answer(403, {"error": "no_pass"})
        fields = await read_form(request)
        if isinstance(fields, Fault):
            return _malformed(client, fields)
        form = await self._bodies.restore(fields.get("id", ""), client)
        if form is None:
            return _answer(404, {"error": "gone"})
        events.door_body_restored(host=client.host, size=len(form.body))
        headers = {"Content-Type": form.content_type, "Content-Disposition": "attachment", **_PRIVATE}
        return Response(form.body, headers={**headers, "Cross-Origin-Resource-Policy": "same-origin"})

    async def _look(self, request: Request) -> Response:
        """For the page: a browser that keeps no cookies would be sent round in circles."""
        return Response(status_code=204 if self._has_pass(request) else 403, headers=_PRIVATE)

    def _has_pass(self, request: Request) -> bool:
        state = request.scope["state"]
        cookies = "; ".join(request.headers.getlist("cookie")).encode("latin-1")
        now = self._clock.now()
        standing = self._passes.recognise(cookies, state["client"].host, state["client_address"], now)
        return standing in {Standing.KNOWN, Standing.NEW}

    async def _code(self, _: Request) -> Response:
        """The script. Its address names its content, so that browsers may keep it."""
        return Response(
            self._script,
            headers={
                "Content-Type": "text/javascript; charset=utf-8",
                "Cache-Control": "public, max-age=86400, immutable",
                "X-Content-Type-Options": "nosniff",
                "Content-Security-Policy": "default-src 'none'",
                "Cross-Origin-Resource-Policy": "same-origin",
            },
        )


@lru_cache(maxsize=16)
def _rendered(source: str, posted: bool, body: str, kept: Kept | None) -> Page:
    return _page(source, posted, body, kept)


def _page(source: str, posted: bool, body: str, kept: Kept | None) -> Page:
    note = _NOTES[kept] if kept is not None else ""
    page = render("guard/proof.html", script=source, posted=posted, body=body, note=note)
    # Pages of ours run nothing; this one runs one file of ours.
    return Page(page.body, page.headers.replace(_NOTHING_ELSE, _AND_OURS))


def _answer(status: int, content: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return Response(
        msgspec.json.encode(content),
        status,
        headers={**_PRIVATE, **(headers or {})},
        media_type="application/json",
    )


def _malformed(client: Client, fault: Fault) -> Response:
    events.solution_malformed(host=client.host, problem=fault.value)
    return _answer(fault.status, {"error": Reason.FORMAT.value})
