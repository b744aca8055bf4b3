"""Tokens in the name of people whom somebody vouches for (RFC 7523, section 2.1).

Whoever holds the key of an issuer can speak for everybody whom it may speak for, so that is as narrow as the
settings make it, each assertion is good once, and no ID token and no refresh token comes of one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from yett.events import describe
from yett.identity import Person
from yett.kernel import Clock, new_id
from yett.oidc.client_auth import algorithms_for
from yett.oidc.clients import Client
from yett.oidc.exchange import events, rules
from yett.oidc.exchange.certificates import BadCertificates, Certified, keys_in
from yett.oidc.exchange.coded import Tokens
from yett.oidc.exchange.config import AssertionIssuerSettings, ExchangeSettings
from yett.oidc.exchange.model import Ask, Error, Refused
from yett.oidc.jose import (
    Bounds,
    Flaw,
    Once,
    PublicKey,
    Unproven,
    is_for_us,
    is_signed_by,
    judge_ident,
    judge_times,
    read,
    time_left,
)
from yett.oidc.tokens import Basis, TokenAnswer, Unissued
from yett.store import Records, StoreUnavailable

_TYPES: Final = {"", "jwt"}


class Directory(Protocol):
    """Who people are, now."""

    def person(self, name: str) -> Person | None: ...


class Published(Protocol):
    """Keys that issuers publish."""

    async def find(self, owner: str, url: str, key_id: str) -> tuple[PublicKey, ...]: ...


@dataclass(frozen=True, slots=True)
class Voucher:
    """An issuer of the settings, and the keys that were in its file."""

    settings: AssertionIssuerSettings
    certified: tuple[Certified, ...]


class Asserted:
    """The grant of assertions."""

    def __init__(
        self,
        tokens: Tokens,
        directory: Directory,
        records: Records,
        published: Published,
        settings: ExchangeSettings,
        clock: Clock,
        *,
        audiences: tuple[str, ...],
    ) -> None:
        """`audiences` are the names we go by."""
        self._tokens = tokens
        self._directory = directory
        self._once = Once(records, "vouching")
        self._published = published
        self._clock = clock
        self._audiences = audiences
        self._vouchers: Mapping[str, Voucher] = {}
        self.apply(settings)

    def apply(self, settings: ExchangeSettings) -> None:
        """Believe these issuers from now on; files of certificates are read anew."""
        self._bounds = Bounds(settings.clock_skew.total_seconds(), settings.longest_assertion.total_seconds())
        before = self._vouchers
        self._vouchers = {
            each.issuer: Voucher(each, _certified(each, before.get(each.issuer))) for each in settings.issuer
        }

    @property
    def is_enabled(self) -> bool:
        """Whether anybody may vouch for people."""
        return bool(self._vouchers)

    async def give(self, ask: Ask) -> TokenAnswer | Refused:
        """An access token for whom an assertion names."""
        client = ask.client
        token = read(ask.form["assertion"])
        voucher = None if token is None else self._vouchers.get(token.text("iss"))
        issuer = "unknown" if voucher is None else voucher.settings.issuer
        flaw = await self._judge(token, voucher, client)
        if isinstance(flaw, Refused):
            return flaw
        if flaw is not None or token is None:
            events.assertion_refused(client=client.label, issuer=issuer, reason=flaw or Flaw.UNREADABLE)
            return rules.refused(Error.INVALID_GRANT, "the assertion is not good for this")
        scope = rules.narrowed(ask.form.get("scope", ""), client, rules.OF_SIGN_ONS)
        if isinstance(scope, Refused):
            return scope
        user = token.text("sub")
        basis = Basis(client.client_id, user, scope, new_id(), confirmation=ask.confirmation)
        issued = await self._tokens.issue(client, basis, with_refresh=False, with_identity=False)
        if isinstance(issued, Unissued):
            return rules.refusal_of_tokens(issued)
        events.assertion_served(
            user=user, client=client.label, issuer=issuer, lifetime=float(issued.expires_in)
        )
        return issued

    async def _judge(
        self, token: Unproven | None, voucher: Voucher | None, client: Client
    ) -> Flaw | Refused | None:
        """What is wrong with an assertion; last of all that it was shown before."""
        if token is None:
            return Flaw.UNREADABLE
        if voucher is None or not _may_bring(client, voucher.settings):
            return Flaw.ISSUER
        now = self._clock.now()
        flaw = self._judge_signature(token, await self._keys(token, voucher, now), client)
        flaw = flaw or self._judge_claims(token, voucher.settings, now)
        if flaw is not None:
            return flaw
        left = time_left(token, self._bounds, now)
        try:
            is_first = await self._once.is_first(voucher.settings.issuer, token.text("jti"), lifetime=left)
        except StoreUnavailable as problem:
            events.unavailable(client=client.label, error=describe(problem))
            return rules.refused(Error.UNAVAILABLE)
        return None if is_first else Flaw.REPLAYED

    async def _keys(self, token: Unproven, voucher: Voucher, now: float) -> tuple[PublicKey, ...]:
        if voucher.settings.jwks_uri:
            return await self._published.find(
                voucher.settings.issuer, voucher.settings.jwks_uri, token.key_id
            )
        return tuple(each.key for each in voucher.certified if each.begins_at <= now <= each.ends_at)

    @staticmethod
    def _judge_signature(token: Unproven, keys: tuple[PublicKey, ...], client: Client) -> Flaw | None:
        if not keys:
            return Flaw.NO_KEY
        allowed = algorithms_for(client)
        if token.algorithm not in allowed:
            return Flaw.ALGORITHM
        return None if any(is_signed_by(token, key, allowed) for key in keys) else Flaw.SIGNATURE

    def _judge_claims(self, token: Unproven, issuer: AssertionIssuerSettings, now: float) -> Flaw | None:
        kind = token.header.get("typ", "")
        if not isinstance(kind, str) or kind.lower() not in _TYPES:
            return Flaw.TYPE
        if not is_for_us(token, self._audiences):
            return Flaw.AUDIENCE
        person = self._directory.person(token.text("sub"))
        if person is None or person.is_disabled or not _may_name(issuer, person):
            return Flaw.SUBJECT
        return judge_times(token, self._bounds, now) or judge_ident(token)


def _may_bring(client: Client, issuer: AssertionIssuerSettings) -> bool:
    return not issuer.clients or client.client_id in issuer.clients


def _may_name(issuer: AssertionIssuerSettings, person: Person) -> bool:
    return not issuer.groups or not set(issuer.groups).isdisjoint(person.groups)


def _certified(settings: AssertionIssuerSettings, before: Voucher | None) -> tuple[Certified, ...]:
    """The keys of an issuer's file; those from before when it cannot be read any more."""
    if settings.certificates is None:
        return ()
    try:
        return keys_in(settings.certificates)
    except BadCertificates:
        # Settings are only taken over after the file was found good, so it went bad within a moment.
        is_same = before is not None and before.settings.certificates == settings.certificates
        return before.certified if before is not None and is_same else ()
