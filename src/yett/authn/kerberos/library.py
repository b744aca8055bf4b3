"""The Kerberos library, and the one place where its calls and its errors enter.

Every function here blocks, for milliseconds or until a KDC answers: never call one on the event
loop. Nothing is taken from the environment's defaults: keys, caches and names are given each time.
"""

import importlib
import importlib.util
import os
import weakref
from functools import cache
from types import ModuleType
from typing import Any, NoReturn

from yett.authn.kerberos.model import Reason, Validated

_INSTALL = "Kerberos needs the package gssapi: install yett[kerberos]"
_KERBEROS = "1.2.840.113554.1.2.2"
_SPNEGO = "1.3.6.1.5.5.2"
_CHANNEL_BOUND = 2048
"""GSS_C_CHANNEL_BOUND_FLAG: the initiator said what connection the token is for, and it is this one."""

# Errors by what the library calls them: behind SPNEGO their numbers are remapped in an order that differs
# from run to run (RFC 2743 gives minor codes no meaning).
_TEXTS = (
    ("clock skew", Reason.CLOCK_SKEW),
    ("ticket expired", Reason.EXPIRED),
    ("ticket not yet valid", Reason.CLOCK_SKEW),
    ("key table entry", Reason.OTHER_SERVICE),
    ("wrong principal", Reason.OTHER_SERVICE),
    ("cannot decrypt ticket", Reason.OTHER_SERVICE),
    ("not found in keytab", Reason.OTHER_SERVICE),
    ("does not match server principal", Reason.OTHER_SERVICE),
    ("channel binding", Reason.CHANNEL_BINDING),
)
_BAD_BINDINGS = 4 << 16
"""GSS_S_BAD_BINDINGS (RFC 2744, section 3.9.1)."""

# Errors of the KDC and of the configuration, counted from the beginning of the library's own table.
_TABLE = -1765328384
_NOT_KNOWN = frozenset({6, 14})  # client not found; no key of a kind both know
_LOCKED_OUT = 18
_KEY_EXPIRED = 23
_WRONG = frozenset({24, 31, 210})  # pre-authentication failed, twice; integrity check failed
_SKEWED = 37
_OUT_OF_REACH = frozenset({154, 156, 220})  # realm unknown; no KDC answers; no address of one
_CONFIGURATION = frozenset({135, 136})  # cannot open, or bad format
_PROFILE = range(-1429577728, -1429577728 + 256)
"""Errors of the reader of krb5.conf."""


class LibraryRefused(Exception):
    """The library did not do what was asked; `reason` is what that means."""

    def __init__(self, reason: Reason, text: str, *, is_configuration: bool = False) -> None:
        super().__init__(text)
        self.reason = reason
        self.is_configuration = is_configuration


def missing() -> str | None:
    """What has to be installed; None when everything is there."""
    return None if importlib.util.find_spec("gssapi") is not None else _INSTALL


@cache
def _library() -> ModuleType:
    try:
        return importlib.import_module("gssapi")
    except ImportError as problem:
        # Also when the package is there and the system's library is not.
        raise LibraryRefused(Reason.UNAVAILABLE, _INSTALL) from problem


@cache
def _mechanisms() -> tuple[Any, Any]:
    oid = _library().OID.from_int_seq
    return oid(_KERBEROS), oid(_SPNEGO)


class Acceptor:
    """The gateway's own keys, as the library knows them. They live in memory of their own, not in a file.

    They are let go when nobody uses this any more: a check may be going on when others replace them.
    """

    def __init__(self, credentials: Any, descriptor: int) -> None:
        self.credentials = credentials
        weakref.finalize(self, os.close, descriptor)


def open_acceptor(keytab: bytes, host: str) -> Acceptor:
    """Take keys into use for `HTTP/<host>` and for nothing else."""
    gss = _library()
    descriptor = os.memfd_create("keytab")
    try:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(keytab)
        name = f"FILE:/proc/self/fd/{descriptor}"
        # Replay is looked after in the store, which all nodes share.
        store = {b"keytab": name.encode(), b"rcache": b"none:"}
        credentials = gss.raw.acquire_cred_from(
            store,
            name=gss.raw.import_name(f"HTTP@{host}".encode(), gss.NameType.hostbased_service),
            mechs=list(_mechanisms()),
            usage="accept",
        ).creds
    except gss.exceptions.GSSError as problem:
        os.close(descriptor)
        _refuse(problem)
    except BaseException:
        os.close(descriptor)
        raise
    return Acceptor(credentials, descriptor)


