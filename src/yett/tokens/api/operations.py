"""Each address of the interface, declared once: for the routes, and for what programs read about them."""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from yett import __version__
from yett.tokens.api import forms
from yett.tokens.model import TokenType
from yett.tokens.overrides import QuotasForm

BASE = "/auth/api/v1"
OPENAPI = "/auth/openapi.json"
OTHER = BASE + "/{rest:path}"

_PATHS = {
    "username": {"type": "string", "minLength": 1, "maxLength": 64, "description": "Name of a user"},
    "key": {"type": "string", "minLength": 22, "maxLength": 22, "description": "Key of a token"},
    "client_id": {"type": "string", "minLength": 1, "maxLength": 512, "description": "Id of a client"},
}
_TIME = {"type": "string", "description": "Seconds since the epoch, or an ISO 8601 time"}
FILTERS: dict[str, dict[str, Any]] = {
    "cursor": {"type": "string", "description": "Where the page begins, from a Link field"},
    "limit": {"type": "integer", "minimum": 1, "description": "Most entries of the page"},
    "since": _TIME,
    "until": _TIME,
    "key": _PATHS["key"],
    "token_type": {"type": "string", "enum": [each.value for each in TokenType]},
    "ip_address": {"type": "string", "description": "An address, or a network as 192.0.2.0/24"},
}
OF_EVERYBODY = FILTERS | {
    "username": _PATHS["username"],
    "actor": {"type": "string", "maxLength": 64, "description": "Who made the change"},
}
_FAULTS = {
    "400": "The request says in no way that is known who makes it",
    "401": "There is no token, or it is not valid",
    "403": "The token is not good for this",
    "422": "Something in the request is not as it has to be",
    "503": "It could not be kept or looked up; try again",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address."""

    name: str
    """Of the method of `TokenAPI` that does it."""
    method: str
    path: str
    summary: str
    answer: Any = None
    status: int = 200
    body: Any = None
    query: dict[str, dict[str, Any]] = field(default_factory=dict)
    scope: str = ""
    """Without which it is refused."""
    takes_bootstrap: bool = False
    needs_session: bool = False
    tag: str = "user"
    faults: tuple[int, ...] = ()
    kind: str = "application/json"


_TOKENS = BASE + "/users/{username}/tokens"
_TOKEN = _TOKENS + "/{key}"
CLIENTS = BASE + "/oidc-clients"
_QUOTAS = BASE + "/quota-overrides"

OPERATIONS = (
    Operation(
        "login",
        "GET",
        BASE + "/login",
        "Who the browser is",
        forms.Login,
        needs_session=True,
        tag="browser",
    ),
    Operation("token_info", "GET", BASE + "/token-info", "The token of the request", forms.TokenInfo),
    Operation("user_info", "GET", BASE + "/user-info", "Who the user of the token is", forms.UserForm),
    Operation("list_tokens", "GET", _TOKENS, "Tokens of a user", list[forms.TokenInfo]),
    Operation(
        "create_token",
        "POST",
        _TOKENS,
        "Make oneself a token",
        forms.NewToken,
        201,
        forms.UserTokenRequest,
        faults=(409,),
    ),
    Operation("show_token", "GET", _TOKEN, "A token of a user", forms.TokenInfo, faults=(404,)),
    Operation(
        "delete_token", "DELETE", _TOKEN, "Delete a token, and those made with it", None, 204, faults=(404,)
    ),
    Operation(
        "edit_token",
        "PATCH",
        _TOKEN,
        "Change a user token",
        forms.TokenInfo,
        200,
        forms.UserTokenModifyRequest,
        tag="admin",
        faults=(404, 409),
    ),
    Operation(
        "token_history",
        "GET",
        _TOKEN + "/change-history",
        "Every change of a token",
        list[forms.ChangeForm],
        faults=(404,),
    ),
    Operation(
        "user_history",
        "GET",
        BASE + "/users/{username}/token-change-history",
        "Changes of the tokens of a user, newest first",
        list[forms.ChangeForm],
        query=FILTERS,
    ),
    Operation(
        "user_uses",
        "GET",
        BASE + "/users/{username}/token-auth-history",
        "From where the tokens of a user were used, newest first",
        list[forms.UseForm],
        query=FILTERS,
    ),
    Operation(
        "history",
        "GET",
        BASE + "/history/token-changes",
        "Changes of the tokens of everybody, newest first",
        list[forms.ChangeForm],
        query=OF_EVERYBODY,
        scope="admin:token",
        takes_bootstrap=True,
        tag="admin",
    ),
    Operation(
        "create_for_somebody",
        "POST",
        BASE + "/tokens",
        "Make a token for somebody",
        forms.NewToken,
        201,
        forms.AdminTokenRequest,
        scope="admin:token",
        takes_bootstrap=True,
        tag="admin",
        faults=(409,),
    ),
    Operation(
        "list_users",
        "GET",
        BASE + "/users",
        "Everybody",
        list[forms.UserForm],
        scope="admin:userinfo",
        tag="admin",
    ),
    Operation(
        "list_groups",
        "GET",
        BASE + "/groups",
        "Every group",
        forms.Groups,
        scope="admin:userinfo",
        tag="admin",
    ),
    Operation(
        "show_user",
        "GET",
        BASE + "/users/{username}",
        "Who a user is",
        forms.UserForm,
        tag="admin",
        faults=(404,),
    ),
    Operation(
        "show_quotas", "GET", _QUOTAS, "Quotas in force over the usual ones", QuotasForm, faults=(404,)
    ),
    Operation(
        "put_quotas",
        "PUT",
        _QUOTAS,
        "Put quotas in force over the usual ones",
        QuotasForm,
        200,
        QuotasForm,
        scope="admin:token",
        takes_bootstrap=True,
        tag="admin",
    ),
    Operation(
        "delete_quotas",
        "DELETE",
        _QUOTAS,
        "Go by the usual quotas again",
        None,
        204,
        scope="admin:token",
        takes_bootstrap=True,
        tag="admin",
        faults=(404,),
    ),
    Operation(
        "list_clients",
        "GET",
        CLIENTS,
        "Clients of the OpenID provider",
        list[forms.ClientForm],
        scope="admin:oidc",
        takes_bootstrap=True,
        tag="admin",
    ),
    Operation(
        "show_client",
        "GET",
        CLIENTS + "/{client_id}",
        "A client of the OpenID provider",
        forms.ClientForm,
        scope="admin:oidc",
        takes_bootstrap=True,
        tag="admin",
        faults=(404,),
    ),
    Operation(
        "gms",
        "GET",
        "/auth/gms",
        "Groups of the user, one in each line (IVOA GMS 1.0)",
        query={"group": {"type": "array", "items": {"type": "string"}, "description": "Only these groups"}},
        kind="text/plain",
    ),
)


def description(cookie: str = "__Host-yett-token") -> dict[str, Any]:
    """The interface as OpenAPI 3.1 describes it, with the name of the browser's cookie."""
    types = {each for op in OPERATIONS for each in (op.body, op.answer) if each is not None}
    ordered = sorted(types | {forms.Faults, forms.Unknown}, key=str)
    schemas, components = msgspec.json.schema_components(ordered, ref_template="#/components/schemas/{name}")
    by_type = dict(zip(ordered, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for each in OPERATIONS:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each, by_type)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Yett scoped tokens", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": cookie},
            },
        },
    }


