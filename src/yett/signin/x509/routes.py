"""The page and the interface of certificate sign-in.

The page only shows what the browser offers; nobody is signed in by following a link. The button on
it sends a form that was given to this browser, like that of every other sign-in.
"""

import asyncio
from datetime import UTC, datetime
from typing import Final, Protocol

from cryptography.x509.oid import NameOID
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yett.authn.x509 import Accepted, Rejected, Verdict, names_in, parse
from yett.kernel import Clock
from yett.net.pages import (
    Action,
    PageResponse,
    client_address,
    client_certificate,
    plain_problem,
    problem,
    render,
    sign_on_token,
)
from yett.signin import answers, rules
from yett.signin.config import SignInSettings
from yett.signin.exchange import PRE_COOKIE, pre_cookie, pre_cookie_or_new, set_cookie, visitor_of
from yett.signin.flow import Flow
from yett.signin.forms import Forms, Sealer
from yett.signin.model import Method, Outcome, SignedIn, Turned, TurnedAway, Use
from yett.signin.x509 import events
from yett.signin.x509.words import NO_CERTIFICATE, Words, say, words_for

PAGE: Final = "/signin/x509"
_PATIENCE: Final = 10.0
"""Seconds that making a session may take."""


class CertificateMethod(Protocol):
    """The method that checks certificates."""

    @property
    def is_enabled(self) -> bool: ...
    async def validate(self, der: bytes) -> Verdict: ...


