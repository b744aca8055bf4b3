"""How a session is written down: JSON, strict when read; and under which keys."""

import hashlib
from types import MappingProxyType
from urllib.parse import quote

import msgspec

from yett.sessions.model import Session, SessionType
from yett.store import Records

SESSIONS = "sessions/"
INDEX = "session_index/"
_LONGEST_QUOTED = 400


class UnknownType(Exception):
    """What was stored names a type of session that this program does not know."""


class Unreadable(Exception):
    """What was stored is no session."""


class _Stored(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    ref: str
    type: str
    module_key: str
    audience: str
    created_at: float
    expires_at: float
    ends_at: float
    last_activity: float
    parent: str = ""
    metadata: dict[str, str] = {}
    certificate_not_after: float | None = None


_write = msgspec.json.Encoder().encode
_read = msgspec.json.Decoder(_Stored).decode


def encode(session: Session) -> bytes:
    """The session as it is stored."""
    return _write(
        _Stored(
            ref=session.ref,
            type=session.type.value,
            module_key=session.module_key,
            audience=session.audience,
            created_at=session.created_at,
            expires_at=session.expires_at,
            ends_at=session.ends_at,
            last_activity=session.last_activity,
            parent=session.parent,
            metadata=dict(session.metadata),
            certificate_not_after=session.certificate_not_after,
        )
    )


def decode(value: bytes) -> Session:
    """The session that was stored. Raises UnknownType or Unreadable."""
    try:
        stored = _read(value)
    except msgspec.MsgspecError as problem:
        raise Unreadable(str(problem)) from problem
    try:
        kind = SessionType(stored.type)
    except ValueError as problem:
        raise UnknownType(stored.ref) from problem
    return Session(
        ref=stored.ref,
        type=kind,
        module_key=stored.module_key,
        audience=stored.audience,
        created_at=stored.created_at,
        expires_at=stored.expires_at,
        ends_at=stored.ends_at,
        last_activity=stored.last_activity,
        parent=stored.parent,
        metadata=MappingProxyType(stored.metadata),
        certificate_not_after=stored.certificate_not_after,
    )


async def store(records: Records, session: Session, token_digest: str, now: float) -> int | None:
    """Store a session under a token that is not in use; its version, or None if the token is."""
    return await records.create(record_key(token_digest), encode(session), lifetime=session.expires_at - now)


def digest(token: str | bytes) -> str:
    """What stands for a token wherever something is kept: its SHA-256."""
    return hashlib.sha256(token if isinstance(token, bytes) else token.encode(errors="replace")).hexdigest()


def record_key(token_digest: str) -> str:
    """Where the session of a token is stored."""
    return SESSIONS + token_digest


def owner_prefix(module_key: str) -> str:
    """Where the sessions of one owner are indexed.

    A key may not be longer than 512 characters, so a long name is replaced by its digest; the
    equals sign keeps it apart from every quoted name.
    """
    quoted = quote(module_key, safe="")
    if len(quoted) > _LONGEST_QUOTED:
        quoted = "=" + hashlib.sha256(module_key.encode()).hexdigest()
    return f"{INDEX}{quoted}/"


def index_key(module_key: str, ref: str) -> str:
    """Where one session is indexed."""
    return owner_prefix(module_key) + ref
