"""The cluster key, what is derived from it, and what is sealed or signed with that.

Read `master`, then `sealer` and `signing`, then `epochs` (keys that change with time).
"""

from yett.keys.epochs import EpochKey, Epochs, NoKey
from yett.keys.master import MasterKey, MasterKeyUnusable, find_master_key, open_master_key
from yett.keys.sealer import MAX_SEALED, Opened, Sealer
from yett.keys.signing import AUDIT_KEY, Signer, jwk, key_id, signing_key

__all__ = [
    "AUDIT_KEY",
    "MAX_SEALED",
    "EpochKey",
    "Epochs",
    "MasterKey",
    "MasterKeyUnusable",
    "NoKey",
    "Opened",
    "Sealer",
    "Signer",
    "find_master_key",
    "jwk",
    "key_id",
    "open_master_key",
    "signing_key",
]
