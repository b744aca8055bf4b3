"""Refresh tokens as text, and where families stand in the store.

A refresh token names its family and its generation, and carries a MAC over both with a key that follows from the
cluster key and a salt that stands in the family. So the store alone is not enough to make one, an older one is told
from a guess without a list of those that were used, and garbage is refused without a look at the store.
"""

import hashlib
import hmac
import re
from typing import NamedTuple

from yett.keys import MasterKey

FAMILIES = "oidc/families/"
_REF = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TEXT = re.compile(r"yr\.([0-9a-f]{24})\.([A-Za-z0-9_-]{1,64})\.(0|[1-9][0-9]{0,9})\.([0-9a-f]{64})")


class RefreshText(NamedTuple):
    """A refresh token taken apart; nothing of it is verified."""

    owner: str
    ref: str
    generation: int
    mac: str


def is_refresh(text: str) -> bool:
    """Whether a text could be a refresh token."""
    return text.startswith("yr.")


def read(text: str) -> RefreshText | None:
    """The parts of a refresh token; None for any other text."""
    found = _TEXT.fullmatch(text)
    return None if found is None else RefreshText(found[1], found[2], int(found[3]), found[4])


def owner_of(user: str, client_id: str) -> str:
    """Under what the families of a person stand, or of a client that acts for itself."""
    named = f"user:{user}" if user else f"client:{client_id}"
    return hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def ref_of(grant_ref: str) -> str:
    """A grant's handle as it can stand in a key."""
    if _REF.fullmatch(grant_ref):
        return grant_ref
    return hashlib.sha256(grant_ref.encode("utf-8", "surrogatepass")).hexdigest()


def prefix(owner: str) -> str:
    """Where the families of one owner stand."""
    return f"{FAMILIES}{owner}/"


def place(owner: str, ref: str) -> str:
    """Where one family stands."""
    return f"{FAMILIES}{owner}/{ref}"


def digest(token: str) -> str:
    """What stands for an access token wherever one is kept."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


class RefreshTokens:
    """Makes refresh tokens, and knows its own."""

    __slots__ = ("_key",)

    def __init__(self, master: MasterKey) -> None:
        self._key = master.derive("yett.oidc.refresh")

    def make(self, owner: str, ref: str, generation: int, salt: str) -> str:
        """The one of a generation."""
        return f"yr.{owner}.{ref}.{generation}.{self._mac(owner, ref, generation, salt)}"

    def is_ours(self, text: RefreshText, salt: str) -> bool:
        """Whether we made it, in constant time."""
        return hmac.compare_digest(self._mac(text.owner, text.ref, text.generation, salt), text.mac)

    def _mac(self, owner: str, ref: str, generation: int, salt: str) -> str:
        said = f"{owner}.{ref}.{generation}.{salt}"
        return hmac.digest(self._key, said.encode("ascii"), "sha256").hex()
