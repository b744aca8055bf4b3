"""Who is asking: every way for a client to prove itself, one at a time.

What must stay true:
  a client proves itself in the way that was agreed on with it, and in no weaker one;
  a client that is not known looks like one with a wrong secret, in words and in time;
  an assertion is good once, on all nodes, and when nobody knows whether it was shown before, it was;
  nobody tries without end.
"""

import hashlib
from collections.abc import Mapping
from typing import Protocol

from starlette.requests import Request

from yett.authn.guessing import Attempt, Guesses, Limits, Policy, Throttled
from yett.events import describe
from yett.kernel import Clock
from yett.net.pages import client_address, client_certificate
from yett.oidc.client_auth import events, reading, rules
from yett.oidc.client_auth.config import ClientAuthSettings
from yett.oidc.client_auth.model import Assertion, AuthFault, Bare, Reason, Secret, fault_for
from yett.oidc.clients import AuthMethod, Client, Kind, is_within
from yett.oidc.jose import (
    Bounds,
    Flaw,
    Once,
    PublicKey,
    Unproven,
    import_public,
    is_signed_by,
    read,
    time_left,
)
from yett.oidc.mtls import ClientCertificates
from yett.store import Records, StoreUnavailable

_BY_CERTIFICATE = {AuthMethod.TLS, AuthMethod.SELF_SIGNED_TLS}
_SHOWN_BY = {AuthMethod.BASIC: True, AuthMethod.POST: False}
_REMEMBERED = 50_000
_FORGOTTEN = 3600.0
# A key of nobody, for assertions of nobody: they take as long as any.
_STRANGER = import_public(
    {
        "kty": "EC",
        "crv": "P-256",
        "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
    }
)


class Clients(Protocol):
    """Who may ask at all."""

    def get(self, client_id: str, /) -> Client | None: ...


class Published(Protocol):
    """Keys that clients publish."""

    async def find(self, owner: str, url: str, key_id: str) -> tuple[PublicKey, ...]: ...


