"""Circuit breaking: stop sending to a backend that fails, and try it again later.

Read `model`, then `machine`, which holds the states; `window` counts, `expression` reads trip rules.
"""

from yett.proxy.balancing.circuit.expression import ExpressionInvalid, Rule, compile_expression
from yett.proxy.balancing.circuit.machine import Circuit
from yett.proxy.balancing.circuit.model import (
    CircuitRules,
    CircuitState,
    Combine,
    Evaluation,
    Finding,
    Sample,
    Transition,
)

__all__ = [
    "Circuit",
    "CircuitRules",
    "CircuitState",
    "Combine",
    "Evaluation",
    "ExpressionInvalid",
    "Finding",
    "Rule",
    "Sample",
    "Transition",
    "compile_expression",
]
