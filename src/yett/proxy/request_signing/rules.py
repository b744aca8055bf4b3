"""Decide whether a request's signature holds. No clock, no store."""

import hashlib
import hmac
from collections.abc import Callable, Mapping

from cryptography.exceptions import InvalidSignature

from yett.keys import EpochKey
from yett.proxy.request_signing import base, reading
from yett.proxy.request_signing.config import Algorithm
from yett.proxy.request_signing.model import DERIVED, REQUIRED, Fault, Message, Verified

_GRACE = 30
"""Seconds of grace for clocks that disagree."""


class Verifier:
    """Checks signatures with the keys there are: `shared` by app, the others by their id.

    The kind of the key decides how a signature is checked, not what the signature says of itself: nobody
    gets a public key used as a shared one.
    """

    def __init__(self, find: Callable[[str], EpochKey | None], shared: Mapping[str, bytes]) -> None:
        self._find = find
        self._shared = shared

    def verify(self, message: Message, *, now: float) -> Verified | Fault:
        """What the signature says, or why it says nothing. Raises NoKey."""
        given = reading.read_input(message.fields.get("signature-input", ""))
        signature = reading.read_signature(message.fields.get("signature", ""))
        if given is None or signature is None:
            return Fault.MALFORMED
        if given.covered[: len(REQUIRED)] != REQUIRED or _uncovered(given, message):
            return Fault.NOT_COVERED
        components = _components(given, message)
        if components is None:
            return Fault.MISSING_FIELD
        try:
            text = base.signature_base(components, given.params)
        except UnicodeEncodeError:
            return Fault.MALFORMED
        fault = self._check(given, text, signature)
        if fault is None:
            fault = _look_at_body(message) or _look_at_clock(given, now)
        if fault is not None:
            return fault
        return Verified(given.key_id, given.created, given.expires, given.nonce, given.covered)

    def _check(self, given: reading.Input, text: bytes, signature: bytes) -> Fault | None:
        shared = self._shared.get(given.key_id)
        if shared is not None:
            if given.alg is not Algorithm.HMAC_SHA256:
                return Fault.ALGORITHM
            right = hmac.compare_digest(hmac.digest(shared, text, "sha256"), signature)
            return None if right else Fault.SIGNATURE
        key = self._find(given.key_id)
        if key is None:
            return Fault.UNKNOWN_KEY
        if given.alg is not Algorithm.ED25519:
            return Fault.ALGORITHM
        try:
            key.private.public_key().verify(signature, text)
        except InvalidSignature:
            return Fault.SIGNATURE
        return None


def _uncovered(given: reading.Input, message: Message) -> bool:
    """Whether the request has an identity header that nobody vouches for."""
    return any(name.startswith("x-yett-") and name not in given.covered for name in message.fields)


def _components(given: reading.Input, message: Message) -> list[tuple[str, str]] | None:
    derived = dict(
        zip(DERIVED, (message.method, message.authority, message.path, message.query), strict=True)
    )
    found = [(name, derived.get(name, message.fields.get(name))) for name in given.covered]
    whole = [(name, value) for name, value in found if value is not None and "\n" not in value]
    return whole if len(whole) == len(found) else None


def _look_at_body(message: Message) -> Fault | None:
    digest = reading.read_digest(message.fields["content-digest"])
    if digest is None:
        return Fault.MALFORMED
    if message.body is None or hmac.compare_digest(hashlib.sha256(message.body).digest(), digest):
        return None
    return Fault.DIGEST


def _look_at_clock(given: reading.Input, now: float) -> Fault | None:
    if now < given.created - _GRACE:
        return Fault.NOT_YET
    return Fault.EXPIRED if now > given.expires + _GRACE else None
