"""Whether a certificate signs somebody in, and whom.

One step after the other, each of which can only refuse; what a step finds out is said where it is
decided. Identity fails closed: what cannot be found out is refused, unless the operator has said
otherwise for revocation.
"""

import asyncio
import datetime
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

from cryptography import x509

from yett.authn.x509 import events, rules
from yett.authn.x509.chain import Authorities, BadAuthorities, NotVouchedFor, read_authorities
from yett.authn.x509.config import X509Settings
from yett.authn.x509.crl import Files, Lists, Source
from yett.authn.x509.fetching import Fetcher
from yett.authn.x509.model import (
    Accepted,
    Chain,
    Origin,
    Parsed,
    Reason,
    Rejected,
    Stage,
    Standing,
    Verdict,
    fingerprint,
)
from yett.authn.x509.ocsp import Responders
from yett.authn.x509.subjects import Pattern, compile_pattern
from yett.events import describe
from yett.identity import Person
from yett.kernel import Clock, Supervisor
from yett.net.http import LookUp
from yett.store import Records

_LOOK_EVERY = 5.0

Refresh = Callable[[str], Awaitable[bool | None]]
"""Bring the directory up to date about a person: False when whoever knows could not be asked, None when
they say that there is nobody, whom the directory may remember all the same."""


class People(Protocol):
    """Who everybody is, now."""

    def person(self, name: str) -> Person | None: ...
    def by_email(self, email: str) -> Person | None: ...


