"""The passkeys of each person, in module data, and whose each of them is.

A credential id belongs to one person for ever, also after it was revoked: an index of ids is written
before the passkey, and only taken back when that fails (WebAuthn Level 3, section 7.1, step 26).
"""

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from yett.authn.passkey import events
from yett.authn.passkey.model import Keyring, Passkey, Revoked, hash_of
from yett.store import ModuleDataDamaged, Records, Space

MODULE = "passkey"
_ROUNDS = 8
"""How often a change is tried. Each that is lost means that another change of this person was kept."""

Datum = dict[str, Any]


class ModuleData(Protocol):
    """Maps by module and user. StoreUnavailable may come from any method."""

    async def load(self, module: str, user: str) -> tuple[int, Datum] | None: ...
    async def replace(self, module: str, user: str, value: Datum, *, seen: int) -> bool: ...
    async def load_all(self, module: str) -> dict[str, Datum]: ...


class _Datum(msgspec.Struct, frozen=True):
    active: tuple[Passkey, ...] = ()
    revoked: tuple[Revoked, ...] = ()


class Contended(Exception):
    """Others changed the same keyring again and again."""


class Keyrings:
    """Reads and changes keyrings. StoreUnavailable may come from any method; a damaged record counts as such."""

    def __init__(self, data: ModuleData, records: Records) -> None:
        self._data = data
        self._owners = Space(records, "authn/passkey/owners")

    async def load(self, user: str) -> Keyring:
        """What a person has; empty for whoever has nothing."""
        version, datum = await self._data.load(MODULE, user) or (0, {})
        keyring = _read(datum, version)
        events.loading(user=user, active_count=len(keyring.active), revoked_count=len(keyring.revoked))
        return keyring

    async def load_all(self) -> dict[str, Keyring]:
        """Everybody's. One that is damaged is left out: it must not hide the others."""
        found = {}
        for user, datum in (await self._data.load_all(MODULE)).items():
            try:
                found[user] = _read(datum, 0)
            except ModuleDataDamaged:
                continue
        return found

    async def replace(self, user: str, new: Keyring) -> bool:
        """Write what came of a keyring that was loaded, unless it was changed meanwhile; whether it was written."""
        events.storing(user=user, active_count=len(new.active), revoked_count=len(new.revoked))
        datum = msgspec.to_builtins(_Datum(new.active, new.revoked))
        is_written = await self._data.replace(MODULE, user, datum, seen=new.version)
        if is_written:
            events.stored(user=user)
        return is_written

    async def change(self, user: str, change: Callable[[Keyring], Keyring | None]) -> Keyring | None:
        """Load, change and write, anew when somebody else wrote meanwhile; None when `change` gives up.

        Raises Contended when others always come first.
        """
        for _ in range(_ROUNDS):
            changed = change(await self.load(user))
            if changed is None or await self.replace(user, changed):
                return changed
        raise Contended

    # Whose a passkey is.

    async def owner(self, credential_id: str) -> str:
        """Who has, or had, a passkey of this id; empty when nobody."""
        record = await self._owners.get(hash_of(credential_id))
        return "" if record is None else record.value.decode()

    async def claim(self, credential_id: str, user: str) -> bool:
        """Let the id be this person's; False when it is somebody's already."""
        return await self._owners.create(hash_of(credential_id), user.encode()) is not None

    async def disclaim(self, credential_id: str) -> None:
        """Take back a claim that came to nothing."""
        await self._owners.delete(hash_of(credential_id))


def _read(datum: Datum, version: int) -> Keyring:
    try:
        read = msgspec.convert(datum, _Datum)
    except msgspec.ValidationError as problem:
        raise ModuleDataDamaged("the passkeys of one user have another shape") from problem
    return Keyring(read.active, read.revoked, version)
