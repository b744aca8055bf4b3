"""Making a passkey: ask a browser for a new key, see that it is fit, write it down for its person."""

import dataclasses
import secrets
from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from yett.authn.passkey import events, proofs, rules, wire
from yett.authn.passkey.ceremonies import Ceremonies
from yett.authn.passkey.config import Attachment, PasskeySettings
from yett.authn.passkey.keyring import Contended, Keyrings
from yett.authn.passkey.model import (
    Asked,
    Ceremony,
    Keyring,
    Passkey,
    PasskeyRejected,
    Purpose,
    Reason,
    Registered,
    Revoked,
)
from yett.authn.passkey.rules import Place
from yett.events import describe
from yett.kernel import Clock
from yett.store import StoreUnavailable

_ORIGIN = frozenset({Reason.ORIGIN, Reason.CROSS_ORIGIN})
_ATTESTATION = frozenset({Reason.ATTESTATION, Reason.MODEL})


class Told(Protocol):
    """Whoever tells people by mail. It never waits and never raises."""

    def created(self, user: str, passkey: Passkey) -> None: ...
    def revoked(self, user: str, passkey: Passkey, reason: str, by: str = ...) -> None: ...


class Registering:
    """New passkeys."""

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
        self.roots: Sequence[bytes] = ()

    async def begin(self, user: str, display_name: str, device: str) -> Ceremony | PasskeyRejected:
        """Ask the browser `device` for a new key of this person."""
        events.registration_began(user=user)
        try:
            keyring = await self._keyrings.load(user)
        except StoreUnavailable as problem:
            events.enrol_not_loaded(user=user, error=describe(problem))
            return PasskeyRejected(Reason.UNAVAILABLE)
        kept = rules.live(keyring, self._clock.now())
        if len(kept) >= self.settings.max_per_user:
            # Said before the person makes a key that cannot be kept.
            return self._refuse(user, Reason.TOO_MANY)
        try:
            challenge, handle = self._ceremonies.challenge(), _handle_of(keyring)
        except OSError as problem:
            events.registration_challenge_failed(user=user, error=describe(problem))
            return PasskeyRejected(Reason.UNAVAILABLE)
        options = self._options(user, display_name, challenge, handle, kept)
        try:
            msgspec.json.encode(options)
        except (TypeError, ValueError) as problem:
            events.registration_not_marshalled(user=user, error=describe(problem))
            return PasskeyRejected(Reason.UNAVAILABLE)
        needs = self.settings.user_verification.value == "required"
        asked = Asked(Purpose.REGISTRATION, challenge, device, user, handle, self._clock.now(), needs)
        try:
            number = await self._ceremonies.open(asked)
        except OSError as problem:
            events.registration_challenge_failed(user=user, error=describe(problem))
            return PasskeyRejected(Reason.UNAVAILABLE)
        except StoreUnavailable as problem:
            events.registration_not_stored(user=user, error=describe(problem))
            return PasskeyRejected(Reason.UNAVAILABLE)
        return Ceremony(number, options, self._ceremonies.lifetime)

    def _options(
        self, user: str, display_name: str, challenge: str, handle: str, kept: Sequence[Passkey]
    ) -> dict[str, Any]:
        """What navigator.credentials.create() is called with (section 5.4), in the form of its JSON."""
        settings = self.settings
        selection = {
            "residentKey": settings.discoverable.value,
            "requireResidentKey": settings.discoverable.value == "required",
            "userVerification": settings.user_verification.value,
        }
        if settings.authenticators is not Attachment.ANY:
            selection["authenticatorAttachment"] = settings.authenticators.value
        return {
            "rp": {"id": self._place.rp_id, "name": settings.rp_name or self._place.rp_id},
            "user": {"id": handle, "name": user, "displayName": display_name or user},
            "challenge": challenge,
            "pubKeyCredParams": [{"type": "public-key", "alg": int(each)} for each in proofs.ALGORITHMS],
            "timeout": self._ceremonies.lifetime * 1000,
            "excludeCredentials": [descriptor(passkey) for passkey in kept],
            "authenticatorSelection": selection,
            "attestation": settings.attestation.value,
        }

    async def finish(
        self, number: str, answer: object, user: str, device: str
    ) -> Registered | PasskeyRejected:
        """Judge the answer of the browser. Whatever comes of it, the question is spent."""
        events.registration_answered(user=user)
        try:
            asked = await self._ceremonies.take(number, Purpose.REGISTRATION, device)
        except StoreUnavailable as problem:
            events.registration_not_stored(user=user, error=describe(problem))
            return PasskeyRejected(Reason.UNAVAILABLE)
        if asked is None or asked.user != user:
            return self._refuse(user, Reason.NO_CEREMONY)
        try:
            attested = wire.read_attested(answer)
            opened = proofs.open_attestation(attested.attestation)
        except wire.Malformed:
            return self._refuse(user, Reason.MALFORMED)
        challenge = wire.from_text(asked.challenge, 64, "challenge")
        reason = (
            rules.judge_client(attested.client_data, rules.CREATE, challenge, self._place)
            or rules.judge_authenticator(
                opened.authenticator_data, self._place, needs_verification=asked.needs_verification
            )
            or rules.judge_credential_id(attested.credential_id, opened.credential_id)
        )
        if reason is not None:
            return self._refuse(user, reason, origin=attested.client_data.origin)
        try:
            algorithm = proofs.judge_key(opened.public_key)
            is_trusted = proofs.check_attestation(attested, opened, challenge, self._place, self.roots)
        except proofs.Unproven as problem:
            return self._refuse(user, problem.reason, problem=problem.problem)
        if self.settings.aaguids and opened.aaguid not in self.settings.aaguids:
            return self._refuse(user, Reason.MODEL, problem=f"model {opened.aaguid}")
        if opened.format != "none":
            events.attestation_validated(
                user=user, format=opened.format, model=opened.aaguid, trusted=is_trusted
            )
        passkey = self._passkey(asked, attested, opened, is_trusted=is_trusted)
        events.registered(user=user, hash=passkey.hash, algorithm=algorithm)
        return Registered(user, passkey)

    def _passkey(
        self, asked: Asked, attested: wire.Attested, opened: proofs.NewKey, *, is_trusted: bool
    ) -> Passkey:
        now, data = self._clock.now(), opened.authenticator_data
        return Passkey(
            id=wire.to_text(opened.credential_id),
            public_key=wire.to_text(opened.public_key),
            handle=asked.handle,
            sign_count=data.sign_count,
            device="",
            created_at=now,
            expires_at=rules.expiry(now, self.settings.validity),
            aaguid=opened.aaguid,
            format=opened.format,
            is_trusted=is_trusted,
            is_backup_eligible=data.has(wire.BACKUP_ELIGIBLE),
            is_backed_up=data.has(wire.BACKED_UP),
            transports=attested.transports,
        )

    async def enrol(self, registered: Registered, name: str) -> Passkey | PasskeyRejected:
        """Write a fit key down for its person, under the name that they give the device."""
        user = registered.user
        passkey = dataclasses.replace(registered.passkey, device=rules.device_name(name, "Passkey"))
        events.enrolling(user=user, hash=passkey.hash)
        try:
            if not await self._keyrings.claim(passkey.id, user):
                return self._turn_away(user, passkey, Reason.TAKEN)
        except StoreUnavailable as problem:
            events.enrol_not_stored(user=user, error=describe(problem))
            return PasskeyRejected(Reason.UNAVAILABLE)
        verdict = await self._add(user, passkey)
        if isinstance(verdict, PasskeyRejected):
            await self._disclaim(passkey)
            return verdict
        active = len(rules.live(verdict, self._clock.now()))
        events.enrolled(user=user, hash=passkey.hash, device=passkey.device, active_count=active)
        self._told.created(user, passkey)
        return passkey

    async def _add(self, user: str, passkey: Passkey) -> Keyring | PasskeyRejected:
        refusal: list[Reason] = []
        retired: list[Revoked] = []

        def change(keyring: Keyring) -> Keyring | None:
            new = rules.with_new(keyring, passkey, self._clock.now(), most=self.settings.max_per_user)
            if isinstance(new, Reason):
                refusal.append(new)
                return None
            retired[:] = [each for each in new.revoked if each not in keyring.revoked]
            return new

        try:
            changed = await self._keyrings.change(user, change)
        except (StoreUnavailable, Contended) as problem:
            events.enrol_not_stored(user=user, error=describe(problem))
            return PasskeyRejected(Reason.UNAVAILABLE)
        if changed is None:
            return self._turn_away(user, passkey, refusal[-1])
        for over in retired:
            old = over.passkey
            events.revoked(
                user=user, hash=old.hash, device=old.device, reason=over.reason, revoked_by=over.revoked_by
            )
        return changed

    async def _disclaim(self, passkey: Passkey) -> None:
        """Let the id be nobody's again. It stays claimed when the store fails: it is then good for nobody."""
        try:
            await self._keyrings.disclaim(passkey.id)
        except StoreUnavailable as problem:
            events.enrol_not_stored(user="", error=describe(problem))

    def _turn_away(self, user: str, passkey: Passkey, reason: Reason) -> PasskeyRejected:
        events.enrol_refused(user=user, hash=passkey.hash, reason=reason)
        return PasskeyRejected(reason)

    def _refuse(self, user: str, reason: Reason, *, origin: str = "", problem: str = "") -> PasskeyRejected:
        if reason is Reason.CHALLENGE:
            events.registration_challenge_mismatch(user=user)
        elif reason in _ORIGIN:
            events.registration_origin_mismatch(user=user, reason=reason, origin=origin)
        elif reason in _ATTESTATION:
            events.attestation_failed(user=user, reason=reason, problem=problem)
        else:
            events.registration_refused(user=user, reason=reason)
        return PasskeyRejected(reason)


def descriptor(passkey: Passkey) -> dict[str, Any]:
    """A passkey as browsers want it named (section 5.8.3)."""
    named: dict[str, Any] = {"type": "public-key", "id": passkey.id}
    if passkey.transports:
        named["transports"] = list(passkey.transports)
    return named


def _handle_of(keyring: Keyring) -> str:
    """One handle for all passkeys of a person, so that an authenticator keeps one of them, the newest."""
    return keyring.active[-1].handle if keyring.active else secrets.token_urlsafe(32)
