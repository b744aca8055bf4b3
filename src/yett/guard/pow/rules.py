"""What is asked of whom, and what counts as a proof.

A proof is a number whose digits, put behind the challenge, make a SHA-256 hash that begins with
enough zero bits. Finding one takes 2^bits tries on average, checking it takes one.

A form that met the wall is sent again by our own page, so the application would see it come from
its own site: with SameSite cookies, and "same-origin" in Sec-Fetch-Site. A form of another site
must not gain that, so only what browsers vouch for as same-origin is kept.
"""

import hashlib
import ipaddress
import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import lru_cache

from yett.config import Mistake
from yett.guard.pow.config import HARDEST, PowSettings
from yett.guard.pow.model import Check, Kept
from yett.net.http import Request

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

CHALLENGE_ID = re.compile(r"[A-Za-z0-9_-]{22}")
NONCE = re.compile(r"[0-9]{1,12}", re.ASCII)
_DEFAULT_TTL = timedelta(minutes=5)
_LONGEST_TTL = timedelta(hours=1)
_IPV6_CLIENT = 64
_FORMS = frozenset({b"application/x-www-form-urlencoded", b"multipart/form-data"})
_LONGEST_TYPE = 200


# Proofs.


def digest_of(challenge: str, nonce: str) -> bytes:
    """The hash that is judged."""
    return hashlib.sha256((challenge + nonce).encode("ascii")).digest()


def check_bits(digest: bytes, bits: int) -> Check:
    """Whether the digest begins with that many zero bits."""
    full, rest = divmod(bits, 8)
    if any(digest[:full]):
        return Check.FULL_BYTE
    if rest and digest[full] >> (8 - rest):
        return Check.PARTIAL_BYTE
    return Check.PASSED


def extra_bits(waiting: int, room: int, most: int) -> int:
    """Bits to add: one when a sixteenth of the room is taken, and one more for each doubling."""
    return min((waiting * 16 // room).bit_length(), most)


def difficulty(settings: PowSettings, extra: int) -> int:
    """The bits that a challenge asks for."""
    return min(settings.difficulty + extra, HARDEST)


def usable_ttl(settings: PowSettings) -> timedelta | None:
    """How long a challenge lasts; None when nobody could answer in that time, or it is an hour and more."""
    ttl = settings.ttl
    return ttl if settings.minimum_time + timedelta(seconds=1) <= ttl <= _LONGEST_TTL else None


def ttl_of(settings: PowSettings) -> float:
    """The same in seconds, with the default in place of what cannot be used."""
    return (usable_ttl(settings) or _DEFAULT_TTL).total_seconds()


# Clients.


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """The networks of the settings. Raises ValueError."""
    return tuple(ipaddress.ip_network(text.strip(), strict=False) for text in texts)


def check_pow(settings: PowSettings) -> Iterator[Mistake]:
    """What is wrong with the settings beyond single values."""
    for number, text in enumerate(settings.except_networks):
        try:
            parse_networks((text,))
        except ValueError as problem:
            yield Mistake(f"protection.pow.except_networks[{number}]", text, str(problem))


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """Whom an address stands for: one client has all of an IPv6 /64. What is no address stands for itself."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((int(parsed), _IPV6_CLIENT), strict=False))
    return address


def is_within(address: str, networks: Iterable[Network]) -> bool:
    """Whether the address is in one of the networks."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return any((mapped or parsed) in network for network in networks)


# Requests.


def is_below(path: str, prefixes: Iterable[str]) -> bool:
    """Whether the path is one of the prefixes, or below it in whole segments.

    Escapes are compared as they are written: another spelling is no exception, which is the safe side.
    """
    return any(
        path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] in {"", "/"} for prefix in prefixes
    )


def is_preflight(request: Request) -> bool:
    """Whether a browser asks ahead of a script's request: such requests never carry a cookie (Fetch, 4.8)."""
    return (
        request.method == b"OPTIONS"
        and not request.has_body
        and request.field(b"origin") is not None
        and request.field(b"access-control-request-method") is not None
    )


def is_navigation(request: Request) -> bool:
    """Whether a person waits for a page, to whom one can be shown."""
    if request.upgrade or request.method not in {b"GET", b"HEAD", b"POST"}:
        return False
    mode = request.field(b"sec-fetch-mode")
    if mode is not None and mode.lower() != b"navigate":
        return False
    return b"text/html" in (request.field(b"accept") or b"").lower()


def is_same_origin(request: Request) -> bool:
    """Whether a browser vouches for a form as one of a page of this very host."""
    fields = {name: _values(request, name) for name in (b"origin", b"sec-fetch-site")}
    if any(len(values) > 1 for values in fields.values()):
        return False
    (origin, site) = (values[0] if values else None for values in fields.values())
    host = (request.field(b"host") or request.host.encode("ascii")).lower()
    # The scheme is not compared: behind a TLS terminator it is not known here.
    if origin is not None and origin.partition(b"://")[2].lower() != host:
        return False
    if site is not None and site.lower() != b"same-origin":
        return False
    return origin is not None or site is not None


def keepable(request: Request, limit: int) -> str | Kept:
    """The content type of a body that is worth keeping, or why it is not kept."""
    kinds = _values(request, b"content-type")
    kind = kinds[0] if len(kinds) == 1 else b""
    is_form = kind.partition(b";")[0].strip().lower() in _FORMS
    if not request.has_body or not limit or not is_form or len(kind) > _LONGEST_TYPE or not _is_visible(kind):
        return Kept.NONE
    if not is_same_origin(request):
        return Kept.FOREIGN
    return Kept.TOO_LARGE if request.content_length > limit else kind.decode("ascii")


def _values(request: Request, name: bytes) -> list[bytes]:
    size = len(name)
    return [
        line[size + 1 :].strip(b" \t")
        for line in request.lines
        if line[:size].lower() == name and line[size : size + 1] == b":"
    ]


def _is_visible(value: bytes) -> bool:
    return all(0x20 <= byte < 0x7F for byte in value)
