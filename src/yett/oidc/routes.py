"""The provider over HTTP: read the request strictly, ask the provider, send the person on.

What must stay true: nothing is sent anywhere but to the exact address of a client that is known; a request that was
pushed is good for one code.
"""

import contextlib
import math
from dataclasses import replace
from typing import Protocol
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yett.identity import Person
from yett.kernel import Clock
from yett.net.pages import (
    Action,
    Fault,
    Fields,
    client_address,
    parse_fields,
    plain_problem,
    problem,
    read_form,
    redirect,
    sign_on_token,
)
from yett.oidc import events, rules
from yett.oidc.answers import Answers
from yett.oidc.clients import Client, Clients, is_within, origin_of
from yett.oidc.consent.page import ConsentPage, say_denied, say_given
from yett.oidc.consent.service import Consents
from yett.oidc.forms import Sealer
from yett.oidc.model import Asked, NeedsConsent, Reason, SentBack, Shown, SignOn, Weak
from yett.oidc.par import PREFIX, Shelf
from yett.oidc.par import events as par_events
from yett.oidc.rates import UNKNOWN, Rates
from yett.sessions import Session
from yett.store import StoreUnavailable

AUTHORIZE = "/oidc/authorize"
_SIGN_IN = "/signin"
_STEP_UP = "/signin/step-up"
_MOST_FIELDS = 40

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
    Reason.PUSHED_UNKNOWN: "It took too long. Go back to the application and begin again.",
    Reason.PUSHED_SPENT: "This sign-in has been used already. Go back to the application and begin again.",
    Reason.UNAVAILABLE: "Signing in does not work at the moment. Wait a little, then try again.",
}

Outcome = str | SignOn | SentBack | NeedsConsent | Shown


class Authority(Protocol):
    """The part of the provider that is reached from here."""

    issuer: str
    shelf: Shelf
    rates: Rates
    consents: Consents | None

    @property
    def clients(self) -> Clients: ...
    async def authorize(self, asked: Asked, token: str, *, has_consent: bool = False) -> Outcome: ...
    async def signed_on(self, token: str) -> Session | None: ...
    def person(self, name: str) -> Person | None: ...


