"""A family as it is written down: JSON, strict when read. A grave stands where one was revoked."""

from typing import Any

import msgspec

from yett.identity.access import Assurance
from yett.oidc.tokens.model import Confirmation, Family, Issued

GRAVE = b'{"form":1,"is_revoked":true}'
"""Stands where a family was, or would be: who revokes may be faster than who issues."""


class Unreadable(Exception):
    """What was stored is no family."""


class _Issued(msgspec.Struct, frozen=True, array_like=True):
    digest: str
    jti: str
    scope: str
    issued_at: float
    expires_at: float
    jkt: str = ""
    x5t: str = ""

    @classmethod
    def of(cls, issued: Issued) -> "_Issued":
        bound = issued.confirmation
        return cls(
            issued.digest,
            issued.jti,
            issued.scope,
            issued.issued_at,
            issued.expires_at,
            bound.jkt,
            bound.x5t,
        )

    def issued(self) -> Issued:
        bound = Confirmation(self.jkt, self.x5t)
        return Issued(self.digest, self.jti, self.scope, self.issued_at, self.expires_at, bound)


class _Stored(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Version 1 of the record's form."""

    form: int
    is_revoked: bool = False
    ref: str = ""
    owner: str = ""
    client_id: str = ""
    user: str = ""
    scope: str = ""
    created_at: float = 0.0
    used_at: float = 0.0
    ends_at: float = 0.0
    last_at: float = 0.0
    salt: str = ""
    generation: int = -1
    rotated_at: float = 0.0
    audience: str = ""
    entry: str = ""
    sign_on_ref: str = ""
    auth_time: float = 0.0
    methods: tuple[str, ...] = ()
    assurance: str = Assurance.SINGLE.value
    jkt: str = ""
    x5t: str = ""
    claims: dict[str, Any] = {}
    access: tuple[_Issued, ...] = ()


_write = msgspec.json.Encoder().encode
_read = msgspec.json.Decoder(_Stored).decode


def encode(family: Family) -> bytes:
    """The family as it is stored. Raises ValueError for what no text can be."""
    return _write(
        _Stored(
            form=1,
            ref=family.ref,
            owner=family.owner,
            client_id=family.client_id,
            user=family.user,
            scope=family.scope,
            created_at=family.created_at,
            used_at=family.used_at,
            ends_at=family.ends_at,
            last_at=family.last_at,
            salt=family.salt,
            generation=family.generation,
            rotated_at=family.rotated_at,
            audience=family.audience,
            entry=family.entry,
            sign_on_ref=family.sign_on_ref,
            auth_time=family.auth_time,
            methods=family.methods,
            assurance=family.assurance.value,
            jkt=family.confirmation.jkt,
            x5t=family.confirmation.x5t,
            claims=dict(family.claims),
            access=tuple(map(_Issued.of, family.access)),
        )
    )


def decode(value: bytes) -> Family | None:
    """The family that was stored; None for a grave. Raises Unreadable."""
    try:
        stored = _read(value)
        assurance = Assurance(stored.assurance)
    except (msgspec.MsgspecError, ValueError) as problem:
        raise Unreadable("a family of tokens is damaged, or of a later version") from problem
    if stored.form != 1:
        raise Unreadable("a family of tokens is of a later version")
    if stored.is_revoked:
        return None
    return Family(
        ref=stored.ref,
        owner=stored.owner,
        client_id=stored.client_id,
        user=stored.user,
        scope=stored.scope,
        created_at=stored.created_at,
        used_at=stored.used_at,
        ends_at=stored.ends_at,
        last_at=stored.last_at,
        salt=stored.salt,
        generation=stored.generation,
        rotated_at=stored.rotated_at,
        audience=stored.audience,
        entry=stored.entry,
        sign_on_ref=stored.sign_on_ref,
        auth_time=stored.auth_time,
        methods=stored.methods,
        assurance=assurance,
        confirmation=Confirmation(stored.jkt, stored.x5t),
        claims=stored.claims,
        access=tuple(each.issued() for each in stored.access),
    )