class ClientAuth:
    """Tells which client a request comes from."""

    def __init__(
        self,
        clients: Clients,
        records: Records,
        published: Published,
        certificates: ClientCertificates,
        settings: ClientAuthSettings,
        clock: Clock,
        *,
        issuer: str,
    ) -> None:
        self._clients = clients
        self._once = Once(records, "assertion")
        self._published = published
        self._certificates = certificates
        self._clock = clock
        self._issuer = issuer
        self._guesses = Guesses(_limits(settings))
        self.apply(settings)

    def apply(self, settings: ClientAuthSettings) -> None:
        """Go by other settings from now on; failures so far stay counted."""
        self._guesses.configure(_limits(settings))
        self._bounds = Bounds(settings.clock_skew.total_seconds(), settings.longest_assertion.total_seconds())

    async def authenticate(
        self, request: Request, form: Mapping[str, str], *, endpoint: str
    ) -> Client | AuthFault:
        """The client that a request to the path `endpoint` comes from. `form` is its body, read already."""
        address = client_address(request)
        presented = reading.read(request.headers.getlist("authorization"), form)
        match presented:
            case Secret():
                outcome: Client | AuthFault = self._by_secret(presented, address)
            case Assertion():
                outcome = await self._by_assertion(presented, address, endpoint)
            case Bare():
                outcome = await self._by_name(presented, client_certificate(request), address)
            case reason:
                events.unknown_method(client="unknown", client_address=address, reason=reason)
                return fault_for(reason)
        if isinstance(outcome, Client) and outcome.networks and not is_within(address, outcome.networks):
            events.address_not_allowed(client=outcome.label, client_address=address)
            return fault_for(Reason.NETWORK)
        return outcome

    def _known(self, client_id: str) -> Client | None:
        # Codes of our own proxy are redeemed in process: over HTTP there is no such client.
        client = self._clients.get(client_id)
        return None if client is None or client.kind is Kind.INTERNAL else client

    # Secrets.

    def _by_secret(self, shown: Secret, address: str) -> Client | AuthFault:
        client = self._known(shown.client_id)
        attempt = self._begin(client, shown.client_id, address)
        if isinstance(attempt, AuthFault):
            return attempt
        is_right = rules.is_secret(client, shown.text, *((shown.as_sent,) if shown.is_basic else ()))
        if client is None:
            events.unknown_client(client_address=address)
            return fault_for(Reason.UNKNOWN)
        if _SHOWN_BY.get(client.auth_method) is not shown.is_basic:
            events.unknown_method(client=client.label, client_address=address, reason=Reason.METHOD)
            return fault_for(Reason.METHOD)
        if not is_right:
            events.secret_mismatch(client=client.label, client_address=address)
            return fault_for(Reason.SECRET)
        self._guesses.accepted(attempt)
        return client

    # Names and certificates.

    async def _by_name(self, shown: Bare, certificate: bytes, address: str) -> Client | AuthFault:
        client = self._known(shown.client_id)
        if client is not None and client.auth_method is AuthMethod.NONE:
            return client
        chains = () if client is None else await self._chains(client)
        attempt = self._begin(client, shown.client_id, address)
        if isinstance(attempt, AuthFault):
            return attempt
        if client is None:
            events.unknown_client(client_address=address)
            return fault_for(Reason.UNKNOWN)
        if client.auth_method not in _BY_CERTIFICATE:
            events.unknown_method(client=client.label, client_address=address, reason=Reason.METHOD)
            return fault_for(Reason.METHOD)
        if not self._certificates.judge(client, certificate, self._clock.now(), chains):
            return fault_for(Reason.CERTIFICATE)
        self._guesses.accepted(attempt)
        return client

    async def _chains(self, client: Client) -> tuple[tuple[str, ...], ...]:
        """The certificates of a client's keys, for one that signed its certificate itself."""
        if client.auth_method is not AuthMethod.SELF_SIGNED_TLS or client.tls.thumbprints:
            return ()
        return tuple(key.certificates for key in await self._keys(client, "") if key.certificates)

    # Assertions.

    async def _by_assertion(self, shown: Assertion, address: str, endpoint: str) -> Client | AuthFault:
        token = read(shown.text)
        client_id = "" if token is None else token.text("sub")
        client = self._known(client_id) if client_id else None
        is_theirs = client is not None and client.auth_method is AuthMethod.PRIVATE_KEY
        keys: tuple[PublicKey, ...] = ()
        if client is not None and token is not None and is_theirs:
            # Before the attempt is counted: while keys are fetched others may prove themselves.
            keys = await self._keys(client, token.key_id)
        attempt = self._begin(client, client_id, address)
        if isinstance(attempt, AuthFault):
            return attempt
        if token is None or client is None:
            self._pretend(token)
            if client_id:
                events.unknown_client(client_address=address)
            else:
                events.assertion_failed(client="unknown", client_address=address, reason=Flaw.UNREADABLE)
            return fault_for(Reason.UNKNOWN)
        if not is_theirs:
            self._pretend(token)
            events.unknown_method(client=client.label, client_address=address, reason=Reason.METHOD)
            return fault_for(Reason.METHOD)
        reason = self._judge(token, client, shown.client_id, keys, endpoint)
        if reason is not None:
            events.assertion_failed(client=client.label, client_address=address, reason=reason)
            return fault_for(reason)
        self._guesses.accepted(attempt)
        return await self._spend(token, client, address)

    def _judge(
        self, token: Unproven, client: Client, named: str, keys: tuple[PublicKey, ...], endpoint: str
    ) -> Flaw | None:
        if not keys:
            return Flaw.NO_KEY
        allowed = rules.algorithms_for(client)
        is_signed = [is_signed_by(token, key, allowed) for key in keys]
        if not any(is_signed):
            return Flaw.SIGNATURE if token.algorithm in allowed else Flaw.ALGORITHM
        if named not in {"", client.client_id}:
            return Flaw.ISSUER
        return rules.judge_assertion(
            token, client, self._audiences(endpoint), self._bounds, self._clock.now()
        )

    def _audiences(self, endpoint: str) -> tuple[str, ...]:
        # The token endpoint goes for all of them (OpenID Connect Core, section 9; RFC 9126, section 2).
        return self._issuer, f"{self._issuer}/oidc/token", f"{self._issuer}{endpoint}"

    async def _spend(self, token: Unproven, client: Client, address: str) -> Client | AuthFault:
        """Of any number of the same assertion one is good."""
        left = time_left(token, self._bounds, self._clock.now())
        try:
            is_first = await self._once.is_first(client.client_id, token.text("jti"), lifetime=left)
        except StoreUnavailable as problem:
            events.unavailable(client=client.label, error=describe(problem))
            return fault_for(Reason.UNAVAILABLE)
        if is_first:
            return client
        events.assertion_failed(client=client.label, client_address=address, reason=Flaw.REPLAYED)
        return fault_for(Flaw.REPLAYED)

    async def _keys(self, client: Client, key_id: str) -> tuple[PublicKey, ...]:
        if client.keys:
            held = tuple(key for jwk in client.keys[:20] if (key := import_public(jwk)) is not None)
            named = tuple(key for key in held if key.key_id == key_id) if key_id else held
            # A key that was written down without an id may be shown with one.
            return named or tuple(key for key in held if not key.key_id)
        if not client.keys_uri:
            return ()
        return await self._published.find(client.client_id, client.keys_uri, key_id)

    @staticmethod
    def _pretend(token: Unproven | None) -> None:
        """Take the time that a check takes."""
        if token is not None and _STRANGER is not None:
            is_signed_by(token, _STRANGER)

    def _begin(self, client: Client | None, client_id: str, address: str) -> Attempt | AuthFault:
        """Count a try, unless it has to wait."""
        attempt = self._guesses.begin(_short(client_id), address, self._clock.monotonic())
        if not isinstance(attempt, Throttled):
            return attempt
        events.throttled(
            client="unknown" if client is None else client.label,
            client_address=address,
            failures=attempt.failures,
            wait_seconds=attempt.wait,
        )
        return fault_for(Reason.THROTTLED, attempt.wait)


def _short(client_id: str) -> str:
    """What failures are counted under: ids of clients that registered themselves are long, and begin alike."""
    if len(client_id) <= 64:
        return client_id
    return hashlib.sha256(client_id.encode("utf-8", "surrogatepass")).hexdigest()


def _limits(settings: ClientAuthSettings) -> Limits:
    first, longest = settings.first_wait.total_seconds(), settings.longest_wait.total_seconds()
    return Limits(
        Policy(settings.free_attempts, first, longest, _FORGOTTEN),
        Policy(settings.free_attempts_per_address, first, longest, _FORGOTTEN),
        _REMEMBERED,
    )
