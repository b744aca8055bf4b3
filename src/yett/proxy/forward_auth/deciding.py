"""One decision per question: look the token up, ask the rules, count, delegate, say what was decided.

All of it happens without waiting when everything is in local memory. What this node has not seen
yet, and a token that has to be made first, is waited for.
"""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass

from yett.events import current_scope
from yett.kernel import Clock
from yett.proxy.forward_auth import events, rules
from yett.proxy.forward_auth.credentials import MOST_COOKIES, in_authorization, tokens_in_cookies
from yett.proxy.forward_auth.holders import Holders, Tokens
from yett.proxy.forward_auth.model import (
    Asked,
    Credential,
    Demand,
    Holder,
    Limited,
    Malformed,
    Refused,
    Why,
)
from yett.proxy.forward_auth.saying import Question, authorized, ingress_of, refused
from yett.proxy.forward_auth.told import Told
from yett.sessions import SessionSettings
from yett.tokens import NotDelegated, QuotaState, Source, TokensSettings

_CONFLICT = Refused(Why.INVALID_REQUEST, "Session cookies of different users")
_NOT_GOOD = Refused(Why.INVALID_TOKEN, "Token is not valid")
_NOT_DELEGATED = {
    NotDelegated.OVER: _NOT_GOOD,
    NotDelegated.TOO_MANY: Refused(Why.INSUFFICIENT_SCOPE, "There are too many tokens of this user"),
    NotDelegated.UNAVAILABLE: Refused(Why.UNAVAILABLE, "No token can be made at the moment"),
}
_NO_CHILD = Refused(Why.INSUFFICIENT_SCOPE, "No other token can be made of this one")


@dataclass(frozen=True, slots=True)
class Place:
    """Where people have their token: what is common to all questions until settings change."""

    cookie: str
    domain: str
    longest: float
    """Seconds that tokens last at most."""
    longest_sign_on: float
    """The same for those that rest on a sign-on."""


def place_of(settings: TokensSettings, sessions: SessionSettings) -> Place:
    """What the settings say about that."""
    longest, sign_on = settings.lifetime.total_seconds(), sessions.sign_on_lifetime.total_seconds()
    return Place(settings.cookie, settings.cookie_domain, longest, min(longest, sign_on))


