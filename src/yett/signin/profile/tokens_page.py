"""One's own access tokens: `/profile/tokens`, and the same for programs below `/api/profile/tokens`."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from yett.kernel import Clock
from yett.net.pages import PageResponse, once, parse_fields, plain_problem, redirect, render
from yett.signin import answers
from yett.signin.forms import Notice, Sealer
from yett.signin.passkey.calls import read_call, text_of
from yett.signin.profile.authenticator import FAILED
from yett.signin.profile.entry import Entry, again, turn, turn_call
from yett.signin.profile.model import Owner, Way
from yett.signin.profile.tokens import Made, OwnTokens, Token, Tokens, Wish
from yett.signin.steps import Forms

PAGE = "/profile/tokens"
API = "/api/profile/tokens"
_SHEET = "signin/tokens.css"
_SCOPE = "scope-"
"""What the name of a box begins with that gives a token a scope."""
_DONE = {
    "revoked": Notice("The token is revoked.", "Whatever uses it is refused from now on.", is_good=True),
    "gone": Notice("This token had ended already.", is_good=True),
}


class TokensPage:
    """Shows, makes and revokes tokens."""

    def __init__(self, entry: Entry, tokens: Tokens, sealer: Sealer, clock: Clock, *, origin: str) -> None:
        self._entry = entry
        self._tokens = OwnTokens(tokens)
        self._forms = Forms(sealer, clock, step="tokens", origin=origin)
        self._origin = origin
        self._site = urlsplit(origin).netloc
        self.routes = [
            Route(PAGE, self._show),
            Route(PAGE, self._change, methods=["POST"]),
            Route(API, self._list),
            Route(API, self._call_make, methods=["POST"]),
            Route(f"{API}/revoke", self._call_revoke, methods=["POST"]),
        ]

    # The page.

    async def _open(self, request: Request) -> Owner | Response:
        owner = await self._entry.open(request)
        if isinstance(owner, Owner) and not self._tokens.is_offered(owner):
            return plain_problem(request, 404)
        return owner

    async def _show(self, request: Request) -> Response:
        owner = await self._open(request)
        if isinstance(owner, Response):
            return owner
        fields = once(parse_fields(request.scope["query_string"]) or ()) or {}
        return self._page(owner, notice=_DONE.get(fields.get("done", "")))

    def _page(self, owner: Owner, *, notice: Notice | None = None, wish: Wish | None = None) -> Response:
        wish = wish or Wish()
        lifetimes = self._tokens.lifetimes
        page = render(
            "signin/profile_tokens.html",
            sheet=_SHEET,
            site=self._site,
            person=owner.person,
            tokens=[self._shown(each) for each in self._tokens.shown(owner)],
            fresh=self._entry.is_fresh(owner),
            again=again(PAGE),
            scopes=[
                (f"{_SCOPE}{name}", name, text, name in wish.scopes)
                for name, text in self._tokens.scopes.items()
            ],
            lifetimes=lifetimes,
            chosen=wish.days or next((days for days in lifetimes if days >= 30), lifetimes[-1]),
            wish=wish,
            notice=notice,
            sealed=self._forms.seal(owner.session.ref),
        )
        return PageResponse(page, _status(notice))

    def _shown(self, token: Token) -> dict[str, Any]:
        words = self._tokens.scopes
        return {
            "id": token.id,
            "name": token.name,
            "scopes": [words.get(scope, scope) for scope in token.scopes],
            "created": datetime.fromtimestamp(token.created_at, UTC),
            "ends": datetime.fromtimestamp(token.expires_at, UTC),
            "used": datetime.fromtimestamp(token.last_used_at, UTC) if token.last_used_at else None,
        }

    async def _change(self, request: Request) -> Response:
        owner = await self._open(request)
        if isinstance(owner, Response):
            return owner
        received = await self._forms.read(request, owner.session.ref, back=PAGE)
        if isinstance(received, Response):
            return received
        if "token" in received.fields:
            done = await self._tokens.revoke(owner, received.fields["token"])
            if isinstance(done, Notice):
                return self._page(owner, notice=done)
            return redirect(f"{PAGE}?done={'revoked' if done else 'gone'}")
        way = await self._entry.way_to_add(owner)
        if way is not Way.OPEN:
            return turn(request, way, PAGE)
        wish = _wish_of(received.fields)
        made = await self._tokens.make(owner, wish)
        if isinstance(made, Notice):
            return self._page(owner, notice=made, wish=wish)
        page = render(
            "signin/profile_token.html",
            sheet=_SHEET,
            site=self._site,
            text=made.text,
            token=self._shown(made.token),
            to=PAGE,
        )
        return PageResponse(page)

    # Calls.

    async def _caller(self, request: Request, *, reads: bool = False) -> Owner | Response:
        owner = await (self._entry.reader(request) if reads else self._entry.call(request))
        if isinstance(owner, Owner) and not self._tokens.is_offered(owner):
            return answers.json_problem(404, "not_found", "There is nothing here.")
        return owner

    async def _list(self, request: Request) -> Response:
        owner = await self._caller(request, reads=True)
        if isinstance(owner, Response):
            return owner
        found = {
            "tokens": [_plain(each) for each in self._tokens.shown(owner)],
            "scopes": dict(self._tokens.scopes),
            "lifetimes": list(self._tokens.lifetimes),
        }
        return JSONResponse(found, headers=answers.SAFE)

    async def _call_make(self, request: Request) -> Response:
        begun = await self._begin(request)
        if isinstance(begun, Response):
            return begun
        owner, call = begun
        way = await self._entry.way_to_add(owner)
        if way is not Way.OPEN:
            return turn_call(way, PAGE)
        scopes, days = call.get("scopes"), call.get("days")
        are_texts = isinstance(scopes, list) and all(isinstance(each, str) for each in scopes)
        wish = Wish(
            text_of(call, "name", 512),
            tuple(scopes) if isinstance(scopes, list) and are_texts else (),
            days if isinstance(days, int) else 0,
        )
        made = await self._tokens.make(owner, wish)
        if isinstance(made, Notice):
            return _refused(made)
        return JSONResponse(_plain_made(made), headers=answers.SAFE)

    async def _call_revoke(self, request: Request) -> Response:
        begun = await self._begin(request)
        if isinstance(begun, Response):
            return begun
        owner, call = begun
        done = await self._tokens.revoke(owner, text_of(call, "token", 64))
        if isinstance(done, Notice):
            return _refused(done)
        if not done:
            return answers.json_problem(404, "no_token", "There is no such token.")
        return JSONResponse({"state": "revoked"}, headers=answers.SAFE)

    async def _begin(self, request: Request) -> tuple[Owner, dict[str, Any]] | Response:
        call = await read_call(request, self._origin)
        if isinstance(call, Response):
            return call
        owner = await self._caller(request)
        return owner if isinstance(owner, Response) else (owner, call)


def _wish_of(fields: Mapping[str, str]) -> Wish:
    days = fields.get("days", "")
    scopes = tuple(name.removeprefix(_SCOPE) for name in fields if name.startswith(_SCOPE))
    return Wish(
        fields.get("name", "")[:512],
        scopes,
        int(days) if days.isascii() and days.isdigit() and len(days) < 5 else 0,
    )


def _plain(token: Token) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "scopes": list(token.scopes),
        "created": token.created_at,
        "last_used": token.last_used_at or None,
        "expires": token.expires_at,
    }


def _plain_made(made: Made) -> dict[str, Any]:
    return {"state": "made", "text": made.text, **_plain(made.token)}


def _refused(notice: Notice) -> Response:
    status = 503 if notice is FAILED else 422
    return answers.json_problem(status, "not_done", notice.heading, detail=notice.sentence)


def _status(notice: Notice | None) -> int:
    if notice is None or notice.is_good:
        return 200
    return 503 if notice is FAILED else 422
