"""Signing in through other providers: every provider, and the trips of people who are on their way there.

What must stay true:
  an answer counts once, in the browser that left, for the provider that it left to;
  nothing that a provider says is believed before its ID token was checked;
  a provider that cannot be used keeps nobody from using the others.
"""

import hmac
from typing import Final, Protocol

import msgspec

from yett.events import describe
from yett.identity.federation import events, rules
from yett.identity.federation.asking import Asking
from yett.identity.federation.config import FederationSettings, ProviderSettings
from yett.identity.federation.discovery import Discovery
from yett.identity.federation.keys import ProviderKeys
from yett.identity.federation.model import (
    Answer,
    Arrived,
    Begun,
    Lost,
    Metadata,
    Reason,
    Refused,
    Shown,
    Trip,
)
from yett.identity.federation.party import RelyingParty
from yett.identity.federation.proofs import Proofs
from yett.identity.federation.signing import KeyUnusable, derive_key, load_key
from yett.kernel import Clock, Supervisor, new_secret
from yett.net.fetching import Fetcher
from yett.store import Records, Space, StoreUnavailable

_LOOK_EVERY: Final = 300.0
CALLBACK: Final = "/signin/with/{name}/callback"
SIGNED_OUT: Final = "/signout"
"""Where people come back to who signed out at a provider; it is the page on which they signed out here."""


class Master(Protocol):
    """What keys follow from."""

    def derive(self, context: str) -> bytes: ...


