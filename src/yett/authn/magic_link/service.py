"""Magic links from the first question to the proof.

What must stay true, whatever fails or happens at the same time:
  a visitor cannot tell by the answer, nor by the time it takes, whether anybody has an address (see `sending`);
  opening a link uses nothing up; of all decisions about it exactly one counts;
  nobody is let in who cannot be looked up at that moment.
"""

import asyncio
from typing import Protocol

from yett.authn.device_code import (
    Approval,
    Completed,
    Declined,
    DeviceCode,
    Granted,
    Origin,
    Polled,
)
from yett.authn.magic_link import events, rules, sending
from yett.authn.magic_link.addresses import LookupFailed
from yett.authn.magic_link.config import MagicLinkSettings
from yett.authn.magic_link.model import (
    CLIENT,
    KIND,
    Action,
    Authorized,
    DeniedByPerson,
    Fault,
    Link,
    NotStarted,
    Over,
    Preview,
    Proven,
    Refused,
    SignInHere,
    Started,
    Waiting,
)
from yett.authn.magic_link.sealing import Links, Sealer
from yett.authn.magic_link.sending import Sending
from yett.authn.magic_link.shelf import Shelf
from yett.events import describe
from yett.identity import Person
from yett.kernel import Clock
from yett.store import Records, StoreUnavailable


class DeviceCodes(sending.DeviceCodes, Protocol):
    """The part of device codes that links need."""

    async def complete(self, ref: str, approval: Approval, *, is_approved: bool) -> Completed | Declined: ...
    async def poll(self, kind: str, client_id: str, device_code: str) -> Granted | Polled: ...
    async def look(self, device_code: str) -> DeviceCode | None: ...


class Addresses(sending.Addresses, Protocol):
    """Whose mailbox an address is, and who they are now."""

    async def look(self, name: str) -> Person | None: ...
    def of(self, name: str) -> frozenset[str]: ...


