"""One decision per request.

The order is policy, so it stands here in one place: host and path, reserved pages, session,
person, access, strength of the sign-in, its age, size, identity headers. Everything is looked up
in local memory; only a session that this node has not seen yet waits for the store.

A decision to let somebody through is remembered for as long as everything it was made of is the
very same: session, person, route, signature. Persons and routes are immutable, so a change of
any of them is another object and decided anew.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from yett.events import Scope
from yett.guard import Door
from yett.identity import Directory, Person
from yett.identity.access import Allowed, Assurance, Denied, StepUp, assurance_of, judge
from yett.identity.access import events as access
from yett.kernel import Clock
from yett.kernel.metrics import Tally
from yett.net.http import Answer, ASGIApp, Decision, Failure, Forward, Outcome, Refusal, Request, Serve
from yett.proxy import answers, events
from yett.proxy.assets import Assets, is_climbing
from yett.proxy.balancing import Balancer
from yett.proxy.conditions import WrongMethod
from yett.proxy.cookies import OURS, session_token
from yett.proxy.login import Login
from yett.proxy.matching import Miss
from yett.proxy.pooled import Pooled
from yett.proxy.programs import AUTHORIZATION, is_shown, token_of
from yett.proxy.routes import Found, Route, RouteTable, Variants
from yett.proxy.sending import Sending
from yett.proxy.shadow import Mirror
from yett.proxy.signing import HeaderSigner, NoKey
from yett.sessions import Entry, Session, Sessions, SessionType

_MOST_REMEMBERED = 10_000
_UNSIGNED_FOR = 60.0
"""Seconds after which a remembered decision without a signature may make room for others."""
_HSTS = frozenset({b"strict-transport-security"})
_NOTHING: frozenset[bytes] = frozenset()
_OVER = object()
"""The note of a request that ended before it was decided on."""
_VALIDATED = events.session_validated.declaration
_MATCHED = events.matched.declaration
_PROXYING = events.proxying.declaration
_CHECKED = events.access_checked.declaration
# To find a member of an enumeration costs as much as a small function.
_AUTHENTICATED = SessionType.AUTHENTICATED
_BODY_TOO_LARGE = Refusal.BODY_TOO_LARGE


Questions = Callable[[Request], Decision | Awaitable[Decision] | None]


@dataclass(slots=True)
class _Ready:
    """A request that was let through, and what that was decided from."""

    route: Route
    person: Person | None
    is_tls: bool
    made_at: float
    expires_at: float
    forward: Forward


Tokens = Callable[[str, str, str], Session | None]
"""What stands for the session of a token's owner: by its text, the scope that it needs, and the host."""


class _Recall:
    """The Cookie field of a connection's newest request, and whose session it shows."""

    __slots__ = ("cookie", "entry", "token")

    def __init__(self, cookie: bytes, entry: Entry | None, token: bytes) -> None:
        self.cookie = cookie
        self.entry = entry
        self.token = token
        """The token, where this node does not know it yet."""


