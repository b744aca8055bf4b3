"""What is checked before anybody asks who somebody is: origin, country, hours, rate, size, work.

Read `model` (what a guard is), then `door` (the order, and what happens when a check cannot
run); `rehearsal` tells what it would say. Each guard is a folder of its own: `rate`, `size`, `geo`,
`time`, `pow`; `cors` is one file.
"""

from yett.guard.cors import CORS, CORSSettings
from yett.guard.door import Door
from yett.guard.guards import Guards
from yett.guard.model import Blocked, Guard
from yett.guard.rehearsal import Look, Rehearsal

__all__ = ["CORS", "Blocked", "CORSSettings", "Door", "Guard", "Guards", "Look", "Rehearsal"]
