"""Tokens for a grant: made, kept, and looked at again before anybody has them."""

from collections.abc import Awaitable, Callable

from yett.kernel import Clock, Supervisor
from yett.oidc.clients import Client
from yett.oidc.tokens import events, rules, texts
from yett.oidc.tokens.config import TokenSettings
from yett.oidc.tokens.keeping import Keeping
from yett.oidc.tokens.making import Making, not_generated
from yett.oidc.tokens.model import OFFLINE, Basis, Family, TokenAnswer, Unissued
from yett.oidc.tokens.saga import Saga, StepFailed
from yett.oidc.tokens.standing import Standing

Note = Callable[[Client, Basis], Awaitable[object]]


class Issuing:
    """Begins families."""

    def __init__(
        self,
        keeping: Keeping,
        making: Making,
        standing: Standing,
        settings: TokenSettings,
        tasks: Supervisor,
        clock: Clock,
    ) -> None:
        self.settings = settings
        self.note: Note | None = None
        self._keeping = keeping
        self._making = making
        self._standing = standing
        self._tasks = tasks
        self._clock = clock

    async def issue(
        self, client: Client, basis: Basis, *, with_refresh: bool, with_identity: bool, code: str
    ) -> TokenAnswer | Unissued:
        """See `Tokens.issue`."""
        saga = Saga(client.label, self._tasks)
        try:
            answer = await self._issue(
                saga, client, basis, with_refresh=with_refresh, with_identity=with_identity, code=code
            )
        except StepFailed:
            return Unissued.UNAVAILABLE
        if isinstance(answer, Unissued):
            await saga.undo()
            if answer in {Unissued.PERSON, Unissued.OVER, Unissued.REUSED}:
                events.refused(user=basis.user, client=client.label, session=basis.sign_on_ref, reason=answer)
            if answer is Unissued.NAMESAKE:
                events.namesake(client=client.label)
            return answer
        events.issued(
            user=basis.user,
            client=client.label,
            session=basis.sign_on_ref,
            scope=tuple(answer.scope.split()),
            lifetime=answer.expires_in,
        )
        return answer

    async def _issue(
        self,
        saga: Saga,
        client: Client,
        basis: Basis,
        *,
        with_refresh: bool,
        with_identity: bool,
        code: str,
    ) -> TokenAnswer | Unissued:
        now = self._clock.now()
        person = self._standing.person(client, basis.user, basis.sign_on_ref)
        if isinstance(person, Unissued):
            return person
        salt = self._making.secret(client, basis) if with_refresh else ""
        if isinstance(salt, Unissued):
            return salt
        ref, last_at = texts.ref_of(basis.grant_ref), self._last(basis, now)
        access_until = min(now + client.lifetimes.access.total_seconds(), last_at)
        made = await self._making.make(
            saga,
            client,
            basis,
            person,
            ref=ref,
            now=now,
            expires_at=access_until,
            with_identity=with_identity,
            code=code,
            is_offline=OFFLINE in basis.scope.split(" "),
        )
        if isinstance(made, Unissued):
            return made
        family = Family(
            ref=ref,
            owner=texts.owner_of(basis.user, client.client_id),
            client_id=client.client_id,
            user=basis.user,
            scope=basis.scope,
            created_at=now,
            used_at=now,
            ends_at=rules.ends(
                now,
                last_at=last_at,
                refresh=client.lifetimes.refresh.total_seconds(),
                access_until=access_until,
                has_refresh=with_refresh,
            ),
            last_at=last_at,
            salt=salt,
            generation=0 if with_refresh else -1,
            rotated_at=now,
            audience=client.audience or client.client_id,
            entry="" if person is None else person.entry,
            sign_on_ref=basis.sign_on_ref,
            auth_time=basis.auth_time,
            methods=basis.methods,
            assurance=basis.assurance,
            confirmation=basis.confirmation,
            claims=basis.claims,
            access=(made.issued,),
        )
        if self.note is not None and client.backchannel_logout and basis.sign_on_ref:
            await saga.step("logout", self.note(client, basis))
        place = texts.place(family.owner, ref)
        keep = self._keeping.create(place, family, now=now)
        try:
            is_kept = await saga.step("grant", keep, lambda: self._keeping.bury(place))
        except ValueError as wrong:
            # What a client may send as `claims` is not always text.
            return not_generated(client, basis, Unissued.MALFORMED, wrong)
        if not is_kept:
            # It was revoked before it was there, as when its code came twice; or this is the second time itself.
            return Unissued.REUSED
        person = self._standing.person(client, basis.user, basis.sign_on_ref)
        if isinstance(person, Unissued):
            return person
        return self._making.answer(family, made, now)

    def _last(self, basis: Basis, now: float) -> float:
        """When everything of a grant is over, however often it is refreshed."""
        ends_at = self._standing.session_ends_at(basis.sign_on_ref)
        if ends_at is None or OFFLINE in basis.scope.split(" "):
            return now + self.settings.offline_lifetime.total_seconds()
        return ends_at
