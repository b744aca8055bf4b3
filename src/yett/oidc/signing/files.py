"""Keys that the operator keeps in files: read and judged; what is wrong with one is said.

A file that is of no use is never replaced by a key of our own making: whoever names a file wants nothing else.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from yett.oidc.signing import events, material
from yett.oidc.signing.model import Algorithm, Flaw, Key


@dataclass(frozen=True, slots=True)
class Found:
    """What the files hold."""

    own: dict[Algorithm, tuple[Key, material.Private]]
    barred: frozenset[Algorithm]
    """Algorithms that nothing is signed with, because a file that could hold their key is of no use."""


def read_files(paths: Iterable[Path], now: float) -> Found:
    """Every key by what it signs with."""
    own: dict[Algorithm, tuple[Key, material.Private]] = {}
    barred: set[Algorithm] = set()
    for path in paths:
        private = material.read_file(path)
        flaw = private if isinstance(private, Flaw) else material.judge(private)
        algorithm = None if isinstance(private, Flaw) else material.algorithm_of(private)
        if flaw is None and algorithm in own:
            flaw = Flaw.DOUBLE
        if isinstance(private, Flaw) or algorithm is None or flaw is not None:
            _complain(path, flaw or Flaw.UNKNOWN, private)
            barred.update(Algorithm if algorithm is None else (algorithm,))
            continue
        public = material.jwk_of(private.public_key(), algorithm)
        own[algorithm] = (Key(public["kid"], algorithm, public, now, now), private)
    if barred:
        events.keys_invalid(error="a file of oidc.signing.key_files cannot be used")
    return Found(own, frozenset(barred - own.keys()))


def _complain(path: Path, flaw: Flaw, private: material.Private | Flaw) -> None:
    match flaw:
        case Flaw.TOO_SHORT:
            size = 0 if isinstance(private, Flaw | Ed25519PrivateKey) else private.key_size
            events.key_too_short(file=str(path), bits=size)
        case Flaw.LOW_ENTROPY:
            events.key_low_entropy(file=str(path))
        case _:
            events.key_absent(file=str(path), reason=flaw)
