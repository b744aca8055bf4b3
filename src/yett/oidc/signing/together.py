"""Keys of ours that co-signers hold shares of, as the provider sees them: who makes them, and whether they sign."""

from collections.abc import Collection, Iterable

from yett.keys.threshold import Shared, Threshold, Unavailable
from yett.oidc.signing import events
from yett.oidc.signing.loading import Loaded
from yett.oidc.signing.model import Algorithm, NoKey

SCHEME = Algorithm.EDDSA
"""The one algorithm that shares of a key can sign with here (RFC 9591)."""


class Together:
    """Signs with co-signers. Says when that begins to work, and when it does not any more."""

    def __init__(self, threshold: Threshold) -> None:
        self._threshold = threshold
        self._active = ""
        """The key that signs, as was said; empty while none does."""
        self._mismatched: tuple[Algorithm, ...] = ()

    def makes(self, algorithm: Algorithm) -> bool:
        """Whether new keys of this algorithm are made together."""
        return algorithm is SCHEME and self._threshold.is_on

    async def make(self) -> Shared:
        """A new key. Raises NotMade."""
        return await self._threshold.make()

    def may_sign(self, shared: Shared) -> bool:
        """Whether this gateway and its co-signers could sign with a key."""
        return self._threshold.is_on and self._threshold.has_members(shared)

    def giving_way(self, loaded: Iterable[Loaded]) -> Collection[str]:
        """The ids of keys that another is to be made for: held by one alone, or by others than those of now."""
        if not self._threshold.is_on:
            return ()
        return {
            each.key.kid
            for each in loaded
            if each.key.algorithm is SCHEME
            and not each.key.is_operators
            and (each.shared is None or not self._threshold.is_current(each.shared))
        }

    def compare(self, algorithms: Iterable[Algorithm]) -> None:
        """Say which algorithms a key of this gateway alone signs with, though there are co-signers."""
        others = tuple(each for each in algorithms if each is not SCHEME) if self._threshold.is_on else ()
        for each in others:
            if each not in self._mismatched:
                events.threshold_mismatch(algorithm=each)
        self._mismatched = others

    def works(self, loaded: Loaded) -> bool:
        """Whether a quorum for a key is there, as far as is known."""
        return loaded.shared is not None and self._threshold.can_sign(loaded.shared)

    async def sign(self, loaded: Loaded, data: bytes) -> bytes:
        """A signature by a quorum. Raises NoKey."""
        shared = loaded.shared
        if shared is None:
            raise NoKey(loaded.key.algorithm.value, is_initial=False)
        try:
            signature = await self._threshold.sign(shared, data)
        except Unavailable as problem:
            self.unhealthy(loaded, str(problem))
            raise NoKey(loaded.key.algorithm.value, is_initial=False) from problem
        if self._active != loaded.key.kid:
            self._active = loaded.key.kid
            group = shared.group
            events.threshold_active(
                kid=loaded.key.kid, quorum=group.threshold, participants=len(group.shares)
            )
        return signature

    def unhealthy(self, loaded: Loaded | None, error: str) -> None:
        """Say once that there is no quorum."""
        if self._active or loaded is None:
            self._active = ""
            events.threshold_unhealthy(error=error)
