"""Clients of the settings: built, or told what is wrong with them."""

import hashlib
import ipaddress
import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from yett.config import Mistake
from yett.net.fetching import BadAddress, parse_address
from yett.oidc.clients import rules
from yett.oidc.clients.config import ClientSettings
from yett.oidc.clients.model import AuthMethod, Client, Flaw, GrantType, Kind, Lifetimes, TLSIdentity
from yett.oidc.jose import import_public

_MOST_JWKS = 256 * 1024
_RESERVED = {"app:": "of applications behind the proxy", "dc-": "of clients that registered themselves"}
_SECRET_METHODS = frozenset({AuthMethod.BASIC, AuthMethod.POST})
_TLS_METHODS = frozenset({AuthMethod.TLS, AuthMethod.SELF_SIGNED_TLS})
_FLAWS = {
    Flaw.WILDCARD: "wildcards are not allowed: write out each address",
    Flaw.ADDRESS: "has to be an absolute https address without fragment (http only for loopback)",
    Flaw.NAME: "is no id",
}

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(slots=True)
class _Reading:
    """One client on its way from the settings; what is wrong gathers here."""

    settings: ClientSettings
    mistakes: list[Mistake] = field(default_factory=list)

    def wrong(self, key: str, reason: str, value: str = "", hint: str = "") -> None:
        self.mistakes.append(Mistake(f"oidc.client[{self.settings.id}].{key}", value, reason, hint))

    def networks(self, key: str, texts: Iterable[str]) -> tuple[Network, ...]:
        found = []
        for text in texts:
            try:
                found.append(ipaddress.ip_network(text))
            except ValueError as problem:
                self.wrong(key, str(problem), text)
        return tuple(found)


def build(settings: ClientSettings) -> Client | tuple[Mistake, ...]:
    """The client that the settings describe, or everything that is wrong with it. Reads its file of keys."""
    reading = _Reading(settings)
    _check_method(reading)
    _check_grants(reading)
    _check_addresses(reading)
    keys = _keys(reading)
    tls = settings.tls
    client = Client(
        client_id=settings.id,
        redirect_uris=frozenset(settings.redirect_uris),
        scopes=frozenset(settings.scopes),
        kind=Kind.CONFIGURED,
        name=settings.name,
        auth_method=settings.auth_method,
        secret_hashes=_secret_hashes(settings),
        grants=frozenset(settings.grants),
        keys=keys,
        keys_uri=settings.jwks_uri,
        tls=TLSIdentity()
        if tls is None
        else TLSIdentity(tls.subject_dn, tls.san_uri, tls.san_dns, tls.san_email, frozenset(tls.thumbprints)),
        networks=reading.networks("networks", settings.networks),
        people_networks=reading.networks("people_networks", settings.people_networks),
        groups=frozenset(settings.groups),
        audience=settings.audience,
        consent=settings.consent,
        token_format=settings.token_format,
        lifetimes=Lifetimes(settings.access_lifetime, settings.refresh_lifetime, settings.identity_lifetime),
        identity_algorithm=settings.id_token_algorithm,
        must_challenge=settings.pkce or settings.auth_method is AuthMethod.NONE,
        must_push=settings.must_push,
        must_bind=settings.must_bind,
        may_introspect=settings.may_introspect,
        after_logout=frozenset(settings.after_logout),
        backchannel_logout=settings.backchannel_logout,
        backchannel_session=settings.backchannel_session,
    )
    return tuple(reading.mistakes) or client


def has_weak_secret(settings: ClientSettings) -> bool:
    """Whether one of its secrets is nothing that a generator of secrets would make."""
    return any(rules.is_weak_secret(each) for each in (settings.secret, *settings.secrets) if each)


def check_clients(
    clients: Iterable[ClientSettings], taken: Collection[str] = (), audiences: Collection[str] = ()
) -> Iterator[Mistake]:
    """What is wrong with the clients of the settings, side by side.

    `taken` are ids of programs that get device codes. `audiences` are those of the tokens that applications get
    from the proxy, which cannot tell a client's token from one of people whom the proxy has let in.
    """
    known = list(clients)
    for client in known:
        built = build(client)
        if isinstance(built, tuple):
            yield from built
        key = f"oidc.client[{client.id}]"
        for prefix, whose in _RESERVED.items():
            if client.id.startswith(prefix):
                yield Mistake(f"{key}.id", client.id, f"ids that begin with {prefix} are those {whose}")
        if client.id in taken:
            yield Mistake(f"{key}.id", client.id, "a program in [[oidc.device.client]] has this id")
        if (client.audience or client.id) in audiences:
            reason = "its tokens would be good for the application of that name behind the proxy"
            yield Mistake(f"{key}.audience", client.audience, reason, "set another audience")
    for name, times in Counter(client.id for client in known).items():
        if times > 1:
            yield Mistake("oidc.client", name, f"{times} clients have this id")