class Authorization:
    """The address where people come from applications, and the pages in between."""

    def __init__(self, authority: Authority, clock: Clock, sealer: Sealer | None) -> None:
        """Without a `sealer` nobody can be asked for consent."""
        self._authority = authority
        self._clock = clock
        self._answers = Answers(issuer=authority.issuer)
        self._page = (
            None
            if sealer is None
            else ConsentPage(authority, sealer, clock, self._decided, origin=authority.issuer)
        )
        get, post = Route(AUTHORIZE, self._get), Route(AUTHORIZE, self._post)
        # Starlette adds HEAD to GET, but a look at the head must not make a code.
        get.methods, post.methods = {"GET"}, {"POST"}
        self.routes = [
            get,
            post,
            *self._answers.routes,
            *(self._page.routes if self._page is not None else ()),
        ]

    async def _get(self, request: Request) -> Response:
        fields = parse_fields(request.scope["query_string"], most=_MOST_FIELDS)
        return self._wait(request, fields) or await self._go_on(request, fields)

    async def _post(self, request: Request) -> Response:
        """The same as GET (OpenID Connect Core, section 3.1.2.1), and answered by it.

        Browsers send no cookie of ours along with a form of another site, so that nobody would be signed in.
        """
        form = await read_form(request, most=_MOST_FIELDS)
        if isinstance(form, Fault):
            return plain_problem(request, form.status)
        fields = tuple(form.items())
        waiting = self._wait(request, fields)
        if waiting is not None:
            return waiting
        if not form.get("request_uri", "").startswith(PREFIX):
            asked = rules.read_request(fields, self._authority.clients)
            if not isinstance(asked, Asked):
                return self._refuse(request, asked)
        # Without what nobody understands: a form has more room than an address.
        return redirect(f"{AUTHORIZE}?{urlencode(rules.understood(fields))}")

    def _wait(self, request: Request, fields: Fields | None) -> Response | None:
        """The page for somebody who asks too often; None when they may go on."""
        client = self._authority.clients.get(dict(fields or ()).get("client_id", ""))
        wait = self._authority.rates.take(client, client_address(request))
        if not wait:
            return None
        return problem(
            request,
            429,
            "Too many sign-ins",
            "More sign-ins to this application came from your address than is allowed. Wait a minute, then try again.",
            headers={"Retry-After": str(math.ceil(wait))},
        )

    async def _go_on(self, request: Request, fields: Fields | None) -> Response:
        prepared = await self._prepare(request, fields)
        if isinstance(prepared, Response):
            return prepared
        asked, client = prepared
        outcome = await self._authority.authorize(asked, sign_on_token(request))
        return await self._answer(request, asked, client, outcome, fields or ())

    async def _prepare(
        self, request: Request, fields: Fields | None, *, is_after_form: bool = False
    ) -> tuple[Asked, Client] | Response:
        """A proper request from where it may come from, and whose it is; or the answer to any other."""
        asked = await self._read(fields)
        if not isinstance(asked, Asked):
            return self._refuse(request, asked, is_after_form=is_after_form)
        client = self._authority.clients.get(asked.client_id)
        if client is None:
            return _show(request, Shown(Reason.UNKNOWN_CLIENT, ""))
        address = client_address(request)
        if client.people_networks and not is_within(address, client.people_networks):
            events.address_refused(client=client.label, client_address=address)
            return await self._send_back(asked, Reason.NETWORK, is_after_form=is_after_form)
        return asked, client

    async def _answer(
        self,
        request: Request,
        asked: Asked,
        client: Client,
        outcome: Outcome,
        fields: Fields,
        *,
        is_after_form: bool = False,
    ) -> Response:
        match outcome:
            case NeedsConsent() if self._page is not None and not asked.must_not_show:
                await self._begin(asked)
                return self._page.ask(request, client, asked, outcome, self._query_of(asked, fields))
            case NeedsConsent():
                return await self._send_back(asked, Reason.CONSENT_REQUIRED, is_after_form=is_after_form)
            case SignOn():
                await self._begin(asked)
                return _lead(asked, self._query_of(asked, fields), outcome)
            case Shown():
                return _show(request, outcome)
            case SentBack(reason=reason):
                return await self._send_back(asked, reason, is_after_form=is_after_form)
            case code:
                given = {"code": code, "state": asked.state}
                return self._answers.send(
                    asked.redirect_uri, asked.response_mode, given, is_after_form=is_after_form
                )

    # Reading.

    async def _read(self, fields: Fields | None) -> Asked | Shown | SentBack:
        """The request, wherever it is."""
        clients = self._authority.clients
        references = [value for name, value in fields or () if name == "request_uri"]
        if fields is None or not references or not references[0].startswith(PREFIX):
            return rules.read_request(fields, clients)
        # Nothing else that came along counts (RFC 9101, section 5).
        client = clients.get(dict(fields).get("client_id", ""))
        if client is None or [name for name, _ in fields].count("client_id") != 1 or len(references) != 1:
            return Shown(Reason.UNKNOWN_CLIENT, "")
        try:
            pushed = await self._authority.shelf.get(references[0], now=self._clock.now())
        except StoreUnavailable:
            return Shown(Reason.UNAVAILABLE, client.label)
        if pushed is None or pushed.client_id != client.client_id:
            return Shown(Reason.PUSHED_UNKNOWN, client.label)
        if pushed.is_spent:
            return Shown(Reason.PUSHED_SPENT, client.label)
        inner = parse_fields(pushed.query.encode("ascii"), most=_MOST_FIELDS)
        asked = rules.read_request(inner, clients, is_pushed=True)
        if isinstance(asked, Asked):
            return replace(asked, pushed=references[0], pushed_at=pushed.pushed_at)
        return asked

    # Answering.

    def _refuse(
        self, request: Request, refused: Shown | SentBack, *, is_after_form: bool = False
    ) -> Response:
        if isinstance(refused, Shown):
            return _show(request, refused)
        _say_refused(refused)
        if refused.is_stranger:
            return self._offer_way_back(request, refused)
        return self._error(refused, is_after_form=is_after_form)

    def _offer_way_back(self, request: Request, back: SentBack) -> Response:
        """Where nobody has signed in or agreed to anything, people choose whether they go to a stranger's address.

        Otherwise anybody could register to send people from here to wherever they like (RFC 9700, section 4.11.2).
        """
        to = rules.answer_to(back.redirect_uri, self._answers.complete(_error_of(back)))
        host = origin_of(back.redirect_uri).partition("://")[2]
        return problem(
            request,
            400,
            "This sign-in cannot go on",
            "An application that registered itself here asked for something that it cannot have. "
            "If you followed a link from somebody else, do not trust it.",
            actions=[Action(f"Go to {host}", to)] if host else (),
        )

    async def _send_back(self, asked: Asked, reason: Reason, *, is_after_form: bool = False) -> Response:
        """Tell the client. With that its request is answered, and a pushed one used up."""
        if asked.pushed:
            with contextlib.suppress(StoreUnavailable):
                await self._authority.shelf.spend(asked.pushed, now=self._clock.now())
        back = SentBack(reason, asked.client_id, asked.redirect_uri, asked.state, asked.response_mode)
        return self._error(back, is_after_form=is_after_form)

    def _error(self, back: SentBack, *, is_after_form: bool) -> Response:
        return self._answers.send(
            back.redirect_uri, back.response_mode, _error_of(back), is_after_form=is_after_form
        )

    @staticmethod
    def _query_of(asked: Asked, fields: Fields) -> str:
        """The query to come back with. A pushed request knows since when its demands are to be met."""
        if asked.pushed:
            return urlencode({"client_id": asked.client_id, "request_uri": asked.pushed})
        return rules.without_demands(fields)

    async def _begin(self, asked: Asked) -> None:
        if asked.pushed:
            with contextlib.suppress(StoreUnavailable):
                await self._authority.shelf.begin(asked.pushed, now=self._clock.now())

    # Consent.

    async def _decided(self, request: Request, query: str, allowed: frozenset[str] | None) -> Response:
        """What becomes of a request whose person said yes to all of these scopes, or no."""
        fields = parse_fields(query.encode("ascii", "replace"), most=_MOST_FIELDS)
        prepared = await self._prepare(request, fields, is_after_form=True)
        if isinstance(prepared, Response):
            return prepared
        asked, client = prepared
        token = sign_on_token(request)
        # Everything else is decided anew: it may have been a while since the question was shown.
        outcome = await self._authority.authorize(replace(asked, must_consent=True), token)
        if isinstance(outcome, NeedsConsent):
            if allowed is None:
                say_denied(outcome, client)
                return await self._send_back(asked, Reason.CONSENT_DENIED, is_after_form=True)
            if self._page is not None and not allowed.issuperset(outcome.scopes):
                # The client may have more since the question was shown.
                return self._page.ask(request, client, asked, outcome, query)
            consents = self._authority.consents
            if consents is None or not await consents.remember(outcome.user, client, outcome.scopes):
                return await self._send_back(asked, Reason.UNAVAILABLE, is_after_form=True)
            say_given(outcome, client)
            outcome = await self._authority.authorize(asked, token, has_consent=True)
        return await self._answer(request, asked, client, outcome, fields or (), is_after_form=True)


