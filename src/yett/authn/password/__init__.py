"""Passwords: checked against Argon2id hashes, with the same work whoever is named, and slowly for guessers.

Read `model`, then `text` (what a password is), `hashing`, and `service`, which joins them. Who has
to wait before another password is checked is decided in `authn.guessing`, by what the settings here
say (`limits_of`).
"""

from yett.authn.password.config import PasswordSettings
from yett.authn.password.hashing import Hasher, PasswordUnfit
from yett.authn.password.model import Accepted, Changed, Expired, NotChanged, Reason, Rejected, Verdict
from yett.authn.password.rules import limits_of
from yett.authn.password.service import Password, Users

__all__ = [
    "Accepted",
    "Changed",
    "Expired",
    "Hasher",
    "NotChanged",
    "Password",
    "PasswordSettings",
    "PasswordUnfit",
    "Reason",
    "Rejected",
    "Users",
    "Verdict",
    "limits_of",
]
