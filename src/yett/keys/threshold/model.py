"""Nouns of shared keys."""

import enum
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from yett.keys.frost import Group, Share, belongs

OWN = 1
"""The gateway's number in every key."""
MOST = 16
"""Participants in one key, the gateway among them."""


class State(enum.Enum):
    """How well a quorum can be had."""

    READY = "ready"
    DEGRADED = "degraded"
    """Enough to sign, but not everybody."""
    UNAVAILABLE = "unavailable"


class Fault(enum.Enum):
    """What is wrong with what a participant sent."""

    UNSIGNED = "unsigned"
    FORGED = "forged"
    REPLAYED = "replayed"
    """Signed by whom it should be, but for another ceremony, step or receiver."""
    INVALID = "invalid"


class Misbehaved(Exception):
    """Something from a participant cannot be right."""

    def __init__(self, number: int, fault: Fault, detail: str) -> None:
        super().__init__(detail)
        self.number = number
        self.fault = fault


class NotMade(Exception):
    """No key could be made; the text says why."""


class Unavailable(Exception):
    """No quorum could be had for a signature; the text says why."""


@dataclass(frozen=True, slots=True)
class Shared:
    """This gateway's part of a key, and whose the other parts are."""

    share: Share
    group: Group
    members: Mapping[int, bytes]
    """The identity of each participant: the public key that it goes by on the line."""

    @property
    def public(self) -> bytes:
        """The key that the signatures verify with."""
        return self.group.public

    def to_payload(self) -> dict[str, str]:
        """As it is sealed and kept."""
        return {
            "number": str(self.share.number),
            "share": self.share.secret.hex(),
            "threshold": str(self.group.threshold),
            "public": self.group.public.hex(),
            "shares": _written(self.group.shares),
            "members": _written(self.members),
        }

    @classmethod
    def from_payload(cls, payload: Mapping[str, str]) -> "Shared":
        """What was kept. Raises ValueError for what is damaged."""
        try:
            share = Share(int(payload["number"]), bytes.fromhex(payload["share"]))
            shares = _read(payload["shares"])
            group = Group(int(payload["threshold"]), bytes.fromhex(payload["public"]), shares)
            members = _read(payload["members"])
        except KeyError as missing:
            raise ValueError("a part is missing") from missing
        if set(members) != set(shares) or not belongs(share, group):
            raise ValueError("the share is not one of the key")
        return cls(share, group, members)


def fingerprint(certificate: bytes) -> str:
    """What people compare a certificate by."""
    return hashlib.sha256(certificate).hexdigest()


def _written(values: Mapping[int, bytes]) -> str:
    return ",".join(f"{number}:{value.hex()}" for number, value in sorted(values.items()))


def _read(text: str) -> dict[int, bytes]:
    pairs = (each.split(":") for each in text.split(","))
    return {int(number): bytes.fromhex(value) for number, value in pairs}
