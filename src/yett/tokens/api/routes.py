"""The interface over HTTP: requests read strictly, answers in JSON."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route

from yett.kernel import Clock
from yett.store import StoreUnavailable
from yett.tokens import events, rules, saying
from yett.tokens.api import forms
from yett.tokens.api.calls import HEADERS, Door, answer, deny, refuse, refused
from yett.tokens.api.operations import BASE, CLIENTS, OPENAPI, OPERATIONS, OTHER, Operation, description
from yett.tokens.api.reading import Mistaken, body_of, check_path, expiry, fields_of, filters, query_of
from yett.tokens.history import MOST, Query
from yett.tokens.model import (
    UNCHANGED,
    Actor,
    Draft,
    Edit,
    Refusal,
    Refused,
    Token,
    TokenType,
)
from yett.tokens.overrides import QuotasForm, forms_of, plain, quotas_in
from yett.tokens.service import ScopedTokens

_SHOWN_FOR = timedelta(minutes=5)
_METHODS = ["DELETE", "GET", "PATCH", "POST", "PUT"]


@dataclass(frozen=True, slots=True)
class Call:
    """A request that somebody may make, and what came with it."""

    actor: Actor
    query: dict[str, str]
    request: Request
    operation: Operation
    body: Any = None

    @property
    def username(self) -> str:
        """The user in the address."""
        return str(self.request.path_params["username"])

    @property
    def key(self) -> str:
        """The token in the address."""
        return str(self.request.path_params["key"])


class TokenAPI:
    """Answers programs."""

    def __init__(
        self,
        tokens: ScopedTokens,
        door: Door,
        clock: Clock,
        *,
        origin: str,
        clients: Callable[[], Iterable[forms.ClientForm]] | None = None,
    ) -> None:
        self._tokens = tokens
        self._door = door
        self._clock = clock
        self._origin = origin
        self._clients = clients
        self._description = msgspec.json.encode(description(tokens.settings.cookie))
        self.routes: list[BaseRoute] = [
            Route(each.path, partial(self._serve, each), methods=[each.method]) for each in OPERATIONS
        ]
        self.routes.append(Route(OPENAPI, self._openapi, methods=["GET"]))
        self.routes.append(Route(OTHER, self._other, methods=_METHODS))

    async def _openapi(self, _: Request) -> Response:
        if not self._door.is_enabled:
            return _nothing_here()
        return Response(self._description, 200, HEADERS, "application/json")

    async def _other(self, request: Request) -> Response:
        """The answer to what there is not, in a form that programs understand."""
        path = request.url.path
        if not self._door.is_enabled:
            return _nothing_here()
        if path.startswith(CLIENTS) and request.method != "GET":
            sentence = "Clients are not changed here: they stand in the settings of the gateway"
            return refuse(404, forms.Fault(sentence, "not_supported"))
        allowed: set[str] = set()
        for route in self.routes[:-1]:
            if isinstance(route, Route) and route.matches(request.scope)[0] is Match.PARTIAL:
                allowed |= route.methods or set()
        if not allowed:
            return _nothing_here()
        fault = forms.Fault("This cannot be done here", "method_not_allowed")
        return refuse(405, fault, {"Allow": ", ".join(sorted(allowed))})

    async def _serve(self, operation: Operation, request: Request) -> Response:
        if not self._door.is_enabled:
            return _nothing_here()
        actor = await self._door.actor(
            request, takes_bootstrap=operation.takes_bootstrap, needs_session=operation.needs_session
        )
        if isinstance(actor, Response):
            return actor
        lacking = self._door.lacks(actor, operation.scope)
        if lacking is not None:
            return lacking
        run: Callable[[Call], Awaitable[Response]] = getattr(self, operation.name)
        try:
            check_path(request)
            query = query_of(request, operation)
            body = None if operation.body is None else await body_of(request, operation.body)
            return await run(Call(actor, query, request, operation, body))
        except Mistaken as wrong:
            return refuse(422, wrong.fault)
        except StoreUnavailable:
            return refused(actor, Refused(Refusal.UNAVAILABLE, "This does not work at the moment; try again"))

    # Who one is.

    async def login(self, call: Call) -> Response:
        token = call.actor.token
        if token is None:
            return _nothing_here()
        known = sorted(self._tokens.settings.known_scopes.items())
        scopes = tuple(forms.ScopeForm(name, words) for name, words in known)
        held = tuple(sorted(token.scopes))
        return answer(forms.Login(self._door.csrf_of(token), token.username, held, forms.LoginConfig(scopes)))

    async def token_info(self, call: Call) -> Response:
        token = call.actor.token
        if token is None:
            return _nothing_here()
        return answer(forms.token_info(token, self._tokens.last_used(token.key)))

    async def user_info(self, call: Call) -> Response:
        token = call.actor.token
        if token is None:
            return _nothing_here()
        info = self._tokens.user_info(token)
        return answer(forms.user_form(info, self._tokens.quota(info)))

    async def gms(self, call: Call) -> Response:
        token = call.actor.token
        if token is None:
            return _nothing_here()
        wanted = {value for name, value in fields_of(call.request) if name == "group"}
        held = sorted(self._tokens.user_info(token).group_names)
        lines = [f"{group}\r\n" for group in held if not wanted or group in wanted]
        until = datetime.fromtimestamp(self._clock.now(), UTC) + _SHOWN_FOR
        headers = HEADERS | {"Expires": until.strftime("%a, %d %b %Y %H:%M:%S GMT")}
        return Response("".join(lines), 200, headers, "text/plain; charset=utf-8")

    # Tokens.

    async def list_tokens(self, call: Call) -> Response:
        fault = rules.access_fault(call.actor, call.username)
        if fault is not None:
            return refused(call.actor, fault)
        found = self._tokens.of_user(call.username)
        return answer([forms.token_info(data, self._tokens.last_used(data.key)) for data in found])

    async def show_token(self, call: Call) -> Response:
        fault = rules.access_fault(call.actor, call.username)
        if fault is not None:
            return refused(call.actor, fault)
        data = self._tokens.by_key(call.username, call.key)
        if data is None:
            return refused(call.actor, Refused(Refusal.NOT_FOUND, "Token not found", "key"))
        return answer(forms.token_info(data, self._tokens.last_used(data.key)))

    async def create_token(self, call: Call) -> Response:
        wanted: forms.UserTokenRequest = call.body
        token = call.actor.token
        draft = Draft(
            call.username,
            TokenType.USER,
            frozenset(wanted.scopes),
            expiry(wanted.expires),
            wanted.token_name,
            **({} if token is None else {"identity": token.identity}),
        )
        made = await self._tokens.create_own(draft, call.actor)
        return self._made(call, draft, made)

    async def create_for_somebody(self, call: Call) -> Response:
        wanted: forms.AdminTokenRequest = call.body
        if wanted.token_type not in {TokenType.USER, TokenType.SERVICE}:
            raise Mistaken(("body", "token_type"), "Input should be 'service' or 'user'", "enum")
        if wanted.token_type is TokenType.USER and wanted.token_name is None:
            raise Mistaken(("body", "token_name"), "Tokens of type user must have a name")
        if wanted.token_type is TokenType.SERVICE and wanted.token_name is not None:
            raise Mistaken(("body", "token_name"), "Tokens of type service cannot have a name")
        wrong = forms.identity_fault(wanted)
        if wrong is not None:
            raise Mistaken(("body", wrong[0]), wrong[1])
        draft = Draft(
            wanted.username,
            wanted.token_type,
            frozenset(wanted.scopes),
            expiry(wanted.expires),
            wanted.token_name or "",
            wanted.identity(),
        )
        made = await self._tokens.create_as_administrator(draft, call.actor)
        return self._made(call, draft, made)

    def _made(self, call: Call, draft: Draft, made: Token | Refused) -> Response:
        if isinstance(made, Refused):
            return refused(call.actor, made)
        location = f"{BASE}/users/{draft.username}/tokens/{made.key}"
        return answer(forms.NewToken(str(made)), 201, {"Location": location})

    async def edit_token(self, call: Call) -> Response:
        wanted: forms.UserTokenModifyRequest = call.body
        edit = Edit(
            None if wanted.token_name is msgspec.UNSET else wanted.token_name,
            None if wanted.scopes is msgspec.UNSET else frozenset(wanted.scopes),
            UNCHANGED if wanted.expires is msgspec.UNSET else expiry(wanted.expires),
        )
        edited = await self._tokens.edit(call.username, call.key, edit, call.actor)
        if isinstance(edited, Refused):
            return refused(call.actor, edited)
        return answer(forms.token_info(edited, self._tokens.last_used(edited.key)))

    async def delete_token(self, call: Call) -> Response:
        fault = await self._tokens.delete(call.username, call.key, call.actor)
        return _done() if fault is None else refused(call.actor, fault)

    # History.

    async def token_history(self, call: Call) -> Response:
        fault = rules.access_fault(call.actor, call.username)
        if fault is not None:
            return refused(call.actor, fault)
        page = await self._tokens.changes(Query(call.username, key=call.key), None, MOST)
        if not page.entries:
            return refused(call.actor, Refused(Refusal.NOT_FOUND, "Token not found", "key"))
        return answer([forms.change_form(entry) for entry in page.entries])

    async def user_history(self, call: Call) -> Response:
        fault = rules.access_fault(call.actor, call.username)
        if fault is not None:
            return refused(call.actor, fault)
        return await self._changes(call, call.username)

    async def history(self, call: Call) -> Response:
        return await self._changes(call, call.query.get("username", ""))

    async def _changes(self, call: Call, username: str) -> Response:
        query, cursor, limit = filters(call.query, username)
        page = await self._tokens.changes(query, cursor, limit or MOST)
        headers = self._links(call, page.next, page.previous, page.count) if limit else {}
        return answer([forms.change_form(entry) for entry in page.entries], 200, headers)

    async def user_uses(self, call: Call) -> Response:
        fault = rules.access_fault(call.actor, call.username)
        if fault is not None:
            return refused(call.actor, fault)
        query, cursor, limit = filters(call.query, call.username)
        page = await self._tokens.authentications(query, cursor, limit or MOST)
        headers = self._links(call, page.next, page.previous, page.count) if limit else {}
        return answer([forms.use_form(entry) for entry in page.entries], 200, headers)

    def _links(self, call: Call, after: object, before: object, count: int) -> dict[str, str]:
        address = f"{self._origin}{call.request.url.path}"
        rest = {name: value for name, value in call.query.items() if name != "cursor"}
        links = [f'<{address}?{urlencode(rest)}>; rel="first"']
        for place, relation in ((after, "next"), (before, "prev")):
            if place is not None:
                links.append(f'<{address}?{urlencode({**rest, "cursor": str(place)})}>; rel="{relation}"')
        return {"Link": ", ".join(links), "X-Total-Count": str(count)}

    # People.

    async def list_users(self, _: Call) -> Response:
        everybody = self._tokens.everybody()
        return answer([forms.user_form(info, self._tokens.quota(info)) for info in everybody])

    async def list_groups(self, _: Call) -> Response:
        names = {group for info in self._tokens.everybody() for group in info.groups}
        ordered = sorted(names, key=lambda group: group.name)
        return answer(forms.Groups(tuple(forms.GroupForm(each.name, each.id) for each in ordered)))

    async def show_user(self, call: Call) -> Response:
        actor = call.actor
        if call.username != actor.username and rules.USER_INFO not in actor.scopes:
            return deny(actor, f"Token does not have required scope {rules.USER_INFO}")
        info = self._tokens.info_of(call.username)
        if info is None:
            return refused(actor, Refused(Refusal.NOT_FOUND, "User not found", "username"))
        return answer(forms.user_form(info, self._tokens.quota(info)))

    # Quotas.

    async def show_quotas(self, call: Call) -> Response:
        current = self._tokens.overrides
        return self._no_quotas(call) if current is None else answer(forms_of(current))

    async def put_quotas(self, call: Call) -> Response:
        wanted: QuotasForm = call.body
        new = quotas_in(wanted)
        await self._tokens.override(new)
        events.overrides_updated(**saying.of_actor(call.actor), quota_overrides=plain(new))
        return answer(forms_of(new))

    async def delete_quotas(self, call: Call) -> Response:
        if not await self._tokens.drop_overrides():
            return self._no_quotas(call)
        events.overrides_deleted(**saying.of_actor(call.actor))
        return _done()

    def _no_quotas(self, call: Call) -> Response:
        return refused(call.actor, Refused(Refusal.NOT_FOUND, "No quota overrides set"))

    # Clients of the OpenID provider.

    async def list_clients(self, _: Call) -> Response:
        return answer(sorted(self._all_clients(), key=lambda client: client.client_id))

    async def show_client(self, call: Call) -> Response:
        wanted = call.request.path_params["client_id"]
        for client in self._all_clients():
            if client.client_id == wanted:
                return answer(client)
        return refused(call.actor, Refused(Refusal.NOT_FOUND, "Client not found", "client_id"))

    def _all_clients(self) -> list[forms.ClientForm]:
        return [] if self._clients is None else list(self._clients())


def _done() -> Response:
    return Response(status_code=204, headers=HEADERS)


def _nothing_here() -> Response:
    return refuse(404, forms.Fault("Not found", "not_found"))