class X509:
    """The certificate method."""

    def __init__(
        self,
        people: People,
        records: Records,
        settings: X509Settings,
        tasks: Supervisor,
        clock: Clock,
        *,
        files: Files | None = None,
        look_up: LookUp | None = None,
        refresh: Refresh | None = None,
    ) -> None:
        self._people = people
        self._settings = settings
        self._tasks = tasks
        self._clock = clock
        self._refresh = refresh
        fetcher = Fetcher(look_up)
        self._authorities = Authorities()
        self._seen: tuple[object, ...] = ()
        self._patterns: tuple[Pattern, ...] = ()
        self._lists = Lists(settings, lambda: self._authorities.all, fetcher, files, clock, tasks)
        self._responders = Responders(records, settings, fetcher, clock, tasks)
        self._watching: asyncio.Task[None] | None = None

    @property
    def is_enabled(self) -> bool:
        """Whether anybody can sign in this way."""
        return self._settings.enabled

    @property
    def settings(self) -> X509Settings:
        """What it goes by."""
        return self._settings

    @property
    def sources(self) -> tuple[Source, ...]:
        """The revocation lists."""
        return self._lists.sources

    async def start(self) -> None:
        """Read the authorities, take up the lists, and follow both."""
        await self._read(self._settings)
        self._responders.use(self._settings)
        await self._lists.start()
        self._watching = self._tasks.every(_LOOK_EVERY, self.look, name="x509.authorities")
        self._say_enabled()

    async def stop(self) -> None:
        """Follow nothing any more."""
        await self._lists.stop()
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
            self._watching = None
        if self.is_enabled:
            events.cleaned_up()

    async def apply(self, settings: X509Settings) -> None:
        """Go by these settings from now on."""
        was_enabled, self._settings = self.is_enabled, settings
        await self._read(settings)
        self._responders.use(settings)
        await self._lists.use(settings)
        if not was_enabled:
            self._say_enabled()

    async def look(self) -> None:
        """Take over files with authorities that have changed."""
        if self.is_enabled and await asyncio.to_thread(_stamps, self._settings) != self._seen:
            await self._read(self._settings)

    async def refresh_lists(self) -> int:
        """Fetch every revocation list now; how many are current."""
        return await self._lists.refresh()

    # Deciding.

    async def validate(self, der: bytes) -> Verdict:
        """Whose certificate this is, and whether it may be used now. That its owner has the key is TLS's proof."""
        parsed = rules.parse(der)
        if parsed is None:
            events.not_parsed(size=len(der))
            return Rejected(Reason.MALFORMED)
        chain = self._vouched(parsed)
        if isinstance(chain, Rejected):
            return chain
        reason = self._judge_lists(chain, parsed)
        if reason is not None:
            return Rejected(reason)
        user = await self._identify(parsed)
        if isinstance(user, Rejected):
            return user
        reason = await self._judge_responders(chain, parsed)
        if reason is not None:
            return Rejected(reason)
        events.validated(user=user, serial=parsed.serial, not_after=_instant(parsed.not_after))
        return Accepted(user, parsed, Origin.EXTERNAL)

    def _vouched(self, parsed: Parsed) -> Chain | Rejected:
        now = self._clock.now()
        reason = rules.judge_dates(parsed, now)
        if reason is Reason.NOT_YET_VALID:
            events.not_yet_valid(serial=parsed.serial, not_before=_instant(parsed.not_before))
            return Rejected(reason)
        if reason is not None:
            events.expired(serial=parsed.serial, not_after=_instant(parsed.not_after))
            return Rejected(reason)
        events.passed(serial=parsed.serial, stage=Stage.EXPIRATION)
        if self._authorities.is_empty:
            events.no_authorities()
            return Rejected(Reason.NO_AUTHORITY)
        try:
            chain = self._authorities.vouch(parsed.certificate, now)
        except NotVouchedFor as problem:
            events.chain_failed(serial=parsed.serial, error=describe(problem))
            return Rejected(Reason.CHAIN)
        events.passed(serial=parsed.serial, stage=Stage.CHAIN)
        return chain

    def _judge_lists(self, chain: Chain, parsed: Parsed) -> Reason | None:
        standing = self._lists.standing(chain)
        if standing is Standing.REVOKED:
            events.revoked(serial=parsed.serial, stage=Stage.CRL)
            return Reason.REVOKED
        if standing is Standing.UNKNOWN:
            events.list_not_available(serial=parsed.serial, allowed=self._settings.soft_fail)
            if not self._settings.soft_fail:
                return Reason.NOT_CHECKED
        events.passed(serial=parsed.serial, stage=Stage.CRL)
        return None

    async def _identify(self, parsed: Parsed) -> str | Rejected:
        user = self.owner(parsed)
        if user is None:
            events.no_identity(serial=parsed.serial)
            return Rejected(Reason.NO_IDENTITY)
        is_known = True if self._refresh is None else await self._refresh(user)
        if is_known is False:
            events.directory_failed(user=user, serial=parsed.serial)
            return Rejected(Reason.NO_DIRECTORY)
        if is_known is None or self._people.person(user) is None:
            events.person_not_found(user=user, serial=parsed.serial)
            return Rejected(Reason.UNKNOWN_PERSON)
        if self.owner(parsed) != user:
            # The address in it is another person's by now, or nobody's.
            events.no_identity(serial=parsed.serial)
            return Rejected(Reason.NO_IDENTITY)
        events.passed(serial=parsed.serial, stage=Stage.IDENTITY)
        return user

    def owner(self, parsed: Parsed) -> str | None:
        """The name of the one person whom a certificate names by the rule of the settings."""
        settings = self._settings
        return rules.user_of(
            parsed,
            settings.identity,
            upn_domains=settings.upn_domains,
            subjects=self._patterns,
            owner_of=self._people.by_email,
        )

    async def _judge_responders(self, chain: Chain, parsed: Parsed) -> Reason | None:
        standing = await self._responders.standing(chain)
        if standing is Standing.REVOKED:
            events.revoked(serial=parsed.serial, stage=Stage.OCSP)
            return Reason.REVOKED
        if rules.is_doubtful(standing, soft_fail=self._settings.soft_fail):
            events.responders_failed(serial=parsed.serial, standing=standing)
            return Reason.NOT_CHECKED
        events.passed(serial=parsed.serial, stage=Stage.OCSP)
        return None

    # Looking again.

    def vouch_again(self, parsed: Parsed, user: str) -> Chain | Reason:
        """The path of a certificate that signed somebody in, as of now. Says nothing; its asker does."""
        if not self.is_enabled:
            return Reason.NO_AUTHORITY
        now = self._clock.now()
        reason = rules.judge_dates(parsed, now)
        if reason is not None:
            return reason
        try:
            chain = self._authorities.vouch(parsed.certificate, now)
        except NotVouchedFor:
            return Reason.CHAIN
        if self._people.person(user) is None:
            return Reason.UNKNOWN_PERSON
        return chain if self.owner(parsed) == user else Reason.NO_IDENTITY

    def listed(self, chain: Chain) -> Standing:
        """What lists alone say now, which takes no time."""
        return self._lists.standing(chain)

    async def standings(self, chain: Chain, *, is_extension: bool) -> tuple[Standing, Standing]:
        """What lists and responders say now; responders are not asked about what a list has revoked."""
        listed = self._lists.standing(chain)
        if listed is Standing.REVOKED:
            return listed, Standing.NOT_ASKED
        return listed, await self._responders.standing(chain, is_extension=is_extension)

    # Inside.

    async def _read(self, settings: X509Settings) -> None:
        """Take over the authorities that the settings name; broken files leave everything as it was."""
        self._patterns = tuple(compile_pattern(each) for each in settings.subjects)
        if not settings.enabled:
            return
        self._seen = await asyncio.to_thread(_stamps, settings)
        read: list[tuple[x509.Certificate, ...]] = []
        for path in (settings.authorities, settings.intermediates):
            try:
                read.append(await asyncio.to_thread(read_authorities, path) if path is not None else ())
            except BadAuthorities as problem:
                events.authorities_not_read(file=str(path), error=describe(problem))
                return
        trusted, between = read
        before = {fingerprint(each) for each in self._authorities.all}
        self._authorities = Authorities(trusted, between, max_intermediates=settings.max_intermediates)
        if before and before != {fingerprint(each) for each in self._authorities.all}:
            events.authorities_read(file=str(settings.authorities), authorities=len(self._authorities.all))

    def _say_enabled(self) -> None:
        if not self.is_enabled:
            return
        if not self._settings.crl:
            events.enabled_without_lists()
            return
        events.enabled(
            lists=len(self._settings.crl),
            responders=self._settings.ocsp,
            authorities=len(self._authorities.all),
        )


def _stamps(settings: X509Settings) -> tuple[object, ...]:
    """What changes when the files do."""
    paths = (settings.authorities, settings.intermediates)
    return (*(_stamp(path) if path is not None else None for path in paths), settings.max_intermediates)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _instant(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)
