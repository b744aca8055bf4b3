"""The nonces of one signature, and the commitment to them (RFC 9591, sections 4.1 and 5.1)."""

import hmac
import secrets

from yett.keys.frost.ciphersuite import ZERO, hash_nonce, is_scalar, multiply_base
from yett.keys.frost.model import Commitment, Share, Unrepeatable


class Nonces(Unrepeatable):
    """Two secret scalars for one signature: handed out once, then forgotten."""

    __slots__ = ("_pair", "commitment")

    def __init__(self, number: int, hiding: bytes, binding: bytes) -> None:
        for nonce in (hiding, binding):
            # A nonce of zero would have the identity as its commitment, which is not serialized (section 6.1).
            if not is_scalar(nonce) or hmac.compare_digest(nonce, ZERO):
                raise ValueError("a nonce is a canonical scalar that is not zero")
        self._pair = [(hiding, binding)]
        self.commitment = Commitment(number, multiply_base(hiding), multiply_base(binding))
        """The public half."""

    def take(self) -> tuple[bytes, bytes]:
        """The hiding and the binding nonce. Raises RuntimeError the second time, whoever asks."""
        try:
            # One operation, so that of two threads only one has it.
            return self._pair.pop()
        except IndexError:
            raise RuntimeError(
                "these nonces were used before; a second signature would reveal the share"
            ) from None


def nonce(secret: bytes, randomness: bytes) -> bytes:
    """nonce_generate: hedged with the share, should the 32 random bytes be less random than they ought to be."""
    return hash_nonce(randomness + secret)


def commit(share: Share) -> tuple[Nonces, Commitment]:
    """Round one: nonces to keep, in memory only, until `sign`, and the commitment to send."""
    nonces = Nonces(
        share.number,
        nonce(share.secret, secrets.token_bytes(32)),
        nonce(share.secret, secrets.token_bytes(32)),
    )
    return nonces, nonces.commitment
