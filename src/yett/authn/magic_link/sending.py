"""Asking for a link, and mailing it.

Whether anybody has an address is only looked at behind the answer, so that neither what the visitor
sees nor the time it takes tells.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from yett.authn.agents import describe_agent
from yett.authn.allowance import Allowance
from yett.authn.device_code import Codes, NotIssued, Origin
from yett.authn.guessing import address_key
from yett.authn.magic_link import events, rules
from yett.authn.magic_link.config import MagicLinkSettings
from yett.authn.magic_link.model import CLIENT, KIND, Fault, Link, NotStarted, Started
from yett.authn.magic_link.sealing import Links
from yett.authn.magic_link.shelf import Shelf
from yett.events import describe
from yett.identity import Person
from yett.kernel import Clock, new_secret
from yett.notify import MailKind
from yett.store import StoreUnavailable

_HOUR = 3600.0
_NETWORKS = 4
"""How many times as many links a mailbox gets from everywhere as from one network."""

Sleep = Callable[[float], Awaitable[Any]]


class DeviceCodes(Protocol):
    """Whoever gives out the code that a browser waits with."""

    async def authorize(
        self, kind: str, client_id: str, origin: Origin, *, is_typed: bool, lifetime: float
    ) -> Codes | NotIssued: ...


class Addresses(Protocol):
    """Whose mailbox an address is."""

    def find(self, email: str) -> tuple[str, ...]: ...
    def person(self, name: str) -> Person | None: ...


class Mailer(Protocol):
    """Who sends mail."""

    async def send(
        self, kind: MailKind, to: str, *, language: str = "", fields: Mapping[str, str]
    ) -> bool: ...


class Languages(Protocol):
    """In which language people read mail."""

    async def language(self, user: str) -> str | None: ...


class Tasks(Protocol):
    """Who looks after work in the background."""

    def run(self, work: Any, *, name: str) -> Any: ...


class Sending:
    """Makes links and mails them."""

    def __init__(
        self,
        shelf: Shelf,
        links: Links,
        codes: DeviceCodes,
        addresses: Addresses,
        mailer: Mailer,
        languages: Languages,
        settings: MagicLinkSettings,
        tasks: Tasks,
        clock: Clock,
        *,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._shelf = shelf
        self._links = links
        self._codes = codes
        self._addresses = addresses
        self._mailer = mailer
        self._languages = languages
        self._tasks = tasks
        self._clock = clock
        self._sleep = sleep
        self._by_address = Allowance(settings.max_per_address, _HOUR)
        self._by_pair = Allowance(settings.max_per_email, _HOUR)
        self._by_email = Allowance(settings.max_per_email * _NETWORKS, _HOUR)
        self._settings = settings

    def apply(self, settings: MagicLinkSettings) -> None:
        """Use other settings from now on; links that are out keep the time they have."""
        self._by_address.use(settings.max_per_address, _HOUR)
        self._by_pair.use(settings.max_per_email, _HOUR)
        self._by_email.use(settings.max_per_email * _NETWORKS, _HOUR)
        self._settings = settings

    async def initiate(self, typed: str, origin: Origin, *, device: str, to: str) -> Started | NotStarted:
        """Let a browser wait for a link. What comes of the address is found out after the answer."""
        if not self._settings.enabled:
            return NotStarted(Fault.DISABLED)
        email = rules.fold_address(typed)
        if email is None:
            return NotStarted(Fault.MALFORMED)
        moment = self._clock.monotonic()
        wait = self._by_address.take(address_key(origin.address), moment)
        if wait:
            events.address_throttled(client_address=origin.address, retry_after=round(wait, 1))
            return NotStarted(Fault.THROTTLED, wait)
        events.address_passed(client_address=origin.address)
        is_mailed = self._may_mail(email, address_key(origin.address), moment)
        if is_mailed:
            events.email_passed()
        else:
            events.email_throttled(client_address=origin.address)
        lifetime = self._settings.lifetime.total_seconds()
        codes = await self._codes.authorize(KIND, CLIENT, origin, is_typed=False, lifetime=lifetime)
        if isinstance(codes, NotIssued):
            events.no_device_code(client_address=origin.address)
            return NotStarted(Fault.UNAVAILABLE)
        now = self._clock.now()
        check = f"{secrets.randbelow(90) + 10}"
        link = Link(email, codes.ref, device, check, origin, now, now + lifetime)
        token = new_secret()
        ref = rules.fingerprint(token) or ""
        try:
            await self._shelf.put(ref, link, now=now)
        except StoreUnavailable as problem:
            events.link_not_kept(client_address=origin.address, error=describe(problem))
            return NotStarted(Fault.UNAVAILABLE)
        if is_mailed:
            self._tasks.run(self._mail(link, token, ref, to), name="authn.magic_link.mail")
        return Started(codes.device_code, check, link.expires_at, codes.interval)

    def _may_mail(self, email: str, network: str, moment: float) -> bool:
        """Whether one more link may go to a mailbox.

        From one network there are fewer than in all, so that a stranger who uses up theirs does not
        keep the owner of the mailbox from signing in. One with several networks does, for an hour at a
        time and by this way only: the other choice is a mailbox full of links.
        """
        if self._by_pair.take(f"{email} {network}", moment):
            return False
        return not self._by_email.take(email, moment)

    async def _mail(self, link: Link, token: str, ref: str, to: str) -> None:
        """Send the link, if there is anybody to send it to.

        The work for somebody who exists would delay other answers by a little, so it starts at a
        moment that nobody can line up with a question of theirs.
        """
        await self._sleep(0.05 + secrets.randbelow(200) / 1000)
        person = self._recipient(link.email)
        if person is None:
            return
        address = self._links.write(token, ref, to, expires_at=link.expires_at)
        minutes = max(1, round((link.expires_at - link.asked_at) / 60))
        browser = ", ".join(
            part for part in (describe_agent(link.origin.user_agent), link.origin.address) if part
        )
        try:
            language = await self._languages.language(person.name) or ""
        except StoreUnavailable:
            language = ""
        events.queued(user=person.name, client_address=link.origin.address)
        is_sent = await self._mailer.send(
            MailKind.MAGIC_LINK,
            person.email,
            language=language,
            fields={"link": address, "minutes": str(minutes), "browser": browser},
        )
        if not is_sent:
            events.not_dispatched(user=person.name)

    def _recipient(self, email: str) -> Person | None:
        if not rules.is_allowed(email, self._settings.allowed_domains):
            events.nobody(reason=Fault.DENIED)
            return None
        names = self._addresses.find(email)
        if len(names) > 1:
            events.ambiguous(people=len(names))
            return None
        person = self._addresses.person(names[0]) if names else None
        if person is None or person.is_disabled:
            events.nobody(reason=Fault.NOBODY)
            return None
        return person
