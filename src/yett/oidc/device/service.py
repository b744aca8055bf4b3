"""Devices that ask for codes, and the tokens that they get.

The token is made when somebody confirms, for who they are then; at the hand-over it is looked again
whether they still are. It fails closed: whoever cannot be established has confirmed nothing.
"""

import math
from collections.abc import Callable, Mapping
from typing import Protocol

from yett.authn.device_code import (
    Approval,
    Codes,
    DeviceCode,
    Granted,
    NotIssued,
    NotMade,
    Offer,
    Origin,
    Polled,
    Reason,
)
from yett.events import describe
from yett.identity import Person
from yett.kernel import Clock
from yett.keys import NoKey
from yett.oidc.clients import Client, GrantType
from yett.oidc.device import events, rules
from yett.oidc.device.config import DeviceClientSettings, DeviceGrantSettings
from yett.oidc.device.model import Fault, Presented, Refused, Token
from yett.oidc.model import Minted, Unminted, Wanted
from yett.oidc.tokens import TokenAnswer, Unissued
from yett.sessions import Session

KIND = "oidc"


class DeviceCodes(Protocol):
    """The part of device codes that the grant needs."""

    @property
    def is_enabled(self) -> bool: ...
    async def authorize(
        self, kind: str, client_id: str, origin: Origin, *, scope: str
    ) -> Codes | NotIssued: ...
    async def poll(self, kind: str, client_id: str, device_code: str) -> Granted | Polled: ...


class Minting(Protocol):
    """Whoever makes tokens."""

    async def make(
        self,
        person: Person,
        wanted: Wanted,
        *,
        session: str,
        auth_time: float | None,
        ends_at: float,
        metadata: Mapping[str, str],
    ) -> Minted | Unminted: ...


class Sessions(Protocol):
    """The sessions of a person, now."""

    def live(self, module_key: str | None = None) -> list[Session]: ...


class Directory(Protocol):
    """Who people are, now."""

    def person(self, name: str) -> Person | None: ...