class Federation:
    """The providers."""

    def __init__(
        self,
        settings: FederationSettings,
        fetcher: Fetcher,
        records: Records,
        master: Master,
        tasks: Supervisor,
        clock: Clock,
        *,
        origin: str,
    ) -> None:
        self._fetcher = fetcher
        self._records = records
        self._trips = Space(records, "federation/trips")
        self._master = master
        self._tasks = tasks
        self._clock = clock
        self._origin = origin
        self._settings = settings
        self._parties: dict[str, RelyingParty] = {}

    async def start(self) -> None:
        """Make everything ready, and ask each provider about itself now and then, so that nobody waits for that."""
        self.apply(self._settings)
        self._tasks.every(_LOOK_EVERY, self.check_health, name="identity.federation.health", at_once=True)

    def apply(self, settings: FederationSettings) -> None:
        """Go by these (checked) settings from now on; what is known of providers that stay as they are stays too."""
        is_same = settings.metadata_lifetime == self._settings.metadata_lifetime
        self._settings = settings
        before, self._parties = self._parties, {}
        for provider in settings.provider:
            known = before.get(provider.name)
            if known is not None and known.settings == provider and is_same and provider.client_key is None:
                self._parties[provider.name] = known
                continue
            try:
                self._parties[provider.name] = self._party(provider)
            except KeyUnusable as problem:
                events.invalid(provider=provider.name, detail=f"client_key: {problem}")
        if self._parties:
            events.initialized(providers=len(self._parties))
        elif not settings.provider:
            events.inactive()

    def _party(self, provider: ProviderSettings) -> RelyingParty:
        """Raises KeyUnusable."""
        signing = None
        if provider.client_key is not None:
            signing = load_key(provider.client_key, provider.client_key_id)
        proofs = None
        if provider.dpop:
            secret = self._master.derive(f"yett.identity.federation/dpop/{provider.name}")
            proofs = Proofs(provider.name, derive_key(secret), self._records, self._clock)
        lifetime = self._settings.metadata_lifetime.total_seconds()
        return RelyingParty(
            provider,
            Asking(provider, self._fetcher, signing, proofs, self._clock),
            Discovery(provider, self._fetcher, self._records, self._clock, lifetime=lifetime),
            ProviderKeys(provider, self._fetcher, self._records, self._clock, lifetime=lifetime),
            self._clock,
            redirect_uri=self._origin + CALLBACK.format(name=provider.name),
            signed_out_uri=self._origin + SIGNED_OUT,
        )

    # What there is.

    def offered(self) -> tuple[Shown, ...]:
        """The providers that people may choose, in the order of the settings."""
        offered = tuple(each for each in self._parties.values() if each.settings.sign_in)
        if not offered:
            return ()
        events.providers_listed(providers=len(offered))
        return tuple(Shown(each.name, each.settings.title) for each in offered)

    @property
    def trips_per_minute(self) -> int:
        """How often people of one address may leave."""
        return self._settings.trips_per_minute

    def provider(self, name: str) -> RelyingParty | None:
        """One of them."""
        party = self._parties.get(name)
        if party is not None:
            events.provider_wanted(provider=name)
        return party

    def party(self, name: str) -> RelyingParty | None:
        """The same for our own errands, of which nobody needs to hear."""
        return self._parties.get(name)

    def parties(self) -> tuple[RelyingParty, ...]:
        """All of them, in the order of the settings."""
        return tuple(self._parties.values())

    def admits(self, name: str) -> bool:
        """Whether people may sign in through a provider of this name."""
        party = self._parties.get(name)
        return party is not None and party.settings.sign_in

    @property
    def is_used(self) -> bool:
        """Whether there is any that people may sign in through."""
        return any(each.settings.sign_in for each in self._parties.values())

    @property
    def is_rechecking(self) -> bool:
        """Whether any of them is asked again about people who are in."""
        return any(each.settings.recheck for each in self._parties.values())

    async def check_health(self) -> None:
        """Ask each provider about itself, unless that was done a while ago."""
        if not self._parties:
            return
        reachable = 0
        for party in tuple(self._parties.values()):
            described = await party.discovery.get()
            reachable += not isinstance(described, Refused) and not described.is_stale
        events.health_checked(providers=len(self._parties), reachable=reachable)

    # Trips.

    async def begin(
        self,
        name: str,
        *,
        browser: str,
        to: str,
        is_again: bool = False,
        session: str = "",
        client_address: str,
    ) -> Begun | Refused | None:
        """Send a browser to a provider; None when there is none of that name to sign in through."""
        party = self.provider(name) if self.admits(name) else None
        if party is None:
            return None
        state, nonce, verifier = new_secret(), new_secret(), new_secret()
        now = self._clock.now()
        lifetime = self._settings.trip_lifetime.total_seconds()
        trip = Trip(name, nonce, verifier, browser, to, now + lifetime, is_again, session, now)
        url = await party.authorize(
            state=state, nonce=nonce, verifier=verifier, is_again=is_again, client_address=client_address
        )
        if isinstance(url, Refused):
            return url
        try:
            await self._trips.put(rules.state_key(state), msgspec.json.encode(trip), lifetime=lifetime)
        except StoreUnavailable as problem:
            events.trip_unstored(provider=name, error=describe(problem))
            return Refused(Reason.STORE)
        return Begun(url)

    async def arrive(
        self, name: str, answer: Answer, *, browser: str, client_address: str
    ) -> Arrived | Lost | None:
        """Somebody came back from a provider; None when there is none of that name to sign in through."""
        # Also for those who left while there was one.
        party = self.provider(name) if self.admits(name) else None
        if party is None:
            return None
        events.returning(provider=name, client_address=client_address)
        trip = await self._take(name, answer.state, browser)
        if isinstance(trip, Refused):
            if trip.reason is not Reason.STORE:
                events.state_refused(provider=name, reason=trip.reason, client_address=client_address)
            return Lost(trip)
        described = await party.discovery.get()
        if isinstance(described, Refused):
            return Lost(described, trip)
        metadata = described.metadata
        if not rules.issuer_fits(answer.issuer, metadata):
            events.state_refused(provider=name, reason=Reason.OTHER_ISSUER, client_address=client_address)
            return Lost(Refused(Reason.OTHER_ISSUER), trip)
        if answer.error:
            error = rules.shown_error(answer.error)
            events.provider_error(provider=name, error=error, client_address=client_address)
            return Lost(Refused(Reason.PROVIDER_ERROR, error), trip)
        if not rules.is_code(answer.code):
            events.state_refused(provider=name, reason=Reason.MALFORMED, client_address=client_address)
            return Lost(Refused(Reason.MALFORMED), trip)
        arrived = await self._redeem(party, metadata, trip, answer.code)
        return Lost(arrived, trip) if isinstance(arrived, Refused) else arrived

    async def _take(self, name: str, state: str, browser: str) -> Trip | Refused:
        """The trip that a state is of, which is used up by this."""
        if not rules.is_state(state):
            return Refused(Reason.STATE_MISSING)
        try:
            record = await self._trips.take(rules.state_key(state))
        except StoreUnavailable as problem:
            events.trip_undeleted(provider=name, error=describe(problem))
            return Refused(Reason.STORE)
        if record is None:
            return Refused(Reason.STATE_UNKNOWN)
        try:
            trip = msgspec.json.decode(record.value, type=Trip)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return Refused(Reason.STATE_UNKNOWN)
        if trip.expires_at <= self._clock.now():
            return Refused(Reason.STATE_EXPIRED)
        if trip.provider != name:
            return Refused(Reason.OTHER_PROVIDER)
        if not browser or not hmac.compare_digest(trip.browser.encode(), browser.encode()):
            return Refused(Reason.OTHER_BROWSER)
        return trip

    async def _redeem(
        self, party: RelyingParty, metadata: Metadata, trip: Trip, code: str
    ) -> Arrived | Refused:
        tokens = await party.exchange(metadata, code, trip.verifier)
        if isinstance(tokens, Refused):
            return tokens
        claims = await party.validate(
            metadata,
            tokens,
            nonce=trip.nonce,
            code=code,
            asked_at=trip.began_at if trip.is_again else None,
        )
        if isinstance(claims, Refused):
            return claims
        more = await party.userinfo(metadata, tokens.access_token, str(claims["sub"]))
        if isinstance(more, Refused):
            return more
        return Arrived(trip, rules.profile_of(party.settings, claims, more), tokens)
