"""Passkeys (WebAuthn Level 3): keys that stay on a person's device and answer no site but ours.

Read `model`, then `wire` (what a browser sends, as values), `rules` (every judgement, without I/O) and
`proofs` (signatures and attestation, where the library is). `ceremonies` keeps what was asked until it is
answered, `keyring` keeps the passkeys of each person, and `service` joins them. `expiry` reminds people
of passkeys that run out.

Making one has two halves: a ceremony proves that a new key exists and is fit (`finish_registration`),
enrolment writes it down for a person (`enrol`).
"""

from yett.authn.passkey.commands import PasskeyCommands
from yett.authn.passkey.config import PasskeySettings
from yett.authn.passkey.expiry import Expiry
from yett.authn.passkey.mail import Letters as PasskeyLetters
from yett.authn.passkey.model import (
    AMR,
    Ceremony,
    Passkey,
    PasskeyAccepted,
    PasskeyRejected,
    Reason,
    Registered,
    Revoked,
)
from yett.authn.passkey.rules import check_passkeys
from yett.authn.passkey.service import Passkeys

__all__ = [
    "AMR",
    "Ceremony",
    "Expiry",
    "Passkey",
    "PasskeyAccepted",
    "PasskeyCommands",
    "PasskeyLetters",
    "PasskeyRejected",
    "PasskeySettings",
    "Passkeys",
    "Reason",
    "Registered",
    "Revoked",
    "check_passkeys",
]
