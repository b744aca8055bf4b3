"""Authorization codes as they are kept.

A code is spent by compare-and-set rather than by taking it away: the record stays for a while as
the sign that it was used, so that a second use can be told from a guess without any moment in
between. Whoever's write lands first has the code; everybody else is the second.
"""

import enum
from dataclasses import replace

import msgspec

from yett.kernel import new_secret
from yett.oidc import rules
from yett.oidc.model import Code
from yett.store import Records

_REMEMBERED = 600.0
"""Seconds a spent code is remembered: as long as any code could have been good."""
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Code).decode


class Use(enum.Enum):
    """Which use of a code this is."""

    FIRST = "first"
    LATER = "later"


class Codes:
    """Codes in the store, under their hashes."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def issue(self, code: Code, *, now: float) -> str:
        """Keep a new code; the text that redeems it."""
        text = new_secret()
        await self._records.put(_key(text), _encode(code), lifetime=code.expires_at - now)
        return text

    async def spend(self, text: str) -> tuple[Use, Code] | None:
        """What is kept under a code, which is spent from now on; None when there is nothing."""
        key = _key(text)
        while (record := await self._records.get(key)) is not None:
            try:
                code = _decode(record.value)
            except msgspec.MsgspecError:
                # Kept by a program of another version: nothing that can be honoured.
                return None
            if code.is_spent:
                return Use.LATER, code
            spent = _encode(replace(code, is_spent=True))
            version = await self._records.replace(key, spent, version=record.version, lifetime=_REMEMBERED)
            if version is not None:
                return Use.FIRST, code
        return None


def _key(text: str) -> str:
    return f"oidc/codes/{rules.fingerprint(text)}"