def _secret_hashes(settings: ClientSettings) -> tuple[bytes, ...]:
    plain = tuple(each for each in (settings.secret, *settings.secrets) if each)
    made = (hashlib.sha256(each.encode()).digest() for each in plain)
    return (*made, *(bytes.fromhex(each) for each in settings.secret_hashes))


def _check_method(reading: _Reading) -> None:
    """Whether it has what it proves itself with, and nothing that it could be proven with besides."""
    settings, method = reading.settings, reading.settings.auth_method
    has_secret = bool(settings.secret or settings.secrets or settings.secret_hashes)
    sets = [name for name in ("jwks", "jwks_file", "jwks_uri") if getattr(settings, name)]
    if method in _SECRET_METHODS and not has_secret:
        reading.wrong("secret", f"is required with {method.value}", hint="or set secret_hashes")
    if method not in _SECRET_METHODS and has_secret:
        reading.wrong("secret", f"is good for nothing with {method.value}")
    if len(sets) > 1:
        reading.wrong(sets[1], f"is good only without {sets[0]}")
    if method is AuthMethod.PRIVATE_KEY and not sets:
        reading.wrong("jwks", f"is required with {method.value}", hint="or set jwks_file or jwks_uri")
    tls = settings.tls
    names = () if tls is None else (tls.subject_dn, tls.san_uri, tls.san_dns, tls.san_email)
    if method is AuthMethod.TLS and not any(names):
        reading.wrong("tls", f"has to name a subject or an alternative name with {method.value}")
    if method is AuthMethod.SELF_SIGNED_TLS and not ((tls is not None and tls.thumbprints) or sets):
        reading.wrong("tls", f"has to name thumbprints with {method.value}", hint="or set jwks")
    if method not in _TLS_METHODS and tls is not None:
        reading.wrong("tls", f"is good for nothing with {method.value}")


def _check_grants(reading: _Reading) -> None:
    settings = reading.settings
    is_public = settings.auth_method is AuthMethod.NONE
    for grant in (GrantType.CLIENT, GrantType.ASSERTION):
        if is_public and grant in settings.grants:
            reading.wrong("grants", "is not for a client that cannot prove who it is", grant.value)
    if GrantType.CODE in settings.grants and not settings.redirect_uris:
        reading.wrong("redirect_uris", f"is required with {GrantType.CODE.value}")
    if not settings.pkce and is_public:
        reading.wrong("pkce", "can be left out only by a client with a secret or a key")
    if not settings.pkce and "openid" not in settings.scopes:
        reading.wrong("pkce", "can be left out only with the scope openid, whose nonce stands in for it")


def _check_addresses(reading: _Reading) -> None:
    settings = reading.settings
    is_native = settings.auth_method is AuthMethod.NONE
    for key, uris in (("redirect_uris", settings.redirect_uris), ("after_logout", settings.after_logout)):
        for uri in uris:
            flaw = rules.flaw_in_address(uri, is_native=is_native)
            if flaw is not None:
                reading.wrong(key, _FLAWS[flaw], uri)
    for key in ("jwks_uri", "backchannel_logout"):
        uri = getattr(settings, key)
        if uri:
            try:
                parse_address(uri)
            except BadAddress as problem:
                reading.wrong(key, str(problem), uri)


def _keys(reading: _Reading) -> tuple[dict[str, Any], ...]:
    """Its public keys. A private one is refused: who has written it here has given it away."""
    settings = reading.settings
    key, text = "jwks", settings.jwks
    if settings.jwks_file is not None and not text:
        key = "jwks_file"
        try:
            with settings.jwks_file.open("rb") as file:
                raw = file.read(_MOST_JWKS + 1)
            text = raw.decode("utf-8") if len(raw) <= _MOST_JWKS else ""
        except (OSError, UnicodeDecodeError) as problem:
            reading.wrong(key, getattr(problem, "strerror", None) or "is not UTF-8", str(settings.jwks_file))
            return ()
    elif not text:
        return ()
    try:
        keys = json.loads(text)["keys"]
    except (ValueError, TypeError, KeyError, RecursionError):
        keys = None
    if not isinstance(keys, list) or not keys:
        reading.wrong(key, "is no JSON Web Key set with keys")
        return ()
    bad = [str(place) for place, each in enumerate(keys, start=1) if import_public(each) is None]
    if bad:
        reading.wrong(key, f"has keys that do not count: number {', '.join(bad)}", hint=_WHICH_KEYS)
    return tuple(keys)


_WHICH_KEYS = "public keys on P-256 or Ed25519, or RSA of 2048 to 8192 bits, for signatures"
