"""What modules keep about people: looking at it, and removing it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

from yett.kernel import CommandFailed, Table, command
from yett.store import ModuleData, ModuleDataDamaged, StoreUnavailable

Module = Annotated[str, Parameter(help="Name of the module, for example signin.")]
User = Annotated[str, Parameter(help="Name of the person.")]


class DataCommands:
    """The commands under `data`."""

    def __init__(self, data: ModuleData) -> None:
        self._data = data

    @command("data list")
    async def show(
        self,
        user: User,
        *,
        values: Annotated[
            bool, Parameter(help="Show the values too; some are personal.", negative=())
        ] = False,
    ) -> Table:
        """List what modules keep about a person: each key and its size in bytes."""
        with _clear_failures():
            kept = await self._data.get_all_for_user(user)
        rows = (
            (module, key, len(msgspec.msgpack.encode(value)), *((_shown(value),) if values else ()))
            for module, datum in kept.items()
            for key, value in datum.items()
        )
        columns = ("module", "key", "size", *(("value",) if values else ()))
        return Table(columns, tuple(rows), empty=f"Nothing is kept about {user}.")

    @command("data users")
    async def users(self, module: Module) -> Table:
        """List the people about whom a module keeps something. What is damaged is left out and in the log."""
        with _clear_failures():
            kept = await self._data.load_all(module)
        rows = ((user, len(datum)) for user, datum in sorted(kept.items()))
        return Table(("user", "keys"), tuple(rows), empty=f"Module {module} keeps nothing.")

    @command("data exists")
    async def exists(self, module: Module, user: User) -> Table:
        """Tell whether a module keeps something about a person, readable or not."""
        with _clear_failures():
            is_kept = await self._data.exists(module, user)
        return Table(("module", "user", "kept"), ((module, user, is_kept),))

    @command("data delete", writes=True)
    async def delete(self, module: Module, user: User) -> str:
        """Remove what a module keeps about a person; it begins anew with them."""
        with _clear_failures():
            was_there = await self._data.delete(module, user)
        if not was_there:
            raise CommandFailed(f"module {module} keeps nothing about {user}; see: data list {user}")
        return f"Removed what module {module} kept about {user}."


def _shown(value: Any) -> Any:
    """A value as text that shows whole in one cell: what is more than a word or number is JSON."""
    is_word = isinstance(value, str) and value.isprintable()
    if is_word or value is None or isinstance(value, (bool, int, float)):
        return value
    # Data may hold bytes and instants, which JSON cannot.
    plain = msgspec.to_builtins(value, str_keys=True, enc_hook=str)
    return json.dumps(plain, separators=(",", ":"))


@contextmanager
def _clear_failures() -> Iterator[None]:
    try:
        yield
    except ModuleDataDamaged as problem:
        raise CommandFailed(
            f"{problem}; the log names it (moduledata.hexon.get). Restore the store from a copy, or remove "
            "it with: data delete MODULE USER"
        ) from problem
    except StoreUnavailable as problem:
        raise CommandFailed(f"the store did not do it, so nothing was changed: {problem}") from problem
    except ValueError as problem:
        raise CommandFailed(f"this cannot be the name of a module or person: {problem}") from problem
