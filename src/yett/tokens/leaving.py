"""What becomes of tokens when people go, change or sign out.

They are over at once here, and in the store as soon as it lets us.
"""

import asyncio
from collections.abc import Callable, Collection

from yett.identity import Person
from yett.kernel import Clock, Supervisor
from yett.tokens import rules
from yett.tokens.endings import Endings
from yett.tokens.mirror import Mirror
from yett.tokens.model import TokenType

_IN_A_ROW = 200


class Leaving:
    """Ends tokens of whoever must not have them any more."""

    def __init__(
        self,
        mirror: Mirror,
        endings: Endings,
        clock: Clock,
        tasks: Supervisor,
        *,
        person_of: Callable[[str], Person | None],
        scopes_for: Callable[[Person], frozenset[str]],
    ) -> None:
        self._mirror = mirror
        self._endings = endings
        self._clock = clock
        self._tasks = tasks
        self._person_of = person_of
        self._scopes_for = scopes_for

    def session_ended(self, ref: str) -> None:
        """A session ended: so does what hangs on it, and whatever is being made for it."""
        entries = self._mirror.of_session(ref)
        self._mirror.bury_session(ref, self._clock.now())
        if entries:
            dead = self._endings.bury(entries)
            self._tasks.run(self._endings.catch_up(dead), name="tokens.session_ended")

    def grants_ended(self, username: str, grants: Collection[str]) -> None:
        """Access tokens of the OpenID provider were taken back, or their time is over."""
        entries = [each for each in self._mirror.of_user(username) if each.data.grant in grants]
        # Those whose time is over expire by themselves, and their history says so.
        now = self._clock.now()
        if over := [each for each in entries if each.expires > now]:
            dead = self._endings.bury(over)
            self._tasks.run(self._endings.catch_up(dead), name="tokens.grants_ended")

    async def look_at_everybody(self) -> None:
        """The same as `look_at` for everybody who has a token."""
        for number, username in enumerate(self._mirror.users()):
            if number % _IN_A_ROW == _IN_A_ROW - 1:
                # There may be many, and requests are not to wait for all of them.
                await asyncio.sleep(0)
            self.look_at(username)

    def look_at(self, username: str) -> None:
        """End what a user must not have any more.

        That is whatever was made for somebody else of that name, or is of somebody who is switched off; and tokens
        of browsers that may do more than their person may by now. Such a browser gets another when it is sent to
        sign in. Tokens of somebody who is not there at all wait on, good for nothing: a source may be late.
        """
        person = self._person_of(username)
        if person is None:
            return
        scopes = self._scopes_for(person) | {rules.OWN}
        over = [
            entry
            for entry in self._mirror.of_user(username)
            if not rules.is_of(entry.data, person)
            or (entry.data.type is TokenType.SESSION and not entry.data.scopes <= scopes)
        ]
        if over:
            dead = self._endings.bury(over)
            self._tasks.run(self._endings.catch_up(dead), name=f"tokens.leaving.{username}")
