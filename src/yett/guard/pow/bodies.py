"""Forms that met the wall, kept until their sender has computed.

Each is encrypted with AES-256-GCM under a key of its own, HMAC-SHA256(key, salt); its number, host
and client are authenticated, so a record that was moved does not open. What is stored: salt (16
bytes), nonce (12), ciphertext with tag. A form is given back once, as its record is taken.
"""

import base64
import hmac
import secrets

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from yett.events import describe
from yett.guard.pow import events, rules
from yett.guard.pow.challenges import Random
from yett.guard.pow.config import PowSettings
from yett.guard.pow.model import Client, Form
from yett.guard.pow.shelf import Shelf
from yett.kernel import Clock
from yett.keys import MasterKey
from yett.store import Consistency, Records, Space, StoreUnavailable

_SALT = 16
_NONCE = 12
_SHARE = 8
"""Forms of one client: whoever can make up headers can have forms kept."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[str, bytes]).decode


class Bodies:
    """The forms that this gateway keeps."""

    def __init__(
        self,
        records: Records,
        settings: PowSettings,
        clock: Clock,
        master: MasterKey,
        random: Random = secrets.token_bytes,
    ) -> None:
        self._records = Space(records, "guard/pow/bodies")
        self._clock = clock
        self._key = master.derive("yett.guard.pow/body")
        self._random = random
        self._kept = Shelf(settings.body_room, _SHARE)
        self.use(settings)

    def use(self, settings: PowSettings) -> None:
        """Keep by other settings from now on."""
        self._kept.room = settings.body_room
        self._lifetime = rules.ttl_of(settings)

    async def keep(self, form: Form, client: Client) -> str:
        """Under which number the form can be fetched; empty when it could not be kept."""
        try:
            number = base64.urlsafe_b64encode(self._random(16)).rstrip(b"=").decode("ascii")
            sealed = self._seal(number, client, form)
        except (OSError, OverflowError) as problem:
            events.body_not_encrypted(host=client.host, error=describe(problem))
            return ""
        try:
            await self._records.put(
                number, sealed, lifetime=self._lifetime, consistency=Consistency.BEST_EFFORT
            )
        except StoreUnavailable as problem:
            events.body_not_stored(error=describe(problem))
            return ""
        now, size = self._clock.now(), len(form.body)
        gone = self._kept.add(
            number, client.network, size=len(sealed), expires_at=now + self._lifetime, now=now
        )
        events.body_stored(size=size, kept=self._kept.taken)
        for key in gone:
            try:
                await self._records.delete(key)
            except StoreUnavailable as problem:
                events.cleanup_failed(error=describe(problem))
            else:
                events.body_deleted()
        return number

    async def restore(self, number: str, client: Client) -> Form | None:
        """The form, which is then gone; None when there is nothing to give back."""
        if rules.CHALLENGE_ID.fullmatch(number) is None:
            events.body_not_found(host=client.host)
            return None
        try:
            record = await self._records.take(number)
        except StoreUnavailable as problem:
            events.body_not_retrieved(error=describe(problem))
            return None
        self._kept.remove(number)
        if record is None:
            events.body_not_found(host=client.host)
            return None
        events.body_retrieved(size=len(record.value))
        events.body_deleted()
        form = self._open(number, client, record.value)
        if form is None:
            events.body_not_decrypted(host=client.host)
            return None
        events.body_restored(size=len(form.body))
        return form

    def _seal(self, number: str, client: Client, form: Form) -> bytes:
        salt, nonce = self._random(_SALT), self._random(_NONCE)
        plain = _encode((form.content_type, form.body))
        return salt + nonce + self._cipher(salt).encrypt(nonce, plain, _owner(number, client))

    def _open(self, number: str, client: Client, sealed: bytes) -> Form | None:
        if len(sealed) < _SALT + _NONCE:
            return None
        salt, nonce, rest = sealed[:_SALT], sealed[_SALT : _SALT + _NONCE], sealed[_SALT + _NONCE :]
        try:
            return Form(*_decode(self._cipher(salt).decrypt(nonce, rest, _owner(number, client))))
        except (InvalidTag, msgspec.MsgspecError):
            return None

    def _cipher(self, salt: bytes) -> AESGCM:
        return AESGCM(hmac.digest(self._key, salt, "sha256"))


def _owner(number: str, client: Client) -> bytes:
    return f"{number}\n{client.host}\n{client.network}".encode()