class ProxyGate:
    """Decides for every listener: our own pages, an application, or a refusal."""

    def __init__(
        self,
        *,
        table: RouteTable,
        hsts: timedelta,
        directory: Directory,
        sessions: Sessions,
        signer: HeaderSigner,
        login: Login,
        clock: Clock,
        sign_in_host: str,
        sign_in_app: ASGIApp,
        application_pages: ASGIApp,
        refuse_unrecorded: Callable[[], bool],
        door: Door,
        balancer: Balancer,
        mirror: Mirror | None = None,
        tokens: Tokens | None = None,
    ) -> None:
        self._door = door
        self._tokens = tokens
        self._sending = Sending(
            door=door,
            login=login,
            balancer=balancer,
            clock=clock,
            mirror=mirror,
            refuse=lambda request, answer: self._ours(request, self._written(request.scope, answer)),
        )
        self._directory = directory
        self._sessions = sessions
        self._signer = signer
        self._clock = clock
        self._sign_in_host = sign_in_host
        self._sign_in_app = answers.watched(sign_in_app, refuse_unrecorded, self._more_headers)
        self._application_pages = answers.watched(application_pages, refuse_unrecorded, self._more_headers)
        self._refuse_unrecorded = refuse_unrecorded
        self._questions: Questions | None = None
        self._ready: dict[tuple[str, int], _Ready] = {}
        self.table: RouteTable = table
        self.use(table, hsts)

    def use(self, table: RouteTable, hsts: timedelta) -> None:
        """Decide by another table from the next request on; signatures are made anew."""
        self.table = table
        seconds = int(hsts.total_seconds())
        self._hsts = b"Strict-Transport-Security: max-age=%d\r\n" % seconds if seconds else b""
        self._ready.clear()

    def answer_with(self, questions: Questions) -> None:
        """Let this answer what other proxies ask at the sign-in host; it says None to everything else."""
        self._questions = questions

    # Numbers.

    @property
    def remembered(self) -> int:
        """How many decisions it remembers."""
        return len(self._ready)

    @property
    def resent(self) -> Tally[tuple[str, str]]:
        """Requests that were sent more than once: by application, and "retry" or "hedge"."""
        return self._sending.resent

    # Deciding.

    def decide(self, request: Request) -> Decision | Awaitable[Decision]:
        host = request.host
        is_ours = host == self._sign_in_host
        if is_ours and self._questions is not None:
            # Asked by other proxies for everybody behind them: the guards would take them for one client.
            answer = self._questions(request)
            if answer is not None:
                return answer
        turned_away = self._door.check(request)
        if turned_away is not None:
            return self._turned_away(request, turned_away)
        if is_ours:
            return self._serve(request, self._sign_in_app, "sign-in", "/")
        found = self.table.find(host, request.path, request.is_even)
        if found.__class__ is not Route:
            chosen = _chosen(found, request)
            if not isinstance(chosen, Route):
                return self._missed(request, chosen)
            found = chosen
        request.note = found.app
        if _MATCHED.enabled:
            events.matched(found.app, host, found.path)
        cookie = request.cookie
        if not cookie:
            return (
                self._judge_program(request, found)
                if found.token_scope
                else self._judge(request, found, None)
            )
        recall: _Recall | None = request.connection.recall
        if recall is None or recall.cookie != cookie:
            recall = self._recognise(request)
        if recall.entry is None:
            return (
                self._decide_later(request, recall.token)
                if recall.token
                else self._judge_program(request, found)
            )
        session = self._sessions.look(recall.entry, host, _AUTHENTICATED)
        if session is None:
            request.connection.recall = None
            return self._decide_later(request, session_token(cookie))
        return self._judge(request, found, session)

    def _judge_program(self, request: Request, route: Route) -> Decision:
        """Somebody without a session, who may show a token of theirs instead where the route takes them."""
        session = None
        if route.token_scope and self._tokens is not None:
            text = token_of(request)
            if text:
                session = self._tokens(text, route.token_scope, request.host)
                if session is None:
                    events.token_refused(app=route.app, host=request.host)
                    return self._ours(request, answers.token_refused())
        return self._judge(request, route, session)

    def _recognise(self, request: Request) -> "_Recall":
        """What a Cookie field means. A client's repeats, so its connection remembers what is known by it."""
        token = session_token(request.cookie)
        entry = self._sessions.recognise(token) if token else None
        if entry is not None or not token:
            request.connection.recall = recall = _Recall(request.cookie, entry, b"")
            return recall
        return _Recall(request.cookie, None, token)

    def _turned_away(self, request: Request, by_door: Answer | Serve) -> Decision:
        if isinstance(by_door, Answer):
            return self._ours(request, self._written(request.scope, by_door))
        request.note = "proof of work"
        by_door.app = answers.watched(by_door.app, self._refuse_unrecorded, self._more_headers)
        return by_door

    async def _decide_later(self, request: Request, token: bytes) -> Decision:
        """The session may have been made on another node, or this one has just started."""
        host = request.host
        session = await self._sessions.validate(token, audience=None, type=SessionType.AUTHENTICATED)
        if session is None:
            events.session_expired(host=host)
        elif session.audience != host:
            events.session_invalid(host=host, session=session.ref, audience=session.audience)
            session = None
        if request.note is _OVER:
            # Nobody will carry this out, or tell how it ended: nothing may be counted as begun.
            return Answer(503)
        # Other mappings may be in force by now, and it is them that count.
        found = _chosen(self.table.find(host, request.path), request)
        if not isinstance(found, Route):
            return self._missed(request, found)
        return (
            self._judge(request, found, session)
            if session is not None
            else self._judge_program(request, found)
        )

    def _judge(self, request: Request, route: Route, session: Session | None) -> Decision:
        if session is None:
            key, person = route.host, None
        else:
            key = session.ref
            person = self._directory.person(session.module_key)
            scope = request.scope
            scope.user, scope.session = session.module_key, key
            if _VALIDATED.enabled:
                events.session_validated(session=key, host=request.host)
        ready: _Ready | None = self._ready.get((key, route.number))
        if (
            ready is None
            or ready.route is not route
            or ready.person is not person
            or ready.is_tls is not request.connection.is_tls
            # A clock that was put back must not keep signatures of the future in use.
            or not ready.made_at <= self._clock.now() < ready.expires_at
        ):
            return self._judge_anew(request, route, session, person)
        return self._pass(request, ready, session)

    def _judge_anew(
        self, request: Request, route: Route, session: Session | None, person: Person | None
    ) -> Decision:
        held = Assurance.SINGLE if session is None else assurance_of(session.metadata)
        verdict = judge(route.rule, None if session is None else session.module_key, person, held)
        if isinstance(verdict, Allowed):
            try:
                ready = self._prepare(request, route, session, person)
            except NoKey:
                return self._ours(request, answers.out_of_order(request.scope.request_id))
            return self._pass(request, ready, session)
        if isinstance(verdict, Denied):
            _say_checked(request, route, person, verdict.reason.value)
            access.denied(
                app=route.app,
                host=request.host,
                path=request.path,
                rule=verdict.rule.name,
                reason=verdict.reason,
                groups_needed=verdict.groups_needed,
                groups_held=verdict.groups_held,
            )
            scope = request.scope
            answer = answers.forbidden(route.app, scope.user, verdict.reason, scope.request_id)
            return self._ours(request, self._written(scope, answer))
        _say_checked(request, route, person, type(verdict).__name__)
        home = self.table.home(request.host).start
        if isinstance(verdict, StepUp) and session is not None:
            request.note = route.app
            answer = self._sending.departures.stronger(request, route, session, verdict.needed, home)
            return self._ours(request, self._written(request.scope, answer))
        return self._ours(request, self._sending.departures.first(request, route, home))

    def _pass(self, request: Request, ready: _Ready, session: Session | None) -> Decision:
        route = ready.route
        if ready.person is not None:
            turned_away = self._door.check_person(request, ready.person.groups)
            if turned_away is not None:
                return self._ours(request, self._written(request.scope, turned_away))
        if _CHECKED.enabled:
            _say_checked(request, route, ready.person, Allowed.__name__)
        forward = ready.forward
        if route.is_plain:
            request.note = route
            if _PROXYING.enabled:
                events.proxying(route.app, route.address)
        else:
            decision = self._sending.send(
                request,
                route,
                forward,
                session=session,
                person=ready.person,
                home=self.table.home(request.host).start,
            )
            if not isinstance(decision, Forward):
                return decision
            forward = decision
        if request.is_chunked:
            # Nobody knows yet how long it is; the engine counts.
            limits = (self._door.limit_for(request), route.max_body)
            forward = replace(forward, max_body=min(filter(None, limits), default=0))
        shared = self._door.response_headers(request)
        if shared:
            forward = replace(
                forward,
                response_add=forward.response_add + shared,
                response_drop=forward.response_drop | self._door.response_fields,
            )
        return forward

    def _prepare(
        self, request: Request, route: Route, session: Session | None, person: Person | None
    ) -> _Ready:
        now = self._clock.now()
        add, expires_at = b"", now + _UNSIGNED_FOR
        if session is not None and person is not None and route.identity_headers:
            signed = self._signer.headers(person, session=session.ref, host=request.host, now=now)
            add, expires_at = signed.lines, signed.expires_at
        hsts = self._more_headers(request.connection.is_tls)
        there, back = route.request_edits, route.response_edits
        drop = there.drop
        if session is not None and is_shown(session):
            # An application that saw the token could use it elsewhere.
            drop |= AUTHORIZATION
        forward = Forward(
            route.upstream,
            add=add + there.lines(route.app, session, person),
            drop=drop,
            drop_cookies=OURS,
            host=route.host_header,
            response_add=hsts + back.lines(route.app, session, person),
            # It speaks for the whole host, which the applications on its paths do not.
            response_drop=back.drop | (_HSTS if hsts else _NOTHING),
            websocket=route.websocket,
        )
        ready = _Ready(route, person, request.connection.is_tls, now, expires_at, forward)
        if len(self._ready) >= _MOST_REMEMBERED:
            self._make_room(now)
        self._ready[route.host if session is None else session.ref, route.number] = ready
        return ready

    def _make_room(self, now: float) -> None:
        kept = {key: ready for key, ready in self._ready.items() if ready.expires_at > now}
        # Clearing out costs as much as there is, so it has to win half of it or all.
        self._ready = kept if len(kept) <= _MOST_REMEMBERED // 2 else {}

    def _serve(self, request: Request, app: ASGIApp, name: str, home: str) -> Serve:
        request.note = name
        state = {
            "request_id": request.scope.request_id,
            "client_address": request.scope.client_address,
            "host": request.host,
            "home": home,
            "certificate": request.connection.certificate,
        }
        return Serve(app, max_body=64 * 1024, state=state)

    # Answers.

    def _missed(self, request: Request, miss: Miss | WrongMethod) -> Decision:
        host, request_id = request.host, request.scope.request_id
        if isinstance(miss, WrongMethod):
            events.method_not_allowed(host=host)
            return self._ours(request, answers.wrong_method(request_id, miss.allow))
        if miss is Miss.RESERVED:
            home = self.table.home(host)
            return self._serve(request, self._application_pages, home.app, home.start)
        if miss is Miss.AMBIGUOUS:
            self._say_ambiguous(request)
            return self._ours(request, answers.ambiguous(request_id))
        if miss is Miss.TOO_LONG:
            events.path_too_long(host=host, length=len(request.path))
            return self._ours(request, answers.refused(Refusal.TARGET_TOO_LONG, request_id))
        if miss is Miss.NO_HOST:
            events.no_routes(host=host)
        else:
            events.no_path_match(host=host)
        return self._ours(request, answers.nothing_here(request_id))

    def _say_ambiguous(self, request: Request) -> None:
        above = self.table.route_above(request.host, request.path)
        if above is not None and isinstance(above.own, Assets) and is_climbing(request.path):
            above.own.traversal(request.host)
        else:
            events.ambiguous_path(host=request.host)

    def _written(self, scope: Scope, answer: Answer) -> Answer:
        """The answer, or a refusal when its audit record could not be written and that matters."""
        if scope.unrecorded and self._refuse_unrecorded():
            events.refused_unrecorded()
            return answers.unrecorded(scope.request_id)
        return answer

    def _ours(self, request: Request, answer: Answer) -> Answer:
        answer.headers += self._more_headers(request.connection.is_tls)
        return answer

    def _more_headers(self, is_tls: bool) -> bytes:
        """The header lines of every answer; over plain HTTP a browser would not believe this one."""
        return self._hsts if is_tls else b""

    # What the engine tells.

    def failed(
        self,
        request: Request,
        failure: Failure,
        detail: str,  # noqa: ARG002 - the engine's port names it; `finished` is told it again, and records it
    ) -> Answer:
        scope = request.scope
        answer = answers.not_answering(request.note.app, scope.user, failure, scope.request_id)
        return self._ours(request, answer)

    def refused(
        self,
        request: Request | None,
        scope: Scope,
        refusal: Refusal,
        detail: str,  # noqa: ARG002 - the engine's port names it; the engine has recorded it
    ) -> Answer:
        answer = answers.refused(refusal, scope.request_id)
        return answer if request is None else self._ours(request, answer)

    def finished(self, request: Request, outcome: Outcome) -> None:
        note, pooled = request.note, None
        if note.__class__ is Pooled:
            pooled, note = note, note.route
            self._sending.finished(pooled, outcome)
        if note.__class__ is Route:
            app, route, rule, upstream = note.said
            if pooled is not None:
                upstream = pooled.address
            if outcome.refusal is _BODY_TOO_LARGE:
                self._sending.cut(request, note)
            if outcome.client_left:
                events.client_left(app=app, bytes_out=outcome.bytes_out)
            elif outcome.failure is not None and outcome.status != 101:
                # A tunnel that stood still is closed, and nobody failed.
                is_fallback = pooled is not None and pooled.is_fallback
                say = events.fallback_failed if is_fallback else events.request_failed
                say(app=app, backend=upstream, failure=outcome.failure, error=outcome.detail)
        else:
            app, route, rule, upstream = note or "", "", "", ""
            request.note = _OVER
        events.completed(
            request.method.decode("ascii"),
            request.host,
            request.path,
            outcome.status,
            # To the microsecond; rounding would cost ten times as much.
            int(outcome.duration * 1_000_000 + 0.5) / 1000,
            outcome.bytes_in,
            outcome.bytes_out,
            app,
            route,
            rule,
            upstream,
            request.connection.protocol if request.minor_version else "http/1.0",
        )


def _chosen(found: Found, request: Request) -> Route | Miss | WrongMethod:
    """Of several routes for one path, the request's own."""
    return found.choose(request) if isinstance(found, Variants) else found


def _say_checked(request: Request, route: Route, person: Person | None, reason: str) -> None:
    groups = person.groups if person is not None else ()
    events.access_checked(app=route.app, host=request.host, groups=groups, reason=reason)
