"""Device codes from the first question to the answer.

What must stay true, whatever fails or happens at the same time:
  a code is decided about once: a decision is a write that rests on the version that was read;
  what it stands for is handed out once: whoever takes the record away has it;
  another client than the one that asked learns nothing.
It fails closed: without the store nobody gets a code, decides, or is let in.
"""

import math
from collections.abc import Mapping
from typing import Protocol

from yett.authn.allowance import Allowance
from yett.authn.device_code import events, rules
from yett.authn.device_code.config import DeviceCodeSettings
from yett.authn.device_code.issuing import WHILE, Issuing
from yett.authn.device_code.model import (
    NOTHING,
    Approval,
    Codes,
    Completed,
    Consumer,
    Declined,
    DeviceCode,
    Granted,
    NotIssued,
    NotMade,
    Origin,
    Polled,
    Question,
    Reason,
    Status,
)
from yett.authn.device_code.pace import Paces
from yett.authn.device_code.shelf import Kept, Shelf
from yett.authn.guessing import address_key
from yett.events import describe
from yett.identity import Person
from yett.kernel import Clock
from yett.store import Records, StoreUnavailable

_SAY_NOT_MADE = {
    NotMade.NOTHING: events.tokens_not_generated,
    NotMade.NOBODY: events.no_token_response,
    NotMade.UNFIT: events.token_response_unfit,
}


class Opened(Protocol):
    """What a seal held."""

    @property
    def payload(self) -> dict[str, str]: ...
    @property
    def is_expired(self) -> bool: ...


class Sealer(Protocol):
    """Seals what waits for a device."""

    def seal(self, payload: dict[str, str], *, expires_at: float) -> str: ...
    def open(self, text: str, *, now: float) -> Opened | None: ...


