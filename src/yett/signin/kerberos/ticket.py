"""Signing in with the browser's ticket: ask once, look at what comes, never ask again after a refusal.

A browser that has no ticket, or does not trust this host with one, shows the page that came with the
challenge; so there the other ways are. A refused token is not answered with another challenge: the
browser would send the next token, or ask for a password that goes nowhere.
"""

import base64
from collections.abc import Sequence
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yett.authn.kerberos import Accepted, Rejected
from yett.net.pages import Action, client_address, problem, redirect, sign_on_token
from yett.signin import answers
from yett.signin import rules as flow_rules
from yett.signin.exchange import visitor_of
from yett.signin.flow import Flow
from yett.signin.kerberos import events, rules
from yett.signin.kerberos.rules import Absent
from yett.signin.model import Method, Outcome, SignedIn, Turned, TurnedAway

PAGE = "/signin/kerberos"
INTERFACE = "/api/signin/kerberos"
AGAIN = "/signin?again=1"
_CHALLENGE = {"WWW-Authenticate": "Negotiate"}


class Spnego(Protocol):
    """The method."""

    async def accept(self, token: str) -> Accepted | Rejected: ...


class TicketStep:
    """The page `/signin/kerberos`, and the same for programs."""

    def __init__(self, spnego: Spnego, flow: Flow, *, origin: str, has_password: bool) -> None:
        """`has_password`: whether there is a page for the realm's password as well."""
        self._spnego = spnego
        self._flow = flow
        self._origin = origin
        self._has_password = has_password
        self.routes = [Route(PAGE, self._page), Route(INTERFACE, self._call, methods=["POST"])]

    # For browsers.

    async def _page(self, request: Request) -> Response:
        query = request.scope["query_string"]
        to = flow_rules.wanted_next(query)
        if flow_rules.wants_again(query):
            # Browsers show tickets without anybody being there, so none answers who is there now.
            return redirect(rules.with_more(AGAIN, to))
        if await self._flow.current(sign_on_token(request)) is not None:
            return redirect(to)
        token = rules.token_of(request.headers.getlist("authorization"))
        if isinstance(token, Absent):
            return self._ask(request, token, to)
        verdict = await self._spnego.accept(token)
        if isinstance(verdict, Accepted):
            outcome = await self._go_on(request, verdict)
            return _with_proof(answers.page(request, outcome, to=to), verdict)
        turned = _say_rejected(request, verdict)
        if turned.why is not Turned.WRONG:
            return answers.turned_away(request, turned, to=to)
        heading = "You could not be signed in with Kerberos"
        sentence = "Your browser's ticket was not accepted. Sign in another way, or get a new ticket first."
        return problem(request, 403, heading, sentence, actions=self._ways(to))

    def _ask(self, request: Request, why: Absent, to: str) -> Response:
        if why is Absent.SEVERAL:
            return problem(request, 400, "This request could not be understood", "Go back and try again.")
        events.challenged(client_address=client_address(request))
        heading = "Your browser has no Kerberos ticket for this address"
        sentence = (
            "Sign in another way. If you do have a ticket, allow your browser to show it to this address."
        )
        return problem(request, 401, heading, sentence, actions=self._ways(to), headers=_CHALLENGE)

    def _ways(self, to: str) -> Sequence[Action]:
        ways = [Action("Sign in another way", flow_rules.with_next("/signin", to))]
        if self._has_password:
            ways.append(Action("Use your Kerberos password", flow_rules.with_next(f"{PAGE}/password", to)))
        return ways

    # For programs.

    async def _call(self, request: Request) -> Response:
        headers = request.headers
        is_ours = flow_rules.judge_call(
            headers.get("origin", ""),
            headers.get("sec-fetch-site", ""),
            headers.get("content-type", ""),
            self._origin,
        )
        if not is_ours:
            return answers.json_problem(403, "cross_site", "This call did not come from our own pages")
        to = flow_rules.wanted_next(request.scope["query_string"])
        token = rules.token_of(headers.getlist("authorization"))
        if token is Absent.SEVERAL:
            return answers.json_problem(400, "malformed", "There is more than one Authorization field")
        if isinstance(token, Absent):
            events.challenged(client_address=client_address(request))
            response = answers.json_problem(401, "ticket_required", "Send a Kerberos ticket")
            response.headers.update(_CHALLENGE)
            return response
        verdict = await self._spnego.accept(token)
        if isinstance(verdict, Rejected):
            return answers.json(_say_rejected(request, verdict))
        return _with_proof(answers.json(await self._go_on(request, verdict), to=to), verdict)

    # For both.

    async def _go_on(self, request: Request, accepted: Accepted) -> Outcome:
        visitor = visitor_of(request)
        known = await self._flow.current(sign_on_token(request))
        outcome = await self._flow.proved(
            accepted.name,
            Method.KERBEROS,
            visitor,
            earlier=known[0] if known else None,
            metadata=rules.metadata_of(accepted.principal, accepted.authenticated_at),
        )
        if isinstance(outcome, TurnedAway):
            if outcome.why is Turned.UNAVAILABLE:
                events.session_failed(user=accepted.name, client_address=visitor.address)
            else:
                events.turned_away(user=accepted.name, why=outcome.why, client_address=visitor.address)
            return outcome
        session = outcome.issued.session
        if isinstance(outcome, SignedIn):
            now = await self._flow.current(outcome.issued.token)
            if now is None or now[1].name != accepted.name:
                events.session_invalid(user=accepted.name, session=session.ref)
                return TurnedAway(Turned.UNAVAILABLE)
        events.successful(
            user=accepted.name,
            state=rules.state_of(outcome),
            session=session.ref,
            client_address=visitor.address,
        )
        return outcome


def _say_rejected(request: Request, rejected: Rejected) -> TurnedAway:
    address = client_address(request)
    if rejected.reason in rules.OURS:
        events.validation_failed(reason=rejected.reason, client_address=address)
    else:
        events.failed(reason=rejected.reason, client_address=address)
    return rules.judge_token(rejected)


def _with_proof(response: Response, accepted: Accepted) -> Response:
    """Prove to the browser who we are (RFC 4559, section 5)."""
    if accepted.answer:
        proof = base64.b64encode(accepted.answer).decode("ascii")
        response.headers["WWW-Authenticate"] = f"Negotiate {proof}"
    return response
