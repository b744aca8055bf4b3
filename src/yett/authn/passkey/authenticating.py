"""Using a passkey: ask a browser, judge its answer, write the counter down before anybody is believed."""

from typing import Any

from yett.authn.passkey import events, proofs, rules, wire
from yett.authn.passkey.ceremonies import Ceremonies
from yett.authn.passkey.config import PasskeySettings
from yett.authn.passkey.keyring import Keyrings
from yett.authn.passkey.model import (
    GATEWAY,
    Asked,
    Ceremony,
    Keyring,
    Passkey,
    PasskeyAccepted,
    PasskeyRejected,
    Purpose,
    Reason,
    Revoked,
    hash_of,
)
from yett.authn.passkey.registering import Told, descriptor
from yett.authn.passkey.rules import Place
from yett.events import describe
from yett.kernel import Clock
from yett.store import StoreUnavailable

CLONED = "cloned"
_ROUNDS = 8
_ORIGIN = frozenset({Reason.ORIGIN, Reason.CROSS_ORIGIN})


class Authenticating:
    """Sign-ins with passkeys."""

    def __init__(
        self,
        ceremonies: Ceremonies,
        keyrings: Keyrings,
        settings: PasskeySettings,
        clock: Clock,
        place: Place,
        told: Told,
    ) -> None:
        self._ceremonies = ceremonies
        self._keyrings = keyrings
        self._clock = clock
        self._place = place
        self._told = told
        self.settings = settings

    async def begin(self, user: str, device: str) -> Ceremony | PasskeyRejected:
        """Ask the browser `device` for a passkey, of this person or of anybody.

        A name is only for people who have proven it already: the answer tells which passkeys they have.
        """
        events.traced(finish=False, named=bool(user))
        now = self._clock.now()
        try:
            kept = rules.live(await self._keyrings.load(user), now) if user else ()
            challenge = self._ceremonies.challenge()
            needs = self.settings.user_verification.value == "required"
            asked = Asked(Purpose.AUTHENTICATION, challenge, device, user, "", now, needs)
            number = await self._ceremonies.open(asked)
        except OSError as problem:
            events.challenge_failed(error=describe(problem))
            return PasskeyRejected(Reason.UNAVAILABLE)
        except StoreUnavailable as problem:
            events.not_stored(error=describe(problem))
            return PasskeyRejected(Reason.UNAVAILABLE)
        events.challenge_issued(user=user)
        options: dict[str, Any] = {
            "challenge": challenge,
            "rpId": self._place.rp_id,
            "timeout": self._ceremonies.lifetime * 1000,
            "allowCredentials": [descriptor(passkey) for passkey in kept],
            "userVerification": self.settings.user_verification.value,
        }
        return Ceremony(number, options, self._ceremonies.lifetime)

    async def finish(self, number: str, answer: object, device: str) -> PasskeyAccepted | PasskeyRejected:
        """Judge the answer of the browser. Whatever comes of it, the question is spent."""
        try:
            asked = await self._ceremonies.take(number, Purpose.AUTHENTICATION, device)
        except StoreUnavailable as problem:
            events.not_stored(error=describe(problem))
            return PasskeyRejected(Reason.UNAVAILABLE)
        events.traced(finish=True, named=asked is not None and bool(asked.user))
        if asked is None:
            events.no_ceremony()
            return PasskeyRejected(Reason.NO_CEREMONY)
        try:
            assertion = wire.read_assertion(answer)
        except wire.Malformed:
            return _refuse(asked.user, "", Reason.MALFORMED)
        challenge = wire.from_text(asked.challenge, 64, "challenge")
        reason = rules.judge_client(assertion.client_data, rules.GET, challenge, self._place)
        if reason is not None:
            return _refuse(asked.user, _hash(assertion), reason, origin=assertion.client_data.origin)
        try:
            return await self._recognise(asked, assertion)
        except StoreUnavailable as problem:
            events.not_stored(error=describe(problem))
            return PasskeyRejected(Reason.UNAVAILABLE)

    async def _recognise(self, asked: Asked, assertion: wire.Assertion) -> PasskeyAccepted | PasskeyRejected:
        """Find the passkey, judge it, and write down that it was used.

        The counter is judged on what the store has when the new one is written: of two answers that
        carry the same count, the one whose write lands gets in, and the other is judged anew.
        """
        credential_id, name = wire.to_text(assertion.credential_id), _hash(assertion)
        owner = await self._keyrings.owner(credential_id)
        for _ in range(_ROUNDS):
            keyring = await self._keyrings.load(owner) if owner else Keyring()
            found = rules.find(keyring, credential_id)
            events.looked_up(hash=name, found=isinstance(found, Passkey))
            if not isinstance(found, Passkey):
                events.not_found(hash=name, revoked=isinstance(found, Revoked))
                return PasskeyRejected(Reason.NOT_FOUND)
            verdict: PasskeyAccepted | PasskeyRejected | None
            reason = self._judge(asked, assertion, owner, found)
            if reason is Reason.CLONED:
                verdict = await self._stop_clone(asked, assertion, owner, keyring, found)
            elif reason is not None:
                return _refuse(owner, name, reason)
            else:
                verdict = await self._accept(assertion, owner, keyring, found)
            if verdict is not None:
                return verdict
        events.not_stored(error="others changed the same passkeys again and again")
        return PasskeyRejected(Reason.UNAVAILABLE)

    def _judge(self, asked: Asked, assertion: wire.Assertion, owner: str, passkey: Passkey) -> Reason | None:
        if asked.user and asked.user != owner:
            return Reason.FOREIGN
        handle = wire.to_text(assertion.handle)
        # Section 7.2, step 6: who was not named beforehand has to be named by the authenticator.
        if handle != passkey.handle and (handle or not asked.user):
            return Reason.FOREIGN
        data = assertion.authenticator_data
        reason = rules.judge_authenticator(
            data, self._place, needs_verification=asked.needs_verification, known=passkey
        ) or proofs.check_signature(
            wire.from_text(passkey.public_key, 4096, "public key"),
            data.raw + assertion.client_data.hash,
            assertion.signature,
        )
        if reason is not None:
            return reason
        if not rules.is_live(passkey, self._clock.now()):
            return Reason.EXPIRED
        events.counter_validated(hash=passkey.hash, stored=passkey.sign_count, received=data.sign_count)
        return None if rules.is_grown(passkey.sign_count, data.sign_count) else Reason.CLONED

    async def _accept(
        self, assertion: wire.Assertion, owner: str, keyring: Keyring, passkey: Passkey
    ) -> PasskeyAccepted | None:
        data = assertion.authenticator_data
        used = rules.used(passkey, data, self._clock.now())
        if not await self._keyrings.replace(owner, rules.with_changed(keyring, used)):
            return None
        is_verified = data.has(wire.USER_VERIFIED)
        events.authenticated(user=owner, hash=passkey.hash, verified=is_verified)
        events.authentication_done(hash=passkey.hash, backed_up=used.is_backed_up, count=used.sign_count)
        return PasskeyAccepted(owner, passkey.hash, is_verified)

    async def _stop_clone(
        self, asked: Asked, assertion: wire.Assertion, owner: str, keyring: Keyring, passkey: Passkey
    ) -> PasskeyRejected | None:
        """Two of one key: refuse, and let neither in any more.

        Only the key's holder can bring this about, since the signature was right. An answer to a question
        that is older than the last use may have been overtaken on its way, and only is refused.
        """
        is_overtaken = passkey.last_used_at is not None and asked.made_at <= passkey.last_used_at
        is_revoked = self.settings.revoke_cloned and not is_overtaken
        if is_revoked:
            revoked = Revoked(passkey, self._clock.now(), GATEWAY, CLONED)
            if not await self._keyrings.replace(owner, rules.without(keyring, revoked)):
                return None
        events.cloned(
            user=owner,
            hash=passkey.hash,
            stored=passkey.sign_count,
            received=assertion.authenticator_data.sign_count,
            revoked=is_revoked,
        )
        if is_revoked:
            events.revoked(
                user=owner, hash=passkey.hash, device=passkey.device, reason=CLONED, revoked_by=GATEWAY
            )
            self._told.revoked(owner, passkey, CLONED)
        return PasskeyRejected(Reason.CLONED)


def _hash(assertion: wire.Assertion) -> str:
    return hash_of(wire.to_text(assertion.credential_id))


def _refuse(user: str, name: str, reason: Reason, *, origin: str = "") -> PasskeyRejected:
    if reason in _ORIGIN:
        events.origin_mismatch(reason=reason, origin=origin)
    elif reason is Reason.RP_ID:
        events.rp_id_mismatch(hash=name)
    elif reason is Reason.SIGNATURE:
        events.signature_failed(user=user, hash=name)
    elif reason is Reason.KEY:
        events.key_unusable(user=user, hash=name)
    elif reason is Reason.EXPIRED:
        events.expired(user=user, hash=name)
    else:
        events.refused(user=user, hash=name, reason=reason)
    return PasskeyRejected(reason)
