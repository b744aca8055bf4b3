"""Refresh tokens: each is good for one use.

The next one takes its place (RFC 9700, section 4.14.2). Whoever comes with one that was used ends everything of its
grant: nobody can tell whether that is the thief or the one who was robbed.
"""

from dataclasses import replace

from yett.events import describe
from yett.identity import Person
from yett.kernel import Clock, Supervisor
from yett.oidc.clients import Client
from yett.oidc.tokens import events, rules, texts
from yett.oidc.tokens.claims import OPENID
from yett.oidc.tokens.config import TokenSettings
from yett.oidc.tokens.keeping import Keeping
from yett.oidc.tokens.making import Made, Making
from yett.oidc.tokens.model import Confirmation, Family, TokenAnswer, Unissued
from yett.oidc.tokens.saga import Saga, StepFailed
from yett.oidc.tokens.standing import Standing
from yett.store import StoreUnavailable

_TRIES = 8
"""How often a write of a family is tried that others get ahead of."""


class Refreshing:
    """Goes on with families."""

    def __init__(
        self,
        keeping: Keeping,
        making: Making,
        standing: Standing,
        refresh: texts.RefreshTokens,
        settings: TokenSettings,
        tasks: Supervisor,
        clock: Clock,
    ) -> None:
        self.settings = settings
        self._keeping = keeping
        self._making = making
        self._standing = standing
        self._texts = refresh
        self._tasks = tasks
        self._clock = clock

    async def refresh(
        self, client: Client, text: str, scope: str, shown: Confirmation
    ) -> TokenAnswer | Unissued:
        """See `Tokens.refresh`."""
        saga = Saga(client.label, self._tasks)
        parts = texts.read(text)
        if parts is None:
            events.refresh_unknown(client=client.label)
            return Unissued.UNKNOWN
        try:
            answer = await self._refresh(saga, client, parts, scope, shown)
        except StepFailed:
            return Unissued.UNAVAILABLE
        except StoreUnavailable as problem:
            events.step_failed(client=client.label, step="lookup", error=describe(problem))
            await saga.undo()
            return Unissued.UNAVAILABLE
        if isinstance(answer, Unissued):
            await saga.undo()
        return answer

    async def _refresh(
        self, saga: Saga, client: Client, parts: texts.RefreshText, scope: str, shown: Confirmation
    ) -> TokenAnswer | Unissued:
        place = texts.place(parts.owner, parts.ref)
        made: Made | None = None
        is_announced = False
        for attempt in range(_TRIES):
            now = self._clock.now()
            found = await self._keeping.find(place, is_fresh=attempt > 0)
            if found is not None and not attempt and parts.generation > found[0].generation:
                # Another node is ahead, or somebody guesses.
                continue
            if found is None or not self._is_ours(parts, found[0], now):
                events.refresh_unknown(client=client.label)
                return Unissued.UNKNOWN
            family, version = found
            if not is_announced:
                is_announced = True
                events.refresh_requested(user=family.user, client=client.label, session=family.sign_on_ref)
            person = self._judge(client, family, parts, scope, shown, now)
            if person is Unissued.REUSED:
                return await self._reused(family, client, place)
            if isinstance(person, Unissued):
                return person
            if made is None:
                outcome = await self._make(saga, client, family, person, scope, shown, now)
                if isinstance(outcome, Unissued):
                    return _not_refreshed(family, client, outcome)
                made = outcome
            after = _after(family, client, made, now, is_retry=parts.generation < family.generation)
            if await saga.step("grant", self._keeping.replace(place, after, version, now=now)):
                person = self._standing.person_of(client, after)
                if isinstance(person, Unissued):
                    # They went while it was written; what was kept is good for nothing.
                    return _not_refreshed(family, client, person)
                answer = self._making.answer(after, made, now)
                _say_refreshed(family, client, answer)
                return answer
        return _not_refreshed(family, client, Unissued.UNAVAILABLE)

    def _is_ours(self, parts: texts.RefreshText, family: Family, now: float) -> bool:
        return (
            0 <= parts.generation <= family.generation
            and now < family.ends_at
            and self._texts.is_ours(parts, family.salt)
        )

    def _judge(
        self,
        client: Client,
        family: Family,
        parts: texts.RefreshText,
        scope: str,
        shown: Confirmation,
        now: float,
    ) -> Person | Unissued | None:
        """The person whom new tokens are for, or why there are none. What is only a mistake uses nothing up."""
        fault = rules.judge_refresh(family, client, scope, shown)
        if fault is not None:
            _say_refused(family, client, fault)
            return fault
        leeway = self.settings.refresh_leeway.total_seconds()
        if rules.is_reuse(family, parts.generation, now=now, leeway=leeway):
            return Unissued.REUSED
        person = self._standing.person_of(client, family)
        return _not_refreshed(family, client, person) if isinstance(person, Unissued) else person

    async def _make(
        self,
        saga: Saga,
        client: Client,
        family: Family,
        person: Person | None,
        scope: str,
        shown: Confirmation,
        now: float,
    ) -> Made | Unissued:
        basis = family.basis(rules.narrowed(rules.still_granted(family, client), scope) or "", shown)
        return await self._making.make(
            saga,
            client,
            basis,
            person,
            ref=family.ref,
            now=now,
            expires_at=min(now + client.lifetimes.access.total_seconds(), family.last_at),
            with_identity=OPENID in basis.scope.split(" "),
            is_offline=family.is_offline,
        )

    async def _reused(self, family: Family, client: Client, place: str) -> Unissued:
        now = self._clock.now()
        ended = sum(each.expires_at > now for each in family.access)
        try:
            await self._keeping.bury(place)
        finally:
            events.refresh_reused(user=family.user, client=client.label, ended=ended)
        return Unissued.REUSED


def _after(family: Family, client: Client, made: Made, now: float, *, is_retry: bool) -> Family:
    """A family with one more access token; its refresh token is the next one, unless an answer was lost."""
    return replace(
        family,
        audience=client.audience or client.client_id,
        used_at=now,
        ends_at=rules.ends(
            now,
            last_at=family.last_at,
            refresh=client.lifetimes.refresh.total_seconds(),
            access_until=made.issued.expires_at,
            has_refresh=True,
        ),
        generation=family.generation + (not is_retry),
        rotated_at=family.rotated_at if is_retry else now,
        confirmation=made.issued.confirmation,
        access=rules.with_access(family.access, made.issued, now),
    )


def _say_refreshed(family: Family, client: Client, answer: TokenAnswer) -> None:
    events.refreshed(
        user=family.user, client=client.label, session=family.sign_on_ref, lifetime=answer.expires_in
    )


def _say_refused(family: Family, client: Client, fault: Unissued) -> None:
    match fault:
        case Unissued.OTHER_CLIENT:
            events.refresh_mismatch(client=client.label, issued_to=family.client_id[:80])
        case Unissued.UNPROVEN:
            events.refresh_unproven(user=family.user, client=client.label)
        case _:
            events.refresh_scope(client=client.label)


def _not_refreshed(family: Family, client: Client, reason: Unissued) -> Unissued:
    events.not_refreshed(user=family.user, client=client.label, reason=reason)
    return reason
