"""The cluster key, what is derived from it, and what is sealed or signed with that.

Read `master`, then `sealer` and `signing`.
"""

from yett.keys.master import MasterKey, MasterKeyUnusable, open_master_key
from yett.keys.sealer import MAX_SEALED, Opened, Sealer
from yett.keys.signing import jwk, key_id, signing_key

__all__ = [
    "MAX_SEALED",
    "MasterKey",
    "MasterKeyUnusable",
    "Opened",
    "Sealer",
    "jwk",
    "key_id",
    "open_master_key",
    "signing_key",
]
