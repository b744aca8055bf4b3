"""Keys that nobody holds: FROST(Ed25519, SHA-512) by RFC 9591, and how such a key is made without a dealer.

Each of n participants has a share of the key; any t of them sign together, and fewer learn and sign nothing. What
comes out is a plain Ed25519 signature. Nothing here sends, stores or logs: functions over values, for others to carry.

Read `ciphersuite` (scalars, points, hashes), `polynomials`, `model`, then `nonces`, `session` and `signing` in the
order of RFC 9591, and `proof` and `generation` for the making of a key.

What has to be true around it:

- Messages are authenticated: `Invalid.culprit` is the number under which something came. What `share_for` returns
  is encrypted for its receiver besides.
- Before a new group is used, its participants have confirmed to one another that their `Group` is equal. One that
  told different things to different participants is found out by that, and only by that.
- A signer looks at the message before it signs. These functions sign anything.
- Nonces live in memory only, and never on both sides of a fork. One pair used for two signatures gives the share away.

What Python cannot promise: secrets are immutable `bytes`, so they are forgotten, not erased, and may stay in memory
until it is used again, or reach a core dump. All arithmetic on secrets is libsodium's, whose time does not depend on
values; the interpreter around it has no such promise. This code has not been reviewed by outsiders.
"""

from yett.keys.frost.generation import Generation
from yett.keys.frost.model import Announcement, Commitment, Group, Invalid, Share, belongs
from yett.keys.frost.nonces import Nonces, commit
from yett.keys.frost.signing import aggregate, sign, verify_share

__all__ = [
    "Announcement",
    "Commitment",
    "Generation",
    "Group",
    "Invalid",
    "Nonces",
    "Share",
    "aggregate",
    "belongs",
    "commit",
    "sign",
    "verify_share",
]
