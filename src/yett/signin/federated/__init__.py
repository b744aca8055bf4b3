"""Signing in through another provider.

Read `words` (what becomes of each reason, for the person), then `routes` (leaving and coming back),
`connecting` (the page on which people connect accounts of theirs) and `watching` (what happens to sessions
later). The protocol itself is `identity.federation`.
"""

from yett.signin.federated.connecting import PAGE as CONNECTIONS
from yett.signin.federated.connecting import Connecting
from yett.signin.federated.routes import FederatedSignIn
from yett.signin.federated.watching import Watching

__all__ = ["CONNECTIONS", "Connecting", "FederatedSignIn", "Watching"]
