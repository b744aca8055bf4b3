"""Rate limits of pools: token buckets, one for the pool or one for each user."""

from yett.proxy.balancing.limits.bucket import Bucket, Limiter, refilled
from yett.proxy.balancing.limits.model import Exceeded, LimitRules

__all__ = ["Bucket", "Exceeded", "LimitRules", "Limiter", "refilled"]
