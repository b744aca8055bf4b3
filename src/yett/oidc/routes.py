"""The provider over HTTP: read the request strictly, ask the provider, send the person on."""

from collections.abc import Mapping
from typing import Protocol
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yett.net.pages import Fields, parse_fields, problem, redirect, sign_on_token
from yett.oidc import events, rules
from yett.oidc.model import Asked, Client, Reason, SentBack, Shown, SignOn

AUTHORIZE = "/oidc/authorize"
_SIGN_IN = "/signin"
_STEP_UP = "/signin/step-up"

_REFUSALS = {
    Reason.PKCE_MISSING: events.pkce_missing,
    Reason.PKCE_PLAIN: events.plain_rejected,
    Reason.SCOPE: events.unauthorized_scope,
}
_SENTENCES = {
    Reason.MALFORMED: "The address is damaged. Go back to the application and begin again.",
    Reason.UNKNOWN_CLIENT: "This application is not known here. Tell its administrator.",
    Reason.REDIRECT_URI: "The application wants the answer sent to an address that it has not registered. "
    "If you followed a link from somebody else, do not trust it; otherwise tell the administrator.",
}


class Authority(Protocol):
    """The part of the provider that is reached from here."""

    issuer: str

    @property
    def clients(self) -> Mapping[str, Client]: ...

    async def authorize(self, asked: Asked, token: str) -> str | SignOn | SentBack: ...


def routes(authority: Authority) -> list[Route]:
    """The provider's addresses."""

    async def authorize(request: Request) -> Response:
        fields = parse_fields(request.scope["query_string"])
        match rules.read_request(fields, authority.clients):
            case Shown() as shown:
                return _show(request, shown)
            case SentBack() as sent_back:
                _say_refused(sent_back)
                return _send_back(authority, sent_back)
            case Asked() as asked:
                outcome = await authority.authorize(asked, sign_on_token(request))
                return _answer(authority, asked, fields or (), outcome)

    route = Route(AUTHORIZE, authorize)
    # Starlette adds HEAD to GET, but a look at the head must not make a code.
    route.methods = {"GET"}
    return [route]


def _answer(authority: Authority, asked: Asked, fields: Fields, outcome: str | SignOn | SentBack) -> Response:
    match outcome:
        case SentBack():
            return _send_back(authority, outcome)
        case SignOn():
            to = f"{AUTHORIZE}?{rules.without_demands(fields)}"
            if outcome is SignOn.STEP_UP:
                return redirect(f"{_STEP_UP}?{urlencode({'acr': asked.assurance.value, 'next': to})}")
            again = {"again": "1"} if outcome is SignOn.AGAIN else {}
            return redirect(f"{_SIGN_IN}?{urlencode({'next': to, **again})}")
        case code:
            return _go_back(authority, asked.redirect_uri, {"code": code, "state": asked.state})


def _show(request: Request, shown: Shown) -> Response:
    match shown.reason:
        case Reason.UNKNOWN_CLIENT:
            events.unknown_client()
        case Reason.REDIRECT_URI:
            events.invalid_redirect_uri(client=shown.client_id)
        case reason:
            events.request_refused(client="unknown", reason=reason)
    return problem(request, 400, "This sign-in cannot go on", _SENTENCES[shown.reason])


def _send_back(authority: Authority, sent_back: SentBack) -> Response:
    error = {
        "error": rules.error_for(sent_back.reason),
        "error_description": sent_back.reason.value,
        "state": sent_back.state,
    }
    return _go_back(authority, sent_back.redirect_uri, error)


def _go_back(authority: Authority, redirect_uri: str, parameters: Mapping[str, str]) -> Response:
    # The issuer goes along, so that a client of several providers cannot be confused (RFC 9207).
    return redirect(rules.answer_to(redirect_uri, {**parameters, "iss": authority.issuer}))


def _say_refused(sent_back: SentBack) -> None:
    say = _REFUSALS.get(sent_back.reason)
    if say is not None:
        say(client=sent_back.client_id)
    else:
        events.request_refused(client=sent_back.client_id, reason=sent_back.reason)
