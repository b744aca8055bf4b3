"""The data of modules about people, each given only to the person it was made for.

It stands between modules and the store, and looks like the store to them. What must stay true:
  a module never reads what was made for another entry than the one that has the name now;
  what is written is written for that entry, and over nothing that it had not read, except over what
  is not its own;
  nothing is wiped but what was looked at: each deletion rests on a version.
"""

from collections.abc import Callable
from typing import Any, Protocol

from yett.events import describe
from yett.identity.belongings import events, rules
from yett.identity.belongings.config import IdentitySettings
from yett.identity.belongings.model import BELONGS_TO, Fate, Left, Why
from yett.identity.model import Person, PersonChanged
from yett.kernel import Clock, Supervisor
from yett.store import StoreUnavailable
from yett.store.moduledata import PREFERENCES, ModuleDataDamaged

Datum = dict[str, Any]

_LOOK = 86400.0
"""Seconds between looks at everybody; who is gone is known at once, only the wiping waits for this."""
_ROUNDS = 8
"""How often a change is tried. Each that is lost means that somebody else wrote."""


class ModuleData(Protocol):
    """Maps by module and user."""

    async def load(self, module: str, user: str) -> tuple[int, Datum] | None: ...
    async def replace(self, module: str, user: str, value: Datum, *, seen: int) -> bool: ...
    async def delete(self, module: str, user: str) -> bool: ...
    async def discard(self, module: str, user: str, *, seen: int) -> bool: ...
    async def load_all(self, module: str) -> dict[str, Datum]: ...
    async def get_all_for_user(self, user: str) -> dict[str, Datum]: ...
    async def users(self) -> list[str]: ...
    async def language(self, user: str) -> str | None: ...


class People(Protocol):
    """Who people are, now."""

    def person(self, name: str) -> Person | None: ...