class Decider:
    """Answers questions, whatever their form."""

    def __init__(self, tokens: Tokens, holders: Holders, place: Place, clock: Clock) -> None:
        self.place = place
        self._tokens = tokens
        self._holders = holders
        self._clock = clock

    def decide(self, question: Question) -> Told | Awaitable[Told]:
        """The answer, at once where that is possible."""
        asked, demand = question.asked, question.demand
        if question.has_options and asked.method == "OPTIONS":
            return self._answer_options(question)
        if demand.is_open:
            return question.dialect.passed(asked, demand, None)
        if demand.is_closed:
            return self._no(question, Refused(Why.INSUFFICIENT_SCOPE, "Nobody may open this"))
        if asked.is_preflight:
            # A browser never sends one with anything that says who asks (Fetch, section 4.8).
            return self._answer_options(question)
        found = self._credentials(asked, demand)
        if isinstance(found, Malformed):
            return self._no(question, Refused(Why.INVALID_REQUEST, found.text))
        if not found:
            return self._no(question, rules.nobody())
        question.source = found[0].source
        if len(found) == 1:
            holder = self._holders.look(found[0], asked.site)
            return self._find(question, found) if holder is None else self._judge(question, holder)
        return self._find(question, found)

    def _answer_options(self, question: Question) -> Told:
        verdict = rules.judge_options(question.demand, question.asked, self.place.domain)
        if isinstance(verdict, Refused):
            return self._no(question, verdict)
        return question.dialect.passed(question.asked, question.demand, None)

    def _credentials(self, asked: Asked, demand: Demand) -> Sequence[Credential] | Malformed:
        """The tokens that came with a request. One in a cookie is looked at first, and then no other is.

        Applications use Authorization for purposes of their own.
        """
        if demand.allow_cookies and asked.cookie:
            texts = tokens_in_cookies(asked.cookie, self.place.cookie)
            if texts:
                return [Credential(Source.COOKIE, text) for text in texts]
        found = in_authorization(asked.authorization) if asked.authorization else None
        if isinstance(found, Malformed):
            return found
        return [found] if found is not None else ()

    async def _find(self, question: Question, credentials: Sequence[Credential]) -> Told:
        """Look for tokens that this node does not know, and decide between several cookies."""
        found = [holder for each in credentials if (holder := await self._holders.find(each)) is not None]
        # With so many, somebody may have pushed the person's own one out of those that are looked at.
        is_crowded = len(credentials) > MOST_COOKIES
        if is_crowded or len({holder.token.username for holder in found}) > 1:
            events.cookies_conflict(
                host=question.host, auth_uri=question.asked.path, auth_host=question.asked.host
            )
            return self._no(question, _CONFLICT)
        if not found:
            if credentials[0].source is Source.COOKIE:
                # It ran out, or was taken back; nobody who has it could do better than sign in.
                return self._no(question, rules.nobody())
            return self._no(question, _NOT_GOOD)
        told = self._judge(question, found[0])
        return told if isinstance(told, Told) else await told

    def _judge(self, question: Question, holder: Holder) -> Told | Awaitable[Told]:
        demand, place = question.demand, self.place
        question.holder = holder
        current_scope().user = holder.token.username
        now = question.now = self._clock.now()
        longest = place.longest_sign_on if holder.token.session_ref else place.longest
        verdict = rules.judge(demand, question.asked, holder, now=now, longest=longest, domain=place.domain)
        if isinstance(verdict, Refused):
            return self._no(question, verdict)
        if demand.service:
            state = self._tokens.count(holder.info, demand.service)
            if state is not None:
                over = _judge_quota(holder, state)
                question.limited = limited = _limited(state)
                if over is not None:
                    return self._no(question, over, limited if over.why is Why.RATE_LIMITED else None)
        if demand.delegation is None:
            return self._yes(question, holder)
        if not holder.can_delegate:
            return self._no(question, _NO_CHILD)
        delegated = self._tokens.delegated(
            holder.token, demand.delegation, minimum_lifetime=float(demand.minimum_lifetime)
        )
        return (
            self._delegate(question, holder) if delegated is None else self._yes(question, holder, delegated)
        )

    async def _delegate(self, question: Question, holder: Holder) -> Told:
        demand = question.demand
        if demand.delegation is None:
            return self._yes(question, holder)
        made = await self._tokens.delegate(
            holder.token,
            demand.delegation,
            minimum_lifetime=float(demand.minimum_lifetime),
            address=question.asked.client,
            source=holder.source,
            ingress=ingress_of(question),
        )
        if isinstance(made, NotDelegated):
            return self._no(question, _NOT_DELEGATED[made])
        return self._yes(question, holder, made)

    # The end of it.

    def refuse(self, question: Question, verdict: Refused) -> Told:
        """The answer where there is nothing to look up."""
        return self._no(question, verdict)

    def _yes(self, question: Question, holder: Holder, delegated: str = "") -> Told:
        authorized(question, holder)
        if holder.can_delegate:
            self._tokens.used(holder.token.key, question.asked.client)
        dialect = question.dialect
        return dialect.passed(
            question.asked, question.demand, holder, delegated=delegated, limited=question.limited
        )

    def _no(self, question: Question, verdict: Refused, limited: Limited | None = None) -> Told:
        refused(question, verdict)
        return question.dialect.refused(question.asked, question.demand, verdict, limited)


def _judge_quota(holder: Holder, state: QuotaState) -> Refused | None:
    if state.is_blocked:
        text = f"User {holder.token.username} not allowed to access service {state.resource}"
        return Refused(Why.INSUFFICIENT_SCOPE, text)
    if state.is_exceeded:
        return Refused(Why.RATE_LIMITED, f"Rate limit ({state.limit}/minute) exceeded")
    return None


def _limited(state: QuotaState) -> Limited:
    return Limited(
        limit=state.limit,
        used=state.used,
        remaining=state.remaining,
        reset=state.reset,
        resource=state.resource,
        is_exceeded=state.is_exceeded,
    )
