"""What a gateway asks of a co-signer, and what it answers: JSON behind its length in four bytes.

Requests carry a number; answers carry the same. Nothing here is secret from a co-signer but what envelopes seal.
"""

import asyncio
import enum
from typing import Final

import msgspec

from yett.keys.threshold.envelope import Envelope

SUITE: Final = "FROST-ED25519-SHA512-v1"
"""What both sides have to speak (RFC 9591, section 6.1)."""
_LARGEST: Final = 256 * 1024
LONGEST_MESSAGE: Final = 16 * 1024
"""Bytes of the longest message that is signed."""


class Reason(enum.Enum):
    """Why a co-signer does not do what it was asked."""

    SUITE = "other_suite"
    STRANGERS = "strangers"
    """It was not told of somebody who should take part, or its own place is another's."""
    QUORUM = "quorum_too_small"
    ORDER = "out_of_order"
    FAULT = "fault"
    """Somebody sent something that cannot be right."""
    NO_SHARE = "no_share"
    NO_NONCE = "no_nonce"
    """What it committed to is used up, or was never given."""
    POLICY = "policy"
    """What it should sign is none of what it may."""


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do"):
    """What is asked."""

    id: int


class Hello(Request, frozen=True, tag="hello"):
    """Asks whether somebody is there who speaks the same and has a share of these keys."""

    suite: str
    keys: tuple[bytes, ...] = ()


class Invite(Request, frozen=True, tag="invite"):
    """Take part in making a key: everybody's public keys, which of them is meant, and how many sign."""

    keys: tuple[bytes, ...]
    number: int
    threshold: int


class Nonces(Request, frozen=True, tag="nonces"):
    """Everybody's number: announce."""

    nonces: tuple[bytes, ...]


class Announced(Request, frozen=True, tag="announced"):
    """Everybody's announcement: deal."""

    envelopes: tuple[Envelope, ...]


class Dealt(Request, frozen=True, tag="dealt"):
    """A share from each of the others: confirm."""

    envelopes: tuple[Envelope, ...]


class Confirmed(Request, frozen=True, tag="confirmed"):
    """Everybody's confirmation: keep the share."""

    envelopes: tuple[Envelope, ...]


class Commit(Request, frozen=True, tag="commit"):
    """Commit to the nonces of so many signatures with a key."""

    key: bytes
    count: int


class Committed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One participant's commitment to the nonces of a signature (RFC 9591, section 5.1)."""

    number: int
    hiding: bytes
    binding: bytes


class Sign(Request, frozen=True, tag="sign"):
    """Give a share of a signature (RFC 9591, section 5.2)."""

    key: bytes
    message: bytes
    commitments: tuple[Committed, ...]


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="is"):
    """What comes back."""

    id: int


class Here(Answer, frozen=True, tag="here"):
    """It speaks the same, and has no share of `missing`."""

    missing: tuple[bytes, ...] = ()


class Joined(Answer, frozen=True, tag="joined"):
    """Its number for the ceremony."""

    nonce: bytes


class Sealed(Answer, frozen=True, tag="envelopes"):
    """What it says to the others."""

    envelopes: tuple[Envelope, ...]


class Kept(Answer, frozen=True, tag="kept"):
    """It keeps a share of this key."""

    key: bytes


class Commitments(Answer, frozen=True, tag="commitments"):
    """What it committed to; each is good for one signature."""

    commitments: tuple[Committed, ...]


class Signed(Answer, frozen=True, tag="signed"):
    """Its share of the signature."""

    share: bytes


class Refused(Answer, frozen=True, tag="refused"):
    """It does not; `detail` is for people."""

    reason: Reason
    detail: str = ""


AnyRequest = Hello | Invite | Nonces | Announced | Dealt | Confirmed | Commit | Sign
AnyAnswer = Here | Joined | Sealed | Kept | Commitments | Signed | Refused

_encode = msgspec.json.Encoder().encode
_requests: msgspec.json.Decoder[AnyRequest] = msgspec.json.Decoder(AnyRequest)
_answers: msgspec.json.Decoder[AnyAnswer] = msgspec.json.Decoder(AnyAnswer)


class Malformed(Exception):
    """What came is nothing of this protocol."""


async def read_request(reader: asyncio.StreamReader) -> AnyRequest:
    """The next thing asked. Raises Malformed, and EOFError (IncompleteReadError) or OSError at the end."""
    try:
        return _requests.decode(await _read(reader))
    except (ValueError, msgspec.MsgspecError) as wrong:
        raise Malformed(str(wrong)[:200]) from wrong


async def read_answer(reader: asyncio.StreamReader) -> AnyAnswer:
    """The next answer. Raises as `read_request` does."""
    try:
        return _answers.decode(await _read(reader))
    except (ValueError, msgspec.MsgspecError) as wrong:
        raise Malformed(str(wrong)[:200]) from wrong


def framed(said: AnyRequest | AnyAnswer) -> bytes:
    """As it goes over the line."""
    text = _encode(said)
    return len(text).to_bytes(4, "big") + text


async def _read(reader: asyncio.StreamReader) -> bytes:
    size = int.from_bytes(await reader.readexactly(4), "big")
    if size > _LARGEST:
        raise Malformed("too long")
    return await reader.readexactly(size)
