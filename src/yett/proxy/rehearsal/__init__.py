"""What would become of a request, step by step, without anything being counted, changed or recorded.

Each step is decided by the code that decides it for real: the guards' own `foresee`, the route table,
`judge`, the ages and strengths of sign-ins, the pools. The order is the gate's; a test sends the
same requests for real and compares.

Read `model`, then `service`; `words` is what the steps say.
"""

from yett.proxy.rehearsal.model import Asked, Rehearsed, Step, Turn
from yett.proxy.rehearsal.service import Rehearsal

__all__ = ["Asked", "Rehearsal", "Rehearsed", "Step", "Turn"]
