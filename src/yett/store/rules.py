"""What a key, a value and a lifetime may be. Every store asks here, so that all agree."""

import math
import re

from yett.store.records import MAX_KEY, MAX_VALUE

# Controls would forge lines in listings; a lone surrogate has no UTF-8 form, so no file could hold it.
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def check_key(key: str) -> None:
    """Raise ValueError unless `key` can name a record. The text of the key is not repeated."""
    if not key:
        raise ValueError("a key cannot be empty")
    check_prefix(key)


def check_prefix(prefix: str) -> None:
    """Raise ValueError unless `prefix` can begin a key; an empty one begins every key."""
    if len(prefix) > MAX_KEY:
        raise ValueError(f"a key has at most {MAX_KEY} characters, not {len(prefix)}")
    if not prefix.isprintable() and _FORBIDDEN.search(prefix):
        raise ValueError("a key cannot hold control characters or surrogates")


def check_value(value: bytes) -> None:
    """Raise ValueError (or TypeError) unless `value` can be kept."""
    if not isinstance(value, bytes):
        raise TypeError(f"a value is bytes, not {type(value).__name__}")
    if len(value) > MAX_VALUE:
        raise ValueError(f"a value has at most {MAX_VALUE} bytes, not {len(value)}")


def expiry(now: float, lifetime: float | None) -> float | None:
    """When something written now ends. A lifetime of nothing or less has ended already."""
    if lifetime is None:
        return None
    if not math.isfinite(lifetime):
        raise ValueError("a lifetime is a finite number of seconds, or None for ever")
    return now + lifetime


def after_prefix(prefix: str) -> str | None:
    """The smallest text that sorts after everything that begins with `prefix`; None if there is none.

    Order is that of code points, which is also the order of their UTF-8 bytes.
    """
    stem = prefix.rstrip("\U0010ffff")
    if not stem:
        return None
    last = ord(stem[-1])
    # Surrogates are no characters of their own: after U+D7FF comes U+E000.
    return stem[:-1] + chr(0xE000 if last == 0xD7FF else last + 1)
