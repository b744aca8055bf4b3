"""Signed JSON that others made: read strictly, checked with keys that are known, good once.

Read `model` and `reading` (text to parts), `keys` (which keys and algorithms count at all), `claims` (what all of
them have to say), then `published` (keys that a client publishes) and `once` (what was shown before). The
rest is decided where they are used: `client_auth`, `dpop`, `exchange`.
"""

from yett.oidc.jose.claims import Bounds, is_for_us, judge_ident, judge_times, time_left
from yett.oidc.jose.keys import ALGORITHMS, PublicKey, import_public, is_signed_by, read_keys
from yett.oidc.jose.model import Flaw, Unproven, is_instant
from yett.oidc.jose.once import Once
from yett.oidc.jose.published import Published
from yett.oidc.jose.reading import MAX_TOKEN, read

__all__ = [
    "ALGORITHMS",
    "MAX_TOKEN",
    "Bounds",
    "Flaw",
    "Once",
    "PublicKey",
    "Published",
    "Unproven",
    "import_public",
    "is_for_us",
    "is_instant",
    "is_signed_by",
    "judge_ident",
    "judge_times",
    "read",
    "read_keys",
    "time_left",
]
