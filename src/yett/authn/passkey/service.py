"""Passkeys as others see them: made, used, listed, revoked."""

import secrets
from dataclasses import replace

from yett.authn.passkey import events, proofs, rules
from yett.authn.passkey.authenticating import Authenticating
from yett.authn.passkey.ceremonies import Ceremonies, Random
from yett.authn.passkey.config import PasskeySettings
from yett.authn.passkey.keyring import Contended, Keyrings, ModuleData
from yett.authn.passkey.mail import Letters
from yett.authn.passkey.model import (
    Ceremony,
    Keyring,
    Passkey,
    PasskeyAccepted,
    PasskeyRejected,
    Reason,
    Registered,
    Revoked,
)
from yett.authn.passkey.registering import Registering
from yett.authn.passkey.rules import Place
from yett.events import describe
from yett.kernel import Clock
from yett.store import Records, StoreUnavailable

_NOT_READY = PasskeyRejected(Reason.UNAVAILABLE)


class Passkeys:
    """The passkey method. Start it before use; where it is disabled or failed, everybody is rejected."""

    def __init__(
        self,
        data: ModuleData,
        records: Records,
        settings: PasskeySettings,
        clock: Clock,
        letters: Letters,
        *,
        origin: str,
        hostname: str,
        random: Random = secrets.token_urlsafe,
    ) -> None:
        """`origin` is what browsers call the sign-in host: "https://name", with the port unless it is 443."""
        self.keyrings = Keyrings(data, records)
        self._settings = settings
        self._clock = clock
        self._letters = letters
        self._place = Place(rules.rp_id_of(settings, hostname), origin.lower())
        self._ceremonies = Ceremonies(records, settings, clock, random)
        common = (self._ceremonies, self.keyrings, settings, clock, self._place, letters)
        self._registering = Registering(*common)
        self._authenticating = Authenticating(*common)
        self.is_ready = False

    async def start(self) -> None:
        """Read what is needed, and say whether passkeys are to be had."""
        if not self._settings.enabled:
            events.disabled()
            return
        roots = self._settings.trusted_roots
        try:
            self._registering.roots = proofs.read_roots(roots.read_bytes()) if roots is not None else ()
        except (OSError, ValueError) as problem:
            events.failed(error=describe(problem))
            return
        self.is_ready = True
        events.initialized(
            rpid=self._place.rp_id,
            origin=self._place.origin,
            type=self._settings.authenticators.value,
            validity=self._settings.validity.total_seconds(),
        )

    async def stop(self) -> None:
        """Nothing is held that needs an end."""

    def apply(self, settings: PasskeySettings) -> None:
        """Go by other settings from now on; what browsers were asked already stays as it was."""
        self._settings = self._registering.settings = self._authenticating.settings = settings
        self._ceremonies.use(settings)

    # Making and using.

    async def begin_registration(
        self, user: str, display_name: str, *, device: str
    ) -> Ceremony | PasskeyRejected:
        """Ask a browser for a new key. `device` is what tells this browser, or its session, from others."""
        if not self.is_ready:
            return _NOT_READY
        return await self._registering.begin(user, display_name, device)

    async def finish_registration(
        self, ceremony: str, answer: object, *, user: str, device: str
    ) -> Registered | PasskeyRejected:
        """Judge what the browser made. Nothing is written down yet: that is `enrol`."""
        if not self.is_ready:
            return _NOT_READY
        return await self._registering.finish(ceremony, answer, user, device)

    async def enrol(self, registered: Registered, *, name: str = "") -> Passkey | PasskeyRejected:
        """Write a fit key down for its person; `name` is what they call the device."""
        return await self._registering.enrol(registered, name)

    async def begin_authentication(self, *, user: str = "", device: str) -> Ceremony | PasskeyRejected:
        """Ask a browser for a passkey: of anybody, or of a person who has proven their name already."""
        if not self.is_ready:
            return _NOT_READY
        return await self._authenticating.begin(user, device)

    async def finish_authentication(
        self, ceremony: str, answer: object, *, device: str
    ) -> PasskeyAccepted | PasskeyRejected:
        """Judge what the browser signed; its question is spent, and the counter written, before this returns."""
        if not self.is_ready:
            return _NOT_READY
        return await self._authenticating.finish(ceremony, answer, device)

    # Keeping.

    async def list(self, user: str) -> tuple[Passkey, ...]:
        """The passkeys of a person that were not revoked. Raises StoreUnavailable."""
        keyring = await self.keyrings.load(user)
        events.listed(user=user, active_count=len(keyring.active))
        return keyring.active

    async def working(self, user: str) -> tuple[Passkey, ...]:
        """Those that have not run out. Raises StoreUnavailable.

        Where passkeys failed to start they are counted all the same: that must not make a second factor less.
        """
        if not self._settings.enabled:
            return ()
        return rules.live(await self.keyrings.load(user), self._clock.now())

    async def has_lapsed(self, user: str) -> bool:
        """Whether the person has passkeys, all of which ran out. Raises StoreUnavailable."""
        if not self._settings.enabled:
            return False
        keyring = await self.keyrings.load(user)
        return bool(keyring.active) and not rules.live(keyring, self._clock.now())

    async def history(self, user: str) -> Keyring:
        """The same and those that were revoked. Raises StoreUnavailable."""
        return await self.keyrings.load(user)

    async def rename(self, user: str, credential_hash: str, name: str) -> bool:
        """Let a passkey be called something else; False when there is none, or no name is left of what was typed.

        Raises StoreUnavailable, and it is called as before.
        """
        device = rules.device_name(name, "")

        def change(keyring: Keyring) -> Keyring | None:
            found = next((each for each in keyring.active if each.hash == credential_hash), None)
            if found is None or not device:
                return None
            return rules.with_changed(keyring, replace(found, device=device))

        try:
            changed = await self.keyrings.change(user, change)
        except Contended as problem:
            raise StoreUnavailable("the passkey could not be renamed") from problem
        if changed is None:
            return False
        events.renamed(user=user, hash=credential_hash, device=device)
        return True

    async def revoke(self, user: str, credential_hash: str, *, by: str, reason: str) -> bool:
        """Let a passkey open nothing any more; whether there was one. Raises StoreUnavailable, and it still works."""
        events.revoking(user=user, hash=credential_hash)
        gone: list[Passkey] = []

        def change(keyring: Keyring) -> Keyring | None:
            gone.clear()
            gone.extend(each for each in keyring.active if each.hash == credential_hash)
            if not keyring.active and not keyring.revoked:
                events.none_to_revoke(user=user)
                return None
            if not gone:
                events.not_active(user=user, hash=credential_hash)
                return None
            return rules.without(keyring, Revoked(gone[0], self._clock.now(), by, reason))

        try:
            changed = await self.keyrings.change(user, change)
        except (StoreUnavailable, Contended) as problem:
            events.revoke_not_stored(user=user, hash=credential_hash, error=describe(problem))
            raise StoreUnavailable("the passkey could not be revoked") from problem
        if changed is None:
            return False
        passkey = gone[0]
        events.revoked(user=user, hash=passkey.hash, device=passkey.device, reason=reason, revoked_by=by)
        self._letters.revoked(user, passkey, reason, by)
        return True