class MagicLinks:
    """The method."""

    def __init__(
        self,
        records: Records,
        codes: DeviceCodes,
        addresses: Addresses,
        mailer: sending.Mailer,
        languages: sending.Languages,
        sealer: Sealer,
        settings: MagicLinkSettings,
        tasks: sending.Tasks,
        clock: Clock,
        *,
        origin: str,
        sleep: sending.Sleep = asyncio.sleep,
    ) -> None:
        """`origin` is what browsers call the sign-in host: "https://name", with the port unless it is 443."""
        self._shelf = Shelf(records)
        self._codes = codes
        self._addresses = addresses
        self._links = Links(sealer, origin=origin)
        self._clock = clock
        self._sending = Sending(
            self._shelf,
            self._links,
            codes,
            addresses,
            mailer,
            languages,
            settings,
            tasks,
            clock,
            sleep=sleep,
        )
        self._settings = settings

    @property
    def is_enabled(self) -> bool:
        """Whether links are sent at all."""
        return self._settings.enabled

    def apply(self, settings: MagicLinkSettings) -> None:
        """Use other settings from now on; links that are out keep the time they have."""
        self._sending.apply(settings)
        self._settings = settings

    def is_ours(self, link: str) -> bool:
        """Whether a whole address is a link of ours that is still good; the mailer asks before it sends one."""
        return self._links.is_ours(link, now=self._clock.now())

    async def initiate(self, typed: str, origin: Origin, *, device: str, to: str) -> Started | NotStarted:
        """Let a browser wait for a link. What comes of the address is found out after the answer."""
        return await self._sending.initiate(typed, origin, device=device, to=to)

    # Opening it.

    async def preverify(
        self, token: str, sealed: str, *, device: str, client_address: str
    ) -> Preview | Refused:
        """What somebody who opened a link is asked. It changes nothing, however often it is done."""
        found = await self._read(token, sealed)
        if isinstance(found, Fault):
            events.not_previewed(reason=found, client_address=client_address)
            return Refused(found)
        _, link, to = found
        is_same = rules.is_same_browser(link, device)
        events.previewed(client_address=client_address, is_same_browser=is_same)
        return Preview(link.email, link.origin, link.asked_at, is_same, to)

    async def _read(self, token: str, sealed: str) -> tuple[str, Link, str] | Fault:
        """The link, under what it is kept, and where it leads."""
        now = self._clock.now()
        ref = rules.fingerprint(token)
        if ref is None:
            return Fault.FORGED
        try:
            link = await self._shelf.get(ref)
        except StoreUnavailable:
            return Fault.UNAVAILABLE
        if link is None:
            return Fault.GONE
        fault = rules.judge_link(link, now)
        if fault is not None:
            return fault
        to = self._links.way_back(ref, sealed, now=now)
        return Fault.FORGED if to is None else (ref, link, to)

    async def verify(
        self, token: str, sealed: str, action: Action, *, check: str, device: str, client_address: str
    ) -> Authorized | SignInHere | DeniedByPerson | Refused:
        """Decide about a link, which is used up by it."""
        outcome = await self._verify(token, sealed, action, check, device)
        match outcome:
            case Refused():
                events.refused(action=action, reason=outcome.fault, client_address=client_address)
            case Authorized():
                events.authorized(user=outcome.user, client_address=client_address)
            case SignInHere():
                events.signin_here(user=outcome.user, client_address=client_address)
            case DeniedByPerson():
                events.denied(client_address=client_address)
        return outcome

    async def _verify(
        self, token: str, sealed: str, action: Action, check: str, device: str
    ) -> Authorized | SignInHere | DeniedByPerson | Refused:
        found = await self._read(token, sealed)
        if isinstance(found, Fault):
            return Refused(found)
        ref, link, to = found
        try:
            # Before the number, of which a try would be used up for nothing.
            person = None if action is Action.DENY else await self._person(link.email)
            if isinstance(person, Refused):
                return person
            if rules.needs_check(link, action, device):
                refused = await self._judge_check(ref, check)
                if refused is not None:
                    return refused
            if await self._shelf.take(ref) is None:
                return Refused(Fault.GONE)
        except StoreUnavailable:
            return Refused(Fault.UNAVAILABLE)
        return await self._act(link, action, person, to, device)

    async def _judge_check(self, ref: str, check: str) -> Refused | None:
        """Whether the typed number is right; after too many wrong ones the link is denied."""
        counted = await self._shelf.count_try(ref, rules.MAX_TRIES, now=self._clock.now())
        if counted is None:
            return Refused(Fault.GONE)
        if rules.is_right(counted, check):
            return None
        left = rules.MAX_TRIES - counted.tries
        if left == 0:
            await self._shelf.take(ref)
            await self._codes.complete(counted.device_ref, Approval(""), is_approved=False)
        return Refused(Fault.WRONG_CHECK, left)

    async def _person(self, email: str) -> Person | Refused:
        """Whose link it is, as of now."""
        names = self._addresses.find(email)
        if len(names) != 1:
            return Refused(Fault.NOBODY)
        try:
            person = await self._addresses.look(names[0])
        except LookupFailed as problem:
            events.verify_lookup_failed(user=names[0], error=describe(problem))
            return Refused(Fault.UNAVAILABLE)
        is_theirs = person is not None and rules.fold_address(person.email) == email
        return (
            person if person is not None and is_theirs and not person.is_disabled else Refused(Fault.NOBODY)
        )

    async def _act(
        self, link: Link, action: Action, person: Person | None, to: str, device: str
    ) -> Authorized | SignInHere | DeniedByPerson | Refused:
        if person is None or action is not Action.AUTHORIZE:
            # The browser that waits gets nothing, and hears so rather than waiting to the end.
            await self._codes.complete(
                link.device_ref, Approval("" if person is None else person.name), is_approved=False
            )
            if person is None:
                return DeniedByPerson()
            return SignInHere(person.name, to, rules.is_same_browser(link, device))
        done = await self._codes.complete(link.device_ref, Approval(person.name), is_approved=True)
        if isinstance(done, Declined):
            events.not_authorized(user=person.name)
            return Refused(Fault.UNAVAILABLE)
        return Authorized(person.name)

    # Waiting.

    async def poll(self, device_code: str) -> Waiting | Over | Proven:
        """Whether the browser that waits may go on, which it hears once."""
        polled = await self._codes.poll(KIND, CLIENT, device_code)
        match polled:
            case Granted():
                return await self._prove(polled.user)
            case Polled.PENDING:
                return Waiting.PENDING
            case Polled.SLOW_DOWN:
                return Waiting.SLOW_DOWN
            case Polled.UNAVAILABLE:
                events.poll_failed()
                # Nothing is decided by that: the browser asks again.
                return Waiting.SLOW_DOWN
            case Polled.DENIED:
                return Over(Fault.DENIED)
            case Polled.EXPIRED:
                return Over(Fault.EXPIRED)
            case _:
                return Over(Fault.GONE)

    async def _prove(self, user: str) -> Over | Proven:
        try:
            person = await self._addresses.look(user)
        except LookupFailed as problem:
            events.poll_lookup_failed(user=user, error=describe(problem))
            return Over(Fault.UNAVAILABLE)
        if not rules.is_welcome(person):
            events.user_invalid(user=user)
            return Over(Fault.NOBODY)
        return Proven(user)

    # When people go.

    async def forget(self, user: str) -> int:
        """Let the links that were sent to a person lead nowhere, and whoever waits for them hear so; how many.

        For people who are gone or disabled. Raises StoreUnavailable.
        """
        count = 0
        for ref in await self._shelf.of(self._addresses.of(user)):
            link = await self._shelf.take(ref)
            if link is not None:
                count += 1
                await self._codes.complete(link.device_ref, Approval(user), is_approved=False)
        if count:
            events.forgotten(user=user, links=count)
        return count

    async def is_decided(self, device_code: str) -> bool:
        """Whether asking is worth it by now; it takes nothing away."""
        try:
            code = await self._codes.look(device_code)
        except StoreUnavailable:
            return False
        return code is None or code.status.value != "pending" or self._clock.now() >= code.expires_at
