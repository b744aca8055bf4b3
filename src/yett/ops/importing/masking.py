"""How foreign values are shown: shortened, on one line, and without secrets.

What is secret is told by the name of a key, because nobody declared it. Too much is masked rather than too little.
"""

import re
from typing import Any

_SECRET = re.compile(
    r"secret|passw|token|credential|private|salt|seed|encryption|dsn|(^|[._\-/])(key|keys|pwd|pass)($|[._\-\[])|[a-z]Key$|_key$|-key$"
    r"|api_?key|signature|htpasswd|bearer|hmac|cookie$",
    re.IGNORECASE,
)
_NOT_SECRET = re.compile(
    r"((?i:lifetime|lifespan|expire|duration)|_name|Name|_file|_path|_url|Url|URL|_method|_alg|algorithm|_type|_claim|size|length)$"
)
_PASSWORD_IN_ADDRESS = re.compile(r"(://[^/\s:@]*):[^/\s@]+@")
_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY")
_HASH = re.compile(r"\$(argon2|pbkdf2|bcrypt|scrypt|2[aby]|5|6|plaintext|base64)")
_TOKEN = re.compile(r"\b(gt-|gc-|eyJ)[A-Za-z0-9_-]{10,}")
_LONGEST = 60
MASK = "…"


def is_secret(key: str) -> bool:
    """Whether a key's name says that its value is nobody's business."""
    last = key.rsplit(".", 1)[-1]
    return bool(_SECRET.search(last)) and not _NOT_SECRET.search(last)


def shown(key: str, value: Any) -> str:
    """A value as people may see it."""
    text = _plain(key, value, depth=0)
    text = "".join(each if each.isprintable() else " " for each in text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _plain(key: str, value: Any, *, depth: int) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: ""}[value]
    if isinstance(value, int | float):
        return MASK if is_secret(key) else str(value)[:_LONGEST]
    if isinstance(value, dict | list):
        if depth > 3:
            return MASK
        # As much as could be shown, and no more: a foreign list may be very long.
        if isinstance(value, dict):
            inner = (
                f"{name}: {_plain(_joined(key, name), each, depth=depth + 1)}"
                for name, each in list(value.items())[:20]
            )
            return "{" + ", ".join(inner) + "}"
        return "[" + ", ".join(_plain(key, each, depth=depth + 1) for each in value[:20]) + "]"
    text = str(value)
    if text and (is_secret(key) or _PEM.search(text) or _HASH.match(text)):
        return MASK
    return _TOKEN.sub(MASK, _PASSWORD_IN_ADDRESS.sub(rf"\1:{MASK}@", text[:500]))


def _joined(key: str, name: Any) -> str:
    # A secret thing's parts are secret, too.
    return f"{key}.{name}" if not is_secret(key) else key
