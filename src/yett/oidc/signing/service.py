"""Signing keys in the store, the same on every node, and what is signed and checked with them.

The keys are one record. Whoever finds that something is due makes it and writes the record by compare-and-set, so
that of several nodes that start together one makes the keys and the others take them over.
"""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from yett.events import describe
from yett.kernel import Clock, Supervisor
from yett.keys import MasterKey, Sealer
from yett.keys.threshold import NotMade, State, Threshold, ThresholdSettings
from yett.oidc.signing import compact, events, material, ring, rules
from yett.oidc.signing.config import SigningSettings
from yett.oidc.signing.files import read_files
from yett.oidc.signing.loading import Loaded, Loading
from yett.oidc.signing.model import Algorithm, InFile, Key, Making, NoKey, Plan
from yett.oidc.signing.together import SCHEME, Together
from yett.store import Change, Follower, Record, Records, StoreUnavailable

_TICK = 30.0
_TRIES = 8
"""How often a write of the record is tried that others get ahead of."""
_PROBE = "probe"
_ATTEMPTS = 3
"""How often a signature is tried."""


class Signing:
    """Signs tokens, and knows those that it signed. Start before use."""

    def __init__(
        self,
        records: Records,
        master: MasterKey,
        settings: SigningSettings,
        clock: Clock,
        tasks: Supervisor,
        *,
        issuer: str,
        threshold: Threshold | None = None,
    ) -> None:
        self.issuer = issuer
        self._threshold = threshold or Threshold(master, ThresholdSettings(), tasks)
        self._together = Together(self._threshold)
        self._records = records
        self._sealer = Sealer(master, "oidc/signing")
        self._settings = settings
        self._clock = clock
        self._tasks = tasks
        self._loading = Loading(self._sealer, self._together.may_sign)
        self._own: dict[Algorithm, tuple[Key, material.Private]] = {}
        self._barred: frozenset[Algorithm] = frozenset()
        """Algorithms that the operator has a file for which cannot be used."""
        self._follower = Follower(records, ring.RING, load=self.tick, hear=self._hear)
        self._running: list[asyncio.Task[None]] = []
        self._lock = asyncio.Lock()

    @property
    def algorithms(self) -> tuple[str, ...]:
        """What tokens can be signed with; the first is used where nobody says."""
        return tuple(each.value for each in self._settings.algorithms)

    @property
    def is_shared(self) -> bool:
        """Whether there are co-signers, who hold shares of the EdDSA key."""
        return self._threshold.is_on

    @property
    def is_ready(self) -> bool:
        """Whether tokens can be signed now."""
        return self._loading.signer(self._settings.algorithms[0], self._clock.now()) is not None

    async def start(self) -> None:
        """Load the keys, or make them. Without the store there are none until it is back."""
        self._follower.watch()
        await self._read_files()
        self._together.compare(self._settings.algorithms)
        await self._follower.load()
        self._threshold.changed.connect(self._quorum_changed)
        await self._try_together()
        self._running = [
            self._tasks.keep(self._follower.follow, name="oidc.signing.follow"),
            self._tasks.every(_TICK, self.look_after, name="oidc.signing.tick"),
        ]

    async def stop(self) -> None:
        """Stop following the store."""
        await self._follower.close()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        self._running = []

    async def apply(self, settings: SigningSettings) -> None:
        """Go by other settings from now on; tokens that are out stay good."""
        self._settings = settings
        await self._read_files()
        self._together.compare(settings.algorithms)
        self._loading.look_again()
        await self.tick()
        await self._try_together()

    async def tick(self) -> None:
        """Make what is due, drop what is over."""
        try:
            await self._settle()
        except StoreUnavailable as problem:
            events.history_not_stored(error=describe(problem))
        except ring.Unreadable as problem:
            events.keys_invalid(error=describe(problem))
        except NotMade:
            # Whoever makes keys has said so, and an older one may go on signing; the next tick tries again.
            pass

    def _quorum_changed(self, state: State) -> None:
        self._loading.look_again()
        self._tasks.run(self._catch_up(state), name="oidc.signing.quorum")

    async def _catch_up(self, state: State) -> None:
        if state is State.READY:
            # Everybody is there: what could not be made before can be now.
            await self.tick()
        await self._try_together()

    async def _try_together(self) -> None:
        """See whether the shared key signs, so that the log tells before somebody needs a token."""
        signer = self._loading.signer(SCHEME, self._clock.now())
        if signer is None or signer.shared is None:
            return
        if not self._together.works(signer):
            self._together.unhealthy(signer, "too few signers are there")
            return
        probe = {"iss": self.issuer, "exp": self._clock.now() + 1.0}
        with contextlib.suppress(NoKey):
            await self._together.sign(signer, self._text(signer, probe, _PROBE))

    async def look_after(self) -> None:
        """What is done in the background: the same, and a look whether tokens can be signed and known again."""
        await self.tick()
        probe = {"iss": self.issuer, "exp": self._clock.now() + 1.0}
        failing = [each for each in self.algorithms if not self._works(probe, each)]
        events.health_checked(is_healthy=not failing, keys=len(self.keys), failing=tuple(failing))

    def _works(self, probe: Mapping[str, Any], algorithm: str) -> bool:
        signer = self._loading.signer(self._chosen(algorithm), self._clock.now())
        if signer is not None and signer.shared is not None:
            return self._together.works(signer)
        try:
            return self.verify(self.sign(probe, typ=_PROBE, algorithm=algorithm), typ=_PROBE) is not None
        except NoKey:
            return False

    # Signing.

    def sign(self, claims: Mapping[str, Any], *, typ: str, algorithm: str = "") -> str:
        """A token that says so. Raises NoKey, or ValueError for claims that cannot be written as text."""
        loaded = self._loading.signer(self._chosen(algorithm), self._clock.now())
        if loaded is None or loaded.sign is None:
            raise self._no_key(algorithm)
        text = self._text(loaded, claims, typ)
        return f"{text.decode('ascii')}.{material.base64url(loaded.sign(text))}"

    def _text(self, loaded: Loaded, claims: Mapping[str, Any], typ: str) -> bytes:
        """What is signed; the key is needed for as long as that is good."""
        head = loaded.heads.get(typ)
        if head is None:
            head = loaded.heads[typ] = compact.head(loaded.key.algorithm.value, loaded.key.kid, typ)
        text = f"{head}.{compact.body(claims)}"
        expires_at = claims.get("exp", 0.0)
        if expires_at > loaded.needed_until:
            loaded.needed_until = expires_at + rules.COARSE
            self._tasks.run(self.tick(), name="oidc.signing.needed")
        return text.encode("ascii")

    async def sign_patiently(self, claims: Mapping[str, Any], *, typ: str, algorithm: str = "") -> str:
        """The same, looking the keys up again where there is none. Raises as `sign` does.

        What lasts longer than any key stays published for by itself is given out after that is noted.
        """
        for attempt in range(1, _ATTEMPTS):
            try:
                return await self._sign_noted(claims, typ=typ, algorithm=algorithm)
            except NoKey:
                events.signing_retried(algorithm=self._named(algorithm), attempt=attempt)
                await self.tick()
        try:
            return await self._sign_noted(claims, typ=typ, algorithm=algorithm)
        except NoKey:
            events.signing_failed(algorithm=self._named(algorithm))
            raise

    async def _sign_noted(self, claims: Mapping[str, Any], *, typ: str, algorithm: str) -> str:
        signer = self._loading.signer(self._chosen(algorithm), self._clock.now())
        if signer is None or signer.shared is None:
            token = self.sign(claims, typ=typ, algorithm=algorithm)
        else:
            text = self._text(signer, claims, typ)
            signature = await self._together.sign(signer, text)
            token = f"{text.decode('ascii')}.{material.base64url(signature)}"
        now, expires_at = self._clock.now(), claims.get("exp", 0.0)
        if expires_at > now + rules.KEPT:
            loaded = self._loading.signer(self._chosen(algorithm), now)
            if loaded is not None and expires_at > loaded.key.needed_until:
                await self.tick()
        return token

    def half_hash(self, text: str, algorithm: str = "") -> str:
        """`at_hash` or `c_hash` of a text in a token signed with this algorithm."""
        return material.half_hash(text, self._named(algorithm))

    def verify(self, token: str, *, typ: str | None, expired: bool = False) -> dict[str, Any] | None:
        """What a token of ours says; None for one that was altered, is over, or is of another type.

        With `expired` one that is over will do, as for a hint of who is meant.
        """
        parts = compact.take_apart(token)
        loaded = self._loading.get(parts.kid) if parts is not None else None
        if parts is None or loaded is None or loaded.key.algorithm.value != parts.algorithm:
            return None
        if (typ is not None and parts.typ != typ) or not loaded.check(parts.signature, parts.signed):
            return None
        claims = compact.claims_of(parts.payload)
        if claims is None or claims.get("iss") != self.issuer:
            return None
        expires_at = claims.get("exp")
        if not isinstance(expires_at, (int, float)) or not (expired or self._clock.now() < expires_at):
            return None
        return claims

    def published(self) -> list[Mapping[str, str]]:
        """The public halves of all keys as JSON Web Keys. Raises NoKey as long as they were never loaded."""
        if not self._loading.version:
            raise self._no_key("")
        return [key.public for key in self._loading.keys]

    # What operators ask.

    @property
    def keys(self) -> tuple[Key, ...]:
        """Every key that is published."""
        return self._loading.keys

    def signs(self, key: Key) -> bool:
        """Whether a key signs now."""
        signer = self._loading.signer(key.algorithm, self._clock.now())
        return key.algorithm in self._settings.algorithms and signer is not None and signer.key.kid == key.kid

    async def rotate(self, *, is_at_once: bool) -> int:
        """Make new keys that sign soon, or at once; how many. Raises StoreUnavailable, Unreadable and NotMade."""
        now = self._clock.now()
        use_from = now if is_at_once else now + rules.SOON
        taken = {*self._own, *self._barred}
        making = [Making(each, use_from) for each in self._settings.algorithms if each not in taken]
        await self._settle(making, is_forced=is_at_once)
        return len(making)

    async def withdraw(self, kid: str) -> Key | None:
        """Take a key back: nothing is signed or checked with it from now on. Raises StoreUnavailable and InFile."""
        loaded = self._loading.get(kid)
        if loaded is None:
            return None
        if any(key.kid == kid for key, _ in self._own.values()):
            raise InFile(kid)
        await self._settle(without=kid)
        events.key_withdrawn(kid=kid, algorithm=loaded.key.algorithm)
        return loaded.key

    # Keeping.

    async def _settle(
        self, asked: Iterable[Making] = (), *, without: str = "", is_forced: bool = False
    ) -> None:
        """Make the record what it should be, and know it here. Raises StoreUnavailable, Unreadable and NotMade."""
        async with self._lock:
            spare: dict[Algorithm, Key] = {}
            failed: dict[Algorithm, NotMade] = {}
            wishes = {each.algorithm: each for each in asked}
            for _ in range(_TRIES):
                record = await self._records.get(ring.RING)
                kept = self._kept(record, is_forced=is_forced)
                plan = self._plan(tuple(key for key in kept if key.kid != without))
                makings = {each.algorithm: each for each in plan.making} | wishes
                for each in makings:
                    if each not in spare and each not in failed:
                        try:
                            spare[each] = await self._make(each)
                        except NotMade as problem:
                            failed[each] = problem
                made = tuple(
                    replace(spare[each], use_from=it.use_from)
                    for each, it in makings.items()
                    if each in spare
                )
                keys = rules.merged((*plan.keys, *made), self._loading.needed)
                if record is not None and keys == kept:
                    break
                version = await self._write(keys, None if record is None else record.version)
                if version is not None:
                    self._loading.take_in(keys, version, self._clock.now())
                    self._say(kept, keys, made, is_first=record is None)
                    for key in made:
                        if self._together.makes(key.algorithm):
                            self._threshold.kept(key.kid)
                    break
            else:
                raise StoreUnavailable("others wrote the keys at the same moment, again and again")
        self._threshold.watch([each.shared for each in self._loading.all if each.shared is not None])
        if failed:
            raise next(iter(failed.values()))

    def _kept(self, record: Record | None, *, is_forced: bool) -> tuple[Key, ...]:
        """The keys of the record, known here from now on. Raises Unreadable, unless nothing is to stay of them."""
        if record is None:
            return ()
        try:
            keys = ring.from_bytes(record.value)
        except ring.Unreadable:
            if is_forced:
                return ()
            raise
        self._loading.take_in(keys, record.version, self._clock.now())
        return keys

    def _plan(self, kept: tuple[Key, ...]) -> Plan:
        return rules.plan(
            kept,
            wanted=[each for each in self._settings.algorithms if each not in self._barred],
            own={algorithm: key for algorithm, (key, _) in self._own.items()},
            usable=self._loading.usable,
            now=self._clock.now(),
            rotation=self._settings.rotation.total_seconds(),
            giving_way=self._together.giving_way(self._loading.all),
        )

    async def _make(self, algorithm: Algorithm) -> Key:
        now = self._clock.now()
        if self._together.makes(algorithm):
            shared = await self._together.make()
            public = material.shared_jwk(shared)
            sealed = ring.seal_share(self._sealer, shared, public["kid"], algorithm, now)
            return Key(public["kid"], algorithm, public, now, now, sealed)
        private = await asyncio.to_thread(material.make, algorithm, self._settings.rsa_bits)
        public = material.jwk_of(private.public_key(), algorithm)
        kid = public["kid"]
        sealed = ring.seal(self._sealer, private, kid, algorithm, now)
        return Key(kid, algorithm, public, now, now, sealed)

    async def _write(self, keys: tuple[Key, ...], version: int | None) -> int | None:
        value = ring.to_bytes(keys)
        if version is None:
            return await self._records.create(ring.RING, value)
        return await self._records.replace(ring.RING, value, version=version)

    def _say(
        self, before: tuple[Key, ...], after: tuple[Key, ...], made: tuple[Key, ...], *, is_first: bool
    ) -> None:
        now = self._clock.now()
        for key in made:
            events.key_generated(kid=key.kid, algorithm=key.algorithm, ahead=round(key.use_from - now, 3))
        gone = {key.kid for key in before} - {key.kid for key in after}
        if not is_first and (made or gone):
            events.history_rotated(made=len(made), gone=len(gone))

    async def _read_files(self) -> None:
        found = await asyncio.to_thread(read_files, self._settings.key_files, self._clock.now())
        self._own, self._barred = found.own, found.barred
        self._loading.use_own(found.own.values(), found.barred)

    # Following.

    def _hear(self, change: Change) -> None:
        if change.record is None or change.key != ring.RING:
            return
        try:
            keys = ring.from_bytes(change.record.value)
        except ring.Unreadable as problem:
            events.keys_invalid(error=describe(problem))
        else:
            self._loading.take_in(keys, change.record.version, self._clock.now())

    # Finding.

    def _chosen(self, algorithm: str) -> Algorithm:
        if not algorithm:
            return self._settings.algorithms[0]
        found = next((each for each in self._settings.algorithms if each.value == algorithm), None)
        if found is None:
            raise self._no_key(algorithm)
        return found

    def _no_key(self, algorithm: str) -> NoKey:
        return NoKey(self._named(algorithm), is_initial=not self._loading.version)

    def _named(self, algorithm: str) -> str:
        return algorithm or self._settings.algorithms[0].value
