"""Outlier detection: backends that do worse than the others are taken out for a while.

Read `model`, then `rules`.
"""

from yett.proxy.balancing.outliers.model import EjectReason, OutlierRules, Standing
from yett.proxy.balancing.outliers.rules import (
    compare_success,
    ejection_length,
    is_run_too_long,
    max_ejectable,
    measure_failures,
)

__all__ = [
    "EjectReason",
    "OutlierRules",
    "Standing",
    "compare_success",
    "ejection_length",
    "is_run_too_long",
    "max_ejectable",
    "measure_failures",
]
