"""Proof of possession with every request (RFC 9449): a client signs what it is about to do with a key of its own.

Read `model`, then `rules` (what a proof has to say, without I/O), `nonces` (what it has to repeat of ours)
and `service`, which puts the questions in order.
"""

from yett.oidc.dpop.config import DPoPSettings
from yett.oidc.dpop.model import DPoPFault, Proof, Reason
from yett.oidc.dpop.rules import access_hash
from yett.oidc.dpop.service import Proofs
from yett.oidc.jose import ALGORITHMS

__all__ = ["ALGORITHMS", "DPoPFault", "DPoPSettings", "Proof", "Proofs", "Reason", "access_hash"]
