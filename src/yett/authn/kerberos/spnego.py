"""Signing in with a ticket: look at the token, ask the library, find the person, say."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from yett.authn.kerberos import events, library, rules, wire
from yett.authn.kerberos.config import KerberosSettings
from yett.authn.kerberos.keys import Keys
from yett.authn.kerberos.library import LibraryRefused
from yett.authn.kerberos.model import Accepted, Binding, Initial, Reason, Rejected, Validated
from yett.authn.kerberos.replay import Used
from yett.authn.password.pool import Pool, PoolFull
from yett.events import current_scope
from yett.identity import Person
from yett.store import StoreUnavailable


class Directory(Protocol):
    """Who people are, now."""

    def person(self, name: str) -> Person | None: ...
    def people(self) -> Iterable[Person]: ...


Sync = Callable[[str], Awaitable[bool | None]]
"""Asks the person's source what it knows of them now; False when it could not be asked."""


class Spnego:
    """Validates tokens. It fails closed: whatever is not understood, known and new lets nobody in."""

    def __init__(
        self,
        settings: KerberosSettings,
        keys: Keys,
        used: Used,
        directory: Directory,
        pool: Pool,
        *,
        sync: Sync | None = None,
    ) -> None:
        self._settings = settings
        self._keys = keys
        self._used = used
        self._directory = directory
        self._pool = pool
        self._sync = sync
        self.end_point: Callable[[], bytes] = bytes
        """What a token for a TLS connection to the sign-in host is bound to; empty where that is not known."""

    def configure(self, settings: KerberosSettings) -> None:
        """Other settings from now on."""
        self._settings = settings

    async def accept(self, token: str) -> Accepted | Rejected:
        """Whose token this is. It is used up by this, whatever comes out."""
        initial = self._open(token)
        if isinstance(initial, Reason):
            return Rejected(initial)
        raw, authenticator = initial
        validated = await self._validate(raw)
        if isinstance(validated, Rejected):
            return validated
        lifetime = self._settings.replay_lifetime.total_seconds()
        try:
            is_first = await self._used.is_first(authenticator, lifetime=lifetime)
        except StoreUnavailable:
            return Rejected(Reason.UNAVAILABLE, retry_after=5.0)
        if not is_first:
            return _failed(Reason.REPLAY, validated.initiator)
        found = await self.person_of(validated.initiator)
        if isinstance(found, Reason):
            if found is not Reason.DISABLED:
                _failed(found, validated.initiator)
            return Rejected(found)
        address = current_scope().client_address
        events.spnego_successful(user=found, principal=validated.initiator, client_address=address)
        return Accepted(found, validated.initiator, validated.authenticated_at, validated.answer)

    def _open(self, token: str) -> tuple[bytes, bytes] | Reason:
        """The token's bytes and its authenticator."""
        address, limit = current_scope().client_address, self._settings.max_token
        if rules.is_too_large(token, limit):
            events.token_too_large(size=len(token) * 3 // 4, limit=limit, client_address=address)
            return Reason.TOO_LARGE
        raw = rules.decode(token)
        if raw is None:
            events.spnego_not_decoded(client_address=address)
            return Reason.NOT_BASE64
        initial = wire.read_initial(raw)
        if not isinstance(initial, Initial):
            events.spnego_not_unmarshalled(reason=initial, client_address=address)
            return initial
        return raw, initial.authenticator

    async def _validate(self, raw: bytes) -> Validated | Rejected:
        """What the library says of a token, and what we ask besides."""
        settings, acceptor = self._settings, self._keys.acceptor
        binding = b"" if settings.channel_binding is Binding.OFF else self.end_point()
        if acceptor is None:
            return Rejected(Reason.UNAVAILABLE, retry_after=30.0)
        try:
            validated = await self._pool.run(library.accept, raw, acceptor, binding)
        except PoolFull:
            return Rejected(Reason.BUSY, retry_after=1.0)
        except LibraryRefused as problem:
            if problem.reason is Reason.UNAVAILABLE:
                return Rejected(Reason.UNAVAILABLE, retry_after=30.0)
            return _failed(problem.reason, "", str(problem))
        who = validated.initiator
        if validated.is_anonymous or rules.is_anonymous(who):
            events.spnego_without_credentials(principal=who, client_address=current_scope().client_address)
            return Rejected(Reason.NO_CREDENTIALS)
        if not self._keys.is_ours(validated.acceptor):
            return _failed(Reason.OTHER_SERVICE, who, f"it is for {validated.acceptor}")
        if settings.channel_binding is Binding.REQUIRED and not validated.is_bound:
            return _failed(Reason.CHANNEL_BINDING, who)
        return validated

    def known(self, principal: str) -> str:
        """The name of the person whom a principal means, if the directory has them; else empty. Says nothing."""
        name = rules.person_of(principal, self._policy(), self._directory.people())
        person = None if isinstance(name, Reason) else self._directory.person(name)
        return "" if person is None else person.name

    def _policy(self) -> rules.Policy:
        settings = self._settings
        return rules.Policy(
            frozenset(settings.realms) or self._keys.realms,
            settings.match,
            {entry.principal: entry.person for entry in settings.principal},
        )

    async def person_of(self, principal: str) -> str | Reason:
        """The person whom a principal means, if they are in the directory and enabled."""
        name = rules.person_of(principal, self._policy(), self._directory.people())
        if isinstance(name, Reason):
            _say_nobody(name, principal)
            return name
        is_known = True if self._sync is None else await self._sync(name)
        if is_known is False:
            events.lookup_failed(principal=principal, error="the person's source could not be asked")
            return Reason.UNAVAILABLE
        person = None if is_known is None else self._directory.person(name)
        if person is None:
            events.person_not_found(principal=principal)
            return Reason.UNKNOWN_PERSON
        if person.is_disabled:
            address = current_scope().client_address
            events.spnego_of_disabled(user=person.name, principal=principal, client_address=address)
            return Reason.DISABLED
        return person.name


def _say_nobody(reason: Reason, principal: str) -> None:
    if reason is Reason.SERVICE_PRINCIPAL:
        events.principal_of_unexpected_type(principal=principal)
    elif reason is Reason.AMBIGUOUS:
        events.lookup_failed(principal=principal, error="several people have it as their e-mail address")
    elif reason is Reason.UNKNOWN_PERSON:
        events.person_not_found(principal=principal)


def _failed(reason: Reason, principal: str, detail: str = "") -> Rejected:
    address = current_scope().client_address
    events.spnego_failed(reason=reason, principal=principal, detail=detail, client_address=address)
    return Rejected(reason)
