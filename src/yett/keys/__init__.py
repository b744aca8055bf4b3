"""The cluster key, what is derived from it, and what is sealed or signed with that.

Read `master`, then `sealer` and `signing`, then `epochs` (keys that change with time).
"""

from yett.keys.epochs import EpochKey, Epochs, NoKey
from yett.keys.master import MasterKey, MasterKeyUnusable, open_master_key
from yett.keys.sealer import MAX_SEALED, Opened, Sealer
from yett.keys.signing import jwk, key_id, signing_key

__all__ = [
    "MAX_SEALED",
    "EpochKey",
    "Epochs",
    "MasterKey",
    "MasterKeyUnusable",
    "NoKey",
    "Opened",
    "Sealer",
    "jwk",
    "key_id",
    "open_master_key",
    "signing_key",
]
