"""The keys as one node has them in memory: with what signs, and with what checks."""

from collections.abc import Callable, Iterable, Mapping

from yett.keys import Sealer
from yett.keys.threshold import Shared
from yett.oidc.signing import events, material, ring, rules
from yett.oidc.signing.model import Algorithm, Key


class Loaded:
    """A key with what signs and checks."""

    __slots__ = ("check", "heads", "key", "needed_until", "shared", "sign")

    def __init__(
        self, key: Key, check: material.Check, sign: material.Sign | None, shared: Shared | None = None
    ) -> None:
        self.key = key
        self.check = check
        self.sign = sign
        """What signs at once; None where nothing does, or where others have to help."""
        self.shared = shared
        """This gateway's share, of a key that nobody has whole."""
        self.needed_until = key.needed_until
        self.heads: dict[str, str] = {}
        """First parts of tokens by their type."""


class Loading:
    """Every key by its id, and the one of each algorithm that signs."""

    def __init__(self, sealer: Sealer, may_sign: Callable[[Shared], bool] = lambda _: False) -> None:
        """`may_sign` tells whether there is anybody to sign with who has the other shares of a key."""
        self._may_sign = may_sign
        self.version = 0
        """Of the record that they come from."""
        self._sealer = sealer
        self._loaded: dict[str, Loaded] = {}
        self._signers: dict[Algorithm, Loaded] = {}
        self._switch_at = 0.0
        """When another key signs than those in `_signers`."""
        self._own: dict[str, material.Private] = {}
        self._barred: frozenset[Algorithm] = frozenset()

    def get(self, kid: str) -> Loaded | None:
        """The key of that id."""
        return self._loaded.get(kid)

    @property
    def keys(self) -> tuple[Key, ...]:
        """All of them, in the order of the record."""
        return tuple(loaded.key for loaded in self._loaded.values())

    @property
    def usable(self) -> frozenset[str]:
        """The ids of those that can sign here."""
        return frozenset(
            kid
            for kid, loaded in self._loaded.items()
            if loaded.sign is not None or (loaded.shared is not None and self._may_sign(loaded.shared))
        )

    @property
    def all(self) -> tuple[Loaded, ...]:
        """Every key with what belongs to it."""
        return tuple(self._loaded.values())

    @property
    def needed(self) -> Mapping[str, float]:
        """For how long each is needed, as far as this node knows."""
        return {kid: loaded.needed_until for kid, loaded in self._loaded.items()}

    def signer(self, algorithm: Algorithm, now: float) -> Loaded | None:
        """The key that signs at this instant."""
        if now >= self._switch_at:
            keys, usable = self.keys, self.usable
            wanted = [each for each in Algorithm if each not in self._barred]
            found = {each: rules.signing_key(keys, each, usable, now) for each in wanted}
            self._signers = {each: self._loaded[key.kid] for each, key in found.items() if key is not None}
            self._switch_at = rules.next_change(keys, now)
        return self._signers.get(algorithm)

    def take_in(self, keys: Iterable[Key], version: int, now: float) -> None:
        """Know these keys from now on, unless newer ones are known."""
        if version <= self.version:
            return
        self.version = version
        before, self._loaded = self._loaded, {}
        for key in keys:
            loaded = before.get(key.kid) or self._load(key, now)
            if loaded is not None:
                loaded.key = key
                loaded.needed_until = max(loaded.needed_until, key.needed_until)
                self._loaded[key.kid] = loaded
        self._arm()
        if not before:
            events.history_loaded(keys=len(self._loaded))

    def use_own(self, own: Iterable[tuple[Key, material.Private]], barred: frozenset[Algorithm]) -> None:
        """Sign with the keys of the operator's files, and with nothing where a file is of no use (`barred`)."""
        self._own = {key.kid: private for key, private in own}
        self._barred = barred
        self._arm()

    def look_again(self) -> None:
        """Choose anew which keys sign: whoever signs with us has changed."""
        self._switch_at = 0.0

    def _arm(self) -> None:
        for kid, loaded in self._loaded.items():
            if loaded.key.is_operators:
                own = self._own.get(kid)
                loaded.sign = None if own is None else material.signer(own, loaded.key.algorithm)
        self._switch_at = 0.0

    def _load(self, key: Key, now: float) -> Loaded | None:
        held = ring.unseal(self._sealer, key, now) if key.sealed else None
        if held is None and key.sealed:
            events.key_unreadable(kid=key.kid, algorithm=key.algorithm)
        try:
            check = material.checker(material.public_of(key.public, key.algorithm), key.algorithm)
        except ValueError:
            return None
        if held is None or isinstance(held, Shared):
            return Loaded(key, check, None, held)
        return Loaded(key, check, material.signer(held, key.algorithm))
