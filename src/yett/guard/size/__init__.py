"""How large a request's body may be, in general and for named places.

Read `rules`, with `patterns` for the expressions that operators write, then `service`.
"""

from yett.guard.size.config import SizeException, SizeSettings
from yett.guard.size.model import Reason
from yett.guard.size.service import SizeGuard

__all__ = ["Reason", "SizeException", "SizeGuard", "SizeSettings"]
