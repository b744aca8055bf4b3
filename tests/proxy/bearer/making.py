"""Tokens of a session that is made up."""

import asyncio

from tests.keys.test_epochs import MASTER
from tests.proxy.conftest import WIKI
from tests.signin.conftest import ADA

from yett.kernel import Supervisor
from yett.keys import Sealer
from yett.oidc import Minting, OIDCSettings, Wanted
from yett.proxy.bearer import Bearers, Vault
from yett.proxy.reauth import signed_in_at
from yett.sessions import Session, SessionType

WANTED = Wanted("Wiki", "wiki", 300.0)
PERSON = ADA


def session(ref="s1", *, ends_at=2_000_000_000.0, **metadata):
    return Session(ref, SessionType.AUTHENTICATED, "ada", WIKI, 0.0, ends_at, ends_at, 0.0, metadata=metadata)


class Node:
    """What one node has of tokens."""

    def __init__(self, records, clock, *, key=MASTER, sealed_with=None):
        self.tasks = Supervisor()
        self.minting = Minting(key, OIDCSettings(), clock, issuer="https://login.example.test")
        self.vault = Vault(records, Sealer(sealed_with or MASTER, "proxy/bearers"))
        self.bearers = Bearers(self.minting, self.vault, self.tasks, clock, signed_in_at=signed_in_at)

    def ask(self):
        """Somebody who waits for a token, and may go away."""
        return asyncio.get_running_loop().create_task(self.bearers.obtain(session(), PERSON, WANTED))

    async def settle(self):
        """Wait until nothing is being made or renewed."""
        while self.bearers._making:
            for task in list(self.bearers._making.values()):
                await task
