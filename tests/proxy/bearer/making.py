"""Tokens of a session that is made up."""

import asyncio

from tests.identity.federation.idp import CLIENT
from tests.keys.test_epochs import MASTER
from tests.proxy.conftest import WIKI
from tests.signin.conftest import ADA

from yett.identity.federation import Trade, TradeGrant
from yett.kernel import Supervisor
from yett.keys import Sealer
from yett.oidc import Minting, OIDCSettings, Wanted
from yett.proxy.bearer import Bearers, Mint, Vault, WantedElsewhere
from yett.proxy.reauth import signed_in_at
from yett.sessions import Session, SessionType

WANTED = Wanted("Wiki", "wiki", 300.0)


def elsewhere(idp, *, lifetime=300.0, **more):
    """The wish for a token of another authorization server."""
    trade = Trade(
        **{
            "provider": "acme",
            "issuer": idp.issuer,
            "client_id": CLIENT,
            "grant": TradeGrant.TOKEN_EXCHANGE,
            "audience": "wiki",
            **more,
        }
    )
    return WantedElsewhere("Wiki", trade.audience, lifetime, trade=trade)


PERSON = ADA


def session(ref="s1", *, ends_at=2_000_000_000.0, **metadata):
    return Session(ref, SessionType.AUTHENTICATED, "ada", WIKI, 0.0, ends_at, ends_at, 0.0, metadata=metadata)


class Node:
    """What one node has of tokens."""

    def __init__(self, records, clock, *, key=MASTER, sealed_with=None, trading=None):
        self.tasks = Supervisor()
        self.minting = Minting(key, OIDCSettings(), clock, issuer="https://login.example.test")
        self.vault = Vault(records, Sealer(sealed_with or MASTER, "proxy/bearers"))
        mint = Mint(self.minting, trading, clock)
        self.bearers = Bearers(mint, self.vault, self.tasks, clock, signed_in_at=signed_in_at)

    def ask(self, wanted=WANTED):
        """Somebody who waits for a token, and may go away."""
        return asyncio.get_running_loop().create_task(self.bearers.obtain(session(), PERSON, wanted))

    async def settle(self):
        """Wait until nothing is being made or renewed."""
        while self.bearers._making:
            for task in list(self.bearers._making.values()):
                await task
