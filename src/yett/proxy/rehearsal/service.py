"""Asks each step what it would say, in the order of the gate."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from yett.events.explain import reason_of
from yett.guard import Rehearsal as Guards
from yett.guard.rate import Caller
from yett.identity import Directory, Person
from yett.identity.access import (
    Allowed,
    Assurance,
    Denied,
    StepUp,
    assurance_of,
    judge,
    needed_for,
    shows_presence,
)
from yett.kernel import Clock
from yett.net.http import REFUSAL_STATUS, Answer, Limits, Refusal, Request, Unimaginable, imagine
from yett.proxy.balancing import BackendProtocol, Balancer, NoBackend, NotSelected
from yett.proxy.conditions import WrongMethod
from yett.proxy.departures import READING, is_person, outdone
from yett.proxy.matching import Miss
from yett.proxy.programs import is_shown
from yett.proxy.reauth import age_of, max_age_for
from yett.proxy.rehearsal import programs
from yett.proxy.rehearsal.model import Asked, Rehearsed, Step, Turn
from yett.proxy.rehearsal.words import by_group, capital, step_of, ways_text
from yett.proxy.routes import Route, RouteTable, Variants
from yett.sessions import Session, Sessions, SessionType
from yett.signin import Foresight, Method, State, Way

_REFUSED_FROM = 400
_BROWSER = ("Accept: text/html", "Sec-Fetch-Mode: navigate")
_MISSES = {
    Miss.NO_HOST: (404, "no mapping serves this host"),
    Miss.NO_PATH: (404, "no mapping of this host covers the path"),
    Miss.AMBIGUOUS: (400, "the path can be read in two ways"),
    Miss.TOO_LONG: (REFUSAL_STATUS[Refusal.TARGET_TOO_LONG], "the path is too long to be compared"),
}


@dataclass(frozen=True, slots=True)
class _Visitor:
    """Who asks, as far as the gateway knows them now."""

    person: Person | None
    session: Session | None
    """Theirs at this very host."""
    sign_on: Session | None
    ways: tuple[Way, ...] = ()
    """How they could sign in, when they are not."""

    @property
    def is_program(self) -> bool:
        """Whether a token is shown in place of a session: then nobody is there who could be asked."""
        return self.session is not None and is_shown(self.session)

    @property
    def held(self) -> Assurance:
        known = self.session or self.sign_on
        if known is not None:
            return assurance_of(known.metadata)
        return max((way.proves for way in self.ways), key=lambda each: each.rank, default=Assurance.SINGLE)


class Rehearsal:
    """Tells what would become of requests."""

    def __init__(
        self,
        table: Callable[[], RouteTable],
        *,
        guards: Guards,
        directory: Directory,
        sessions: Sessions,
        balancer: Balancer,
        foresight: Foresight,
        clock: Clock,
        sign_in_host: str,
        limits: Limits,
        tokens: programs.Tokens = programs.nobody,
    ) -> None:
        self._table = table
        self._guards = guards
        self._directory = directory
        self._sessions = sessions
        self._balancer = balancer
        self._foresight = foresight
        self._clock = clock
        self._sign_in_host = sign_in_host
        self._limits = limits
        self._tokens = tokens

    async def rehearse(self, asked: Asked) -> Rehearsed:
        """What would become of a request now. Raises StoreUnavailable when a person's factors cannot be known."""
        made = Rehearsed()
        try:
            request = imagine(
                asked.url,
                method=asked.method,
                headers=_fields_of(asked.headers),
                client_address=asked.client_address,
                body_size=asked.body_size,
                limits=self._limits,
            )
        except Unimaginable as problem:
            status, reason = REFUSAL_STATUS[problem.refusal], problem.refusal.value
            made.steps.append(
                Step("request", Turn.REFUSED, f"It would not be taken: {problem}", reason, status)
            )
            return made
        made.host, made.path = request.host, request.path
        made.steps.append(
            Step("request", Turn.PASSES, f"{asked.method} {request.host}{request.path} can be read")
        )
        visitor = await self._visitor(request, asked.user)
        made.steps += self._door(request, asked, visitor)
        if request.host == self._sign_in_host:
            made.app = "sign-in"
            made.steps.append(Step("route", Turn.PASSES, "The sign-in host answers with its own pages"))
            return made
        route = self._route(request, made)
        if route is not None:
            made.app, made.rule = route.app, route.rule.name
            if route.token_scope and visitor.session is None:
                step, session = programs.shown(request, route, self._tokens)
                made.steps.append(step)
                if step.turn is Turn.REFUSED:
                    return made
                if session is not None:
                    asked = replace(asked, user=session.module_key)
                    visitor = _Visitor(self._directory.person(asked.user), session, None)
            made.steps += self._judged(request, asked, route, visitor)
            made.steps += self._limited(request, route)
            made.steps.append(self._upstream(request, route, asked.user))
        return made

    async def _visitor(self, request: Request, user: str) -> _Visitor:
        if not user:
            return _Visitor(None, None, None)
        person = self._directory.person(user)
        live = self._sessions.live(user)
        session = _newest(live, SessionType.AUTHENTICATED, request.host)
        sign_on = _newest(live, SessionType.SIGN_ON, self._sign_in_host)
        ways: tuple[Way, ...] = ()
        if session is None and sign_on is None and person is not None and not person.is_disabled:
            ways = await self._foresight.ways(person)
        elif person is not None and sign_on is not None:
            method = _method_of(sign_on)
            ways = () if method is None else (await self._foresight.after(person, method),)
        elif person is not None and session is not None:
            # Who is sent to sign in without a sign-on comes by any way that there is.
            ways = await self._foresight.ways(person)
        return _Visitor(person, session, sign_on, ways)

    # The door.

    def _door(self, request: Request, asked: Asked, visitor: _Visitor) -> Iterator[Step]:
        now = self._clock.now()
        session = visitor.session
        caller = None if session is None else Caller(session.ref, session.module_key)
        for look in self._guards.at_door(request, now, now if asked.at is None else asked.at, caller):
            yield step_of(look)

    # The route.

    def _route(self, request: Request, made: Rehearsed) -> Route | None:
        there = self._table().find(request.host, request.path, request.is_even)
        found = there.choose(request) if isinstance(there, Variants) else there
        if isinstance(found, Route):
            what = f"Mapping {found.app}, path {found.path} ({found.kind.value}), rule {found.rule.name}"
            made.steps.append(Step("route", Turn.PASSES, what))
            return found
        if isinstance(found, WrongMethod):
            what = f"The path is mapped, but for {found.allow.decode('ascii')} only"
            made.steps.append(Step("route", Turn.REFUSED, what, "method", 405))
        elif found is Miss.RESERVED:
            made.app = self._table().home(request.host).app
            made.steps.append(Step("route", Turn.PASSES, "One of the gateway's own pages answers"))
        else:
            status, sentence = _MISSES[found]
            made.steps.append(Step("route", Turn.REFUSED, capital(sentence), found.name.lower(), status))
        return None

    # Who may.

    def _judged(self, request: Request, asked: Asked, route: Route, visitor: _Visitor) -> Iterator[Step]:
        if not asked.user or (route.rule.is_public and visitor.session is None):
            # Without a session of this host nobody knows who it is, and a public rule does not ask.
            yield self._anonymous(request, route)
            return
        if not visitor.is_program:
            yield from self._known(request, asked, visitor)
        # Whether they may, and not only whether they have proven enough for it.
        best = Assurance.PHISHING_RESISTANT
        verdict = judge(route.rule, asked.user, visitor.person, best)
        if isinstance(verdict, Denied):
            why = reason_of("access.denied", verdict.reason.value)
            needed, held = (
                ", ".join(each) or "none" for each in (verdict.groups_needed, verdict.groups_held)
            )
            status = 403 if visitor.session is not None else 0
            sentence = (
                f"Rule {verdict.rule.name} keeps {asked.user} out: {why} (needed: {needed}; held: {held})"
            )
            yield Step("access", Turn.REFUSED, sentence, verdict.reason.value, status)
            return
        yield Step(
            "access",
            Turn.PASSES,
            f"Rule {route.rule.name} lets {asked.user} in{by_group(route, visitor.person)}",
        )
        if visitor.person is not None:
            yield self._proof(request, route, visitor, visitor.person)
            yield self._group_hours(request, asked, visitor.person)
        yield self._freshness(request, route, visitor)

    def _anonymous(self, request: Request, route: Route) -> Step:
        if isinstance(judge(route.rule, None, None), Allowed):
            return Step("access", Turn.PASSES, f"Rule {route.rule.name} lets everybody in")
        needed = needed_for(route.rule, ())
        more = "" if needed is Assurance.SINGLE else f", with a sign-in of strength {needed.value}"
        sentence = f"Somebody who is not signed in would be asked to sign in first{more}"
        return Step("session", Turn.ASKED, sentence, "sign_in", _asking_status(request))

    def _known(self, request: Request, asked: Asked, visitor: _Visitor) -> Iterator[Step]:
        """What is known of the person's sessions."""
        session, sign_on, person = visitor.session, visitor.sign_on, visitor.person
        if session is not None:
            sentence = f"{asked.user} has a session at {request.host} (of strength {visitor.held.value}, {session.ref})"
            yield Step("session", Turn.PASSES, sentence)
            return
        status = _asking_status(request)
        if sign_on is not None:
            if _can_be_sent(request):
                sentence = f"{asked.user} is signed in and would come back with a session without being asked"
                yield Step("session", Turn.PASSES, sentence, "sign_on", status)
            else:
                sentence = f"{asked.user} is signed in, and has no session at {request.host} yet"
                yield Step("session", Turn.ASKED, sentence, "sign_in", status)
        elif person is None or person.is_disabled:
            reason = "unknown_person" if person is None else "disabled"
            sentence = f"{asked.user} could not sign in: {reason_of('access.denied', reason)}"
            yield Step("session", Turn.REFUSED, sentence, reason, status)
        elif all(way.leads_to is State.NOWHERE for way in visitor.ways):
            sentence = (
                f"{asked.user} could not sign in: a second factor is asked for, and there is no way to one"
            )
            yield Step("session", Turn.REFUSED, sentence, "no_factor", status)
        else:
            sentence = f"{asked.user} would be asked to sign in: {ways_text(visitor.ways)}"
            yield Step("session", Turn.ASKED, sentence, "sign_in", status)

    def _proof(self, request: Request, route: Route, visitor: _Visitor, person: Person) -> Step:
        needed, held = needed_for(route.rule, person.groups), visitor.held
        if needed is Assurance.SINGLE:
            return Step("proof", Turn.OFF, "Any sign-in is strong enough here")
        verdict = judge(route.rule, person.name, person, held)
        if not isinstance(verdict, StepUp):
            return Step(
                "proof", Turn.PASSES, f"The sign-in is of strength {held.value}, and {needed.value} is enough"
            )
        status = _asking_status(request)
        if visitor.session is not None and visitor.sign_on is not None and _can_be_sent(request):
            at_sign_on = assurance_of(visitor.sign_on.metadata)
            if at_sign_on.reaches(needed):
                sentence = (
                    f"The sign-on is of strength {at_sign_on.value}, so nothing more would be asked for"
                )
                return Step("proof", Turn.PASSES, sentence, "sign_on", status)
        if any(way.can_reach(needed) for way in visitor.ways):
            sentence = (
                f"The sign-in is of strength {held.value}; {person.name} would be asked for {needed.value}"
            )
            return Step("proof", Turn.ASKED, sentence, "step_up", status)
        lacking = "a token shows none" if visitor.is_program else f"{person.name} has no factor for that"
        sentence = f"It takes a sign-in of strength {needed.value}, and {lacking}"
        return Step("proof", Turn.REFUSED, sentence, "step_up", status)

    def _group_hours(self, request: Request, asked: Asked, person: Person) -> Step:
        at = self._clock.now() if asked.at is None else asked.at
        look = self._guards.for_groups(request, person.groups, at)
        return step_of(look, name="hours of their groups")

    def _freshness(self, request: Request, route: Route, visitor: _Visitor) -> Step:
        wanted = max_age_for(route.freshness, request.method)
        if wanted is None:
            return Step("freshness", Turn.OFF, "The age of the sign-in does not matter here")
        if visitor.is_program:
            sentence = "It takes a recent sign-in, and a token shows none"
            return Step("freshness", Turn.REFUSED, sentence, "reauth", _asking_status(request))
        now, sign_on = self._clock.now(), visitor.sign_on
        at_sign_on = float("inf")
        if sign_on is not None and shows_presence(sign_on.metadata):
            at_sign_on = now - sign_on.created_at
        if visitor.session is not None:
            age = age_of(visitor.session, now)
            is_old = outdone(request, route, visitor.session, now) is not None
        elif sign_on is not None:
            age, is_old = at_sign_on, at_sign_on > wanted
        else:
            return Step("freshness", Turn.PASSES, "The sign-in would be new")
        if not is_old:
            return Step("freshness", Turn.PASSES, f"The sign-in is {age:.0f} s old and may be {wanted:.0f} s")
        status, may_be = _asking_status(request), f"is {age:.0f} s old and may be {wanted:.0f} s"
        if at_sign_on <= wanted and _can_be_sent(request):
            sentence = f"The sign-in {may_be}, but their sign-on is newer, so they would not be asked"
            return Step("freshness", Turn.PASSES, sentence, "sign_on", status)
        sentence = f"The sign-in {may_be}; they would be asked to sign in again"
        return Step("freshness", Turn.ASKED, sentence, "reauth", status)

    # What the mapping takes, and where it goes.

    def _limited(self, request: Request, route: Route) -> Iterator[Step]:
        if not route.max_body or not request.has_body:
            return
        sentence = f"{route.app} takes {route.max_body} bytes, and there are {request.content_length}"
        if request.content_length > route.max_body:
            yield Step("body", Turn.REFUSED, sentence, "too_large", REFUSAL_STATUS[Refusal.BODY_TOO_LARGE])
        else:
            yield Step("body", Turn.PASSES, sentence)

    def _upstream(self, request: Request, route: Route, user: str) -> Step:
        if route.own is not None:
            answer = route.own.respond(request, route.path, b"")
            status = answer.status if isinstance(answer, Answer) else 0
            turn, reason = (Turn.REFUSED, "own_answer") if status >= _REFUSED_FROM else (Turn.PASSES, "")
            return Step("upstream", turn, f"The gateway answers itself: {route.own.address}", reason, status)
        if not route.pool_id:
            return Step("upstream", Turn.PASSES, f"It goes to {route.address} (not tried)")
        live = self._balancer.pools.get(route.pool_id)
        protocol = live.spoken(request.upgrade) if live is not None else BackendProtocol.HTTP1
        found = self._balancer.foresee(route.pool_id, user=user, protocol=protocol)
        if not isinstance(found, NotSelected):
            return Step(
                "upstream",
                Turn.PASSES,
                f"It goes to one of {found} backends of pool {route.pool_id} (not tried)",
            )
        why = reason_of("proxy.pool", found.reason.value)
        if found.reason is NoBackend.RATE_LIMITED:
            return Step("upstream", Turn.REFUSED, capital(why), found.reason.value, 429)
        if route.fallback is not None:
            return Step("upstream", Turn.PASSES, f"It goes to the fallback {route.fallback.address}: {why}")
        reason = "circuit_open" if found.is_circuit_open else found.reason.value
        why = (
            f"open circuits keep every backend of pool {route.pool_id} away" if found.is_circuit_open else why
        )
        return Step("upstream", Turn.REFUSED, capital(why), reason, 503)


def _fields_of(headers: tuple[str, ...]) -> tuple[str, ...]:
    """The header lines of a request; a browser's that opens a page, unless somebody says what is accepted."""
    is_said = any(each.partition(":")[0].strip().lower() == "accept" for each in headers)
    return headers if is_said else (*_BROWSER, *headers)


def _newest(sessions: list[Session], kind: SessionType, audience: str) -> Session | None:
    found = [each for each in sessions if each.type is kind and each.audience == audience]
    return max(found, key=lambda session: session.created_at, default=None)


def _method_of(sign_on: Session) -> Method | None:
    return next((each for each in Method if each.value == sign_on.metadata.get("method")), None)


def _asking_status(request: Request) -> int:
    """Of the answer that sends somebody to sign in, or tells a program that it has to."""
    return 303 if _can_be_sent(request) else 401


def _can_be_sent(request: Request) -> bool:
    """Whether somebody opens a page, whom the way to the sign-in page and back costs nothing."""
    return is_person(request) and request.method in READING
