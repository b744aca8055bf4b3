"""How one participant takes part in making a key: messages in, messages out.

Everybody gives a number nobody could foresee; together with who takes part they name the ceremony, so that nothing of
an earlier one fits. Then everybody announces, deals a secret share to each of the others, and confirms with a hash of
all announcements that everybody heard the same. Whoever carries the messages learns no share and can change nothing; it
can only keep the key from being made.
"""

import hashlib
import secrets
from collections.abc import Sequence
from typing import Final

import msgspec

from yett.keys.frost import Announcement, Generation, Group, Invalid, Share
from yett.keys.threshold.envelope import EVERYBODY, Envelope, Step, closed, opened
from yett.keys.threshold.identity import Identity, sealed_for
from yett.keys.threshold.model import MOST, Fault, Misbehaved

NONCE: Final = 32
_DOMAIN: Final = b"yett threshold ceremony v1\0"


class _Announced(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    commitments: tuple[bytes, ...]
    proof: bytes


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Announced).decode


class Participant:
    """One side of a ceremony. Call the methods in the order they stand here; whatever raises ends it."""

    def __init__(self, identity: Identity, keys: Sequence[bytes], number: int, threshold: int) -> None:
        """`keys` are everybody's public keys in order, `number` is the place of one's own, from 1.

        Raises ValueError for what cannot become a key.
        """
        if not 2 <= threshold <= len(keys) <= MOST or len(set(keys)) != len(keys):
            raise ValueError("no such quorum of different participants")
        if not 1 <= number <= len(keys) or keys[number - 1] != identity.public:
            raise ValueError("somebody else's number")
        self._identity = identity
        self._keys = tuple(keys)
        self._number = number
        self._threshold = threshold
        self._ceremony = b""
        self._generation: Generation | None = None
        self._transcript = b""
        self._made: tuple[Share, Group] | None = None
        self.nonce = secrets.token_bytes(NONCE)
        """What this one gives to name the ceremony."""

    def announce(self, nonces: Sequence[bytes]) -> Envelope:
        """What everybody may know of one's own part. Raises ValueError where somebody's nonce is not theirs."""
        if len(nonces) != len(self._keys) or any(len(each) != NONCE for each in nonces):
            raise ValueError("not one number of everybody")
        if nonces[self._number - 1] != self.nonce or len(set(nonces)) != len(nonces):
            raise ValueError("the numbers are not those of this ceremony")
        told = _encode((self._threshold, self._keys, tuple(nonces)))
        self._ceremony = hashlib.sha256(_DOMAIN + told).digest()
        self._generation = Generation(
            self._number,
            threshold=self._threshold,
            participants=len(self._keys),
            ceremony=self._ceremony,
        )
        own = self._generation.announcement()
        return self._close(Step.ANNOUNCE, EVERYBODY, _encode(_Announced(own.commitments, own.proof)))

    def deal(self, envelopes: Sequence[Envelope]) -> tuple[Envelope, ...]:
        """A sealed share for each of the others, when everybody's announcements are in order. Raises Misbehaved."""
        bodies = self._open_all(envelopes, Step.ANNOUNCE)
        announced = {number: _announcement(number, body) for number, body in bodies.items()}
        generation = self._running()
        with _blamed():
            generation.hear(announced)
        told = _encode([bodies[number] for number in sorted(bodies)])
        self._transcript = hashlib.sha256(_DOMAIN + self._ceremony + told).digest()
        return tuple(
            self._close(Step.DEAL, number, sealed_for(key, generation.share_for(number)))
            for number, key in enumerate(self._keys, 1)
            if number != self._number
        )

    def confirm(self, envelopes: Sequence[Envelope]) -> Envelope:
        """That one's own share is in order, and what was heard. Raises Misbehaved."""
        shares: dict[int, bytes] = {}
        others = [number for number in range(1, len(self._keys) + 1) if number != self._number]
        if len(envelopes) != len(others):
            raise ValueError("not one envelope of each of the others")
        for number, envelope in zip(others, envelopes, strict=True):
            share = self._identity.open(self._open(envelope, Step.DEAL, number, self._number))
            if share is None:
                raise Misbehaved(number, Fault.INVALID, "a share that was not sealed for its receiver")
            shares[number] = share
        with _blamed():
            self._made = self._running().finish(shares)
        return self._close(Step.CONFIRM, EVERYBODY, self._heard())

    def conclude(self, envelopes: Sequence[Envelope]) -> tuple[Share, Group]:
        """The key, once everybody has confirmed the same. Raises Misbehaved."""
        for number, body in self._open_all(envelopes, Step.CONFIRM).items():
            if body != self._heard():
                raise Misbehaved(number, Fault.INVALID, "somebody heard other announcements")
        if self._made is None:
            raise RuntimeError("confirm comes first")
        return self._made

    def _heard(self) -> bytes:
        if self._made is None:
            raise RuntimeError("confirm comes first")
        return self._transcript + self._made[1].public

    def _running(self) -> Generation:
        if self._generation is None:
            raise RuntimeError("announce comes first")
        return self._generation

    def _close(self, step: Step, to: int, body: bytes) -> Envelope:
        return closed(self._identity, self._ceremony, step, self._number, to, body)

    def _open(self, envelope: Envelope, step: Step, sender: int, to: int) -> bytes:
        key = self._keys[sender - 1]
        return opened(envelope, key, ceremony=self._ceremony, step=step, sender=sender, to=to)

    def _open_all(self, envelopes: Sequence[Envelope], step: Step) -> dict[int, bytes]:
        """What each of them says to everybody, by number."""
        if len(envelopes) != len(self._keys):
            raise ValueError("not one envelope of everybody")
        return {
            number: self._open(envelope, step, number, EVERYBODY)
            for number, envelope in enumerate(envelopes, 1)
        }


class _blamed:  # noqa: N801 - used as a word
    """Says of what the arithmetic refuses whose it was."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, problem: BaseException | None, __: object) -> None:
        if isinstance(problem, Invalid):
            raise Misbehaved(problem.culprit or 0, Fault.INVALID, str(problem)) from problem


def _announcement(number: int, body: bytes) -> Announcement:
    try:
        said = _decode(body)
    except (ValueError, msgspec.MsgspecError) as wrong:
        raise Misbehaved(number, Fault.INVALID, "an announcement that cannot be read") from wrong
    return Announcement(number, said.commitments, said.proof)
