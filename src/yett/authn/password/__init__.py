"""Passwords: checked against Argon2id hashes, with the same work whoever is named, and slowly for guessers.

Read `model`, then `text` (what a password is), `hashing`, `guessing` (who has to wait), and
`service`, which joins them.
"""

from yett.authn.password.config import PasswordSettings
from yett.authn.password.hashing import Hasher, PasswordUnfit
from yett.authn.password.model import Accepted, Reason, Rejected, Verdict
from yett.authn.password.service import Password, Users

__all__ = [
    "Accepted",
    "Hasher",
    "Password",
    "PasswordSettings",
    "PasswordUnfit",
    "Reason",
    "Rejected",
    "Users",
    "Verdict",
]
