"""What a browser sends, as values: client data, authenticator data, and the answers they come in.

Everything here is written by strangers. It is read strictly, within limits, and what does not fit is
`Malformed`; nothing else is raised. Sections are those of WebAuthn Level 3.
"""

import base64
import binascii
import hashlib
import struct
from dataclasses import dataclass
from typing import Any

import msgspec

MAX_CREDENTIAL_ID = 1023
"""Bytes (section 7.1, step 25)."""
MAX_HANDLE = 64
_MAX_CLIENT_DATA = 4096
_MAX_AUTHENTICATOR_DATA = 2048
_MAX_ATTESTATION = 32 * 1024
"""A TPM's statement with its certificates takes about 6 KiB."""
_MAX_SIGNATURE = 1024
_HEAD = struct.Struct(">32sBI")

USER_PRESENT, USER_VERIFIED, BACKUP_ELIGIBLE, BACKED_UP, ATTESTED, EXTENDED = 1, 4, 8, 16, 64, 128
"""The bits of authenticator data (section 6.1)."""

_TRANSPORTS = frozenset({"usb", "nfc", "ble", "smart-card", "hybrid", "internal"})


class Malformed(ValueError):
    """Not what a browser sends. The text says what is wrong, never what was sent."""


@dataclass(frozen=True, slots=True)
class ClientData:
    """What the browser says it did (section 5.8.1)."""

    type: str
    challenge: bytes
    origin: str
    is_cross_origin: bool
    """Whether the page that asked stood inside a page of another origin, as far as the browser says."""
    has_token_binding: bool
    raw: bytes

    @property
    def hash(self) -> bytes:
        """What is signed of it."""
        return hashlib.sha256(self.raw).digest()


@dataclass(frozen=True, slots=True)
class AuthenticatorData:
    """What the authenticator signs (section 6.1); the rest behind the counter is left as it is."""

    rp_id_hash: bytes
    flags: int
    sign_count: int
    raw: bytes

    def has(self, bit: int) -> bool:
        """Whether a flag is set."""
        return bool(self.flags & bit)


@dataclass(frozen=True, slots=True)
class Assertion:
    """The answer to "use a passkey" (section 5.2.2)."""

    credential_id: bytes
    client_data: ClientData
    authenticator_data: AuthenticatorData
    signature: bytes
    handle: bytes


@dataclass(frozen=True, slots=True)
class Attested:
    """The answer to "make a passkey" (section 5.2.1). The attestation object is still closed."""

    credential_id: bytes
    client_data: ClientData
    attestation: bytes
    transports: tuple[str, ...]


class _AssertionPart(msgspec.Struct):
    client_data: str = msgspec.field(name="clientDataJSON")
    authenticator_data: str = msgspec.field(name="authenticatorData")
    signature: str
    handle: str | None = msgspec.field(name="userHandle", default=None)


class _AttestedPart(msgspec.Struct):
    client_data: str = msgspec.field(name="clientDataJSON")
    attestation: str = msgspec.field(name="attestationObject")
    transports: tuple[str, ...] = ()


class _Assertion(msgspec.Struct):
    id: str
    raw_id: str = msgspec.field(name="rawId")
    type: str
    response: _AssertionPart


class _Attested(msgspec.Struct):
    id: str
    raw_id: str = msgspec.field(name="rawId")
    type: str
    response: _AttestedPart


class _ClientData(msgspec.Struct):
    type: str
    challenge: str
    origin: str
    cross_origin: bool = msgspec.field(name="crossOrigin", default=False)
    top_origin: str | None = msgspec.field(name="topOrigin", default=None)
    token_binding: Any = msgspec.field(name="tokenBinding", default=None)


_client_data = msgspec.json.Decoder(_ClientData).decode


def read_assertion(sent: object) -> Assertion:
    """The answer of navigator.credentials.get(), as its toJSON() writes it, already out of JSON."""
    answer = _convert(sent, _Assertion)
    part = answer.response
    handle = from_text(part.handle, MAX_HANDLE, "userHandle") if part.handle else b""
    return Assertion(
        _credential_id(answer.id, answer.raw_id, answer.type),
        read_client_data(from_text(part.client_data, _MAX_CLIENT_DATA, "clientDataJSON")),
        read_authenticator_data(
            from_text(part.authenticator_data, _MAX_AUTHENTICATOR_DATA, "authenticatorData")
        ),
        from_text(part.signature, _MAX_SIGNATURE, "signature"),
        handle,
    )


def read_attested(sent: object) -> Attested:
    """The answer of navigator.credentials.create(), likewise."""
    answer = _convert(sent, _Attested)
    part = answer.response
    return Attested(
        _credential_id(answer.id, answer.raw_id, answer.type),
        read_client_data(from_text(part.client_data, _MAX_CLIENT_DATA, "clientDataJSON")),
        from_text(part.attestation, _MAX_ATTESTATION, "attestationObject"),
        # Hints for the next time only: what is unknown is left out (section 5.8.4).
        tuple(sorted(_TRANSPORTS.intersection(part.transports[:16]))),
    )


def read_client_data(raw: bytes) -> ClientData:
    """The browser's own words. A leading byte order mark is dropped (section 7.1, step 5)."""
    try:
        read = _client_data(raw.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
        raise Malformed("clientDataJSON is not client data") from problem
    binding = read.token_binding
    return ClientData(
        read.type,
        from_text(read.challenge, 256, "challenge"),
        read.origin[:512],
        # `topOrigin` is only there for pages inside others, whatever `crossOrigin` says.
        read.cross_origin or read.top_origin is not None,
        isinstance(binding, dict) and binding.get("status") == "present",
        raw,
    )


def read_authenticator_data(raw: bytes) -> AuthenticatorData:
    """The head; a head alone is as long as its flags let it be."""
    if len(raw) < _HEAD.size:
        raise Malformed("authenticatorData is too short")
    rp_id_hash, flags, sign_count = _HEAD.unpack_from(raw)
    read = AuthenticatorData(rp_id_hash, flags, sign_count, raw)
    if (len(raw) > _HEAD.size) is not (read.has(ATTESTED) or read.has(EXTENDED)):
        raise Malformed("authenticatorData has more or less than its flags say")
    return read


def from_text(text: str, most: int, what: str) -> bytes:
    """The bytes of base64url without padding; only the one canonical spelling counts."""
    if not text or len(text) > (most * 4 + 2) // 3 or not text.isascii():
        raise Malformed(f"{what} is empty or too long")
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as problem:
        raise Malformed(f"{what} is not base64url") from problem
    if to_text(raw) != text:
        raise Malformed(f"{what} is not base64url as it should be")
    return raw


def to_text(raw: bytes) -> str:
    """Bytes as base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _convert(sent: object, shape: type[Any]) -> Any:
    try:
        return msgspec.convert(sent, shape)
    except msgspec.ValidationError as problem:
        raise Malformed("not an answer of navigator.credentials") from problem


def _credential_id(text: str, again: str, kind: str) -> bytes:
    if kind != "public-key":
        raise Malformed("not a public key")
    if text != again:
        raise Malformed("id and rawId differ")
    return from_text(text, MAX_CREDENTIAL_ID, "id")
