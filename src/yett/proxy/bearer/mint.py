"""Where tokens come from: ours are made, those of other authorization servers are asked for with one of ours.

What must stay true:
  whoever wants another server's token gets that or none, never one of ours;
  a token of ours that is handed over is for that server alone, and is never sent to an application.
"""

from collections.abc import Mapping
from typing import Final, Protocol

from yett.identity import Person
from yett.identity.federation import Counter, Given, Reason, Refused, Trade, Wrong
from yett.kernel import Clock
from yett.oidc import Minted, Unminted, Wanted
from yett.proxy.bearer import rules
from yett.proxy.bearer.model import Cause, Failed, WantedElsewhere

_ASSERTION_LASTS: Final = 60.0
"""Seconds: it is made for one question, and asked at once."""


class Own(Protocol):
    """The part of the provider that makes tokens."""

    async def mint(
        self,
        person: Person,
        wanted: Wanted,
        *,
        session: str,
        auth_time: float | None,
        ends_at: float,
        metadata: Mapping[str, str],
        is_assertion: bool = False,
    ) -> Minted | Unminted: ...


class Elsewhere(Protocol):
    """Where tokens of other authorization servers are to be had."""

    async def open(self, trade: Trade) -> Counter | Refused | None: ...


class Mint:
    """Makes tokens, or gets them."""

    def __init__(self, own: Own, elsewhere: Elsewhere | None, clock: Clock) -> None:
        self._own = own
        self._elsewhere = elsewhere
        self._clock = clock

    async def mint(
        self,
        person: Person,
        wanted: Wanted,
        *,
        session: str,
        auth_time: float | None,
        ends_at: float,
        metadata: Mapping[str, str],
    ) -> Minted | Failed:
        """A token that says to one application who somebody is; it is over when their session is."""
        trade = wanted.trade if isinstance(wanted, WantedElsewhere) else None
        counter: Counter | None = None
        if trade is not None:
            opened = None if self._elsewhere is None else await self._elsewhere.open(trade)
            if opened is None:
                return Failed(Cause.PROVIDER)
            if isinstance(opened, Refused):
                return _failed(opened)
            counter = opened
        made = await self._own.mint(
            person,
            wanted if trade is None else Wanted(wanted.app, trade.issuer, _ASSERTION_LASTS),
            session=session,
            auth_time=auth_time,
            ends_at=ends_at,
            metadata=metadata,
            is_assertion=trade is not None,
        )
        if isinstance(made, Unminted):
            return Failed(Cause(made.value))
        if counter is None:
            return made
        return await self._trade(counter, made.token, wanted.lifetime, ends_at)

    async def _trade(
        self, counter: Counter, assertion: str, lifetime: float, ends_at: float
    ) -> Minted | Failed:
        # The provider counts from some instant after this one.
        asked_at = self._clock.now()
        given = await counter.give(assertion)
        if isinstance(given, Wrong):
            return Failed(given)
        if isinstance(given, Refused):
            return _failed(given)
        return self._take(given, asked_at, lifetime, ends_at)

    def _take(self, given: Given, asked_at: float, lifetime: float, ends_at: float) -> Minted | Failed:
        expires_at = rules.end_of(asked_at, given.seconds, lifetime=lifetime, ends_at=ends_at)
        if expires_at <= self._clock.now() + rules.SHORTEST:
            return Failed(Cause.OVER)
        return Minted(given.token, asked_at, expires_at)


def _failed(refused: Refused) -> Failed:
    return Failed(Cause.REFUSED if refused.reason is Reason.EXCHANGE else Cause.UNREACHABLE, refused.detail)
