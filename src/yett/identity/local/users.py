"""The people of the users file: a source of the directory, and what the commands change.

What must stay true:
  `_users` is the last text that had no mistakes; `_out` are those whom a newer, broken text disables;
  reading a person never shows a state older than a second, even when nothing watches;
  a change is made under the lock, on the text as it is then, and is checked before it is written.
"""

import asyncio
import contextlib
import dataclasses
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from yett.events import describe
from yett.identity.local import edit, events, file
from yett.identity.local.model import SOURCE, LocalUser, PasswordChanged, UsersFileBroken, UsersFileRefused
from yett.identity.local.parse import parse
from yett.identity.model import Person, PersonChanged
from yett.kernel import Clock, Signal, Supervisor, SystemClock, new_id

_FRESH_FOR = 1.0
_LOOK_EVERY = 0.2
"""Looking costs two microseconds. Notifications would come with each write of the store next to the file."""
_LOOKS_MOST = 50


class LocalUsers:
    """People in a file. `start` keeps watching it; without it, every read looks for itself once a second."""

    def __init__(self, path: Path, tasks: Supervisor | None = None, clock: Clock | None = None) -> None:
        self.name = SOURCE
        self.path = path
        self.changed: Signal[PersonChanged] = Signal("identity.local.changed")
        self.password_changed: Signal[PasswordChanged] = Signal("identity.local.password_changed")
        self._tasks = tasks
        self._clock = clock or SystemClock()
        self._watching: list[asyncio.Task[None]] = []
        self._users: Mapping[str, LocalUser] = {}
        self._people: Mapping[str, Person] = {}
        self._out: frozenset[str] = frozenset()
        self._stamp: file.Stamp | None = None
        self._is_broken = False
        self._looked_at = float("-inf")
        self._looks = 0
        self._taken_over = 0

    # Starting and stopping.

    def load(self) -> None:
        """Read the file for the first time; UsersFileBroken when it cannot be used. No file means nobody."""
        reading, users, mistakes, _ = self._read()
        if mistakes:
            events.refused(file=str(self.path), mistakes=len(mistakes), detail="; ".join(mistakes[:5]))
            raise UsersFileBroken(str(self.path), mistakes)
        self._users, self._stamp = users, reading.stamp
        self._arrange()
        self._looked_at = self._clock.monotonic()
        events.loaded(file=str(self.path), people=len(users))

    async def start(self) -> None:
        """Load the file and watch it."""
        await asyncio.to_thread(self.path.parent.mkdir, mode=0o700, parents=True, exist_ok=True)
        self.load()
        if self._tasks is not None:
            self._watching = [self._tasks.every(_LOOK_EVERY, self._look, name="identity.local.look")]

    async def stop(self) -> None:
        for task in self._watching:
            task.cancel()
        for task in self._watching:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._watching = []

    # Reading.

    def get(self, name: str) -> LocalUser | None:
        """One person of the file with their password hash."""
        now = self._clock.monotonic()
        if now - self._looked_at > _FRESH_FOR:
            self.refresh()
        return self._seen(name)

    def _seen(self, name: str) -> LocalUser | None:
        user = self._users.get(name)
        if user is not None and name in self._out and not user.person.is_disabled:
            return dataclasses.replace(user, person=dataclasses.replace(user.person, is_disabled=True))
        return user

    def _arrange(self) -> None:
        """Everybody as `person` gives them: that is asked with each request."""
        seen = ((name, self._seen(name)) for name in self._users)
        self._people = {name: user.person for name, user in seen if user is not None}

    def person(self, name: str) -> Person | None:
        if self._clock.monotonic() - self._looked_at > _FRESH_FOR:
            self.refresh()
        return self._people.get(name)

    def people(self) -> Iterable[Person]:
        return [user.person for user in self.list()]

    def list(self) -> list[LocalUser]:
        """Everybody of the file, by name."""
        return [user for name in sorted(self._users) if (user := self.get(name)) is not None]

    def refresh(self) -> None:
        """Look at the file now and take over what changed."""
        if self._has_changed():
            self._take_over(self._next_look(), *self._read())

    async def _look(self) -> None:
        """The same without holding everybody up: a file of thousands takes a good while to read."""
        if self._has_changed():
            number = self._next_look()
            self._take_over(number, *await asyncio.to_thread(self._read))

    async def reread(self) -> bool:
        """Take over the file as it is now; whether it is in force, which one with mistakes is not."""
        for _ in range(_LOOKS_MOST):
            await self._look()
            if file.stamp_of(self.path) == self._stamp:
                break
            # Somebody is replacing it at this moment.
            await asyncio.sleep(_LOOK_EVERY / 10)
        return not self._is_broken

    def _has_changed(self) -> bool:
        self._looked_at = self._clock.monotonic()
        return file.stamp_of(self.path) != self._stamp

    def _next_look(self) -> int:
        self._looks += 1
        return self._looks

    def _take_over(
        self,
        number: int,
        reading: file.Reading,
        users: Mapping[str, LocalUser],
        mistakes: tuple[str, ...],
        disabled: frozenset[str],
    ) -> None:
        """Put what was read in force, unless a look that began later was faster."""
        if number < self._taken_over or reading.is_passing or reading.stamp == self._stamp:
            return
        self._taken_over, self._stamp = number, reading.stamp
        if not mistakes and not users and self._users and not reading.text:
            # An editor that empties the file before it writes must not throw everybody out.
            mistakes = ("is gone" if reading.text is None else "is empty",)
        before = {name: user for name in self._users if (user := self._seen(name)) is not None}
        if mistakes:
            self._out |= disabled
            events.kept(file=str(self.path), mistakes=len(mistakes), detail="; ".join(mistakes[:5]))
        else:
            self._users, self._out = users, frozenset()
            if self._is_broken:
                events.accepted_again(file=str(self.path), people=len(users))
        self._is_broken = bool(mistakes)
        self._arrange()
        self._tell(before)

    # Changing. Each of these is one atomic step on the file.

    def check(self, user: LocalUser) -> None:
        """Raise what `add` would, as far as it is about the person and not about the file."""
        mistakes = parse(edit.added("", user)).mistakes
        if mistakes:
            raise UsersFileRefused("; ".join(mistakes))

    def add(self, user: LocalUser) -> None:
        """Add a person; UsersFileRefused when the name is taken or anything about them is not proper.

        Without an id they get a new one, by which they are told from whoever else has the name some day.
        """
        if not user.person.id:
            user = dataclasses.replace(user, person=dataclasses.replace(user.person, id=new_id()))

        def change(text: str, users: Mapping[str, LocalUser]) -> str:
            if user.person.name in users:
                raise UsersFileRefused(f"there is a user {user.person.name!r} already")
            return edit.added(text, user)

        self._change(user.person.name, change)

    def set_password_hash(
        self,
        name: str,
        password_hash: str,
        *,
        replacing: str | None = None,
        changed_at: float | None = None,
    ) -> bool:
        """Write another hash; with `replacing` only if that is still the hash (else False).

        With `changed_at` it is that of another password, and sessions from before that instant end.
        """

        def change(text: str, users: Mapping[str, LocalUser]) -> str | None:
            if replacing is not None and (name not in users or users[name].password_hash != replacing):
                return None
            values = {"password_hash": password_hash}
            if changed_at is not None:
                values["password_changed"] = edit.spoken(changed_at)
            return edit.changed(text, name, values)

        return self._change(name, change)

    def disable(self, name: str) -> None:
        """Switch a person off; what is known about them stays."""
        self._change(name, lambda text, _: edit.changed(text, name, {"disabled": True}))

    def enable(self, name: str) -> None:
        """Switch a person on again."""
        self._change(name, lambda text, _: edit.changed(text, name, {"disabled": False}))

    def change_groups(
        self, name: str, *, add: Iterable[str] = (), remove: Iterable[str] = ()
    ) -> tuple[str, ...]:
        """Add and remove groups; those the person is in then."""
        held: tuple[str, ...] = ()

        def change(text: str, users: Mapping[str, LocalUser]) -> str:
            nonlocal held
            groups = set(users[name].person.groups) if name in users else set()
            held = tuple(sorted((groups | set(add)) - set(remove)))
            return edit.changed(text, name, {"groups": held})

        self._change(name, change)
        return held

    def remove(self, name: str) -> None:
        """Forget a person."""
        self._change(name, lambda text, _: edit.removed(text, name))

    # Inside.

    def _read(self) -> tuple[file.Reading, Mapping[str, LocalUser], tuple[str, ...], frozenset[str]]:
        reading = file.read(self.path)
        if reading.mistake:
            return reading, {}, (reading.mistake,), frozenset()
        parsed = parse(reading.text or "")
        return reading, parsed.users, parsed.mistakes, parsed.disabled

    def _change(self, name: str, change: Callable[[str, Mapping[str, LocalUser]], str | None]) -> bool:
        """Make a change of the text that is about one person, or raise and leave the file as it was."""
        try:
            with file.locked(self.path):
                reading, users, mistakes, _ = self._read()
                if mistakes:
                    raise UsersFileBroken(str(self.path), mistakes)
                text = change(reading.text or "", users)
                if text is None:
                    return False
                result = parse(text)
                if result.mistakes:
                    raise UsersFileRefused("; ".join(result.mistakes))
                if _without(result.users, name) != _without(users, name):
                    raise UsersFileRefused(f"{self.path} is spelt in a way that only an editor can change")
                file.replace(self.path, text)
        except OSError as problem:
            raise UsersFileRefused(f"{self.path} could not be written: {describe(problem)}") from problem
        # Only noted here: this may be another thread than the one that reads.
        self._looked_at = float("-inf")
        return True

    def _tell(self, before: Mapping[str, LocalUser]) -> None:
        for name in sorted(before.keys() | self._users.keys()):
            old, new = before.get(name), self._seen(name)
            if old == new:
                continue
            _say_change(name, old, new)
            was_disabled = old is not None and old.person.is_disabled
            self.changed.send(PersonChanged(name, None if new is None else new.person, was_disabled))
            if new is not None and new.password_changed_at > (
                0.0 if old is None else old.password_changed_at
            ):
                self.password_changed.send(PasswordChanged(name, new.password_changed_at))


def _without(users: Mapping[str, LocalUser], name: str) -> dict[str, LocalUser]:
    return {other: user for other, user in users.items() if other != name}


def _say_change(name: str, old: LocalUser | None, new: LocalUser | None) -> None:
    if new is None:
        events.person_removed(user=name)
    elif old is None:
        events.person_added(user=name, groups=new.person.groups)
    elif new.person.is_disabled and not old.person.is_disabled:
        events.person_disabled(user=name)
    else:
        if old.person.is_disabled and not new.person.is_disabled:
            events.person_enabled(user=name)
        if dataclasses.replace(old.person, is_disabled=False) != dataclasses.replace(
            new.person, is_disabled=False
        ) or (old.password_hash != new.password_hash):
            events.person_changed(user=name, groups=new.person.groups, groups_before=old.person.groups)
