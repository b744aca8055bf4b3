"""Sending a request again that failed.

Read `model` (what is worth another try), `rules` (whether this one is, and how long to wait),
`budget` (how many a pool can take). Who asks is `proxy.plan`.
"""

from yett.proxy.retrying.budget import Budget
from yett.proxy.retrying.config import RetrySettings
from yett.proxy.retrying.model import UNSENT, Cause, RetryRules, compile_retry
from yett.proxy.retrying.rules import backoff, cause_of, is_permitted, retry_after

__all__ = [
    "UNSENT",
    "Budget",
    "Cause",
    "RetryRules",
    "RetrySettings",
    "backoff",
    "cause_of",
    "compile_retry",
    "is_permitted",
    "retry_after",
]
