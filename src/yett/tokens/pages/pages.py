"""The pages: shown to whoever's browser has a session token, and only about their own tokens."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from yett.kernel import Clock
from yett.net.pages import (
    Action,
    Fault,
    PageResponse,
    once,
    parse_fields,
    plain_problem,
    problem,
    read_form,
    redirect,
    render,
)
from yett.store import StoreUnavailable
from yett.tokens import events, rules, saying
from yett.tokens.api import Door
from yett.tokens.history import Page, Query
from yett.tokens.model import (
    Actor,
    Draft,
    Edit,
    HistoryEntry,
    Refusal,
    Refused,
    TokenData,
    TokenType,
    sorted_scopes,
)
from yett.tokens.pages import filling, showing
from yett.tokens.pages.filling import Wish
from yett.tokens.service import ScopedTokens
from yett.tokens.text import is_key

PAGE = "/auth/tokens"
HISTORY = f"{PAGE}/history"
SHEET = "tokens/pages.css"
_MOST_FIELDS = 200
_PER_PAGE = 25
_TITLES = {
    TokenType.USER: ("Tokens you made", "For programs of yours."),
    TokenType.SESSION: ("Browsers", "Where you are signed in. Deleting one signs it out."),
    TokenType.NOTEBOOK: ("Notebooks", "Made for notebooks; they may do what you may."),
    TokenType.INTERNAL: ("Services", "Made for services that act for you."),
    TokenType.OIDC: ("Applications", "Made for applications that you signed in to."),
    TokenType.SERVICE: ("Programs", "Made by an administrator."),
}
_DONE = {"deleted": "The token is deleted.", "changed": "The token is changed."}


class TokenPages:
    """Shows tokens, makes them, changes and deletes them."""

    def __init__(self, tokens: ScopedTokens, door: Door, clock: Clock, *, origin: str) -> None:
        self._tokens = tokens
        self._door = door
        self._clock = clock
        self._origin = origin
        self._site = urlsplit(origin).netloc
        self.routes: list[BaseRoute] = [
            Route(PAGE, self._list, methods=["GET"]),
            Route(PAGE, self._create, methods=["POST"]),
            Route(HISTORY, self._history, methods=["GET"]),
            Route(f"{PAGE}/{{key}}", self._show, methods=["GET"]),
            Route(f"{PAGE}/{{key}}", self._change, methods=["POST"]),
        ]

    # All of them.

    async def _list(self, request: Request) -> Response:
        actor = await self._enter(request)
        if isinstance(actor, Response):
            return actor
        fields = once(parse_fields(request.scope["query_string"]) or ()) or {}
        return self._list_page(actor, done=_DONE.get(fields.get("done", ""), ""))

    def _list_page(
        self, actor: Actor, *, wish: Wish | None = None, done: str = "", wrong: str = "", status: int = 200
    ) -> Response:
        wish = wish or Wish()
        by_type: dict[TokenType, list[dict[str, Any]]] = {}
        for data in self._tokens.of_user(actor.username):
            by_type.setdefault(data.type, []).append(self._shown(data, actor))
        sections = [(kind.value, *_TITLES[kind], by_type[kind]) for kind in _TITLES if kind in by_type]
        known = self._tokens.settings.known_scopes
        page = render(
            "tokens/list.html",
            sheet=SHEET,
            site=self._site,
            user=actor.username,
            sections=sections,
            can_change=rules.access_fault(actor, actor.username) is None,
            scopes=filling.offered(actor.scopes, known, wish.scopes),
            lifetimes=filling.LIFETIMES,
            wish=wish,
            tomorrow=filling.tomorrow(self._clock.now()),
            done=done,
            wrong=wrong,
            csrf=self._csrf(actor),
            history=HISTORY,
        )
        return PageResponse(page, status)

    async def _create(self, request: Request) -> Response:
        read = await self._read(request)
        if isinstance(read, Response):
            return read
        actor, fields = read
        wish = filling.wish_of(fields)
        expires, wrong = filling.expiry_of(wish, self._clock.now())
        if wrong:
            return self._list_page(actor, wish=wish, wrong=wrong, status=422)
        if actor.token is None:
            return plain_problem(request, 404)
        draft = Draft(actor.username, TokenType.USER, wish.scopes, expires, wish.name, actor.token.identity)
        made = await self._tokens.create_own(draft, actor)
        if isinstance(made, Refused):
            return self._not_made(request, actor, wish, made)
        page = render(
            "tokens/made.html",
            sheet=SHEET,
            site=self._site,
            user=actor.username,
            name=wish.name,
            token=str(made),
            expires=showing.moment(expires),
            scopes=sorted_scopes(wish.scopes),
            page=PAGE,
        )
        return PageResponse(page)

    def _not_made(self, request: Request, actor: Actor, wish: Wish, why: Refused) -> Response:
        if why.why is Refusal.UNAVAILABLE:
            return _unavailable(request)
        if why.why is Refusal.DENIED:
            events.permission_denied(**saying.of_actor(actor), error=why.text)
        status = {Refusal.DENIED: 403, Refusal.DUPLICATE_NAME: 409}.get(why.why, 422)
        return self._list_page(actor, wish=wish, wrong=f"{why.text}.", status=status)

    # One of them.

    async def _show(self, request: Request) -> Response:
        actor = await self._enter(request)
        if isinstance(actor, Response):
            return actor
        return await self._token_page(request, actor)

    async def _token_page(
        self,
        request: Request,
        actor: Actor,
        *,
        wish: Wish | None = None,
        wrong: str = "",
        status: int = 200,
    ) -> Response:
        key = request.path_params["key"]
        if not is_key(key):
            return plain_problem(request, 404)
        if rules.access_fault(actor, actor.username) is not None:
            return plain_problem(request, 403)
        try:
            page = await self._tokens.changes(Query(actor.username, key=key), None, 100)
        except StoreUnavailable:
            return _unavailable(request)
        data = self._tokens.by_key(actor.username, key)
        if data is None and not page.entries:
            return plain_problem(request, 404)
        fields = once(parse_fields(request.scope["query_string"]) or ()) or {}
        usual = Wish("", frozenset(), "keep")
        if data is not None:
            usual = Wish(data.token_name, data.scopes, "keep")
        wish = wish or usual
        known = self._tokens.settings.known_scopes
        held = known if rules.ADMIN in actor.scopes else actor.scopes
        shown = render(
            "tokens/token.html",
            sheet=SHEET,
            site=self._site,
            user=actor.username,
            key=key,
            token=None if data is None else self._shown(data, actor),
            can_edit=data is not None and data.type is TokenType.USER and rules.ADMIN in actor.scopes,
            scopes=filling.offered(held, known, wish.scopes),
            lifetimes=(("keep", "As it is"), *filling.LIFETIMES),
            wish=wish,
            tomorrow=filling.tomorrow(self._clock.now()),
            entries=[showing.entry(entry) for entry in page.entries],
            done=_DONE.get(fields.get("done", ""), ""),
            wrong=wrong,
            csrf=self._csrf(actor),
            page=PAGE,
        )
        return PageResponse(shown, status)

    async def _change(self, request: Request) -> Response:
        read = await self._read(request)
        if isinstance(read, Response):
            return read
        actor, fields = read
        key = request.path_params["key"]
        if not is_key(key):
            return plain_problem(request, 404)
        if fields.get("action") == "edit":
            return await self._edit(request, actor, fields)
        if fields.get("action") != "delete":
            return plain_problem(request, 400)
        why = await self._tokens.delete(actor.username, key, actor)
        if why is None or why.why is Refusal.NOT_FOUND:
            is_own = actor.token is not None and actor.token.key == key
            return redirect("/logout" if is_own else f"{PAGE}?done=deleted")
        if why.why is Refusal.UNAVAILABLE:
            return _unavailable(request)
        events.permission_denied(**saying.of_actor(actor), error=why.text)
        return problem(request, 403, "You may not do this", f"{why.text}.", actions=[Action("Back", PAGE)])

    async def _edit(self, request: Request, actor: Actor, fields: Mapping[str, str]) -> Response:
        key = request.path_params["key"]
        wish = filling.wish_of(fields)
        edit = Edit(token_name=wish.name, scopes=wish.scopes)
        if wish.lasts != "keep":
            expires, wrong = filling.expiry_of(wish, self._clock.now())
            if wrong:
                return await self._token_page(request, actor, wish=wish, wrong=wrong, status=422)
            edit = Edit(wish.name, wish.scopes, expires)
        edited = await self._tokens.edit(actor.username, key, edit, actor)
        if isinstance(edited, TokenData):
            return redirect(f"{PAGE}/{key}?done=changed")
        match edited.why:
            case Refusal.UNAVAILABLE:
                return _unavailable(request)
            case Refusal.NOT_FOUND:
                return plain_problem(request, 404)
            case Refusal.DENIED:
                events.permission_denied(**saying.of_actor(actor), error=edited.text)
        status = 403 if edited.why is Refusal.DENIED else 422
        return await self._token_page(request, actor, wish=wish, wrong=f"{edited.text}.", status=status)

    # What became of them.

    async def _history(self, request: Request) -> Response:
        actor = await self._enter(request)
        if isinstance(actor, Response):
            return actor
        if rules.access_fault(actor, actor.username) is not None:
            return plain_problem(request, 403)
        fields = once(parse_fields(request.scope["query_string"]) or ())
        if fields is None:
            return plain_problem(request, 400)
        search = filling.search_of(fields)
        query, cursor, wrong = filling.query_of(search, actor.username)
        found: Page[HistoryEntry] | None = None
        if not wrong:
            try:
                found = await self._tokens.changes(query, cursor, _PER_PAGE)
            except StoreUnavailable:
                return _unavailable(request)
        page = render(
            "tokens/history.html",
            site=self._site,
            user=actor.username,
            search=search,
            types=[kind.value for kind in TokenType],
            wrong=wrong,
            count=0 if found is None else found.count,
            entries=[] if found is None else [showing.entry(entry) for entry in found.entries],
            older="" if found is None else showing.address(HISTORY, search, found.next),
            newer="" if found is None else showing.address(HISTORY, search, found.previous),
            page=PAGE,
            history=HISTORY,
        )
        return PageResponse(page, 422 if wrong else 200)

    # At the door.

    async def _enter(self, request: Request) -> Actor | Response:
        if not self._door.is_enabled:
            return plain_problem(request, 404)
        actor = await self._door.session(request)
        if actor is None:
            query = request.scope["query_string"].decode("ascii", "replace")
            back = f"{self._origin}{request.url.path}" + (f"?{query}" if query else "")
            return redirect(f"/login?{urlencode({'rd': back})}")
        return actor

    async def _read(self, request: Request) -> tuple[Actor, Mapping[str, str]] | Response:
        """Who posted a form of ours, and what it says."""
        actor = await self._enter(request)
        if isinstance(actor, Response):
            return actor
        fields = await read_form(request, most=_MOST_FIELDS)
        if isinstance(fields, Fault):
            return plain_problem(request, fields.status)
        headers = request.headers
        is_ours = headers.get("origin", "") in {"", self._origin}
        is_ours = is_ours and headers.get("sec-fetch-site", "") in {"", "same-origin", "none"}
        token = actor.token
        if token is None or not is_ours or not self._door.is_csrf_of(fields.get("form", ""), token):
            events.csrf_failed(**saying.of_actor(actor), error="A form that was not given to this browser")
            sentence = "It was opened a while ago or on another site. Open the page anew."
            again = [Action("Open the page anew", PAGE)]
            return problem(request, 403, "This form cannot be used", sentence, actions=again)
        return actor, fields

    def _csrf(self, actor: Actor) -> str:
        return "" if actor.token is None else self._door.csrf_of(actor.token)

    def _shown(self, data: TokenData, actor: Actor) -> dict[str, Any]:
        return {
            "key": data.key,
            "name": data.token_name or data.service,
            "type": data.type.value,
            "scopes": sorted_scopes(data.scopes),
            "created": showing.moment(data.created),
            "expires": showing.moment(data.expires),
            "used": showing.moment(self._tokens.last_used(data.key)),
            "is_this": actor.token is not None and actor.token.key == data.key,
        }


def _unavailable(request: Request) -> Response:
    sentence = "The fault is on our side. Wait a little, then try again."
    return problem(
        request,
        503,
        "This does not work at the moment",
        sentence,
        actions=[Action("Try again", PAGE)],
        headers={"Retry-After": "5"},
    )
