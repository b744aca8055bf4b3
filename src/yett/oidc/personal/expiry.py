"""Tokens that end: their owners are told before, and told and put on record after.

Every node looks; whose note of it lands in the store writes the mail.
"""

from dataclasses import replace

from yett.events import describe
from yett.identity import Person
from yett.kernel import Clock, Supervisor
from yett.oidc.personal import events, rules
from yett.oidc.personal.letters import Letters
from yett.oidc.personal.model import Held, PersonalToken
from yett.oidc.personal.service import Directory, Personal
from yett.store import StoreUnavailable

_LOOK = 60.0
"""Seconds between looks."""
_DAY = 86400.0


class PersonalExpiry:
    """The looking. Start it after the tokens and the mailer."""

    def __init__(
        self, personal: Personal, directory: Directory, letters: Letters, clock: Clock, tasks: Supervisor
    ) -> None:
        self._personal = personal
        self._shelf = personal.shelf
        self._directory = directory
        self._letters = letters
        self._clock = clock
        self._tasks = tasks

    async def start(self) -> None:
        """Look from now on; the first time at once, for gateways that never run for long."""
        self._tasks.every(_LOOK, self.look, name="oidc.personal.expiry", at_once=True)

    async def look(self) -> None:
        """Tell whoever is due. What does not work out for one does not hold up the others."""
        for user in self._shelf.users:
            try:
                await self._settle(user)
            except StoreUnavailable as problem:
                events.unsettled(user=user, error=describe(problem))

    async def _settle(self, user: str) -> None:
        held, now = self._shelf.held(user), self._clock.now()
        if held is None:
            return
        person = self._directory.person(user)
        if any(now >= token.expires_at for token in held.tokens):
            await self._strike_off(user, person, now)
        is_owner = person is not None and not person.is_disabled and person.entry == held.entry
        remind = self._personal.settings.remind.total_seconds()
        for token in held.tokens if is_owner and self._personal.is_enabled else ():
            if person is not None and rules.is_due(token, now, remind):
                await self._remind(user, person, token, now)

    async def _strike_off(self, user: str, person: Person | None, now: float) -> None:
        ended: tuple[PersonalToken, ...] = ()
        entry = ""

        def judge(held: Held) -> Held | None:
            nonlocal ended, entry
            entry = held.entry
            ended = tuple(token for token in held.tokens if now >= token.expires_at)
            left = tuple(token for token in held.tokens if now < token.expires_at)
            return replace(held, tokens=left) if ended else None

        await self._shelf.change(user, judge)
        owner = person if person is not None and person.entry == entry else None
        for token in ended:
            await self._letters.ended(user, owner, token)

    async def _remind(self, user: str, person: Person, token: PersonalToken, now: float) -> None:
        """Note it first: a mail that is lost with a crash is better than one with every look."""
        is_noted = False

        def judge(held: Held) -> Held | None:
            nonlocal is_noted
            found = rules.find(held, token.id)
            is_noted = found is not None and not found.reminded_at
            return (
                None if not is_noted else rules.with_changed(held, replace(found or token, reminded_at=now))
            )

        await self._shelf.change(user, judge)
        if is_noted and await self._letters.expiring(person, token):
            events.reminded(user=user, token=token.id, days=int((token.expires_at - now) // _DAY))