class CertificateSignIn:
    """`/signin/x509` and `/api/signin/x509`."""

    def __init__(
        self,
        method: CertificateMethod,
        flow: Flow,
        sealer: Sealer,
        settings: SignInSettings,
        clock: Clock,
        *,
        origin: str,
        patience: float = _PATIENCE,
    ) -> None:
        self._method = method
        self._flow = flow
        self._forms = Forms(sealer, settings, clock, origin=origin)
        self._clock = clock
        self._origin = origin
        self._patience = patience
        self.routes = [
            Route(PAGE, self._page),
            Route(PAGE, self._sign_in, methods=["POST"]),
            Route("/api/signin/x509", self._call, methods=["POST"]),
        ]

    @property
    def address(self) -> str:
        """Where to sign in with a certificate; empty when nobody can."""
        return PAGE if self._method.is_enabled else ""

    def apply(self, settings: SignInSettings) -> None:
        """Use other settings from now on."""
        self._forms.apply(settings)

    async def _page(self, request: Request) -> Response:
        if not self._method.is_enabled:
            return plain_problem(request, 404)
        events.started(client_address=client_address(request))
        query = request.scope["query_string"]
        to, again = rules.wanted_next(query), rules.wants_again(query)
        der = client_certificate(request)
        if not der:
            events.no_certificate(client_address=client_address(request))
            return self._without(to)
        return self._offer(request, der, to, again=again)

    def _without(self, to: str) -> Response:
        page = render(
            "signin/certificate.html",
            site=self._forms.site,
            words=NO_CERTIFICATE,
            offered=None,
            again=False,
            sealed="",
            retry=rules.with_next(PAGE, to),
            other=rules.with_next("/signin", to),
        )
        return PageResponse(page, NO_CERTIFICATE.status)

    def _offer(self, request: Request, der: bytes, to: str, *, again: bool, status: int = 200) -> Response:
        pre = pre_cookie_or_new(request)
        page = render(
            "signin/certificate.html",
            site=self._forms.site,
            words=None,
            offered=_offered(der),
            again=again,
            sealed=self._forms.seal(Use.STEP, pre, next=to, again="1" if again else ""),
            retry=rules.with_next(PAGE, to),
            other=rules.with_next("/signin", to),
        )
        response = PageResponse(page, status)
        set_cookie(response, PRE_COOKIE, pre)
        return response

    async def _sign_in(self, request: Request) -> Response:
        if not self._method.is_enabled:
            return plain_problem(request, 404)
        posted = await self._forms.read(request, Use.STEP, pre_cookie(request), PAGE)
        if isinstance(posted, Response):
            return posted
        to, again = posted.to, bool(posted.kept.get("again"))
        der = client_certificate(request)
        if posted.is_expired and der:
            return self._offer(request, der, to, again=again, status=422)
        verdict = await self._judge(request)
        if isinstance(verdict, Words):
            return self._without(to) if verdict is NO_CERTIFICATE else _problem(request, verdict, to)
        return answers.page(request, await self._finish(request, verdict, again=again), to=to)

    async def _call(self, request: Request) -> Response:
        if not self._method.is_enabled:
            return answers.json_problem(404, "not_found", "Nobody can sign in this way here.")
        headers = request.headers
        is_ours = rules.judge_call(
            headers.get("origin", ""),
            headers.get("sec-fetch-site", ""),
            headers.get("content-type", ""),
            self._origin,
        )
        if not is_ours:
            return answers.json_problem(403, "cross_site", "This call does not come from this host.")
        verdict = await self._judge(request)
        if isinstance(verdict, Words):
            return answers.json_problem(verdict.status, verdict.code, verdict.heading)
        outcome = await self._finish(request, verdict, again=False)
        return answers.json(outcome, to=rules.wanted_next(request.scope["query_string"]))

    # Common to both.

    async def _judge(self, request: Request) -> Accepted | Words:
        address = client_address(request)
        events.started(client_address=address)
        der = client_certificate(request)
        if not der:
            events.no_certificate(client_address=address)
            return NO_CERTIFICATE
        verdict = await self._method.validate(der)
        if isinstance(verdict, Rejected):
            say(verdict.reason, address)
            return words_for(verdict.reason)
        return verdict

    async def _finish(self, request: Request, accepted: Accepted, *, again: bool) -> Outcome:
        user, serial = accepted.user, accepted.certificate.serial
        earlier = await self._flow.current(sign_on_token(request))
        events.capped(user=user, serial=serial, seconds=round(accepted.not_after - self._clock.now()))
        try:
            async with asyncio.timeout(self._patience):
                outcome = await self._flow.proved(
                    user,
                    Method.X509,
                    visitor_of(request),
                    earlier=earlier[0] if earlier else None,
                    again=again,
                    certificate_not_after=accepted.not_after,
                    metadata=accepted.metadata,
                )
        except TimeoutError:
            events.session_timeout(user=user, serial=serial)
            return TurnedAway(Turned.UNAVAILABLE)
        if isinstance(outcome, SignedIn):
            now = await self._flow.current(outcome.issued.token)
            if now is None or now[1].name != user:
                events.session_invalid(user=user, serial=serial)
                return TurnedAway(Turned.UNAVAILABLE)
        if not isinstance(outcome, TurnedAway):
            events.succeeded(
                user=user,
                serial=serial,
                outcome=type(outcome).__name__,
                client_address=client_address(request),
            )
        elif outcome.why is Turned.UNAVAILABLE:
            events.session_failed(user=user, serial=serial)
        return outcome


def _problem(request: Request, words: Words, to: str) -> Response:
    return problem(
        request,
        words.status,
        words.heading,
        words.sentence,
        actions=[
            Action("Sign in another way", rules.with_next("/signin", to)),
            Action("Try again", rules.with_next(PAGE, to)),
        ],
        headers={"Retry-After": "5"} if words.status == 503 else None,
    )


def _offered(der: bytes) -> dict[str, object] | None:
    """What people need to know their certificate by; None for one that cannot be read, which is found out later."""
    parsed = parse(der)
    if parsed is None:
        return None
    issuer = parsed.certificate.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)
    names = [name.partition(":")[2] for name in names_in(parsed.certificate)]
    return {
        "name": names[0] if names else parsed.subject,
        "issuer": str(issuer[0].value) if issuer else parsed.certificate.issuer.rfc4514_string(),
        "until": datetime.fromtimestamp(parsed.not_after, UTC),
    }
