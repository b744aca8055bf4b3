"""What a destination says, fit for a record of ours."""

import re
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

_LONGEST = 300
_SHORTEST_SECRET = 4
_SHORTEST_PART = 12
_MASK = "***"


def secrets_in(url: str) -> tuple[str, ...]:
    """What may let somebody in, of an address: collectors have keys in its query, or as a long part of its path."""
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    found = [each for each in re.split(r"[/?&=]", target) if len(each) >= _SHORTEST_PART]
    return tuple(dict.fromkeys(each for part in found for each in (part, unquote(part))))


class Quoting:
    """Makes a stranger's text one short line, without the secrets that it was sent: some echo what they refuse."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        parts = {part for secret in secrets for part in (secret.strip(), *secret.split())}
        # The longest first: a scheme and a token before the token alone.
        self._secrets = sorted(
            (part for part in parts if len(part) >= _SHORTEST_SECRET), key=len, reverse=True
        )

    def of(self, text: str) -> str:
        """The text in one line."""
        text = "".join(character for character in text if character.isprintable())
        for secret in self._secrets:
            text = text.replace(secret, _MASK)
        return text[:_LONGEST]
