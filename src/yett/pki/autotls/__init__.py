"""Certificates from the own authority for every name the gateway serves, renewed by a common clock.

Read `cycle` (when), `plan` (what), then `service`.
"""

from yett.pki.autotls.cycle import Period, overlap_problem, parse_epoch, period_at
from yett.pki.autotls.service import AutoTLS, Renewal

__all__ = ["AutoTLS", "Period", "Renewal", "overlap_problem", "parse_epoch", "period_at"]
