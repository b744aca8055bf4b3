"""Who has to wait before another code is checked.

Only who has proven a first factor gets to try, so that strangers can make nobody wait. Guesses are
counted for the person over all their sign-ins, in the store, so that neither a new sign-in nor a
restart gives anybody a fresh start. Those from an address that the person has signed in from before
are counted apart: whoever has stolen a password and guesses elsewhere does not keep them out at home.

What must stay true:
  a try counts as wrong from its beginning;
  a right code clears the count of where it came from, and of nowhere else;
  when the store cannot say, nobody may try.
"""

import hashlib
from dataclasses import dataclass

import msgspec

from yett.authn.guessing import Policy, Track, address_key, after_failure, wait_left
from yett.events import describe
from yett.kernel import Clock
from yett.signin import events
from yett.signin.config import MFASettings
from yett.store import Records, StoreUnavailable

_PREFIX = "signin/codes/"
_FORGET_AFTER = 7 * 86400.0
"""Seconds after the last wrong code; far longer than any wait."""
_ROUNDS = 200
WARN_AT = 20

_decode = msgspec.json.Decoder(Track).decode
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Try:
    """A try that may be checked; it counts as wrong until it is taken back."""

    key: str
    failures: int


@dataclass(frozen=True, slots=True)
class Wait:
    """A try that may not be checked yet. In seconds."""

    seconds: float
    is_ours: bool = False
    """Whether the store failed, rather than the person."""


class CodeWaits:
    """Wrong codes of people of late, in the store."""

    def __init__(self, records: Records, settings: MFASettings, clock: Clock) -> None:
        self._records = records
        self._clock = clock
        self.apply(settings)

    def apply(self, settings: MFASettings) -> None:
        """Go by other settings from now on; what is remembered stays."""
        self._policy = Policy(
            settings.free_attempts,
            settings.first_wait.total_seconds(),
            settings.longest_wait.total_seconds(),
            _FORGET_AFTER,
        )

    async def begin(self, user: str, address: str, *, is_known: bool) -> Try | Wait:
        """Count a try, unless it has to wait; `is_known` when the person has signed in from there before."""
        key = key_of(user, address if is_known else "")
        try:
            for _ in range(_ROUNDS):
                found = await self._records.get(key)
                now = self._clock.now()
                track = None if found is None else _decode(found.value)
                # A clock that was put back must not make anybody wait for longer than the longest.
                wait = min(wait_left(track, self._policy, now), self._policy.longest_wait)
                if wait > 0 and track is not None:
                    events.codes_throttled(
                        user=user, failures=track.failures, wait_seconds=round(wait, 1), is_known=is_known
                    )
                    return Wait(wait)
                counted = after_failure(track, self._policy, now)
                if found is None:
                    version = await self._records.create(key, _encode(counted), lifetime=_FORGET_AFTER)
                else:
                    version = await self._records.replace(
                        key, _encode(counted), version=found.version, lifetime=_FORGET_AFTER
                    )
                if version is not None:
                    return Try(key, counted.failures)
        except (StoreUnavailable, msgspec.MsgspecError) as problem:
            events.try_not_counted(user=user, error=describe(problem))
            return Wait(5.0, is_ours=True)
        return Wait(1.0)

    async def right(self, begun: Try) -> None:
        """The code was right."""
        try:
            await self._records.delete(begun.key)
        except StoreUnavailable as problem:
            # They wait sooner the next time; that harms nobody.
            events.tries_not_cleared(error=describe(problem))

    def wrong(self, user: str, begun: Try) -> None:
        """The code was wrong; many of them are worth a warning."""
        if begun.failures >= WARN_AT and begun.failures % WARN_AT == 0:
            events.codes_guessed(user=user, failures=begun.failures)


def key_of(user: str, address: str) -> str:
    """Where the count of a person is kept, apart for an address if there is one."""
    text = f"{user}\n{address_key(address) if address else ''}"
    return _PREFIX + hashlib.sha256(text.encode()).hexdigest()
