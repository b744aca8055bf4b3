"""A certificate as it stands in the store: its private key sealed, bound to its place."""

import hashlib

import msgspec

from yett.keys import Sealer
from yett.pki.certificates.model import DEFAULT, Installed, Parsed, Reason, Refused, Source
from yett.pki.certificates.rules import parse
from yett.pki.names import normal

PREFIX = "pki/certificates/"

_EXACT, _WILDCARD, _DEFAULT = "exact/", "wildcard/", "default"


class _Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Version 1 of the record's form."""

    form: int
    source: Source
    chain: bytes
    sealed_key: str


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Kept).decode


def key_of(name: str) -> str:
    """The record's key. No star stands in it: some stores have a meaning of their own for that."""
    if name == DEFAULT:
        return PREFIX + _DEFAULT
    if name.startswith("*."):
        return PREFIX + _WILDCARD + name[2:]
    return PREFIX + _EXACT + name


def name_of(key: str) -> str | None:
    """The name kept under a key; None for a key that is none of ours."""
    rest = key.removeprefix(PREFIX)
    if rest == _DEFAULT:
        return DEFAULT
    kind, slash, host = rest.partition("/")
    if kind + slash == _WILDCARD:
        host = f"*.{host}"
    elif kind + slash != _EXACT:
        return None
    return host if normal(host) == host else None


def to_bytes(sealer: Sealer, name: str, source: Source, certificate: Parsed) -> bytes:
    """The record's value. Raises ValueError when the key is too large to be sealed."""
    payload = {"key": certificate.key_pem.decode("ascii"), **_bound(name, source, certificate.chain_pem)}
    sealed = sealer.seal(payload, expires_at=certificate.not_after)
    return _encode(_Kept(1, source, certificate.chain_pem, sealed))


def from_bytes(sealer: Sealer, name: str, value: bytes, version: int, *, now: float) -> Installed | Refused:
    """What a record's value holds, judged anew: the store is outside of us."""
    try:
        kept = _decode(value)
    except (msgspec.MsgspecError, ValueError):  # the latter for text that is not UTF-8
        return Refused(Reason.UNREADABLE, "the record is damaged")
    opened = sealer.open(kept.sealed_key, now=now)
    payload = {} if opened is None else opened.payload
    # A key sealed for another name must not be shown for this one, whoever moved it.
    if kept.form != 1 or not _bound(name, kept.source, kept.chain).items() <= payload.items():
        return Refused(Reason.UNREADABLE, "its key was sealed under another cluster key, or for another name")
    parsed = parse(kept.chain, payload.get("key", "").encode("ascii", "replace"))
    return parsed if isinstance(parsed, Refused) else Installed(name, kept.source, parsed, version)


def _bound(name: str, source: Source, chain_pem: bytes) -> dict[str, str]:
    """What a sealed key is bound to: everything else in the record, and its place."""
    digest = hashlib.sha256(chain_pem).hexdigest()
    return {"place": key_of(name), "source": source.value, "chain": digest}
