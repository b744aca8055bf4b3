"""How tokens and their history are written down: JSON, strict when read; and under which keys.

Of a secret only its SHA-256 is kept, or nothing but what it follows from.
"""

import hashlib
from urllib.parse import quote

import msgspec

from yett.tokens.model import (
    AuthenticationEntry,
    Change,
    Group,
    HistoryEntry,
    Identity,
    TokenData,
    TokenType,
    Use,
    sorted_scopes,
)
from yett.tokens.stored import Stored

TOKENS = "tokens/keys/"
NAMES = "tokens/names/"
USES = "tokens/uses/"
HISTORY = "tokens/history/"
AUTHENTICATIONS = "tokens/authentications/"
OVERRIDES = "tokens/quota_overrides"
WEEK = 7 * 86400


class Unreadable(Exception):
    """What was stored is no token, or no change of one."""


class _Identity(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    name: str | None = None
    email: str | None = None
    uid: int | None = None
    gid: int | None = None
    groups: list[tuple[str, int | None]] | None = None


class _Entry(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    id: str
    token: str
    username: str
    token_type: TokenType
    action: Change
    actor: str
    event_time: float
    scopes: tuple[str, ...]
    expires: float | None = None
    token_name: str = ""
    parent: str = ""
    service: str = ""
    ip_address: str = ""
    old_token_name: str | None = None
    old_scopes: tuple[str, ...] | None = None
    old_expires: float | None = None
    is_redated: bool = False


class _Token(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    digest: str
    username: str
    type: TokenType
    scopes: tuple[str, ...]
    created: float
    expires: float | None = None
    token_name: str = ""
    service: str = ""
    parent: str = ""
    session_ref: str = ""
    owner: str = ""
    identity: _Identity = _Identity()
    grant: str = ""
    is_ended: bool = False
    unlogged: _Entry | None = None


class _Authentication(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    id: str
    token: str
    username: str
    token_type: TokenType
    event_time: float
    scopes: tuple[str, ...]
    token_name: str = ""
    parent: str = ""
    service: str = ""
    ip_address: str = ""


class _Use(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    at: float
    address: str = ""


_write = msgspec.json.Encoder().encode
_read_token = msgspec.json.Decoder(_Token).decode
_read_entry = msgspec.json.Decoder(_Entry).decode
_read_authentication = msgspec.json.Decoder(_Authentication).decode
_read_use = msgspec.json.Decoder(_Use).decode


def encode(stored: Stored) -> bytes:
    """A token as it is stored; under which key says which token it is."""
    data, own = stored.data, stored.data.identity
    groups = None if own.groups is None else [(group.name, group.id) for group in own.groups]
    return _write(
        _Token(
            digest=stored.digest.hex(),
            username=data.username,
            type=data.type,
            scopes=sorted_scopes(data.scopes),
            created=data.created,
            expires=data.expires,
            token_name=data.token_name,
            service=data.service,
            parent=data.parent,
            session_ref=data.session_ref,
            owner=data.owner,
            identity=_Identity(own.name, own.email, own.uid, own.gid, groups),
            grant=data.grant,
            is_ended=stored.is_ended,
            unlogged=None if stored.unlogged is None else _entry(stored.unlogged),
        )
    )


def decode(key: str, value: bytes) -> Stored:
    """The token that was stored under a key. Raises Unreadable."""
    try:
        found = _read_token(value)
        digest = bytes.fromhex(found.digest)
    except (msgspec.MsgspecError, ValueError) as problem:
        raise Unreadable(str(problem)) from problem
    own = found.identity
    groups = None if own.groups is None else tuple(Group(name, number) for name, number in own.groups)
    data = TokenData(
        key=key,
        username=found.username,
        type=found.type,
        scopes=frozenset(found.scopes),
        created=found.created,
        expires=found.expires,
        token_name=found.token_name,
        service=found.service,
        parent=found.parent,
        session_ref=found.session_ref,
        owner=found.owner,
        identity=Identity(own.name, own.email, own.uid, own.gid, groups),
        grant=found.grant,
    )
    return Stored(data, digest, found.is_ended, None if found.unlogged is None else _change(found.unlogged))


def encode_entry(entry: HistoryEntry) -> bytes:
    """A change as it is stored."""
    return _write(_entry(entry))


def decode_entry(value: bytes) -> HistoryEntry:
    """The change that was stored. Raises Unreadable."""
    try:
        return _change(_read_entry(value))
    except msgspec.MsgspecError as problem:
        raise Unreadable(str(problem)) from problem


def encode_authentication(entry: AuthenticationEntry) -> bytes:
    """A use as the history has it."""
    return _write(_Authentication(*(getattr(entry, name) for name in _Authentication.__struct_fields__)))


def decode_authentication(value: bytes) -> AuthenticationEntry:
    """The use that was stored. Raises Unreadable."""
    try:
        found = _read_authentication(value)
    except msgspec.MsgspecError as problem:
        raise Unreadable(str(problem)) from problem
    return AuthenticationEntry(*(getattr(found, name) for name in _Authentication.__struct_fields__))


def encode_use(use: Use) -> bytes:
    """The last use of a token as it is stored."""
    return _write(_Use(use.at, use.address))


def decode_use(value: bytes) -> Use | None:
    """The last use that was stored; None for what is none: nothing depends on it."""
    try:
        found = _read_use(value)
    except msgspec.MsgspecError:
        return None
    return Use(found.at, found.address)


def _entry(entry: HistoryEntry) -> _Entry:
    return _Entry(*(getattr(entry, name) for name in _Entry.__struct_fields__))


def _change(found: _Entry) -> HistoryEntry:
    return HistoryEntry(*(getattr(found, name) for name in _Entry.__struct_fields__))


# Keys.


def token_key(key: str) -> str:
    """Where a token is stored."""
    return TOKENS + key


def name_key(username: str, token_name: str) -> str:
    """Where it stands that a name is taken."""
    return f"{NAMES}{quote(username, safe='')}/{hashlib.sha256(token_name.encode()).hexdigest()}"


def week_of(instant: float) -> int:
    """Which part of a history an instant belongs to."""
    return int(instant // WEEK)


def history_prefix(base: str, week: int, username: str = "") -> str:
    """Where the changes of one week are, or those of one user in it."""
    return f"{base}{week:06d}/{quote(username, safe='')}/" if username else f"{base}{week:06d}/"


def history_key(base: str, entry: HistoryEntry | AuthenticationEntry) -> str:
    """Where one entry is."""
    return history_prefix(base, week_of(entry.event_time), entry.username) + entry.id
