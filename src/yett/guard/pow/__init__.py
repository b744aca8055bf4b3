"""Proof of work: a browser computes for a moment, once, before anything answers it.

Read `rules` (what is asked of whom, and what counts as a proof), then `guard` (the check of each
request) and `pages` (how a challenge is fetched and answered). `challenges` and `bodies` are what
lies in the store meanwhile, `shelf` keeps them bounded, `passes` is the cookie of whoever is through,
and `proof.js` is the browser's side.
"""

from yett.guard.pow.config import PowSettings
from yett.guard.pow.guard import PowGuard
from yett.guard.pow.passes import PASS_COOKIE
from yett.guard.pow.rules import check_pow

__all__ = ["PASS_COOKIE", "PowGuard", "PowSettings", "check_pow"]