class DeviceGrant:
    """The grant, and the consumer of its codes."""

    def __init__(
        self,
        codes: DeviceCodes,
        minting: Minting,
        sessions: Sessions,
        directory: Directory,
        settings: DeviceGrantSettings,
        clock: Clock,
    ) -> None:
        self._codes = codes
        self._minting = minting
        self._sessions = sessions
        self._directory = directory
        self._clock = clock
        self._find: Callable[[str], Client | None] = _nobody
        self.apply(settings)

    def find_clients(self, find: Callable[[str], Client | None]) -> None:
        """Let clients of the provider ask for codes too, if the grant is among theirs; they prove who they are."""
        self._find = find

    def is_program(self, client_id: str) -> bool:
        """Whether that is a program of the settings, which proves nothing."""
        return client_id in self._clients

    def apply(self, settings: DeviceGrantSettings) -> None:
        """Know these programs from now on; codes of others are worth nothing any more."""
        self._clients = {client.id: client for client in settings.client}

    @property
    def is_enabled(self) -> bool:
        """Whether there is such a grant at all."""
        return self._codes.is_enabled

    # What people are asked.

    def offer(self, code: DeviceCode, person: Person, address: str) -> Offer | None:
        """What a person would confirm; None when they may not, or the program is no longer known."""
        client = self._known(code.client_id)
        if client is None or not rules.may_confirm(client, person):
            return None
        known = None if self.is_program(client.id) else self._find(client.id)
        if known is not None and not rules.is_near(known, address):
            events.approver_far(user=person.name, client=known.label, client_address=address)
            return None
        return Offer(client.name or client.id, tuple(code.scope.split()))

    async def answer(self, code: DeviceCode, approval: Approval) -> Mapping[str, str] | NotMade:
        """The token for a device that was confirmed just now."""
        client = self._known(code.client_id)
        person = self._directory.person(approval.user)
        if client is None or person is None:
            return NotMade.NOBODY
        if not self.is_program(client.id):
            # Its tokens are made when it fetches them; how the person signed in is known now.
            return rules.facts(approval, self._kept(person.name, approval.sign_on))
        events.generating(user=person.name, client=client.id, session=approval.sign_on)
        wanted = Wanted(client.id, client.audience or client.id, client.lifetime.total_seconds(), code.scope)
        try:
            made = await self._minting.make(
                person,
                wanted,
                session=approval.sign_on,
                auth_time=approval.auth_time,
                ends_at=approval.ends_at,
                metadata=self._kept(person.name, approval.sign_on),
            )
        except NoKey as wrong:
            error = describe(wrong.__cause__ or wrong)
            events.not_generated(user=person.name, client=client.id, reason=Unminted.KEY, error=error)
            return rules.NOT_MADE[Unminted.KEY]
        if isinstance(made, Unminted):
            events.not_generated(user=person.name, client=client.id, reason=made, error=made.value)
            return rules.NOT_MADE[made]
        return {"token": made.token, "expires_at": str(int(made.expires_at))}

    # What devices ask.

    async def authorize(self, fields: Mapping[str, str], origin: Origin) -> Codes | Refused:
        """Codes for a program that is known."""
        return await self._authorize(fields, origin, self._clients)

    async def authorize_client(
        self, client: Client, fields: Mapping[str, str], origin: Origin
    ) -> Codes | Refused:
        """Codes for a client of the provider that has proved who it is."""
        if GrantType.DEVICE not in client.grants:
            return self._refused(client.label, Fault.UNAUTHORIZED_CLIENT)
        named = {**fields, "client_id": client.client_id}
        return await self._authorize(named, origin, {client.client_id: rules.as_program(client)})

    async def _authorize(
        self, fields: Mapping[str, str], origin: Origin, clients: rules.Clients
    ) -> Codes | Refused:
        asked = rules.read_authorization(fields, clients)
        if isinstance(asked, Fault):
            return self._refuse(fields, asked)
        issued = await self._codes.authorize(KIND, asked.client_id, origin, scope=asked.scope)
        if isinstance(issued, Codes):
            return issued
        fault = Fault.SLOW_DOWN if issued.reason is Reason.THROTTLED else Fault.UNAVAILABLE
        return Refused(fault, issued.retry_after)

    async def redeem(self, fields: Mapping[str, str]) -> Token | Refused:
        """The token for a device that was confirmed, once."""
        presented = rules.read_token_request(fields, self._clients)
        if isinstance(presented, Fault):
            return self._refuse(fields, presented)
        polled = await self._codes.poll(KIND, presented.client_id, presented.device_code)
        if isinstance(polled, Polled):
            return Refused(rules.FAULTS[polled])
        return self._hand_over(presented, polled)

    async def collect(self, client: Client, device_code: str) -> Granted | Refused:
        """Who confirmed a client of the provider, once; its tokens are made by whoever asks."""
        polled = await self._codes.poll(KIND, client.client_id, device_code)
        if isinstance(polled, Polled):
            return Refused(rules.FAULTS[polled])
        if not self._is_welcome(client.client_id, polled):
            events.approver_out(user=polled.user, client=client.label, session=polled.sign_on)
            return Refused(Fault.ACCESS_DENIED)
        events.generating(user=polled.user, client=client.label, session=polled.sign_on)
        return polled

    def handed_over(self, granted: Granted, outcome: TokenAnswer | Unissued) -> None:
        """Say what came of it."""
        user, client, session = granted.user, _label(granted.client_id), granted.sign_on
        match outcome:
            case TokenAnswer():
                events.granted(user=user, client=client, session=session, lifetime=outcome.expires_in)
            case Unissued.PERSON | Unissued.OVER:
                events.approver_out(user=user, client=client, session=session)
            case Unissued.KEY:
                events.not_generated(user=user, client=client, reason=Unminted.KEY, error=Unminted.KEY.value)
            case _:
                events.not_generated(user=user, client=client, reason=Unminted.NOT_KEPT, error=outcome.value)

    def _hand_over(self, presented: Presented, granted: Granted) -> Token | Refused:
        user, client_id = granted.user, presented.client_id
        lifetime = math.floor(float(granted.answer.get("expires_at", "0")) - self._clock.now())
        if not self._is_welcome(client_id, granted) or lifetime <= 0:
            events.approver_out(user=user, client=client_id, session=granted.sign_on)
            return Refused(Fault.ACCESS_DENIED)
        events.granted(user=user, client=client_id, session=granted.sign_on, lifetime=lifetime)
        return Token(granted.answer["token"], lifetime, granted.scope)

    def _is_welcome(self, client_id: str, granted: Granted) -> bool:
        # Other settings may have come since the program was looked up.
        client, person = self._known(client_id), self._directory.person(granted.user)
        return (
            client is not None
            and person is not None
            and rules.may_confirm(client, person)
            and any(session.ref == granted.sign_on for session in self._sessions.live(person.name))
        )

    def _known(self, client_id: str) -> DeviceClientSettings | None:
        """Whoever may have codes: a program of the settings, or a client of the provider as if it were one."""
        program = self._clients.get(client_id)
        if program is not None:
            return program
        client = self._find(client_id)
        return rules.as_program(client) if client is not None and GrantType.DEVICE in client.grants else None

    def _kept(self, user: str, ref: str) -> Mapping[str, str]:
        """What the session keeps by which somebody confirmed."""
        found = (session.metadata for session in self._sessions.live(user) if session.ref == ref)
        return next(found, {})

    def _refuse(self, fields: Mapping[str, str], fault: Fault) -> Refused:
        client_id = fields.get("client_id", "")
        return self._refused(client_id if self._known(client_id) is not None else "unknown", fault)

    @staticmethod
    def _refused(client: str, fault: Fault) -> Refused:
        events.refused(client=_label(client), reason=fault)
        return Refused(fault)


def _nobody(_client_id: str) -> None:
    return None


def _label(client_id: str) -> str:
    """An id as log lines have it; those of clients that registered themselves are long."""
    return client_id if len(client_id) <= 80 else f"{client_id[:79]}…"