def _operation(each: Operation, schemas: dict[Any, Any]) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": schema}
        for name, schema in _PATHS.items()
        if f"{{{name}}}" in each.path
    ]
    parameters += [{"name": name, "in": "query", "schema": schema} for name, schema in each.query.items()]
    ways = ["cookie"] if each.needs_session else ["bearer", "basic", "cookie"]
    found: dict[str, Any] = {
        "operationId": each.name,
        "summary": each.summary,
        "tags": [each.tag],
        "security": [{way: []} for way in ways],
        "responses": {str(each.status): _answer(each, schemas)},
    }
    if parameters:
        found["parameters"] = parameters
    if each.method != "GET":
        csrf = {"type": "string", "description": "Needed where the cookie says who it is"}
        found.setdefault("parameters", []).append({"name": "X-CSRF-Token", "in": "header", "schema": csrf})
    if each.body is not None:
        found["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schemas[each.body]}},
        }
    faults = {"content": {"application/json": {"schema": schemas[forms.Faults]}}}
    named = {"404": "There is no such thing", "409": "The name is taken"}
    for status in sorted({*_FAULTS, *(str(fault) for fault in each.faults)}):
        found["responses"][status] = {"description": {**_FAULTS, **named}[status], **faults}
    unknown = {"content": {"application/json": {"schema": schemas[forms.Unknown]}}}
    found["responses"]["401"] = {"description": _FAULTS["401"], **unknown}
    return found


def _answer(each: Operation, schemas: dict[Any, Any]) -> dict[str, Any]:
    said: dict[str, Any] = {"description": each.summary}
    if each.answer is not None:
        said["content"] = {each.kind: {"schema": schemas[each.answer]}}
    elif each.kind != "application/json":
        said["content"] = {each.kind: {"schema": {"type": "string"}}}
    if "cursor" in each.query:
        said["headers"] = {
            "Link": {"description": "Other pages (RFC 8288)", "schema": {"type": "string"}},
            "X-Total-Count": {"description": "Entries in all", "schema": {"type": "integer"}},
        }
    if each.status == 201:
        said["headers"] = {"Location": {"description": "The new token", "schema": {"type": "string"}}}
    return said
