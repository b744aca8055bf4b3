"""Invitations: one open at most for each person, kept under the hash of its token, used once."""

import hashlib
import hmac

import msgspec

from yett.kernel import Clock, new_secret
from yett.signin.onboarding import events, rules
from yett.signin.onboarding.config import OnboardingSettings
from yett.signin.onboarding.model import Invitation, Invited
from yett.store import Records, Space

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Invitation).decode


class Invitations:
    """Makes, shows and uses them. StoreUnavailable may come from any method."""

    def __init__(self, records: Records, settings: OnboardingSettings, clock: Clock) -> None:
        self._links = Space(records, "signin/invitations/links")
        self._open = Space(records, "signin/invitations/people")
        self._settings = settings
        self._clock = clock

    def apply(self, settings: OnboardingSettings) -> None:
        """Go by other settings from now on; those that are out keep the time they have."""
        self._settings = settings

    async def invite(self, user: str, *, by: str) -> Invited:
        """A new one; an earlier one of the same person is good no more."""
        token, now = new_secret(), self._clock.now()
        lifetime = self._settings.invitation_lifetime.total_seconds()
        made = Invitation(user, by, now, now + lifetime)
        digest = _digest(token)
        earlier = await self._open.get(user)
        await self._open.put(user, digest.encode(), lifetime=lifetime)
        await self._links.put(digest, _encode(made), lifetime=lifetime)
        if earlier is not None:
            await self._links.delete(earlier.value.decode())
        events.invited(user=user, by=by, lifetime=lifetime)
        return Invited(token, made)

    async def look(self, token: str) -> Invitation | None:
        """The invitation of a token, if it is open; nothing is used up."""
        if not rules.is_token(token):
            return None
        digest = _digest(token)
        record = await self._links.get(digest)
        return None if record is None else await self._if_open(digest, record.value)

    async def take(self, token: str) -> Invitation | None:
        """The same, and it is used: of any number of callers exactly one gets it."""
        if not rules.is_token(token):
            return None
        digest = _digest(token)
        record = await self._links.take(digest)
        found = None if record is None else await self._if_open(digest, record.value)
        if found is not None:
            await self._open.delete(found.user)
        return found

    async def _if_open(self, digest: str, value: bytes) -> Invitation | None:
        try:
            found = _decode(value)
        except msgspec.MsgspecError:
            return None
        newest = await self._open.get(found.user)
        if newest is None or not hmac.compare_digest(newest.value, digest.encode()):
            return None
        return found if self._clock.now() < found.expires_at else None

    async def withdraw(self, user: str, *, by: str) -> bool:
        """Let somebody's invitation lead nowhere; whether there was one."""
        record = await self._open.take(user)
        if record is None:
            return False
        await self._links.delete(record.value.decode())
        events.withdrawn(user=user, by=by)
        return True

    async def list(self) -> tuple[Invitation, ...]:
        """Those that are open."""
        found = [await self._if_open(key, record.value) for key, record in await self._links.list("")]
        return tuple(each for each in found if each is not None)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
