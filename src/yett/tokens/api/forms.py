"""What programs send and are answered. Instants are seconds since the epoch; what has no value is left out."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from yett.tokens import quotas
from yett.tokens.model import (
    AuthenticationEntry,
    Change,
    Group,
    HistoryEntry,
    Identity,
    TokenData,
    TokenType,
    UserInfo,
    sorted_scopes,
)
from yett.tokens.overrides import QuotaForm, form_of
from yett.tokens.rules import LATEST, MAX_NAME, is_group

Expiry = int | float | str | None
"""Seconds since the epoch or an ISO 8601 time; null for never."""
Name = Annotated[str, Meta(min_length=1, max_length=MAX_NAME)]
Scope = Annotated[str, Meta(min_length=1, max_length=64)]
Scopes = Annotated[list[Scope], Meta(max_length=100)]
Text = Annotated[str, Meta(max_length=256)]
Number = Annotated[int, Meta(ge=0, le=2**32 - 1)]


class GroupForm(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A group."""

    name: Name
    id: Number | None = None


class UserTokenRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token that somebody wants for themselves."""

    token_name: Name
    scopes: Scopes = []
    expires: Expiry = None


class AdminTokenRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token that an administrator wants for somebody."""

    username: Name
    token_type: TokenType
    token_name: Name | None = None
    scopes: Scopes = []
    expires: Expiry = None
    name: Text | None = None
    email: Text | None = None
    uid: Number | None = None
    gid: Number | None = None
    groups: Annotated[list[GroupForm], Meta(max_length=500)] | None = None

    def identity(self) -> Identity:
        """What the token is to say about its user."""
        groups = None if self.groups is None else tuple(Group(each.name, each.id) for each in self.groups)
        return Identity(self.name, self.email, self.uid, self.gid, groups)


class UserTokenModifyRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What of a token is to be different; what is not there stays."""

    token_name: Name | UnsetType = UNSET
    scopes: Scopes | UnsetType = UNSET
    expires: Expiry | UnsetType = UNSET


class NewToken(msgspec.Struct, frozen=True):
    """A new token. It is not shown again."""

    token: str


class TokenInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known about a token."""

    token: str
    username: str
    token_type: TokenType
    scopes: tuple[str, ...]
    created: int
    token_name: str = ""
    last_used: int | None = None
    expires: int | None = None
    service: str = ""
    parent: str = ""


class ChangeForm(msgspec.Struct, frozen=True, omit_defaults=True):
    """A change of a token."""

    token: str
    username: str
    token_type: TokenType
    scopes: tuple[str, ...]
    expires: int | UnsetType | None
    actor: str
    action: Change
    ip_address: str | UnsetType | None
    event_time: int
    token_name: str = ""
    parent: str = ""
    service: str = ""
    old_token_name: str | UnsetType = UNSET
    old_scopes: tuple[str, ...] | UnsetType = UNSET
    old_expires: int | UnsetType | None = UNSET


class UseForm(msgspec.Struct, frozen=True, omit_defaults=True):
    """That a token was used from an address, once in a while."""

    token: str
    username: str
    token_type: TokenType
    scopes: tuple[str, ...]
    event_time: int
    token_name: str = ""
    parent: str = ""
    service: str = ""
    ip_address: str = ""


class UserForm(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who somebody is, and what they may use."""

    username: str
    name: str | None = None
    email: str | None = None
    uid: int | None = None
    gid: int | None = None
    groups: tuple[GroupForm, ...] = ()
    quota: QuotaForm | None = None


class Groups(msgspec.Struct, frozen=True):
    """Every group that somebody is in."""

    user: tuple[GroupForm, ...] = ()
    system: tuple[GroupForm, ...] = ()


class ScopeForm(msgspec.Struct, frozen=True):
    """A scope, and what it is for."""

    name: str
    description: str


class LoginConfig(msgspec.Struct, frozen=True):
    """What pages have to know."""

    scopes: tuple[ScopeForm, ...]


class Login(msgspec.Struct, frozen=True):
    """Who the browser is, and what it has to send with whatever changes something (`X-CSRF-Token`)."""

    csrf: str
    username: str
    scopes: tuple[str, ...]
    config: LoginConfig


class ClientForm(msgspec.Struct, frozen=True, omit_defaults=True):
    """A client of the OpenID provider. They are written down in the settings."""

    client_id: str
    return_uri: str
    description: str = ""
    return_uris: tuple[str, ...] = ()


class Fault(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is wrong."""

    msg: str
    type: str
    loc: tuple[str, ...] = ()


class Faults(msgspec.Struct, frozen=True):
    """Why something was not done."""

    detail: tuple[Fault, ...]


class Unknown(msgspec.Struct, frozen=True):
    """Why nobody knows who it is."""

    detail: Fault


def token_info(data: TokenData, last_used: float | None) -> TokenInfo:
    """A token as programs are told."""
    return TokenInfo(
        token=data.key,
        username=data.username,
        token_type=data.type,
        scopes=sorted_scopes(data.scopes),
        created=int(data.created),
        token_name=data.token_name,
        last_used=None if last_used is None else int(last_used),
        expires=None if data.expires is None else int(data.expires),
        service=data.service,
        parent=data.parent,
    )


def change_form(entry: HistoryEntry) -> ChangeForm:
    """A change as programs are told."""
    return ChangeForm(
        token=entry.token,
        username=entry.username,
        token_type=entry.token_type,
        token_name=entry.token_name,
        parent=entry.parent,
        scopes=entry.scopes,
        service=entry.service,
        expires=_whole(entry.expires),
        actor=entry.actor,
        action=entry.action,
        old_token_name=UNSET if entry.old_token_name is None else entry.old_token_name,
        old_scopes=UNSET if entry.old_scopes is None else entry.old_scopes,
        old_expires=_whole(entry.old_expires) if entry.is_redated else UNSET,
        ip_address=entry.ip_address or None,
        event_time=int(entry.event_time),
    )


def use_form(entry: AuthenticationEntry) -> UseForm:
    """A use as programs are told."""
    return UseForm(
        token=entry.token,
        username=entry.username,
        token_type=entry.token_type,
        scopes=entry.scopes,
        event_time=int(entry.event_time),
        token_name=entry.token_name,
        parent=entry.parent,
        service=entry.service,
        ip_address=entry.ip_address,
    )


def user_form(info: UserInfo, quota: quotas.Quota | None = None) -> UserForm:
    """Somebody as programs are told."""
    return UserForm(
        info.username,
        info.name,
        info.email,
        info.uid,
        info.gid,
        tuple(GroupForm(group.name, group.id) for group in info.groups),
        None if quota is None else form_of(quota),
    )


def instant_of(expires: Expiry) -> float | None:
    """When something ends. Raises ValueError for what is no time."""
    if expires is None:
        return None
    if isinstance(expires, str):
        # Nobody writes a time in more characters, and long digits take long to read.
        moment = datetime.fromisoformat(expires if len(expires) <= 40 else "")
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
    if not 0 <= expires <= LATEST:
        raise ValueError("no time of this calendar")
    return float(expires)


def identity_fault(wanted: AdminTokenRequest) -> tuple[str, str] | None:
    """What is wrong with what a token is to say about its user: the field and a sentence."""
    for name, value in (("name", wanted.name), ("email", wanted.email)):
        # It goes into header fields of requests to applications.
        if value is not None and (not value or not value.isprintable()):
            return name, "Not one line of printable text"
    if wanted.groups is not None and not all(is_group(each.name) for each in wanted.groups):
        return "groups", "Invalid name of a group"
    return None


def _whole(instant: float | None) -> int | None:
    return None if instant is None else int(instant)
