"""Registering, and knowing who registered. Nothing is kept of a client, so there is nothing that anybody could fill."""

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from yett.authn.guessing import Allowance, address_key
from yett.events import describe
from yett.kernel import Clock, Supervisor
from yett.keys import MasterKey
from yett.oidc.clients import Client, Consent, Kind
from yett.oidc.registration import events, rules
from yett.oidc.registration.config import Mode, RegistrationSettings
from yett.oidc.registration.ids import PREFIX, Ids
from yett.oidc.registration.model import Fault, Registered, Rejected
from yett.oidc.registration.names import Place
from yett.oidc.registration.shelf import InitialTokens, Withdrawn
from yett.store import Records, StoreUnavailable

_HOUR = 3600.0
_REMEMBERED = 2048
_ALL = "all"


class Registrations:
    """Dynamic registration. Start it after the store."""

    def __init__(
        self,
        records: Records,
        master: MasterKey,
        settings: RegistrationSettings,
        clock: Clock,
        tasks: Supervisor,
        *,
        algorithms: Callable[[], tuple[str, ...]],
        titles: Callable[[], Iterable[str]],
        places: Callable[[], Iterable[Place]] = tuple,
        own_host: str = "",
        end_tokens: Callable[[str], Awaitable[object]] | None = None,
    ) -> None:
        """`algorithms` says what ID tokens can be signed with, `titles` what nobody may pass for.

        `places` are what only clients at the same host may pass for. `end_tokens` ends what a client has, for good.
        """
        self._end_tokens = end_tokens
        self._own_host = own_host
        self.settings = settings
        self.tokens = InitialTokens(records)
        self._withdrawn = Withdrawn(records)
        self._ids = Ids(master)
        self._clock = clock
        self._tasks = tasks
        self._algorithms = algorithms
        self._titles = titles
        self._places = places
        self._per_address = Allowance(settings.per_hour, _HOUR)
        self._total = Allowance(settings.total_per_hour, _HOUR)
        self._known: OrderedDict[str, tuple[Registered, Client]] = OrderedDict()

    def apply(self, settings: RegistrationSettings) -> None:
        """Go by other settings from now on. Clients keep the end they have."""
        self.settings = settings
        self._per_address.use(settings.per_hour, _HOUR)
        self._total.use(settings.total_per_hour, _HOUR)
        self._known.clear()

    async def start(self) -> None:
        """Know who was revoked. Raises StoreUnavailable."""
        await self._withdrawn.follower.open()
        self._tasks.keep(self._withdrawn.follower.follow, name="oidc.registration.withdrawn")

    async def stop(self) -> None:
        """Follow the store no longer."""
        await self._withdrawn.follower.close()

    @property
    def is_open(self) -> bool:
        """Whether anybody may register at all."""
        return self.settings.mode in {Mode.TOKEN, Mode.OPEN}

    # Registering.

    async def register(self, document: object, token: str, address: str) -> dict[str, Any] | Rejected:
        """Register whoever sent this; what they are told."""
        outcome = await self._register(document, token, address)
        if isinstance(outcome, Rejected):
            # Of what is for everybody only registrations take, or anybody could use it up with rubbish.
            if outcome.fault is not Fault.TOO_MANY:
                self._total.give_back(_ALL)
            if outcome.fault not in {Fault.TOKEN, Fault.TOO_MANY, Fault.UNAVAILABLE}:
                events.refused(reason=outcome.fault, detail=outcome.sentence, client_address=address)
            return outcome
        return self.describe(outcome)

    async def _register(self, document: object, token: str, address: str) -> Registered | Rejected:
        wait = self._wait(address)
        if wait > 0:
            events.rate_limited(client_address=address, retry_after=round(wait, 3))
            return Rejected(Fault.TOO_MANY, "There were too many registrations. Try again later.", wait)
        read = rules.read(
            document,
            self.settings,
            algorithms=self._algorithms(),
            taken=tuple(self._titles()),
            places=tuple(self._places()),
            own_host=self._own_host,
        )
        if isinstance(read, Rejected):
            return read
        now = self._clock.now()
        made = self._ids.make(read, now=now, lifetime=self.settings.lifetime.total_seconds())
        if made is None:
            return Rejected(Fault.METADATA, "This is more than a client id can carry.")
        # Last, so that nobody loses a token over a mistake in the rest.
        unusable = await self._spend(token, address)
        if unusable is not None:
            return unusable
        place = urlsplit(read.redirect_uris[0])
        events.registered(
            client=self._client(made).label,
            name=read.name,
            host=place.hostname or place.scheme,
            auth_method=read.auth_method,
            mode=self.settings.mode,
            client_address=address,
        )
        return made

    def _wait(self, address: str) -> float:
        now = self._clock.monotonic()
        key = address_key(address)
        wait = self._per_address.take(key, now)
        if wait > 0:
            return wait
        wait = self._total.take(_ALL, now)
        if wait > 0:
            self._per_address.give_back(key)
        return wait

    async def _spend(self, token: str, address: str) -> Rejected | None:
        if self.settings.mode is Mode.OPEN:
            return None
        try:
            unusable = await self.tokens.spend(token, now=self._clock.now())
        except StoreUnavailable as problem:
            events.unavailable(error=describe(problem))
            return Rejected(Fault.UNAVAILABLE, "This does not work at the moment.")
        if unusable is None:
            return None
        events.token_refused(reason=unusable, client_address=address)
        return Rejected(Fault.TOKEN, "Registering takes a token that the operator made.")

    # Knowing.

    def find(self, client_id: str) -> Client | None:
        """The client that an id is; None for ids that are none of ours, over or revoked."""
        if self.settings.mode is Mode.OFF or not client_id.startswith(PREFIX):
            return None
        known = self._known.get(client_id)
        if known is None:
            registered = self._ids.read(client_id)
            if registered is None:
                return None
            known = self._known[client_id] = registered, self._client(registered)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        registered, client = known
        is_over = self._clock.now() >= registered.expires_at
        return None if is_over or client_id in self._withdrawn else client

    def _client(self, registered: Registered) -> Client:
        it = registered.registration
        secret = self._ids.secret_of(registered.client_id)
        return Client(
            client_id=registered.client_id,
            # The lists of today count for those who registered under others.
            redirect_uris=frozenset(
                uri for uri in it.redirect_uris if rules.is_allowed_host(uri, self.settings.redirect_hosts)
            ),
            scopes=frozenset(it.scopes).intersection(self.settings.scopes),
            kind=Kind.REGISTERED,
            name=it.name,
            auth_method=it.auth_method,
            secret_hashes=(hashlib.sha256(secret.encode()).digest(),)
            if rules.has_secret(it.auth_method)
            else (),
            grants=frozenset(it.grants).intersection(self.settings.grants),
            keys=it.keys,
            keys_uri=it.keys_uri,
            groups=frozenset(self.settings.groups),
            consent=Consent.ASK,
            identity_algorithm=it.identity_algorithm,
            must_push=it.must_push,
            must_bind=it.must_bind,
            after_logout=frozenset(
                uri for uri in it.after_logout if rules.is_allowed_host(uri, self.settings.redirect_hosts)
            ),
            backchannel_logout=it.backchannel_logout,
            backchannel_session=it.backchannel_session,
        )

    def describe(self, registered: Registered) -> dict[str, Any]:
        """What the client is told of itself."""
        told = rules.described(registered, secret=self._ids.secret_of(registered.client_id))
        return {**told, "registration_access_token": self._ids.management_token_of(registered.client_id)}

    def managed(self, client_id: str, token: str) -> Registered | None:
        """The registration that a client asks about which shows the token that it got with it."""
        expected = self._ids.management_token_of(client_id)
        is_right = hmac.compare_digest(expected.encode(), token.encode("utf-8", "replace"))
        return self._ids.read(client_id) if is_right and self.find(client_id) is not None else None

    # For operators.

    def read(self, client_id: str) -> Registered | None:
        """What an id says, whatever became of it."""
        return self._ids.read(client_id)

    def is_withdrawn(self, client_id: str) -> bool:
        """Whether a client was revoked."""
        return client_id in self._withdrawn

    async def withdraw(self, registered: Registered) -> None:
        """Let a client be unknown from now on. Raises StoreUnavailable."""
        if self._end_tokens is not None:
            # Or they would be good again with their client.
            await self._end_tokens(registered.client_id)
        left = registered.expires_at - self._clock.now()
        await self._withdrawn.add(registered.client_id, lifetime=max(left, 0.0) + _HOUR)
        events.revoked(client=self._client(registered).label, name=registered.registration.name)

    async def restore(self, registered: Registered) -> bool:
        """Take that back; whether it was revoked. Raises StoreUnavailable."""
        is_restored = await self._withdrawn.remove(registered.client_id)
        if is_restored:
            events.restored(client=self._client(registered).label, name=registered.registration.name)
        return is_restored
