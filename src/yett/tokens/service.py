"""Scoped tokens: made, recognised, delegated, changed, ended.

Three things are kept: the store (what is true), local memory (what requests are decided by, a copy of all
tokens that follows the store), and the history. Who changes a token writes the store first and then takes
it over into memory, except where a token has to be over at once. Whether a token is good is found out anew each
time it is looked at: from its own record, those of the tokens above it, and what the directory says about its
user. So an interrupted cascade leaves nothing that works.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable
from typing import Protocol

from yett.events import describe
from yett.identity import Person, PersonChanged
from yett.kernel import Clock, Supervisor
from yett.keys import MasterKey
from yett.store import Records, StoreUnavailable
from yett.tokens import events, quotas, rules
from yett.tokens.config import TokensSettings
from yett.tokens.delegating import Delegating
from yett.tokens.editing import NOT_FOUND, Editing
from yett.tokens.endings import Endings
from yett.tokens.following import Following
from yett.tokens.history import Cursor, History, Page, Query
from yett.tokens.leaving import Leaving
from yett.tokens.making import Making
from yett.tokens.mirror import Entry, Mirror
from yett.tokens.model import (
    Actor,
    AuthenticationEntry,
    Delegation,
    Draft,
    Edit,
    HistoryEntry,
    Ingress,
    NotDelegated,
    Refusal,
    Refused,
    Source,
    Token,
    TokenData,
    UserInfo,
)
from yett.tokens.overrides import Overrides
from yett.tokens.quotas import Counting, Quota, Quotas, QuotaState
from yett.tokens.resting import Resting
from yett.tokens.shelf import Shelf
from yett.tokens.text import parse
from yett.tokens.uses import Uses

_LOOK_EVERY = 10.0
_SWEEP_EVERY = 60.0
_UNAVAILABLE = Refused(Refusal.UNAVAILABLE, "This does not work at the moment; try again")


class People(Protocol):
    """Who people are, now."""

    def person(self, name: str) -> Person | None: ...
    def people(self) -> Iterable[Person]: ...


class ScopedTokens:
    """Everything that can be done with tokens. Start before use."""

    def __init__(
        self,
        records: Records,
        people: People,
        master: MasterKey,
        settings: TokensSettings,
        clock: Clock,
        tasks: Supervisor,
        *,
        is_session_live: Callable[[str], bool] | None = None,
        is_grant_live: Callable[[str], bool] | None = None,
    ) -> None:
        self.settings = settings
        self._people = people
        self._clock = clock
        self._tasks = tasks
        self._is_grant_live = is_grant_live
        self._mirror = Mirror(people.person, is_session_live)
        self._history = History(records, clock, settings.history_retention.total_seconds())
        self._shelf = Shelf(records, self._history, clock)
        self._following = Following(records, self._mirror, clock)
        self._endings = Endings(self._shelf, self._mirror, self._following, clock)
        self._leaving = Leaving(
            self._mirror,
            self._endings,
            clock,
            tasks,
            person_of=people.person,
            scopes_for=self.scopes_for,
        )
        self._making = Making(
            self._shelf, self._mirror, settings, clock, master.derive("yett.tokens/delegated")
        )
        self._resting = Resting(self._making, self._mirror, self._endings, clock)
        self._delegating = Delegating(self._making, self._mirror, clock)
        self._editing = Editing(self._shelf, self._mirror, self._following, self._endings, settings, clock)
        self._uses = Uses(records, self._history, self._mirror, clock, settings.use_interval.total_seconds())
        self._overrides = Overrides(records)
        self._quotas = quotas.quotas_of(settings)
        self._counting = Counting(clock)
        self._running: list[asyncio.Task[None]] = []
        self._looking = asyncio.Lock()

    def apply(self, settings: TokensSettings) -> None:
        """Go by these settings from now on. Tokens keep what they have."""
        self.settings = settings
        self._making.settings = settings
        self._editing.settings = settings
        self._history.retention = settings.history_retention.total_seconds()
        self._uses.interval = settings.use_interval.total_seconds()
        self._quotas = quotas.quotas_of(settings)
        self._tasks.run(self._leaving.look_at_everybody(), name="tokens.leaving")

    async def start(self) -> None:
        """Load every token and follow the store from now on. Raises StoreUnavailable."""
        await self._following.open()
        await self._overrides.follower.open()
        await self._leaving.look_at_everybody()
        await self.tick()
        await self.sweep()
        self._running = [
            self._tasks.keep(self._following.follower.follow, name="tokens.follow"),
            self._tasks.keep(self._overrides.follower.follow, name="tokens.quotas"),
            self._tasks.every(_LOOK_EVERY, self.tick, name="tokens.tick"),
            self._tasks.every(_SWEEP_EVERY, self.sweep, name="tokens.sweep"),
        ]

    async def stop(self) -> None:
        """Write down what is due, and stop following."""
        await self._following.follower.close()
        await self._overrides.follower.close()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        self._running = []
        await self.tick()

    async def tick(self) -> None:
        """What is done in the background."""
        async with self._looking:
            await self._endings.look()
            await self._uses.save()

    async def sweep(self) -> None:
        """What is done more rarely: looking for tokens that nothing is left of to rest on."""
        async with self._looking:
            await self._endings.sweep(self._is_grant_live)
            self._uses.forget()

    # Recognising.

    def look(self, text: str) -> TokenData | None:
        """The token that a text is, if it is good and known on this node. Never waits."""
        entry = self._mirror.proven(text)
        if entry is None or not self._mirror.is_good(entry, self._clock.now()):
            return None
        return entry.data

    async def find(self, text: str) -> TokenData | None:
        """The same, asking the store for a token that this node does not know. None when it cannot be asked."""
        found = self.look(text)
        token = parse(text)
        if found is not None or token is None or self._mirror.is_buried(token.key):
            return found
        if token.key in self._mirror.entries or self._mirror.is_unknown(token.key, self._clock.now()):
            return None
        try:
            entry = await self._following.fetch(token.key)
        except StoreUnavailable as problem:
            events.lookup_failed(error=describe(problem))
            return None
        if entry is None:
            self._mirror.miss(token.key, self._clock.now())
            return None
        return self.look(text)

    def is_good(self, data: TokenData) -> bool:
        """Whether a token that was recognised a while ago still is."""
        entry = self._mirror.entries.get(data.key)
        return entry is not None and self._mirror.is_good(entry, self._clock.now())

    def by_key(self, username: str, key: str) -> TokenData | None:
        """A good token of a user by its key, for whoever may see it."""
        entry = self._entry(username, key)
        return None if entry is None else entry.data

    def of_user(self, username: str) -> list[TokenData]:
        """The good tokens of a user, the newest first."""
        return self.good(username)[::-1]

    def good(self, username: str | None = None) -> list[TokenData]:
        """The good tokens of everybody, or of one user, the oldest first."""
        now = self._clock.now()
        entries = self._mirror if username is None else self._mirror.of_user(username)
        found = [entry.data for entry in entries if self._mirror.is_good(entry, now)]
        return sorted(found, key=lambda data: (data.created, data.key))

    def last_used(self, key: str) -> float | None:
        """When a token was last used, as far as this node knows."""
        entry = self._mirror.entries.get(key)
        return None if entry is None or entry.use is None else entry.use.at

    def used(self, key: str, address: str = "") -> None:
        """Note that a token was used. Never waits."""
        self._uses.note(key, address)

    def _entry(self, username: str, key: str) -> Entry | None:
        entry = self._mirror.entries.get(key)
        if entry is None or entry.data.username != username:
            return None
        return entry if self._mirror.is_good(entry, self._clock.now()) else None

    # Making.

    def scopes_for(self, person: Person) -> frozenset[str]:
        """What somebody gets who signs in; nothing: they may not."""
        return rules.person_scopes(person, self.settings)

    async def make_session(
        self,
        person: Person,
        *,
        scopes: Iterable[str],
        session_ref: str,
        expires_at: float | None,
        address: str,
    ) -> str:
        """A browser's token. It is over with its session. Raises StoreUnavailable."""
        return await self._resting.session(
            person, scopes=scopes, session_ref=session_ref, expires_at=expires_at, address=address
        )

    async def make_oidc(
        self, user: str, session_ref: str, expires_at: float | None, *, grant: str = "", address: str = ""
    ) -> str:
        """An access token of the OpenID provider that only the gateway can read. Raises StoreUnavailable.

        It is over with its session, if it is to have one, and when the provider ends its grant.
        """
        person = self._people.person(user)
        return await self._resting.oidc(user, person, session_ref, expires_at, grant=grant, address=address)

    async def create_own(self, draft: Draft, actor: Actor) -> Token | Refused:
        """A user token that somebody makes for themselves."""
        return await self._making.own(draft, actor, self._people.person(draft.username))

    async def create_as_administrator(self, draft: Draft, actor: Actor) -> Token | Refused:
        """A user or service token that an administrator makes."""
        return await self._making.for_somebody(draft, actor, self._people.person(draft.username))

    # Delegating.

    def delegated(
        self, parent: TokenData, want: Delegation, *, minimum_lifetime: float | None = None
    ) -> str | None:
        """A child that is there already and good enough. Never waits."""
        return self._delegating.find(parent, want, minimum_lifetime)

    async def delegate(
        self,
        parent: TokenData,
        want: Delegation,
        *,
        minimum_lifetime: float | None = None,
        address: str = "",
        source: Source | None = None,
        ingress: Ingress | None = None,
    ) -> str | NotDelegated:
        """Such a child, or else a new one. Any number of calls at once make one."""
        return await self._delegating.delegate(
            parent, want, minimum_lifetime, address=address, source=source, ingress=ingress
        )

    # Changing and ending.

    async def edit(self, username: str, key: str, edit: Edit, actor: Actor) -> TokenData | Refused:
        """Change a token of a user; how it is now, or why it is as it was."""
        entry = self._entry(username, key)
        if entry is None:
            return rules.access_fault(actor, username, needs_admin=True) or NOT_FOUND
        return await self._editing.edit(entry.data, edit, actor)

    async def delete(self, username: str, key: str, actor: Actor) -> Refused | None:
        """End a token of a user, and those made with it; why not, or None when it is done."""
        fault = rules.access_fault(actor, username)
        if fault is not None:
            return fault
        entry = self._entry(username, key)
        if entry is None:
            return NOT_FOUND
        try:
            return None if await self._endings.delete(entry, actor) else NOT_FOUND
        except StoreUnavailable:
            return _UNAVAILABLE

    async def end(self, key: str, actor: Actor) -> bool:
        """End a token by its key, whose ever it is; whether there was one. Raises StoreUnavailable."""
        entry = self._mirror.entries.get(key)
        return entry is not None and await self._endings.delete(entry, actor)

    async def end_session_token(self, text: str, address: str = "") -> bool:
        """End a browser's token and what was made with it, as at sign-out; whether there was one."""
        entry = self._mirror.proven(text)
        if entry is None:
            return False
        actor = Actor(entry.data.username, address, entry.data, Source.COOKIE)
        return await self._endings.drop([entry], actor) > 0

    async def forget(self, username: str) -> int:
        """End every token of somebody who is gone; how many there were."""
        return await self._endings.drop(self._mirror.of_user(username))

    def session_ended(self, ref: str) -> None:
        """A sign-on session ended: what hangs on it is over at once."""
        self._leaving.session_ended(ref)

    def grants_ended(self, username: str, grants: Collection[str]) -> None:
        """The OpenID provider takes access tokens of somebody back."""
        self._leaving.grants_ended(username, grants)

    def told(self, change: PersonChanged) -> None:
        """Somebody is another person, or in other groups: what they must not have any more is over at once."""
        if change.person is not None:
            self._leaving.look_at(change.name)

    # Being asked.

    def user_info(self, data: TokenData) -> UserInfo:
        """Who the user of a token is: as it says itself, else as the directory does."""
        return rules.user_info(data, self._people.person(data.username))

    def info_of(self, username: str) -> UserInfo | None:
        """What the directory says about somebody; None when it does not know them."""
        person = self._people.person(username)
        return None if person is None or person.is_disabled else rules.person_info(person)

    def everybody(self) -> list[UserInfo]:
        """Everybody whom the directory knows, by name."""
        return [rules.person_info(person) for person in self._people.people() if not person.is_disabled]

    async def changes(self, query: Query, cursor: Cursor | None, limit: int) -> Page[HistoryEntry]:
        """What was done to tokens, newest first. Raises StoreUnavailable."""
        return await self._history.changes(query, cursor, limit)

    async def authentications(
        self, query: Query, cursor: Cursor | None, limit: int
    ) -> Page[AuthenticationEntry]:
        """When tokens were used, newest first. Raises StoreUnavailable."""
        return await self._history.authentications(query, cursor, limit)

    # Quotas.

    @property
    def overrides(self) -> Quotas | None:
        """The quotas that an administrator put in force, if any."""
        return self._overrides.current

    async def override(self, new: Quotas) -> None:
        """Put quotas in force over those of the settings. Raises StoreUnavailable."""
        await self._overrides.put(new)

    async def drop_overrides(self) -> bool:
        """Go by the settings again; whether there were others. Raises StoreUnavailable."""
        return await self._overrides.delete()

    def quota(self, info: UserInfo) -> Quota | None:
        """What somebody may use; None when nothing limits them."""
        return quotas.quota_of(info.group_names, self._quotas, self._overrides.current)

    def count(self, info: UserInfo, service: str) -> QuotaState | None:
        """Count a request of somebody to a service; None when nothing limits them there."""
        quota = self.quota(info)
        limit = None if quota is None else quota.api.get(service)
        return None if limit is None else self._counting.count(info.username, service, limit)

    @property
    def count_of_tokens(self) -> int:
        """How many tokens this node knows."""
        return len(self._mirror)
