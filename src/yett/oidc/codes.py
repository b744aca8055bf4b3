"""Authorization codes as they are kept.

A code is spent by compare-and-set rather than by taking it away: the record stays for a while as
the sign that it was used, so that a second use can be told from a guess without any moment in
between. Whoever's write lands first has the code; everybody else is the second.
"""

import enum
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace

import msgspec

from yett.kernel import new_secret
from yett.oidc import rules
from yett.oidc.model import Code
from yett.store import Records

_REMEMBERED = 600.0
"""Seconds a spent code is remembered: as long as any code could have been good."""
_KNOWN = 20_000
"""Codes whose records need not be read again: those made here, of late, which nobody has brought yet."""
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Code).decode


class NoRandomBytes(Exception):
    """The system gives no random bytes: nothing can be made that nobody guesses."""


class Use(enum.Enum):
    """Which use of a code this is."""

    FIRST = "first"
    LATER = "later"


class Codes:
    """Codes in the store, under their hashes."""

    def __init__(self, records: Records, *, new_secret: Callable[[], str] = new_secret) -> None:
        self._records = records
        self._new_secret = new_secret
        self._known: OrderedDict[str, tuple[Code, int]] = OrderedDict()

    async def issue(self, code: Code, *, now: float) -> str:
        """Keep a new code; the text that redeems it. Raises NoRandomBytes."""
        try:
            text = self._new_secret()
        except OSError as problem:
            raise NoRandomBytes(str(problem)) from problem
        key = _key(text)
        version = await self._records.put(key, _encode(code), lifetime=code.expires_at - now)
        self._known[key] = code, version
        self._forget(now)
        return text

    def _forget(self, now: float) -> None:
        """Know no more codes than there is room for, and none that nobody can use any more."""
        while self._known:
            oldest, _ = next(iter(self._known.values()))
            if len(self._known) <= _KNOWN and oldest.expires_at > now:
                return
            self._known.popitem(last=False)

    async def look(self, text: str) -> tuple[Use, Code] | None:
        """What is kept under a code, without spending it; None when there is nothing.

        For whoever sees to it in another way that the code is good for one use. That another node has spent it a
        moment ago this node may not know.
        """
        key = _key(text)
        known = self._known.pop(key, None)
        if known is not None:
            return Use.FIRST, known[0]
        record = await self._records.get(key)
        if record is None:
            return None
        try:
            code = _decode(record.value)
        except msgspec.MsgspecError:
            return None
        return Use.LATER if code.is_spent else Use.FIRST, code

    async def spend(self, text: str) -> tuple[Use, Code] | None:
        """What is kept under a code, which is spent from now on; None when there is nothing."""
        key = _key(text)
        known = self._known.pop(key, None)
        # Whether it is still good, and nobody else was faster, the store says all the same: by the version.
        if known is not None and await self._spend(key, *known):
            return Use.FIRST, known[0]
        while (record := await self._records.get(key)) is not None:
            try:
                code = _decode(record.value)
            except msgspec.MsgspecError:
                # Kept by a program of another version: nothing that can be honoured.
                return None
            if code.is_spent:
                return Use.LATER, code
            if await self._spend(key, code, record.version):
                return Use.FIRST, code
        return None

    async def _spend(self, key: str, code: Code, version: int) -> bool:
        spent = _encode(replace(code, is_spent=True))
        return await self._records.replace(key, spent, version=version, lifetime=_REMEMBERED) is not None


def _key(text: str) -> str:
    return f"oidc/codes/{rules.fingerprint(text)}"