def _error_of(back: SentBack) -> dict[str, str]:
    return {
        "error": rules.error_for(back.reason),
        "error_description": back.reason.value,
        "state": back.state,
    }


def _lead(asked: Asked, query: str, needed: SignOn) -> Response:
    """To the sign-in, and back with the same request."""
    to = f"{AUTHORIZE}?{query}"
    if needed is SignOn.STEP_UP:
        return redirect(f"{_STEP_UP}?{urlencode({'acr': asked.assurance.value, 'next': to})}")
    again = {"again": "1"} if needed is SignOn.AGAIN else {}
    hint = {"login_hint": asked.login_hint} if asked.login_hint else {}
    there = {"with": asked.idp_hint} if asked.idp_hint else {}
    return redirect(f"{_SIGN_IN}?{urlencode({'next': to, **again, **hint, **there})}")


def _show(request: Request, shown: Shown) -> Response:
    status, client = 400, shown.client_id or UNKNOWN
    match shown.reason:
        case Reason.UNKNOWN_CLIENT:
            events.unknown_client()
        case Reason.REDIRECT_URI:
            events.invalid_redirect_uri(client=client)
        case Reason.PUSHED_UNKNOWN:
            events.pushed_unknown(client=client)
        case Reason.PUSHED_SPENT:
            par_events.replayed(client=client, client_address=client_address(request))
        case Reason.UNAVAILABLE:
            status = 503
            events.authorize_unavailable(client=client, error="the pushed request could not be read")
        case reason:
            events.request_refused(client=client, reason=reason)
    return problem(request, status, "This sign-in cannot go on", _SENTENCES[shown.reason])


def _say_refused(back: SentBack) -> None:
    say = _REFUSALS.get(back.reason)
    if say is not None:
        say(client=back.client_id)
        return
    if back.reason is Reason.ENTROPY:
        events.entropy_low(client=back.client_id, what=Weak.CHALLENGE)
    events.request_refused(client=back.client_id, reason=back.reason)
