"""Signed envelopes: what participants send each other while a key is made, over somebody who carries it.

The signature covers which ceremony it is for, which step, from whom and to whom, so that none can be used in another
place.
"""

import enum
from typing import Final

import msgspec

from yett.keys.threshold.identity import Identity, is_signed
from yett.keys.threshold.model import Fault, Misbehaved

EVERYBODY: Final = 0
_DOMAIN: Final = b"yett threshold envelope v1\0"
_LONGEST: Final = 16 * 1024


class Step(enum.Enum):
    """Where in a ceremony an envelope belongs."""

    ANNOUNCE = "announce"
    DEAL = "deal"
    CONFIRM = "confirm"


class Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one participant says to another, or to everybody (`to` 0)."""

    ceremony: bytes
    step: Step
    sender: int
    to: int
    body: bytes
    signature: bytes

    def signed(self) -> bytes:
        """What the signature covers."""
        return _DOMAIN + msgspec.msgpack.encode((self.ceremony, self.step, self.sender, self.to, self.body))


def closed(identity: Identity, ceremony: bytes, step: Step, sender: int, to: int, body: bytes) -> Envelope:
    """An envelope of one's own."""
    bare = Envelope(ceremony, step, sender, to, body, b"")
    return msgspec.structs.replace(bare, signature=identity.sign(bare.signed()))


def opened(envelope: Envelope, public: bytes, *, ceremony: bytes, step: Step, sender: int, to: int) -> bytes:
    """What is in an envelope that should be from `sender`, whose key that is. Raises Misbehaved."""
    if not envelope.signature:
        raise Misbehaved(sender, Fault.UNSIGNED, "an envelope without a signature")
    if len(envelope.body) > _LONGEST or not is_signed(public, envelope.signature, envelope.signed()):
        raise Misbehaved(sender, Fault.FORGED, "the signature of an envelope is not its sender's")
    if (envelope.ceremony, envelope.step, envelope.sender, envelope.to) != (ceremony, step, sender, to):
        raise Misbehaved(sender, Fault.REPLAYED, "an envelope from another place or time")
    return envelope.body
