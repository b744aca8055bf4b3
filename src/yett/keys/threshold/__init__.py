"""Signing keys that nobody holds whole: shares of one, here and at co-signers; a quorum of them signs.

Read `model`, then `identity` (who somebody is on the line), `envelope` and `ceremony` (how a key is made by all of
them, over whoever carries the messages), `wire` (what goes over the line), then the two ends: `link`, `making` and
`service` are the gateway's, `policy`, `shares` and `server` the co-signer's. The arithmetic is in `keys.frost`.

What must stay true:
  the private key exists nowhere, not even while it is made;
  what is signed once is signed by a quorum that all saw the same message;
  a co-signer gives its share to tokens of its issuer and to nothing else.
"""

from yett.keys.threshold.commands import CosignerCommands, ThresholdCommands
from yett.keys.threshold.config import (
    CosignerSettings,
    ThresholdSettings,
    check_cosigner,
    check_threshold,
)
from yett.keys.threshold.identity import Identity
from yett.keys.threshold.model import NotMade, Shared, State, Unavailable
from yett.keys.threshold.server import Cosigner
from yett.keys.threshold.service import Threshold
from yett.keys.threshold.shares import Shares

__all__ = [
    "Cosigner",
    "CosignerCommands",
    "CosignerSettings",
    "Identity",
    "NotMade",
    "Shared",
    "Shares",
    "State",
    "Threshold",
    "ThresholdCommands",
    "ThresholdSettings",
    "Unavailable",
    "check_cosigner",
    "check_threshold",
]
