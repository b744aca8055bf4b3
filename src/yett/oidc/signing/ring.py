"""The keys as they stand in the store: one record, so that they change together; private halves sealed."""

import msgspec

from yett.keys import Sealer
from yett.keys.threshold import Shared
from yett.oidc.signing import material
from yett.oidc.signing.model import Algorithm, Key

RING = "oidc/keys/ring"
_FOR_EVER = 100 * 365 * 86400.0
"""Sealed values have to end; how long a key is good, the record says."""


class Unreadable(Exception):
    """What was stored are no keys, or keys in the form of another version."""


class _Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kid: str
    algorithm: Algorithm
    public: dict[str, str]
    made_at: float
    use_from: float
    sealed: str
    retired_at: float
    needed_until: float


class _Ring(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Version 1 of the record's form."""

    form: int
    keys: tuple[_Kept, ...]


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Ring).decode


def to_bytes(keys: tuple[Key, ...]) -> bytes:
    """The record's value."""
    kept = (
        _Kept(
            kid=key.kid,
            algorithm=key.algorithm,
            public=dict(key.public),
            made_at=key.made_at,
            use_from=key.use_from,
            sealed=key.sealed,
            retired_at=key.retired_at,
            needed_until=key.needed_until,
        )
        for key in keys
    )
    return _encode(_Ring(1, tuple(kept)))


def from_bytes(value: bytes) -> tuple[Key, ...]:
    """The keys in a record's value. Raises Unreadable."""
    try:
        ring = _decode(value)
    except (ValueError, msgspec.MsgspecError) as wrong:
        raise Unreadable("the record of the keys is damaged, or of a later version") from wrong
    if ring.form != 1:
        raise Unreadable("the record of the keys is of a later version")
    return tuple(
        Key(
            kid=kept.kid,
            algorithm=kept.algorithm,
            public=kept.public,
            made_at=kept.made_at,
            use_from=kept.use_from,
            sealed=kept.sealed,
            retired_at=kept.retired_at,
            needed_until=kept.needed_until,
        )
        for kept in ring.keys
    )


def seal(sealer: Sealer, private: material.Private, kid: str, algorithm: Algorithm, now: float) -> str:
    """A private key as it is kept, bound to its id and algorithm."""
    payload = {"kid": kid, "alg": algorithm.value, "key": material.to_pem(private)}
    return sealer.seal(payload, expires_at=now + _FOR_EVER)


def seal_share(sealer: Sealer, shared: Shared, kid: str, algorithm: Algorithm, now: float) -> str:
    """Our share of a key as it is kept."""
    payload = {"kid": kid, "alg": algorithm.value, **shared.to_payload()}
    return sealer.seal(payload, expires_at=now + _FOR_EVER)


def unseal(sealer: Sealer, key: Key, now: float) -> material.Private | Shared | None:
    """The private half of a kept key, or our share of it; None when it was sealed elsewhere, or for another."""
    opened = sealer.open(key.sealed, now=now)
    if (
        opened is None
        or opened.payload.get("kid") != key.kid
        or opened.payload.get("alg") != key.algorithm.value
    ):
        return None
    if "share" in opened.payload:
        return _unsealed_share(opened.payload, key)
    private = material.from_pem(opened.payload.get("key", "").encode("ascii", "replace"))
    if private is None or material.jwk_of(private.public_key(), key.algorithm)["kid"] != key.kid:
        return None
    return private


def _unsealed_share(payload: dict[str, str], key: Key) -> Shared | None:
    try:
        shared = Shared.from_payload(payload)
    except ValueError:
        return None
    return shared if material.shared_jwk(shared)["kid"] == key.kid else None
