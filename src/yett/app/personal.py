"""Personal access tokens: kept, recognised, shown on people's own page, and told of by mail."""

from functools import partial
from typing import Any

from starlette.routing import BaseRoute

from yett.config import Snapshot
from yett.identity import Directory, Person
from yett.identity.belongings import Belongings
from yett.kernel import Clock, Lifecycle, Supervisor
from yett.keys import MasterKey, Sealer
from yett.notify import Mailer
from yett.oidc.personal import (
    ACCOUNT,
    Personal,
    PersonalExpiry,
    PersonalLetters,
    PersonalTokenCommands,
    PersonalTokenSettings,
)
from yett.oidc.signing import Signing
from yett.oidc.tokens import Tokens
from yett.sessions import Session
from yett.signin.profile import Profile, TokensPage
from yett.store import Records


class PersonalTokens:
    """Everything about them."""

    def __init__(
        self,
        records: Records,
        data: Belongings,
        master: MasterKey,
        snapshot: Snapshot,
        tasks: Supervisor,
        clock: Clock,
        lifecycle: Lifecycle,
        *,
        origin: str,
        host: str,
        directory: Directory,
        mailer: Mailer,
        signing: Signing,
        issued: Tokens,
        profile: Profile,
    ) -> None:
        letters = PersonalLetters(mailer, data, tasks, clock)
        settings = snapshot[PersonalTokenSettings]
        self.tokens = Personal(records, signing, directory, letters, settings, clock, tasks, issuer=origin)
        lifecycle.add("personal access tokens", self.tokens.start, self.tokens.stop)
        directory.changed.connect(self.tokens.told)
        directory.on_disabled("personal access tokens", partial(self.tokens.revoke_all, by="gateway"))
        expiry = PersonalExpiry(self.tokens, directory, letters, clock, tasks)
        lifecycle.add("personal access tokens running out", expiry.start, _nothing)
        issued.look_with(self.tokens.access)
        profile.entry.read_with(partial(self.tokens.session_for, scope=ACCOUNT, audience=host))
        profile.looking.count_tokens_with(self._count)
        page = TokensPage(
            profile.entry, self.tokens, Sealer(master, "signin/profile/tokens"), clock, origin=origin
        )
        self.routes: list[BaseRoute] = [*page.routes]
        self.commands: list[Any] = [PersonalTokenCommands(self.tokens)]

    def apply(self, new: Snapshot) -> None:
        """Go by other settings from now on."""
        self.tokens.apply(new[PersonalTokenSettings])

    def session_for(self, text: str, scope: str, audience: str) -> Session | None:
        """What stands for the session of whoever's token this is, at a host where it needs that scope."""
        known = self.tokens.session_for(text, scope, audience)
        return None if known is None else known[0]

    def _count(self, person: Person) -> int | None:
        return len(self.tokens.listed(person)) if self.tokens.is_offered(person) else None


async def _nothing() -> None:
    """A part without an end of its own."""
