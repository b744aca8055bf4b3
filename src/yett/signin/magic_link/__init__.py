"""Signing in with a link by mail: asking for one, waiting for it, opening it, deciding.

Read `asking` (the form, and the browser that waits) and `opening` (where the link leads). What is
decided is in `authn.magic_link`; what becomes of a proof is the flow's.
"""

from yett.signin.magic_link.asking import ASK, Asking
from yett.signin.magic_link.opening import Opening

__all__ = ["ASK", "Asking", "Opening"]
