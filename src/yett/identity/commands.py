"""`yett users`: the people of the users file.

These work on the file where they are typed, and come back when a running gateway has taken the change over; one
that cannot be told does so within a second.
Passwords are typed twice or come through standard input, never as an argument, which other
people on the machine could read.
"""

import getpass
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

from cyclopts import Parameter

from yett.identity.local import LocalUser, LocalUsers, UsersFileBroken, UsersFileRefused
from yett.identity.local.model import SOURCE
from yett.identity.model import Person, fold_name
from yett.kernel import Clock, CommandFailed, Place, SystemClock, Table, command

_LONGEST_LINE = 4096
_TAKEN_OVER_WITHIN = 1.5
"""Seconds in which a running gateway has surely read the file; until then the old password may still sign in."""

Name = Annotated[str, Parameter(help="Name of the person, in lower case.")]
Stdin = Annotated[
    bool, Parameter(name="--password-stdin", negative="", help="Read the password from standard input.")
]


class UsersFileCommands:
    """The users file as the running gateway has it."""

    def __init__(self, users: LocalUsers) -> None:
        self._users = users

    @command("directory reload")
    async def reload(self) -> str:
        """Take over the users file as it is now, without waiting for the next look at it."""
        if not await self._users.reread():
            raise CommandFailed("The users file has mistakes; what was in force before stays. See the log.")
        return "The users file is in force as it is now."


class UserCommands:
    """Commands about local people."""

    def __init__(
        self,
        users: LocalUsers,
        hash_password: Callable[[str], str],
        clock: Clock | None = None,
        *,
        tell: Callable[[], None] = lambda: None,
    ) -> None:
        """`hash_password` raises ValueError for a password that cannot be used.

        `tell` has a gateway that runs take the file over, and comes back when it has.
        """
        self._tell = tell
        self._users = users
        self._hash_password = hash_password
        self._clock = clock or SystemClock()

    @command("users add", place=Place.HERE, writes=True)
    def add(
        self,
        name: Name,
        *,
        display_name: Annotated[str, Parameter(help="The name shown to people.")] = "",
        email: Annotated[str, Parameter(help="Mail address.")] = "",
        group: Annotated[
            tuple[str, ...], Parameter(negative="", help="A group to be in; can be given several times.")
        ] = (),
        password_stdin: Stdin = False,
    ) -> str:
        """Add a person who signs in with a password."""
        proper = _proper(name)
        with _clear_failures():
            self._users.load()
            if self._users.get(proper) is not None:
                raise CommandFailed(
                    f"There is a user {proper!r} already; `yett users passwd` sets a password."
                )
            # What is wrong with the rest is said before anybody types a password for nothing.
            person = Person(proper, display_name or proper, email, tuple(sorted(set(group))), False, SOURCE)
            self._users.check(LocalUser(person))
            self._users.add(LocalUser(person, self._new_hash(password_stdin)))
        self._tell()
        return f"Added {proper}."

    @command("users passwd", place=Place.HERE, writes=True)
    def passwd(self, name: Name, *, password_stdin: Stdin = False) -> str:
        """Set the password of a person; their sessions end."""
        with self._existing(name) as proper:
            new_hash = self._new_hash(password_stdin)
            changed_at = self._clock.now() + _TAKEN_OVER_WITHIN
            self._users.set_password_hash(proper, new_hash, changed_at=changed_at)
        self._tell()
        return f"Set the password of {proper}."

    @command("users disable", place=Place.HERE, writes=True)
    def disable(self, name: Name) -> str:
        """Switch a person off: they are refused everywhere at once, and their sessions end."""
        with self._existing(name) as proper:
            self._users.disable(proper)
        self._tell()
        return f"Disabled {proper}."

    @command("users enable", place=Place.HERE, writes=True)
    def enable(self, name: Name) -> str:
        """Switch a person on again."""
        with self._existing(name) as proper:
            self._users.enable(proper)
        self._tell()
        return f"Enabled {proper}."

    @command("users remove", place=Place.HERE, writes=True)
    def remove(self, name: Name) -> str:
        """Remove a person for good; to keep somebody out for a while, disable them."""
        with self._existing(name) as proper:
            self._users.remove(proper)
        self._tell()
        return f"Removed {proper}."

    @command("users groups", place=Place.HERE, writes=True)
    def groups(
        self,
        name: Name,
        *,
        add: Annotated[
            tuple[str, ...], Parameter(negative="", help="A group to add; can be given several times.")
        ] = (),
        remove: Annotated[
            tuple[str, ...], Parameter(negative="", help="A group to take away; can be given several times.")
        ] = (),
    ) -> str:
        """Show the groups of a person, or add and remove some."""
        with self._existing(name) as proper:
            if add or remove:
                held = self._users.change_groups(proper, add=add, remove=remove)
            else:
                user = self._users.get(proper)
                held = user.person.groups if user is not None else ()
        if add or remove:
            self._tell()
        return f"{proper}: {', '.join(held) or 'no groups'}"

    @command("users list", place=Place.HERE)
    def list(self) -> Table:
        """List the people of the users file."""
        with _clear_failures():
            self._users.load()
        return Table(
            columns=("name", "display name", "email", "groups", "disabled", "password"),
            rows=tuple(
                (
                    user.person.name,
                    user.person.display_name,
                    user.person.email,
                    list(user.person.groups),
                    user.person.is_disabled,
                    bool(user.password_hash),
                )
                for user in self._users.list()
            ),
            empty="There is nobody yet; `yett users add` makes the first.",
        )

    @contextmanager
    def _existing(self, name: str) -> Iterator[str]:
        proper = _proper(name)
        with _clear_failures():
            self._users.load()
            if self._users.get(proper) is None:
                raise CommandFailed(f"There is no user {proper!r}; `yett users list` shows all.")
            yield proper

    def _new_hash(self, from_stdin: bool) -> str:
        password = _from_stdin() if from_stdin else _typed_twice()
        try:
            return self._hash_password(password)
        except ValueError as problem:
            raise CommandFailed(str(problem)) from problem


def _proper(name: str) -> str:
    proper = fold_name(name)
    if proper is None:
        raise CommandFailed(
            f"{name[:64]!r} is not a name: use letters, digits, dots, dashes and underscores, at most 63, "
            "beginning with a letter or digit."
        )
    return proper


@contextmanager
def _clear_failures() -> Iterator[None]:
    try:
        yield
    except UsersFileBroken as problem:
        mistakes = "\n".join(f"  {mistake}" for mistake in problem.mistakes)
        raise CommandFailed(f"{problem.path} has mistakes; mend them first:\n{mistakes}") from problem
    except UsersFileRefused as problem:
        raise CommandFailed(f"Nothing was changed: {problem}.") from problem


def _typed_twice() -> str:
    if not sys.stdin.isatty():
        raise CommandFailed("There is no terminal to ask for the password; use --password-stdin.")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        raise CommandFailed("The two passwords differ; nothing was changed.")
    return password


def _from_stdin() -> str:
    line = sys.stdin.readline(_LONGEST_LINE + 1)
    if len(line) > _LONGEST_LINE:
        raise CommandFailed("The password on standard input is too long.")
    password = line.removesuffix("\n").removesuffix("\r")
    if not password:
        raise CommandFailed("There is no password on standard input.")
    return password
