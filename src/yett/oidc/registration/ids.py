"""Ids that carry what a client registered, and the secrets that go with them.

An id is "dc-" and base64url of: version (1 byte), packed registration, and 16 bytes of HMAC-SHA256 over both, under
a key that follows from the cluster key. It is no secret and says nothing that the client did not say. A client's secret
is an HMAC of its id under another key, so no node has to be told of it. Nothing is unpacked before its seal is found
right, so only what we packed ever is.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
import zlib
from typing import Any

import msgspec

from yett.keys import MasterKey
from yett.oidc.clients import AuthMethod, GrantType
from yett.oidc.registration.model import Registered, Registration

PREFIX = "dc-"
MAX_ID = 1024
_VERSION = b"\x01"
_SEAL = 16
_MINUTE = 60
_WORDS = (
    b"offline_access client_secret_basic private_key_jwt authorization_code refresh_token RS256 EdDSA ES256 "
    b"kty RSA AQAB EC P-256 crv x y n e kid alg /.well-known/jwks.json /backchannel-logout /logout /oauth2/callback "
    b"/auth/callback com.example. .com/ .org/ .net/ http://127.0.0.1/ http://localhost/callback https:// openid "
    b"profile email https://www.app."
)
"""What registrations are made of, so that they are shorter. Another text would be another version."""


class _Packed(msgspec.Struct, array_like=True, frozen=True):
    salt: bytes
    issued: int
    """In minutes."""
    lasts: int
    name: str
    redirect_uris: tuple[str, ...]
    auth_method: AuthMethod
    grants: tuple[GrantType, ...]
    scopes: tuple[str, ...]
    keys: tuple[dict[str, Any], ...] = ()
    keys_uri: str = ""
    identity_algorithm: str = ""
    after_logout: tuple[str, ...] = ()
    backchannel_logout: str = ""
    flags: int = 0


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Packed).decode


class Ids:
    """Makes and reads them."""

    def __init__(self, master: MasterKey) -> None:
        self._seal_key = master.derive("oidc/registration/id")
        self._secret_key = master.derive("oidc/registration/secret")
        self._token_key = master.derive("oidc/registration/token")

    def make(self, registration: Registration, *, now: float, lifetime: float) -> Registered | None:
        """An id for this; None when it would be too long. Two for the same are different."""
        it = registration
        issued, lasts = int(now // _MINUTE), int(lifetime // _MINUTE)
        packed = _Packed(
            secrets.token_bytes(6),
            issued,
            lasts,
            it.name,
            it.redirect_uris,
            it.auth_method,
            it.grants,
            it.scopes,
            it.keys,
            it.keys_uri,
            it.identity_algorithm,
            it.after_logout,
            it.backchannel_logout,
            it.backchannel_session | it.must_bind << 1 | it.must_push << 2,
        )
        squeezer = zlib.compressobj(9, zlib.DEFLATED, -15, zdict=_WORDS)
        body = _VERSION + squeezer.compress(_encode(packed)) + squeezer.flush()
        text = base64.urlsafe_b64encode(body + self._seal(body)).rstrip(b"=").decode("ascii")
        client_id = PREFIX + text
        if len(client_id) > MAX_ID:
            return None
        return Registered(client_id, it, issued * _MINUTE, (issued + lasts) * _MINUTE)

    def read(self, client_id: str) -> Registered | None:
        """What an id says, whether or not it is over; None for every text that is none of ours."""
        if not client_id.startswith(PREFIX) or len(client_id) > MAX_ID:
            return None
        raw = _from_base64(client_id[len(PREFIX) :])
        if raw is None or len(raw) <= len(_VERSION) + _SEAL or raw[:1] != _VERSION:
            return None
        body, seal = raw[:-_SEAL], raw[-_SEAL:]
        if not hmac.compare_digest(seal, self._seal(body)):
            return None
        try:
            packed = _decode(
                zlib.decompressobj(-15, zdict=_WORDS).decompress(body[len(_VERSION) :], 64 * 1024)
            )
        except (zlib.error, msgspec.MsgspecError):
            # Ours, but of a program that packs otherwise.
            return None
        registration = Registration(
            packed.name,
            packed.redirect_uris,
            packed.auth_method,
            packed.grants,
            packed.scopes,
            packed.keys,
            packed.keys_uri,
            packed.identity_algorithm,
            packed.after_logout,
            packed.backchannel_logout,
            bool(packed.flags & 1),
            bool(packed.flags & 2),
            bool(packed.flags & 4),
        )
        issued = packed.issued * _MINUTE
        return Registered(client_id, registration, issued, issued + packed.lasts * _MINUTE)

    def secret_of(self, client_id: str) -> str:
        """The secret of a client."""
        return _derived(self._secret_key, client_id)

    def management_token_of(self, client_id: str) -> str:
        """What lets a client look at its registration (RFC 7592, section 2)."""
        return _derived(self._token_key, client_id)

    def _seal(self, body: bytes) -> bytes:
        return hmac.digest(self._seal_key, body, "sha256")[:_SEAL]


def fingerprint(client_id: str) -> str:
    """What stands for an id where it would be too long."""
    return hashlib.sha256(client_id.encode("utf-8", "replace")).hexdigest()


def _derived(key: bytes, client_id: str) -> str:
    made = hmac.digest(key, client_id.encode("utf-8", "replace"), "sha256")
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode("ascii")


def _from_base64(text: str) -> bytes | None:
    """The bytes, or None. Only the one canonical spelling counts, or one client would have several ids."""
    if not text.isascii():
        return None
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii") == text else None
