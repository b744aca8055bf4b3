"""Argon2id, and the one place where its parameters come from."""

import base64
import re
import secrets

import argon2
from argon2.exceptions import VerifyMismatchError

from yett.authn.password.config import PasswordSettings
from yett.authn.password.text import prepare

_SALT = 16
_DIGEST = 32
_PARAMETERS = re.compile(r"\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$[A-Za-z0-9+/]+\$([A-Za-z0-9+/]+)")


class PasswordUnfit(ValueError):
    """A new password cannot be used; the text is for the person who chose it."""


class Hasher:
    """Makes and checks hashes. Both keep a core busy for a good while: never call them on the event loop."""

    def __init__(self, settings: PasswordSettings) -> None:
        self._settings = settings
        self._parameters = (settings.memory // 1024, settings.passes, settings.lanes)
        self._argon2 = argon2.PasswordHasher(
            time_cost=settings.passes,
            memory_cost=settings.memory // 1024,
            parallelism=settings.lanes,
            hash_len=_DIGEST,
            salt_len=_SALT,
        )
        self.decoy = self._make_decoy()
        """A hash of nothing anybody can type, for the names that have none."""

    def hash_new(self, password: str) -> str:
        """The hash of a password somebody chose; PasswordUnfit when it cannot be one."""
        prepared = prepare(password, max_length=self._settings.max_length)
        if prepared is None:
            raise PasswordUnfit(
                f"The password has to have between {self._settings.min_length} characters and "
                f"{self._settings.max_length} bytes, none of them a control character."
            )
        if len(prepared.decode()) < self._settings.min_length:
            raise PasswordUnfit(f"The password has to have at least {self._settings.min_length} characters.")
        return self.hash(prepared)

    def hash(self, prepared: bytes) -> str:
        """The hash of prepared bytes, with the parameters of now and a fresh salt."""
        return self._argon2.hash(prepared)

    def matches(self, encoded: str, prepared: bytes) -> bool:
        """Whether the bytes are those of the hash; argon2's VerificationError or InvalidHash when it is unusable."""
        try:
            return self._argon2.verify(encoded, prepared)
        except VerifyMismatchError:
            return False

    def is_outdated(self, encoded: str) -> bool:
        """Whether a hash was made with other parameters than those of now."""
        match = _PARAMETERS.fullmatch(encoded)
        if match is None:
            return True
        made_with = tuple(int(number) for number in match.groups()[:3])
        return made_with != self._parameters or len(match.group(4)) != len(_text(bytes(_DIGEST)))

    def _make_decoy(self) -> str:
        # Random digits in the place of a digest cost nothing to make and everything to check.
        memory, passes, lanes = self._parameters
        salt, digest = _text(secrets.token_bytes(_SALT)), _text(secrets.token_bytes(_DIGEST))
        return f"$argon2id$v=19$m={memory},t={passes},p={lanes}${salt}${digest}"


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode().rstrip("=")