def accept(token: bytes, acceptor: Acceptor, binding: bytes = b"") -> Validated:
    """What a first token proves. LibraryRefused unless it proves everything in this one step.

    `binding` is what a token may be bound to; a token that is bound to something else is refused.
    """
    gss = _library()
    bound = gss.raw.ChannelBindings(application_data=binding) if binding else None
    try:
        # The raw call raises. The comfortable one would hand back a token that says "refused" and look finished.
        result = gss.raw.accept_sec_context(token, acceptor.credentials, None, bound)
        if result.more_steps or result.initiator_name is None:
            raise LibraryRefused(Reason.INCOMPLETE, "another step would be needed")
        context = gss.raw.inquire_context(result.context)
        if not context.complete or context.mech != _mechanisms()[0]:
            raise LibraryRefused(Reason.OTHER_MECHANISM, "it is not Kerberos in the end")
        return Validated(
            initiator=_text(gss, result.initiator_name),
            acceptor=_text(gss, context.target_name),
            is_anonymous=gss.RequirementFlag.anonymity in result.flags,
            is_bound=bool(int(result.flags) & _CHANNEL_BOUND),
            authenticated_at=float(gss.raw.krb5_extract_authtime_from_sec_context(result.context)),
            answer=result.token or b"",
        )
    except gss.exceptions.GSSError as problem:
        _refuse(problem)


def acquire(principal: str, password: str, cache: str) -> float:
    """Get a ticket-granting ticket into the file `cache`; how many seconds it is good. Raises LibraryRefused."""
    gss = _library()
    kerberos = [_mechanisms()[0]]
    try:
        name = gss.raw.import_name(principal.encode(), gss.NameType.kerberos_principal)
        got = gss.raw.acquire_cred_with_password(
            name, password.encode(), mechs=kerberos, usage="initiate"
        ).creds
        # Asking for the lifetime is what makes the library ask the KDC.
        lifetime = gss.raw.inquire_cred(got).lifetime
        store = {b"ccache": f"FILE:{cache}".encode()}
        gss.raw.store_cred_into(store, got, usage="initiate", mech=kerberos[0], overwrite=True)
    except gss.exceptions.GSSError as problem:
        _refuse(problem, is_of_kdc=True)
    return float(lifetime or 0)


def prove(cache: str, host: str) -> bytes:
    """A token for ourselves, made with the ticket in a cache. Raises LibraryRefused."""
    gss = _library()
    try:
        credentials = gss.raw.acquire_cred_from(
            {b"ccache": f"FILE:{cache}".encode()}, mechs=[_mechanisms()[0]], usage="initiate"
        ).creds
        name = gss.raw.import_name(f"HTTP@{host}".encode(), gss.NameType.hostbased_service)
        token: bytes = gss.raw.init_sec_context(name, credentials, mech=_mechanisms()[0]).token
    except gss.exceptions.GSSError as problem:
        _refuse(problem, is_of_kdc=True)
    return token


def _text(gss: ModuleType, name: Any) -> str:
    try:
        return str(gss.raw.display_name(name, False).name.decode())
    except UnicodeDecodeError as problem:
        raise LibraryRefused(Reason.REFUSED, "the principal is not UTF-8") from problem


def _refuse(problem: Any, *, is_of_kdc: bool = False) -> NoReturn:
    """Say in our words what the library says in its own."""
    text = " ".join(str(problem).split())[:300]
    minor = int(problem.min_code)
    reason, is_configuration = reason_of(int(problem.maj_code), minor, text, is_of_kdc=is_of_kdc)
    raise LibraryRefused(reason, text, is_configuration=is_configuration) from None


def reason_of(major: int, minor: int, text: str, *, is_of_kdc: bool) -> tuple[Reason, bool]:
    """What an error of the library means, and whether it is the configuration's fault.

    One number may mean two things: what is a wrong password when a ticket is asked for is a damaged
    token when one is looked at.
    """
    if major == _BAD_BINDINGS:
        return Reason.CHANNEL_BINDING, False
    signed = minor - (1 << 32) if minor >= 1 << 31 else minor
    if signed in _PROFILE:
        return Reason.UNAVAILABLE, True
    if is_of_kdc and (known := _KDC.get(signed - _TABLE)) is not None:
        return known
    lowered = text.lower()
    return next((reason for words, reason in _TEXTS if words in lowered), Reason.REFUSED), False


_KDC = {
    **dict.fromkeys(_NOT_KNOWN, (Reason.UNKNOWN_PERSON, False)),
    _LOCKED_OUT: (Reason.DISABLED, False),
    _KEY_EXPIRED: (Reason.PASSWORD_EXPIRED, False),
    **dict.fromkeys(_WRONG, (Reason.WRONG_PASSWORD, False)),
    _SKEWED: (Reason.CLOCK_SKEW, False),
    **dict.fromkeys(_OUT_OF_REACH, (Reason.UNAVAILABLE, False)),
    **dict.fromkeys(_CONFIGURATION, (Reason.UNAVAILABLE, True)),
}