class DeviceCodes:
    """The codes of every kind."""

    def __init__(
        self,
        records: Records,
        sealer: Sealer,
        settings: DeviceCodeSettings,
        clock: Clock,
    ) -> None:
        self._shelf = Shelf(records)
        self._paces = Paces(records)
        self._sealer = sealer
        self._clock = clock
        self._issuing = Issuing(self._shelf, settings, clock)
        self._consumers: dict[str, Consumer] = {}
        self._wrong_of_person = Allowance(settings.max_wrong_per_person, WHILE)
        self._wrong_of_address = Allowance(settings.max_wrong_per_address, WHILE)
        self._settings = settings

    @property
    def is_enabled(self) -> bool:
        """Whether devices get codes at all."""
        return self._settings.enabled

    async def start(self) -> None:
        """Say whether codes are given out."""
        self._say_enabled()

    def apply(self, settings: DeviceCodeSettings) -> None:
        """Use other settings from now on; codes that are out keep the time they have."""
        was_enabled, self._settings = self._settings.enabled, settings
        self._issuing.apply(settings)
        self._wrong_of_person.use(settings.max_wrong_per_person, WHILE)
        self._wrong_of_address.use(settings.max_wrong_per_address, WHILE)
        if settings.enabled is not was_enabled:
            self._say_enabled()

    def _say_enabled(self) -> None:
        settings = self._settings
        if settings.enabled:
            events.initialized(
                lifetime=settings.lifetime.total_seconds(), interval=settings.interval.total_seconds()
            )
        else:
            events.disabled()

    def join(self, kind: str, consumer: Consumer) -> None:
        """Let people confirm codes of this kind; what is granted is the consumer's to say."""
        self._consumers[kind] = consumer

    async def authorize(
        self,
        kind: str,
        client_id: str,
        origin: Origin,
        *,
        scope: str = "",
        is_typed: bool = True,
        lifetime: float | None = None,
    ) -> Codes | NotIssued:
        """A new pair of codes; without `is_typed` only the device code, for what is confirmed in another way."""
        return await self._issuing.authorize(
            kind, client_id, origin, scope=scope, is_typed=is_typed, lifetime=lifetime
        )

    # Deciding.

    async def find(self, typed: str, person: Person, address: str) -> Question | Declined:
        """What the person would confirm with this user code. Wrong ones count, per person and per address."""
        wait = self._begin_guess(person.name, address)
        if wait:
            events.guesses_throttled(
                user=person.name, client_address=address, retry_after=float(math.ceil(wait))
            )
            return Declined(Reason.THROTTLED, wait)
        user_code = rules.read_user_code(typed)
        if user_code is None:
            events.user_code_malformed(user=person.name)
            # Nothing was looked up: what cannot be a code is no guess.
            self._end_guess(person.name, address)
            return Declined(Reason.MALFORMED)
        try:
            ref = self._issuing.unlisted(user_code) or await self._shelf.follow(user_code)
            kept = await self._shelf.get(ref) if ref else None
        except StoreUnavailable as problem:
            events.user_code_unavailable(user=person.name, error=describe(problem))
            self._end_guess(person.name, address)
            return Declined(Reason.UNAVAILABLE)
        # The user code is in the record as well: what leads to it may be older than the record.
        if ref is None or kept is None or kept.code.user_code != user_code:
            return self._refuse_typed(person.name, Reason.UNKNOWN)
        reason = rules.judge_question(kept.code, self._clock.now())
        if reason is not None:
            return self._refuse_typed(person.name, reason)
        self._end_guess(person.name, address)
        return self._question(ref, kept, person, address)

    async def question(self, ref: str, person: Person, address: str = "") -> Question | Declined:
        """The same for a code that was found before."""
        try:
            kept = await self._shelf.get(ref)
        except StoreUnavailable as problem:
            events.user_code_unavailable(user=person.name, error=describe(problem))
            return Declined(Reason.UNAVAILABLE)
        return Declined(Reason.UNKNOWN) if kept is None else self._question(ref, kept, person, address)

    def _question(self, ref: str, kept: Kept, person: Person, address: str) -> Question | Declined:
        consumer = self._consumers.get(kept.code.kind)
        offer = None if consumer is None else consumer.offer(kept.code, person, address)
        if offer is None:
            events.not_allowed(user=person.name, client=kept.code.client_id, code=ref[:16])
            return Declined(Reason.NOT_ALLOWED)
        return Question(ref, kept.code, offer)

    def _begin_guess(self, user: str, address: str) -> float:
        now = self._clock.monotonic()
        wait = self._wrong_of_person.take(user, now)
        if wait:
            return wait
        wait = self._wrong_of_address.take(address_key(address), now)
        if wait:
            self._wrong_of_person.give_back(user)
        return wait

    def _end_guess(self, user: str, address: str) -> None:
        self._wrong_of_person.give_back(user)
        self._wrong_of_address.give_back(address_key(address))

    @staticmethod
    def _refuse_typed(user: str, reason: Reason) -> Declined:
        events.user_code_refused(user=user, reason=reason)
        return Declined(reason)

    async def complete(
        self, ref: str, approval: Approval, *, is_approved: bool, person: Person | None = None
    ) -> Completed | Declined:
        """Decide about a code. With a `person`, what the device gets is asked of the consumer, for them, now."""
        user, handle = approval.user, ref[:16]
        now = self._clock.now()
        try:
            kept = await self._shelf.get(ref)
        except StoreUnavailable as problem:
            events.decision_not_stored(user=user, code=handle, error=describe(problem))
            return Declined(Reason.UNAVAILABLE)
        if kept is None:
            return Declined(Reason.UNKNOWN)
        reason = rules.judge_question(kept.code, now)
        if reason is Reason.HANDLED:
            events.already_handled(user=user, code=handle, status=kept.code.status)
        if reason is not None:
            return Declined(reason)
        answer = ""
        if is_approved and person is not None:
            made = await self._answer(ref, kept, person, approval)
            if isinstance(made, Declined):
                return made
            answer = made
        decided = rules.decided(kept.code, approval, is_approved=is_approved, answer=answer)
        declined = await self._write(ref, decided, kept.version, now)
        if declined is not None:
            return declined
        events.completed(user=user, client=kept.code.client_id, code=handle, status=decided.status)
        return Completed(decided.status)

    async def _answer(self, ref: str, kept: Kept, person: Person, approval: Approval) -> str | Declined:
        """What the device will get, sealed."""
        code, handle = kept.code, ref[:16]
        question = self._question(ref, kept, person, approval.address)
        if isinstance(question, Declined):
            return question
        made = await self._consumers[code.kind].answer(code, approval)
        if not isinstance(made, NotMade):
            try:
                sealed = self._sealer.seal({**made, "ref": ref}, expires_at=code.expires_at)
            except ValueError:
                made = NotMade.UNFIT
            else:
                events.tokens_generated(user=person.name, client=code.client_id, code=handle)
                return sealed
        _SAY_NOT_MADE[made](user=person.name, client=code.client_id, code=handle, reason=made)
        return Declined(Reason.NO_TOKENS)

    async def _write(self, ref: str, decided: DeviceCode, seen: int, now: float) -> Declined | None:
        user, handle = decided.user, ref[:16]
        try:
            is_first = await self._shelf.decide(ref, decided, seen=seen, now=now)
        except StoreUnavailable as problem:
            events.decision_not_stored(user=user, code=handle, error=describe(problem))
            return Declined(Reason.UNAVAILABLE)
        if not is_first:
            events.concurrent(user=user, code=handle)
            return Declined(Reason.CONCURRENT)
        try:
            found = await self._shelf.get(ref)
        except StoreUnavailable as problem:
            events.decision_unconfirmed(user=user, code=handle, error=describe(problem))
            return Declined(Reason.UNAVAILABLE)
        # Nothing there is as good: the device has fetched it already. A decision never changes again.
        if found is not None and found.code.status is Status.PENDING:
            events.decision_unconfirmed(user=user, code=handle, error="it is not there")
            return Declined(Reason.UNAVAILABLE)
        return None

    # Asking what became of it (RFC 8628, sections 3.4 and 3.5).

    async def poll(self, kind: str, client_id: str, device_code: str) -> Granted | Polled:
        """What a device gets, which it gets once, or why it gets nothing now."""
        ref = rules.fingerprint(device_code)
        if ref is None:
            return Polled.UNKNOWN
        try:
            return await self._poll(kind, client_id, ref)
        except StoreUnavailable as problem:
            events.lookup_failed(client=client_id, error=describe(problem))
            return Polled.UNAVAILABLE

    async def _poll(self, kind: str, client_id: str, ref: str) -> Granted | Polled:
        kept = await self._shelf.get(ref)
        if kept is None:
            return Polled.UNKNOWN
        code, now, handle = kept.code, self._clock.now(), ref[:16]
        verdict = rules.judge_poll(code, kind=kind, client_id=client_id, now=now)
        if verdict is Polled.UNKNOWN:
            events.client_mismatch(client=client_id, issued_to=code.client_id, code=handle)
            return verdict
        if verdict is Polled.PENDING:
            is_in_time = await self._paces.step(
                ref,
                client_id,
                interval=self._settings.interval.total_seconds(),
                now=now,
                lifetime=max(code.expires_at - now, 1.0),
            )
            return Polled.PENDING if is_in_time else Polled.SLOW_DOWN
        self._paces.forget(ref)
        if verdict is Polled.EXPIRED:
            return verdict
        taken = await self._shelf.take(ref)
        if taken is None:
            # Another question was answered a moment ago.
            return Polled.UNKNOWN
        if taken.status is Status.DENIED:
            events.denied(client=client_id, code=handle, user=taken.user)
            return Polled.DENIED
        return self._granted(ref, taken, now)

    def _granted(self, ref: str, taken: DeviceCode, now: float) -> Granted | Polled:
        answer: Mapping[str, str] = NOTHING
        if taken.answer:
            opened = self._sealer.open(taken.answer, now=now)
            if opened is None or opened.is_expired or opened.payload.get("ref") != ref:
                events.answer_unreadable(client=taken.client_id, code=ref[:16], user=taken.user)
                return Polled.UNKNOWN
            answer = {name: value for name, value in opened.payload.items() if name != "ref"}
        events.granted(client=taken.client_id, code=ref[:16], user=taken.user)
        return Granted(taken.user, taken.sign_on, taken.client_id, taken.scope, answer)

    async def forget(self, user: str) -> int:
        """Let nobody have what a person confirmed and no device has fetched yet; how many codes that were.

        For people who are gone or disabled. Raises StoreUnavailable.
        """
        count = await self._shelf.forget(user)
        if count:
            events.forgotten(user=user, codes=count)
        return count

    async def look(self, device_code: str) -> DeviceCode | None:
        """How far a code is, without asking for anything. None when there is none; StoreUnavailable may come."""
        ref = rules.fingerprint(device_code)
        kept = None if ref is None else await self._shelf.get(ref)
        return None if kept is None else kept.code