class Belongings:
    """Module data by person instead of by name. StoreUnavailable may come from any method that waits."""

    def __init__(
        self, data: ModuleData, people: People, settings: IdentitySettings, clock: Clock, tasks: Supervisor
    ) -> None:
        self._data = data
        self._people = people
        self._clock = clock
        self._tasks = tasks
        self._waiting: dict[str, None] = {}
        self._is_working = False
        self.settings = settings

    async def start(self) -> None:
        """Look through everybody's from now on. Start the directory first."""
        self._tasks.every(_LOOK, self.look, name="identity.belongings", at_once=True)

    # For modules.

    async def load(self, module: str, user: str) -> tuple[int, Datum] | None:
        """What a module keeps about a person and its version; None for what was made for somebody else."""
        found = await self._data.load(module, user)
        if found is None or not rules.is_theirs(found[1], self._people.person(user)):
            return None
        return found[0], rules.opened(found[1])

    async def load_all(self, module: str) -> dict[str, Datum]:
        """The same of everybody who is there."""
        return {
            user: rules.opened(datum)
            for user, datum in (await self._data.load_all(module)).items()
            if rules.is_theirs(datum, self._people.person(user))
        }

    async def replace(self, module: str, user: str, value: Datum, *, seen: int) -> bool:
        """Write if the version is still `seen`, 0 meaning that there was nothing of theirs; whether that was so.

        Nothing is written for somebody who is not there.
        """
        person = self._people.person(user)
        if person is None:
            return False
        found = await self._data.load(module, user)
        is_foreign = found is not None and not rules.is_theirs(found[1], person)
        if found is not None and is_foreign:
            if seen != 0:
                # Read when the name was another person's.
                return False
            seen = found[0]
        is_written = await self._data.replace(module, user, rules.made_for(person, value), seen=seen)
        if is_written and is_foreign:
            events.wiped(user=user, modules=(module,), why=Why.REPLACED)
        return is_written

    async def delete(self, module: str, user: str) -> bool:
        """Whether there was something of theirs; there is nothing now."""
        for _ in range(_ROUNDS):
            try:
                found = await self._data.load(module, user)
            except ModuleDataDamaged:
                # Nobody can tell whose it was.
                return await self._data.delete(module, user)
            if found is None or not rules.is_theirs(found[1], self._people.person(user)):
                return False
            if await self._data.discard(module, user, seen=found[0]):
                return True
        raise StoreUnavailable("others wrote at the same moment, again and again")

    async def language(self, user: str) -> str | None:
        """The language that a person prefers; None when the one that is known is somebody else's."""
        try:
            found = await self._data.load(PREFERENCES, user)
        except ModuleDataDamaged:
            return None
        if found is not None and not rules.is_theirs(found[1], self._people.person(user)):
            return None
        return await self._data.language(user)

    # When people go and come.

    def told(self, change: PersonChanged) -> None:
        """Somebody is there, is gone or is another; what is kept about them is looked through soon."""
        if change.before is not None and change.person is not None and not change.is_another:
            return
        self._waiting[change.name] = None
        if not self._is_working:
            self._is_working = True
            self._tasks.run(self._work(), name="identity.belongings.settle")

    async def _work(self) -> None:
        """One after the other: thousands may come and go in one sync."""
        try:
            while self._waiting:
                user = next(iter(self._waiting))
                del self._waiting[user]
                await self._settle(user)
        finally:
            self._is_working = False

    async def look(self) -> None:
        """Look through what is kept about everybody."""
        try:
            users = await self._data.users()
        except StoreUnavailable as problem:
            events.unsettled(user="", error=describe(problem))
            return
        for user in users:
            await self._settle(user)

    async def _settle(self, user: str) -> None:
        """Note that a person is gone or back, and wipe what nobody came back for."""
        person, now = self._people.person(user), self._clock.now()
        forget_after = self.settings.forget_after.total_seconds()

        def judge(datum: Datum) -> Fate:
            return rules.fate(datum, person, now=now, forget_after=forget_after)

        done: dict[Fate, list[str]] = {each: [] for each in Fate}
        try:
            for module, datum in (await self._data.get_all_for_user(user)).items():
                if judge(datum) is not Fate.STAYS:
                    done[await self._carry_out(module, user, judge, now)].append(module)
        except StoreUnavailable as problem:
            events.unsettled(user=user, error=describe(problem))
        if done[Fate.IS_LEFT]:
            say = events.left if person is None else events.withheld
            say(user=user, modules=tuple(done[Fate.IS_LEFT]), seconds=forget_after)
        if done[Fate.IS_BACK]:
            events.back(user=user, modules=tuple(done[Fate.IS_BACK]))
        if done[Fate.GOES]:
            events.wiped(user=user, modules=tuple(done[Fate.GOES]), why=Why.TIME)

    async def _carry_out(self, module: str, user: str, judge: Callable[[Datum], Fate], now: float) -> Fate:
        """What became of one datum. One that somebody else writes at the moment stays until the next look."""
        found = await self._data.load(module, user)
        if found is None:
            return Fate.STAYS
        version, datum = found
        verdict = judge(datum)
        if verdict is Fate.STAYS:
            return verdict
        if verdict is Fate.GOES:
            is_done = await self._data.discard(module, user, seen=version)
        else:
            is_done = await self._data.replace(
                module, user, rules.noted(datum, verdict, now=now), seen=version
            )
        return verdict if is_done else Fate.STAYS

    # For operators.

    async def left(self) -> tuple[Left, ...]:
        """Everything whose person is not there."""
        found: list[Left] = []
        for user in await self._data.users():
            kept = await self._data.get_all_for_user(user)
            found += [
                Left(user, module, str(datum.get(BELONGS_TO, "")), rules.gone_since(datum))
                for module, datum in kept.items()
                if not rules.is_theirs(datum, self._people.person(user))
            ]
        return tuple(found)

    async def give(self, user: str, *, by: str) -> tuple[str, ...]:
        """Let whoever has the name now have what was kept under it before; names of the modules."""
        person = self._people.person(user)
        if person is None:
            return ()

        async def take_over(module: str, version: int, datum: Datum) -> bool:
            return await self._data.replace(module, user, rules.made_for(person, datum), seen=version)

        modules = await self._each_foreign(user, take_over)
        if modules:
            events.given(user=user, modules=modules, by=by)
        return modules

    async def wipe(self, user: str) -> tuple[str, ...]:
        """Wipe what was kept about earlier people of a name; names of the modules."""

        async def discard(module: str, version: int, _: Datum) -> bool:
            return await self._data.discard(module, user, seen=version)

        modules = await self._each_foreign(user, discard)
        if modules:
            events.wiped(user=user, modules=modules, why=Why.OPERATOR)
        return modules

    async def _each_foreign(self, user: str, work: Callable[[str, int, Datum], Any]) -> tuple[str, ...]:
        done = []
        for module in await self._data.get_all_for_user(user):
            found = await self._data.load(module, user)
            if found is None or rules.is_theirs(found[1], self._people.person(user)):
                continue
            if await work(module, *found):
                done.append(module)
        return tuple(done)
